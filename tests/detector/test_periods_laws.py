"""What holds for every period rule: one result on both engines and in any order, words in both languages,
silence without data."""

import random
import re
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from string import Formatter

import msgspec
import pytest

from schemas.finding import Words
from schemas.records import Holiday, Pack, Practitioner, Price, Status
from schemas.registry import Registry
from schemas.rules import RuleParameters
from schemas.screening import Item
from services.detector.periods import RULES
from services.detector.periods.groups import GroupFigures
from services.detector.periods.judging import targets
from services.detector.periods.month import Month, readers
from services.detector.periods.relations import RELATIONS
from services.detector.periods.rule import PeriodRule
from services.detector.periods.statements import named, positional
from services.detector.rule import Parameters
from tests.detector.periods import MAY, moved, on_duckdb, on_postgres, screening, stay, visit
from tests.support.entries import EMPTY, registry

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)

INSTITUTIONS = registry(
    {"institution_id": "H1", "kind": "hospital", "level": 2, "region": "430102", "beds": 6, "group_id": "G"},
    {"institution_id": "H2", "kind": "hospital", "level": 3, "region": "430103", "beds": 3},
    {"institution_id": "H2", "kind": "hospital", "level": 2, "beds": 4, "effective_from": "2026-05-11"},
    *({"institution_id": f"T{n}", "kind": "township", "level": 1, "region": "430102"} for n in range(6)),
    {"institution_id": "P1", "kind": "pharmacy", "level": 0, "region": "430102", "chain_id": "C"},
    {"institution_id": "P2", "kind": "pharmacy", "level": 0, "region": "430103", "open_24h": True},
).records("institutions")
PLACES = Registry(
    {
        "institutions": INSTITUTIONS,
        "packs": [Pack("X", high_value=True)],
        "status": [Status("institution", "P2", "suspended", "2026-05-03")],
    },
    1,
)
LOOSE = {
    "B02": {"persons": 1, "shifted_share": 2.0},
    "B03": {"swipes": 2, "share": 0.1},
    "B05": {"rate": 0.0, "peer_ratio": 0.0, "least": 1, "peer_settlements": 1, "entered_again": 2.0},
    "C02": {"days": 1},
    "C04": {
        "persons": 2,
        "persons_level_3": 2,
        "baseline_ratio": 0.0,
        "alike": 0.1,
        "nights": 40,
        "test_share": 0.0,
        "cost_variation": 9.0,
    },
    "C05": {
        "test_share": 0.0,
        "class_stays": 1,
        "test_quantile": 0.0,
        "drug_quantile": 1.0,
        "nights_quantile": 1.0,
        "apart_days": 1,
        "stays": 1,
        "stays_person": 2,
    },
    "C06": {"drug_share": 0.1, "class_stays": 1, "drug_quantile": 0.0, "nights_quantile": 1.0},
    "C07": {
        "admissions": 1,
        "daily_cost": 1_000_000.0,
        "often_quantile": 0.0,
        "daily_quantile": 1.0,
        "class_persons": 1,
        "explained": 2.0,
    },
    "C08": {
        "diagnoses": ("Z", "I", "J"),
        "treatments": 100.0,
        "nights_from": 0,
        "nights_to": 60,
        "cost_share": 100.0,
        "class_stays": 1,
        "complications": 9,
        "institutions": 1,
        "stays_grave": 1,
        "institutions_quantile": 0.0,
    },
    "C09": {"known_days": 1, "deviations": 0.0, "admissions": 1},
    "C11": {"z": 0.0, "ratio": 1.0, "admissions": 1, "assisted": 1, "class_admissions": 1},
    "D11": {"low": 0.99, "high": 1.01, "lines": 1, "own_lines": 1},
    "D12": {
        "times": 1,
        "support": 0.0,
        "sales": 0.0,
        "confidence": 0.0,
        "round_fen": 500,
        "round_share": 0.1,
    },
    "D16": {"swipes": 1, "jump": 0.0, "came_share": 0.0},
    "E05": {"doses": 1, "herbs": 1, "share": 0.1, "least": 1},
    "E08": {"percentile": 0.0, "peers": 1, "share": 0.0, "persons": 1, "once_share": 0.0},
    "F02": {"units": 0.5, "share": 0.0},
    "F03": {
        "visits": 2,
        "visits_below": 2,
        "visits_hour": 1,
        "inpatients": 2,
        "span_minutes": 300,
        "span_days": 2,
    },
    "F05": {"robust_z": 0.5, "ratio": 1.1, "ratio_alone": 1.1, "admissions": 1},
    "F06": {"deviations": 0.0, "times": 0.1, "admissions": 1, "fund": 1},
    "F07": {"admissions": 0, "deviations": 0.0, "least_days": 2, "one_region": 1},
    "F08b": {"stays": 1, "near": 0.0, "below": 0.0, "level_two": 1_000_000_000, "fixed_share": 2.0},
    "F11": {
        "share": 0.01,
        "bills": 1,
        "expensive": 0,
        "again_days": 40,
        "package_share": 0.1,
        "patients": 1,
        "package_items": 1,
    },
    "G01": {"days": 2},
    "G02": {"members": 2},
    "G03": {"members": 1, "prescriptions": 2},
}
"""Figures by which a small world has something to find, and must."""


def loosened(rule):
    return replace(rule, parameters=replace(rule.parameters, **LOOSE.get(rule.id, {})))


def world(seed: int) -> list:
    """A little of everything over April, May and June, so dense that all collides."""
    draw, more = random.Random(seed), random.Random(seed + 1_000)
    told = [visit("02-10 10:00", place) for place in ("H1", "T1", "P1")]
    for _ in range(260):
        day = draw.choice(("04-29", "04-30", "05-01", "05-02", "05-10", "05-11", "05-12", "05-31", "06-01"))
        clock = f" {draw.choice((0, 3, 9, 9, 10, 15, 22)):02}:{draw.choice((0, 5, 5, 40)):02}"
        given = {
            "key": f"p{draw.randrange(25)}",
            "total": draw.choice((0, 500, 3_000, 5_000, 5_000, 123_457, 2_000_000)),
            "fund": draw.choice((0, 333, 2_000, 100_001)),
            "practitioner": draw.choice(("D1", "D1", "D2", "")),
            "department": draw.choice(("内科", "外科", "")),
            "flags": draw.choice(
                (["present"], ["historical"], ["emergency"], ["backfilled"], ["mid_stay"], [])
            ),
            "main_diagnosis": draw.choice(("", "Z49.1", "I10")),
            "items": [
                Item(
                    draw.choice("XY"),
                    draw.choice(("11", "11", "10", "03", "04", "09")),
                    "1.5",
                    draw.randrange(900),
                    None,
                    draw.choice(("2.40", "2.40", "9.00", None)),
                    draw.choice(("D1", "D1", "D2")),
                    MAY.begin + draw.choice((0, 9, 31)),
                    draw.choice((None, 7)),
                    draw.choice((60, 900, None)),
                    name_mark=draw.choice(("ab", "abc", "xyz", "")),
                )
                for _ in range(draw.randrange(3))
            ],
            "by_category": {"11": (draw.randrange(900), 5), "03": (7, 7)} if draw.random() < 0.5 else {},
            "withdrawn": draw.random() < 0.05,
            "age": draw.choice((None, 3, 70)),
            "insured_region": draw.choice(("", "430102", "430702")),
            "region": draw.choice(("430102", "")),
            "device": draw.choice(("d1", "d2", "")),
            "community_id": more.choice(("V1", "V2", "")),
            "assistance": more.random() < 0.3,
        }
        care = draw.randrange(3)
        if care == 0:
            told.append(screening(day + draw.choice((clock, "")), draw.choice(("P1", "P2", "P9")), **given))
        elif care == 1:
            told.append(visit(day + clock, draw.choice(("H1", "T1")), **given))
        else:
            end = draw.choice((None, "05-13 10:00", "06-02 08:00", "05-12"))
            place = draw.choice(("H1", "H2", *(f"T{n}" for n in range(6)), "H9"))
            given |= {"bed": draw.choice(("1", "2", "")), "encounter_id": f"M{draw.randrange(60)}"}
            if end is None:
                given.update(total=0, fund=0)
            told.append(stay(day + draw.choice((clock, "")), end, place, **given))
    return [*told, *gang()]


def gang() -> list:
    """Four who come together to either pharmacy, lie in together, and fill one doctor's prescriptions."""
    occasions = (("04-30", "P1"), ("05-01", "P2"), ("05-10", "P1"), ("05-12", "P2"))
    told = [
        screening(f"{day} 11:0{number}", place, key=f"g{number}")
        for day, place in occasions
        for number in range(4)
    ]
    ward = [
        stay(f"05-{14 + n} 09:00", f"05-{18 + n} 09:00", "H1", key=f"g{n}", main_diagnosis="J18.9")
        for n in range(3)
    ]
    written = [
        make(f"{day} 16:00", place, key="g0", practitioner="D7", prescription_id=f"R{day}")
        for day in ("05-02", "05-20")
        for make, place in ((visit, "T5"), (screening, "P2"))
    ]
    return [*told, *ward, *written, *shelf()]


def shelf() -> list:
    """A stock-take, a delivery that is taken back, and more settled than there was; or sold by the books."""
    lines = [Item("X1", "11", "2.5", 500, 400, "2.00", split_pack=number == 0) for number in range(3)]
    sales = [screening(f"05-{5 + n:02} 10:00", "P2", key=f"s{n}", items=[lines[n]]) for n in range(3)]
    back = moved("05-04 09:00", "purchase", 9, "P2", event_id="R-back")
    gone = moved("05-06 09:00", "", 0, "P2", product_code="", cancels="R-back")
    books = [moved("05-03 08:00", "count", 1.5, "P2"), moved("05-04", "purchase", 1, "P2"), back, gone]
    return [*sales, *books, moved("05-03", "count", 2, "P1"), moved("05-05 09:00", "sale", 3, "P1")]


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


@dataclass(frozen=True, kw_only=True)
class Probe(PeriodRule):
    """A rule that only shows what stands in a relation."""

    query: str

    @property
    def text(self) -> str:
        return f"""
            SELECT 'x' AS institution_id, $begin_day AS happened, false AS historical,
                   array_agg(line ORDER BY line) AS each_line FROM ({self.query}) AS q (line)
        """  # noqa: S608 - names of columns only


def probe(query: str, **given) -> Probe:
    """A rule that shows the rows of a query."""
    face = {
        "id": "X01", "title": Words("x", "x"), "message": Words("x", "x"), "basis": ("x",), "checks": {},
        "parameters": Parameters(), "sql": "", "subject": "institution", "identity": ("institution_id",),
        "severity": 3,
    }  # fmt: skip
    return Probe(**(face | given), query=query)


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
