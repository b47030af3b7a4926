"""Real-format data, pair by pair: the judge, the SQL oracle and the published list agree.

Claims are judged in file order, shuffled, and with every tenth event doubled. Of the catalogue this data has
the fields of stays alone; every other query finds nothing in it, and so does the judge.
"""

import csv
import json
from pathlib import Path
from random import Random

import pytest

from schemas.entry import Entry
from schemas.registry import Registry
from services.detector.replay import Replay
from services.formats.desynpuf import read_claims, read_persons
from services.settings import Settings
from tests.oracle.comparing import Comparison
from tests.oracle.county_sql import CountyOracle
from tests.oracle.replaying import catalogue, compare
from tests.oracle.stays_sql import HAND_OVERS, Oracle

SERVED = {"A01", "A02", "C03"}
"""Rules of the oracle whose cases these claims hold."""
OF_STAYS_AND_MONEY = {"C07", "F06"}
"""Rules over months that ask for stays, ages and sums alone, and find some here."""


@pytest.fixture(scope="module")
def oracle(desynpuf) -> Oracle:
    """SQL over the files."""
    return Oracle(desynpuf)


@pytest.fixture(scope="module")
def claims(desynpuf) -> list[Entry]:
    """Claims as inbox entries, in file order."""
    return [
        Entry(seq, "event", event["person_id"], json.dumps(event).encode(), 0, 0, 0)
        for seq, event in enumerate(read_claims(desynpuf))
    ]


@pytest.fixture(scope="module")
def persons(desynpuf) -> list[Entry]:
    """Beneficiaries as registry records."""
    return [
        Entry(0, "person", row["person_id"], json.dumps({"record": row, "loaded": 1}).encode(), 0, 0, 0)
        for row in read_persons(desynpuf)
    ]


@pytest.fixture(scope="module")
def county(claims, persons, tmp_path_factory) -> Path:
    """Claims and beneficiaries as the files of a county."""
    folder = tmp_path_factory.mktemp("desynpuf")
    (folder / "events.ndjson").write_bytes(b"".join(entry.body + b"\n" for entry in claims))
    rows = [json.loads(entry.body)["record"] for entry in persons]
    with (folder / "persons.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["person_id", "sex", "birth_date", "death_date"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def comparison(county, desynpuf) -> Comparison:
    """The claims by the command and by every query."""
    return compare(county, "--format", "desynpuf", str(desynpuf))


def said(story: list[Entry], rules: frozenset[str] | None = None) -> set[tuple]:
    """(rule, person, two claims) of the open alerts of a replay, by these rules or all."""
    replay = Replay(Settings(), Registry(), rules)
    replay.feed(story)
    assert replay.failed == []
    return {
        (alert.rule, alert.subject.id, *sorted(alert.encounters))
        for alert in replay.open.values()
        if alert.rule in ("A01", "A02")
    }


def test_the_oracle_finds_the_published_pairs(oracle, desynpuf):
    counts = json.loads((desynpuf / "expected.json").read_text())
    published = {
        (row["rule"], row["person"], *sorted((row["claim1"], row["claim2"]))) for row in oracle.expected()
    }
    pairs = oracle.pairs()
    assert pairs == published
    assert sum(pair[0] == "A01" for pair in pairs) == counts["A01_pairs"] == 962
    assert sum(pair[0] == "A02" for pair in pairs) == counts["A02_pairs"] == 456
    assert oracle.count("SELECT count(*) FROM stays") == counts["stays"]
    assert oracle.count("SELECT count(DISTINCT institution) FROM stays") == counts["institutions"]


def test_nobody_is_settled_after_death_or_twice(oracle):
    assert oracle.after_death() == []
    assert oracle.settled_twice() == []


def test_hand_overs_on_one_day_are_there_and_silent(oracle):
    assert oracle.count(HAND_OVERS) >= 160


def test_all_queries_over_the_claims_find_the_pairs_and_returns_and_nothing_else(county, oracle):
    rows = CountyOracle(county).found()
    assert {row.rule for row in rows} == SERVED
    pairs = {(row.rule, *sorted(row.encounters)) for row in rows if row.rule != "C03"}
    assert pairs == {(rule, *claims) for rule, _, *claims in oracle.pairs()}
    returns = {(row.subject, *row.encounters, row.severity) for row in rows if row.form == "pair"}
    assert returns == oracle.returns()
    assert len(returns) == 71


def test_the_command_and_every_query_agree_alert_by_alert(comparison):
    assert comparison.differences() == []
    assert {row.rule for row, _ in comparison.met} == SERVED & catalogue().keys()


def test_no_rule_speaks_whose_fields_the_claims_lack(comparison, county):
    assert comparison.met
    lines = (county / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["rule"] for line in lines} == SERVED | OF_STAYS_AND_MONEY


def test_the_replay_says_exactly_these_in_file_order(comparison, county, oracle):
    lines = (county / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    alerts = [alert for alert in map(json.loads, lines) if alert["rule"] in ("A01", "A02")]
    told = [(alert["rule"], *sorted(alert["encounters"])) for alert in alerts]
    assert sorted(told) == sorted((rule, *claims) for rule, _, *claims in oracle.pairs())


def test_the_replay_says_exactly_these_shuffled(oracle, persons, claims):
    story = [*claims, *persons]
    Random(1).shuffle(story)
    assert said(story, frozenset({"A01", "A02"})) == oracle.pairs()


def test_the_replay_says_exactly_these_shuffled_with_every_tenth_event_doubled(oracle, persons, claims):
    story = [*persons, *claims, *claims[::10]]
    Random(2).shuffle(story)
    assert said(story) == oracle.pairs()
