"""What holds for every period rule: one result on both engines and in any order, words in both languages,
silence without data."""

import random
import re
from dataclasses import fields, replace
from decimal import Decimal
from string import Formatter

import msgspec
import pytest

from schemas.records import Holiday, Pack, Practitioner, Price, Status
from schemas.registry import Registry
from schemas.rules import RuleParameters
from services.detector.periods import RULES
from services.detector.periods.groups import GroupFigures
from services.detector.periods.judging import targets
from services.detector.periods.month import Month, readers
from services.detector.periods.relations import RELATIONS
from services.detector.periods.statements import named, positional
from tests.detector.period_worlds import LOOSE, PLACES, loosened, probe, world
from tests.detector.periods import MAY, on_duckdb, on_postgres, screening, stay
from tests.support.entries import EMPTY

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def texts(alerts):
    return [msgspec.json.encode(alert) for alert in alerts]


@pytest.mark.parametrize("month", ["2026-05", "2026-06"])
@pytest.mark.parametrize("seed", [1, 2])
def test_both_engines_say_the_same_word_for_word(database_url, seed, month):
    rules = [loosened(rule) for rule in RULES]
    told, asked = world(seed), Month.of(month)
    here = on_duckdb(rules, told, PLACES, asked)
    there = on_postgres(database_url, rules, told, PLACES, asked)
    assert texts(here) == texts(there)
    if month == "2026-05":
        assert {alert.rule for alert in here} >= set(LOOSE)


@every_rule
def test_the_order_of_screenings_leaves_no_trace(rule):
    told, rules = world(3), [loosened(rule)]
    mixed = random.Random(4).sample(told, len(told))
    assert texts(on_duckdb(rules, told, PLACES)) == texts(on_duckdb(rules, mixed, PLACES))


@every_rule
def test_alerts_of_a_rule_are_told_apart(rule):
    ids = [alert.alert_id for alert in on_duckdb([loosened(rule)], world(5), PLACES)]
    assert len(ids) == len(set(ids))


@every_rule
def test_without_screenings_nothing_is_said(rule):
    assert on_duckdb([rule], [], EMPTY) == []
    assert on_duckdb([rule], [], PLACES) == []


@every_rule
def test_both_languages_name_the_same_figures(rule):
    for words in (rule.message, *rule.variants.values()):
        zh, en = map(placeholders, (words.zh, words.en))
        assert zh == en
    for words in (rule.title, *rule.checks.values()):
        assert words.zh
        assert words.en


@every_rule
def test_a_rule_says_what_it_looks_for_and_rests_on(rule):
    assert rule.page.startswith(rule.id)
    assert rule.basis
    assert all(item["meaning"].zh and item["meaning"].en for item in rule.parameters.explain())
    assert "fraud" not in rule.message.en.lower()


@every_rule
def test_a_rule_keeps_to_the_common_dialect(rule):
    assert not re.search(r"\bround\s*\(|::|\binterval\b|\bnow\s*\(|\bregexp", rule.text, re.IGNORECASE)
    values = rule.values(MAY)
    asked = set(re.findall(r"\$(\w+)", rule.text))
    assert asked <= set(values)
    unused = set(values) - asked - {"month", "begin_day", "end_day"}
    if isinstance(rule.parameters, GroupFigures):
        unused -= {field.name for field in fields(GroupFigures)}
    assert not unused, "a parameter that the SQL does not ask for"


def test_rules_stand_in_order_and_each_once():
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))


def test_parameters_of_a_region_and_a_day_judge_what_lies_there_and_then():
    rule = next(rule for rule in RULES if rule.id == "B03")
    told = [
        screening(f"05-{day} 10:{n:02}", place, total=5_000)
        for n in range(4)
        for place in ("P1", "P2")
        for day in ("04", "20")
    ]
    given = {"region": "430103", "effective_from": "2026-05-10", "values": {"swipes": 4}, "severity": 1}
    rows = [RuleParameters(rule="B03", **given)]
    known = Registry({"institutions": PLACES.records("institutions"), "rules": rows}, 1)
    (alert,) = on_duckdb([rule], told, known)
    assert (alert.institutions, alert.happened_at, alert.severity) == (["P2"], "2026-05-20", 1)
    off = [RuleParameters(rule="B03", enabled=False)]
    many = [screening(f"05-04 10:{n:02}", total=5_000) for n in range(12)]
    assert len(on_duckdb([rule], many, EMPTY)) == 1
    assert on_duckdb([rule], many, Registry({"rules": off}, 1)) == []


def test_a_month_that_changes_is_read_by_those_that_look_back_on_it():
    names = [month.text for month in readers(MAY, 0)]
    assert names == ["2026-05"]
    assert [month.text for month in readers(MAY, 1)] == ["2026-05", "2026-06"]
    assert [month.text for month in readers(MAY, 31)] == ["2026-05", "2026-06", "2026-07"]
    assert readers(Month.of("2026-12"), 1)[1].text == "2027-01"


def test_a_rule_reads_as_far_back_as_it_says_whatever_runs_beside_it():
    told = [stay("02-10", None, key=f"p{n}", encounter_id=f"M{n}") for n in range(9)]
    told.append(stay("05-02 09:00", "05-20 09:00"))
    rule = next(rule for rule in RULES if rule.id == "C02")
    alone = texts(on_duckdb([rule], told, PLACES))
    beside = [probe("SELECT 'x'", lookback_days=200, identity=("happened",)), rule]
    assert texts(on_duckdb(beside, told, PLACES)[:-1]) == alone == []


def test_wards_are_read_again_only_in_months_that_have_screenings():
    rule = probe("SELECT 'x'", stays_days=90)
    months = [Month.of(text) for text in ("2026-05", "2026-07", "2026-12")]
    assert list(targets([rule], months[:1], months)) == months[:2]
    near = replace(rule, lookback_days=5)
    assert [month.text for month in targets([near], months[:1], [])] == ["2026-05", "2026-06"]


def test_a_settlement_that_stands_under_another_person_was_not_taken_back():
    gone = screening("05-04 10:00", settlement_id="S1", key="a", withdrawn=True)
    mirrored = screening("05-04 10:00", settlement_id="S2", key="a", flags=["offset"])
    mirror = screening("05-04 10:00", settlement_id="S3", key="a", flags=["offset", "negative"])
    probing = probe("SELECT name FROM taken_back")
    (alert,) = on_duckdb([probing], [gone, mirrored, mirror], EMPTY)
    assert alert.evidence["cases"] == [{"line": "SS1"}, {"line": "SS2"}]
    moved = screening("05-04 10:00", settlement_id="S1", key="b")
    (alert,) = on_duckdb([probing], [gone, mirrored, mirror, moved], EMPTY)
    assert alert.evidence["cases"] == [{"line": "SS2"}]


def test_a_stay_in_the_ward_is_one_row_with_what_was_billed():
    sums = {"01": (100, 0), "03": (300, 0), "04": (200, 0), "09": (70, 0), "11": (30, 0), "06": (900, 0)}
    told = [
        stay("04-30", "05-05", key="p", encounter_id="M", flags=["mid_stay"], total=1_000, fund=700),
        stay("04-30", "05-05", key="p", encounter_id="M", total=600, fund=400, by_category=sums),
    ]
    columns = joined(
        "month", "last_day - day", "is_settled", "cost", "fund", "billed", "tests", "drugs", "surgery"
    )
    query = f"SELECT {columns} FROM ward_stays"  # noqa: S608 - names of columns only
    (alert,) = on_duckdb([probe(query, stays_days=40)], told, EMPTY)
    assert alert.evidence["cases"] == [{"line": "2026-04|5|true|1600|1100|1600|500|100|900"}]


def test_a_statement_is_written_for_either_engine():
    text = "SELECT $b, $a -- not $c\n, $b"
    assert positional(text, {"a": 1, "b": "x"}) == (
        "SELECT CAST($1 AS text), CAST($2 AS bigint) \n, CAST($1 AS text)",
        ["x", 1],
    )
    assert named("$a", {"a": 0.5, "b": 1}) == ("CAST($a AS double precision)", {"a": 0.5})
    with pytest.raises(KeyError):
        positional("$z", {})


def test_the_page_of_relations_names_every_relation():
    from services.detector.periods import relations

    for relation in RELATIONS[1:]:
        assert f"`{relation.name}`" in relations.__doc__
    for made in ("screened", "taken_back", "ward_stays", "items", "categories"):
        assert f"`{made}`" in relations.__doc__


def joined(*columns: str) -> str:
    """The columns as one text, whole numbers written alike by both engines."""
    return " || '|' || ".join(f"coalesce(CAST({column} AS text), '')" for column in columns)


def bigint(name: str) -> str:
    return f"CAST(floor(coalesce({name}, -1) * 100) AS bigint)"


QUERIES = {
    "screened": (
        "name", "person", "month", "day", "ends", "last_day", "is_emergency", "mid_stay", "historical",
        "kind", "level", "beds", "open_24h", "alerts",
    ),
    "items": (
        "name", "code", "category", bigint("quantity"), "amount", "covered", bigint("unit_price"), "day",
        "minute", "doses", "split_pack", "name_mark",
    ),
    "categories": ("name", "category", "amount", "covered"),
    "taken_back": ("name", "person", "day", "total", "begun", "historical"),
    "ward_stays": (
        "institution_id", "encounter_id", "person", "month", "day", "begun", "last_day", "is_settled", "cost",
        "fund", "billed", "tests", "drugs", "surgery", "age", "main_diagnosis", "diagnoses", "procedures",
        "kind", "level", "historical", "is_emergency",
    ),
    "stock_moves": ("event_id", "movement", bigint("quantity"), "moment", "at_is_date", "day"),
    "gatherings": ("group_id", "person", "institution_id", "day"),
    "institutions": ("institution_id", "kind", "level", "region", "beds", "open_24h", "name"),
    "practitioners": ("practitioner_id", "institution_id", "title", "from_day", "to_day"),
    "standings": ("kind", "id", "status", "from_day", "to_day"),
    "days": ("day", "month", "weekday", "is_off", "holiday"),
    "packs": ("code", "ingredient", "high_value", "resale_prone", "injection", bigint("units")),
    "prices": ("code", "level", bigint("max_price")),
}  # fmt: skip


@pytest.mark.parametrize("relation", QUERIES)
def test_a_relation_holds_the_same_on_both_engines(database_url, relation):
    known = Registry(
        {
            "institutions": PLACES.records("institutions"),
            "practitioners": [Practitioner("D1", "H1", "2026-01-01", None, title=3)],
            "status": [Status("institution", "P1", "suspended", "2026-05-02", "2026-05-09")],
            "holidays": [Holiday("2026-05-01", "劳动节"), Holiday("2026-05-09", "", "workday")],
            "packs": [Pack("X", "aspirin", high_value=True)],
            "prices": [
                Price("X", 2, Decimal("12.50")),
                Price("X", 2, Decimal("13"), effective_from="2026-07-01"),
            ],
        },
        1,
    )
    columns = joined(*QUERIES[relation])
    source = relation
    if relation in ("items", "categories"):
        source += " JOIN (SELECT visit, name FROM screened) AS v USING (visit)"
    rule = probe(f"SELECT {columns} FROM {source}", lookback_days=3, stays_days=40)  # noqa: S608 - likewise
    told = world(6)
    (here,), (there,) = on_duckdb([rule], told, known), on_postgres(database_url, [rule], told, known)
    assert here.evidence["cases"]
    assert here.evidence == there.evidence
    if relation == "days":
        lines = [case["line"] for case in here.evidence["cases"]]
        assert len(lines) == 34
        assert f"{MAY.begin}|2026-05|5|true|劳动节" in lines
        assert f"{MAY.begin + 8}|2026-05|6|false|" in lines
    if relation == "prices":
        assert here.evidence["cases"] == [{"line": "X|2|1250"}]
