"""What the county's files promise: valid events, exact sums, stable bytes, labels that stay apart."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.demo.county import County, generate, write_county
from services.demo.play import play_order
from services.demo.writing import read_labels
from tests.demo.conftest import UNTIL
from tests.demo.contract_fields import COLUMNS, faults

RULES = """
A01 A02 A03 A04 A05 A06 A07 A07b A08 A09 A10 A11 A12 A13 A14 B01 B02 B03 B04 B05
C01 C01b C02 C03 C04 C05 C06 C07 C08 C09 C10 C11 C12
D01 D02 D03 D04 D05 D06 D07 D08 D09 D10 D11 D12 D13 D14 D15 D16 D17
E01 E02 E03 E04 E05 E06 E07 E08 F01 F02 F03 F04 F05 F06 F07 F08 F08b F09 F10 F11 F12 G01 G02 G03
"""
MONTHLY = """
B02 B03 B05 C01b C02 C04 C05 C06 C07 C08 C09 C11 D11 D12 D16 E05 E08
F02 F03 F05 F06 F07 F08b F11 G01 G02 G03
"""
FILES = ["events.ndjson", "labels.jsonl", *COLUMNS]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_county(tmp_path / folder, seed=7, days=20, persons=250, until=UNTIL)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_another_seed_makes_another_county() -> None:
    one, other = (generate(seed=seed, days=15, persons=100, until=UNTIL) for seed in (1, 2))
    assert one.events != other.events


def test_the_offset_in_which_until_is_given_does_not_matter() -> None:
    local, utc = (
        generate(seed=1, days=15, persons=100, until=moment) for moment in (UNTIL, UNTIL.astimezone(UTC))
    )
    assert local.events == utc.events


def test_every_event_has_the_required_fields_and_no_unknown_ones(county: County) -> None:
    assert [fault for event in county.events for fault in faults(event)] == []


def test_every_type_of_event_occurs(county: County) -> None:
    assert {event["type"] for event in county.events} == {
        "admission",
        "discharge",
        "fee_lines",
        "settlement",
        "cancellation",
        "identity_check",
        "inspection",
        "stock",
    }


def test_the_registry_files_have_exactly_the_columns_of_the_contract(tmp_path: Path) -> None:
    write_county(tmp_path, seed=1, days=15, persons=60, until=UNTIL)
    for name, columns in COLUMNS.items():
        with (tmp_path / name).open(encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert rows[0] == columns
        assert len(rows) > 1
        assert all(len(row) == len(columns) for row in rows)


def test_nothing_happens_or_is_recorded_after_the_end(county: County) -> None:
    for event in county.events:
        assert (
            datetime.fromisoformat(event["occurred_at"])
            <= datetime.fromisoformat(event["recorded_at"])
            <= UNTIL
        )


def test_events_arrive_in_the_order_of_their_records(county: County) -> None:
    recorded = [event["recorded_at"] for event in play_order(county)]
    assert recorded == sorted(recorded)


def test_event_ids_are_unique_within_an_institution_and_repeat_between_institutions(county: County) -> None:
    pairs = Counter((event["institution_id"], event["event_id"]) for event in county.events)
    assert max(pairs.values()) == 1
    assert max(Counter(event["event_id"] for event in county.events).values()) > 1


def test_a_settlement_number_names_one_fact_of_one_person(county: County) -> None:
    owners: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
    for event in county.events:
        if event["type"] == "settlement":
            fact = (event["person_id"], event["encounter_id"], event["occurred_at"])
            owners.setdefault((event["institution_id"], event["settlement_id"]), set()).add(fact)
    assert all(len(facts) == 1 for facts in owners.values())


def test_total_is_fund_account_cash_and_family_to_the_fen(county: County) -> None:
    for event in county.events:
        if event["type"] == "settlement":
            parts = {name: Decimal(text) for name, text in event["amounts"].items()}
            parts.pop("balance", None)
            assert parts.pop("total") == sum(parts.values())
            assert min(parts.values()) >= 0


def test_lines_add_up_to_the_settlement(county: County) -> None:
    uploaded: Counter[tuple[str, str]] = Counter()
    settled: Counter[tuple[str, str]] = Counter()
    inpatient = set()
    for event in county.events:
        encounter = (event["institution_id"], event.get("encounter_id", ""))
        if event["type"] == "settlement" and event.get("lines"):
            assert sum(Decimal(line["amount"]) for line in event["lines"]) == Decimal(
                event["amounts"]["total"]
            )
        elif event["type"] == "settlement":
            settled[encounter] += Decimal(event["amounts"]["total"])
            inpatient |= set() if event.get("mid_stay") else {encounter}
        elif event["type"] == "fee_lines":
            uploaded[encounter] += sum(Decimal(line["amount"]) for line in event["lines"])
    assert inpatient
    assert all(settled[encounter] == uploaded[encounter] for encounter in inpatient)


def test_lines_show_quantity_times_price_but_where_a_story_says_otherwise(county: County) -> None:
    wrong = {pair for label in county.labels if label.rule == "D08" for pair in label.encounters}
    assert wrong
    for event in county.events:
        for line in event.get("lines", ()):
            if (event["institution_id"], event["encounter_id"]) in wrong:
                continue
            assert Decimal(line["unit_price"]) * line["quantity"] == Decimal(line["amount"])


def test_every_person_and_institution_of_an_event_is_in_the_registry(county: County) -> None:
    persons = {row["person_id"] for row in county.persons}
    institutions = {row["institution_id"] for row in county.institutions}
    staff = {row["practitioner_id"] for row in county.tables["practitioners"]}
    assert {event["institution_id"] for event in county.events} <= institutions
    assert {event["person_id"] for event in county.events if event["type"] != "stock"} <= persons
    assert {event["practitioner_id"] for event in county.events if "practitioner_id" in event} <= staff


def test_person_numbers_are_twenty_digits_and_institution_numbers_twelve_signs(county: County) -> None:
    assert all(len(row["person_id"]) == 20 and row["person_id"].isdigit() for row in county.persons)
    assert all(len(row["institution_id"]) == 12 for row in county.institutions)


def test_the_county_has_79_pharmacies_within_reach_of_one_another(county: County) -> None:
    assert len({row["institution_id"] for row in county.institutions if row["kind"] == "pharmacy"}) == 79
    spread = max(float(row["latitude"]) for row in county.institutions) - min(
        float(row["latitude"]) for row in county.institutions
    )
    assert 0.3 < spread < 0.8


def words_in(value: Any) -> Iterator[str]:
    """Every name and value in an event."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from words_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words_in(inner)
    else:
        yield str(value)


def test_labels_never_leak_into_events(county: County) -> None:
    text = "\n".join({word for event in county.events for word in words_in(event)})
    assert not any(word in text for word in ("label", "fraud", "lookalike", "story"))
    assert not any(label.story in text or label.label_id in text for label in county.labels)
    assert not any(label.note[language] in text for label in county.labels for language in ("zh", "en"))


def test_every_label_names_facts_that_are_in_the_events(county: County) -> None:
    settlements = {(event["institution_id"], event.get("settlement_id")) for event in county.events}
    encounters = {(event["institution_id"], event.get("encounter_id")) for event in county.events}
    for label in county.labels:
        assert label.settlements or label.encounters
        assert settlements >= set(label.settlements), label.label_id
        assert encounters >= set(label.encounters), label.label_id


def test_every_rule_has_frauds_early_and_in_the_last_days(county: County) -> None:
    by_rule: dict[str, list[str]] = {}
    for label in county.labels:
        if label.kind == "fraud":
            by_rule.setdefault(label.rules[0], []).append(label.day)
    assert set(by_rule) == set(RULES.split())
    assert all(len(days) >= 2 for rule, days in by_rule.items() if rule not in MONTHLY.split())
    recent = (UNTIL - timedelta(days=5)).date().isoformat()
    assert sum(label.day >= recent for label in county.labels if label.kind == "fraud") >= 5


def test_labels_survive_their_file(tmp_path: Path) -> None:
    write_county(tmp_path, seed=3, days=20, persons=250, until=UNTIL)
    labels = read_labels(tmp_path / "labels.jsonl")
    assert labels == generate(seed=3, days=20, persons=250, until=UNTIL).labels


@pytest.mark.parametrize(("days", "persons"), [(1, 1), (2, 30), (9, 5)])
def test_a_tiny_county_is_still_a_county(tmp_path: Path, days: int, persons: int) -> None:
    summary = write_county(tmp_path, seed=1, days=days, persons=persons, until=UNTIL)
    assert summary.persons == persons
    assert summary.events == len((tmp_path / "events.ndjson").read_bytes().splitlines())


def test_a_moment_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        generate(seed=1, days=5, persons=5, until=datetime(2026, 3, 18))


def test_no_days_or_no_persons_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        generate(seed=1, days=0, persons=5, until=UNTIL)


def test_an_institution_moves_and_a_price_rises_from_a_day_on(county: County) -> None:
    for table in ("institutions", "prices"):
        assert any(row["effective_from"] for row in county.tables[table])
    moved = next(row for row in county.institutions if row["effective_from"])
    places = [row for row in county.institutions if row["institution_id"] == moved["institution_id"]]
    assert len({row["latitude"] for row in places}) == 2


def test_somebody_is_suspended_within_the_county_s_time(county: County) -> None:
    days = sorted(event["occurred_at"][:10] for event in county.events)
    suspended = [row for row in county.tables["status"] if row["status"] == "suspended"]
    within = {row["kind"] for row in suspended if days[0] < row["from"] <= days[-1]}
    assert within == {"institution", "practitioner", "person"}


def test_doctors_practise_where_they_are_registered_but_in_stories(county: County) -> None:
    registered = {(row["practitioner_id"], row["institution_id"]) for row in county.tables["practitioners"]}
    told = {pair for label in county.labels for pair in label.settlements}
    for event in county.events:
        if event["type"] == "settlement" and (event["institution_id"], event["settlement_id"]) not in told:
            assert (event["practitioner_id"], event["institution_id"]) in registered


def test_face_check_pharmacies_check_every_card_but_in_stories(county: County) -> None:
    owed = {row["institution_id"] for row in county.tables["face_check"]}
    told = {pair for label in county.labels for pair in label.settlements}
    checked = {
        (event["institution_id"], event["encounter_id"])
        for event in county.events
        if event["type"] == "identity_check"
    }
    sold = [
        event
        for event in county.events
        if event["type"] == "settlement"
        and event["institution_id"] in owed
        and (event["institution_id"], event["settlement_id"]) not in told
    ]
    assert sold
    assert all((event["institution_id"], event["encounter_id"]) in checked for event in sold)


def test_each_line_of_an_encounter_has_a_number_of_its_own(county: County) -> None:
    seen: dict[tuple[str, str], dict[str, str]] = {}
    for event in county.events:
        for line in event.get("lines", ()):
            known = seen.setdefault((event["institution_id"], event["encounter_id"]), {})
            assert known.setdefault(line["line_id"], line["code"]) == line["code"]
