"""G01: persons who always turn up together."""

import random
from dataclasses import replace

import msgspec
import pytest

from schemas.registry import Registry
from schemas.rules import RuleParameters
from services.detector.periods.g01_together import RULE
from services.detector.periods.month import Month
from tests.detector.periods import MAY, on_duckdb, on_postgres, screening, visit
from tests.support.entries import EMPTY, registry

PLACES = registry(
    {"institution_id": "P1", "kind": "pharmacy", "level": 0, "region": "430102"},
    {"institution_id": "P2", "kind": "pharmacy", "level": 0, "region": "430103"},
)
DAYS = ("05-04", "05-08", "05-12", "05-16")


LONG_AGO = screening("03-05 09:00", "P9")
"""What is known reaches back so far."""


def together(persons=4, days=DAYS, places=("P1", "P2"), apart=60, make=screening, **given):
    """Persons who come one after the other, `apart` seconds apart, day after day, place after place."""
    came = [
        make(
            f"{day} 10:{number * apart // 60:02}:{number * apart % 60:02}",
            places[index % len(places)],
            key=f"g{number}",
            **given,
        )
        for index, day in enumerate(days)
        for number in range(persons)
    ]
    return [LONG_AGO, *came]


def test_four_who_come_together_four_times_are_a_group():
    (alert,) = on_duckdb([RULE], together(), EMPTY)
    assert alert.subject.kind == "group"
    assert (alert.institutions, alert.happened_at, alert.severity) == (["P1", "P2"], "2026-05-16", 2)
    assert (alert.amount, len(alert.settlements)) == ("480.00", 16)
    shown = {name: alert.evidence[name] for name in ("persons", "gatherings", "places", "settled", "share")}
    assert shown == {"persons": 4, "gatherings": 4, "places": 2, "settled": 16, "share": 1}
    assert (alert.evidence["first"], alert.evidence["last"]) == ("2026-05-04", "2026-05-16")
    assert alert.evidence["score"] == pytest.approx(60 + 8 * (0.4 + 0.4 + 0.4 + 1 + 0.6))
    assert alert.evidence["cases"][1] == {
        "person": "g1", "institution": "P1", "on": "2026-05-04", "at": "10:01",
        "settlement": alert.evidence["cases"][1]["settlement"], "total": "50.00",
    }  # fmt: skip


def test_two_are_no_group_and_twice_is_not_often():
    assert on_duckdb([RULE], together(2), EMPTY) == []
    assert on_duckdb([RULE], together(3, DAYS[:2]), EMPTY) == []
    assert len(on_duckdb([RULE], together(3, DAYS[:3]), EMPTY)) == 1


def test_one_institution_is_not_enough():
    assert on_duckdb([RULE], together(places=("P1",)), EMPTY) == []


@pytest.mark.parametrize(("apart", "found"), [(600, 1), (601, 0)])
def test_ten_minutes_are_together(apart, found):
    rule = replace(RULE, parameters=replace(RULE.parameters, persons=2))
    assert len(on_duckdb([rule], together(2, apart=apart), EMPTY)) == found


def test_another_kind_of_care_is_not_together():
    mixed = [LONG_AGO] + [
        screening(
            f"{day} 10:0{number}", place, key=f"g{number}", care="visit", med_type=("11", "14", "13")[number]
        )
        for day, place in zip(DAYS, ("P1", "P2", "P1", "P2"), strict=True)
        for number in range(3)
    ]
    assert on_duckdb([RULE], mixed, EMPTY) == []


def test_visits_at_clinics_count_as_purchases_do():
    assert len(on_duckdb([RULE], together(make=visit), EMPTY)) == 1


def test_a_family_and_a_village_are_a_mere_reminder():
    (family,) = on_duckdb([RULE], together(household="x", community_id="V1"), EMPTY)
    assert family.severity == 3
    assert "一家4人" in family.message.zh
    (clan,) = on_duckdb([RULE], together(6, household="x"), EMPTY)
    assert clan.severity == 2
    (village,) = on_duckdb([RULE], together(6, community_id="V1"), EMPTY)
    assert village.severity == 3
    assert "同村" in village.message.zh


def test_what_was_looked_for_and_not_found_is_said():
    told = together(diagnoses=["I10"], main_diagnosis="I10")
    told = [
        msgspec.structs.replace(one, household=f"h{one.key}", community_id="V1" if one.key == "g0" else "V2")
        for one in told
    ]
    (alert,) = on_duckdb([RULE], told, EMPTY)
    assert alert.checked == ["by_chance", "treatment_schedule", "one_household", "one_community"]
    (bare,) = on_duckdb([RULE], together(), EMPTY)
    assert bare.checked == ["by_chance"]


@pytest.mark.parametrize(
    "given",
    [
        {"med_type": "140201"},
        {"main_diagnosis": "Z49.1"},
        {"disease_code": "N18.5"},
        {"flags": []},
        {"flags": ["present", "offset"]},
        {"minute": None},
        {"withdrawn": True},
    ],
)
def test_schedules_of_treatment_and_visits_that_show_nobody_do_not_count(given):
    assert on_duckdb([RULE], together(**given), EMPTY) == []


def test_a_crowd_hides_whoever_comes_in_it():
    passers = [
        screening(f"{day} 10:0{number % 10}:30", place, key=f"q{day}{number}")
        for day, place in zip(DAYS, ("P1", "P2", "P1", "P2"), strict=True)
        for number in range(46)
    ]
    assert len(on_duckdb([RULE], [*together(), *passers], EMPTY)) == 1
    more = [
        screening(f"{day} 10:05", place, key=f"r{day}")
        for day, place in zip(DAYS, ("P1", "P2", "P1", "P2"), strict=True)
    ]
    assert on_duckdb([RULE], [*together(), *passers, *more], EMPTY) == []


def test_who_is_there_every_day_meets_by_chance():
    """Twelve neighbours who come on the same thirty days, any time of day, at two shops."""
    draw = random.Random(2)
    told = [
        screening(
            f"05-{day:02} {draw.randrange(8, 16):02}:{draw.randrange(60):02}", f"P{1 + day % 2}", key=f"n{n}"
        )
        for day in range(1, 31)
        for n in range(12)
    ]
    assert on_duckdb([RULE], told, EMPTY) == []


def test_market_days_make_meetings_likelier():
    """The same visits of four; where all the place's visits fall on those days, chance explains more."""
    rule = replace(RULE, parameters=replace(RULE.parameters, chance=1e-8))
    four = together(4, DAYS[:3])
    others = [
        screening(f"05-{day:02} 15:00", place, key=f"o{day}{place}")
        for day in range(1, 31)
        for place in ("P1", "P2")
    ]
    spread = on_duckdb([rule], [*four, *others], EMPTY)
    market = [
        screening(f"{day} {8 + n // 10:02}:{n % 10 * 5:02}", place, key=f"m{day}{n}")
        for day, place in zip(DAYS[:3], ("P1", "P2", "P1"), strict=True)
        for n in range(60)
        if n // 10 != 2
    ]
    assert len(spread) == 1
    assert on_duckdb([rule], [*four, *others, *market], EMPTY) == []


def test_persons_who_mostly_come_alone_are_no_group():
    alone = [
        screening(f"05-{5 + number:02} {9 + person:02}:00", f"P{3 + person}", key=f"g{person}")
        for person in range(4)
        for number in range(5)
    ]
    assert on_duckdb([RULE], [*together(), *alone[:16]], EMPTY) != []
    assert on_duckdb([RULE], [*together(), *alone], EMPTY) == []


def test_many_who_meet_often_and_everywhere_are_graver():
    days = [f"05-{day:02}" for day in range(4, 26, 2)]
    (alert,) = on_duckdb([RULE], together(9, days, places=[f"P{n}" for n in range(5)], apart=50), EMPTY)
    assert alert.severity == 1


def test_a_group_is_judged_in_each_month_in_which_it_meets():
    told = together(days=("03-30", "04-20", "04-28", "05-02"))
    (may,) = on_duckdb([RULE], told, EMPTY)
    (april,) = on_duckdb([RULE], told, EMPTY, Month.of("2026-04"))
    assert may.alert_id != april.alert_id
    assert (may.happened_at, april.happened_at) == ("2026-05-02", "2026-04-28")
    assert on_duckdb([RULE], told, EMPTY, Month.of("2026-06")) == []


def test_what_lies_longer_ago_than_ninety_days_is_not_read():
    assert on_duckdb([RULE], together(days=("02-20", "02-24", "02-27", "05-02")), EMPTY) == []


def test_figures_of_a_region_make_its_groups():
    rows = [RuleParameters(rule="G01", region="430102", values={"days": 5})]
    known = Registry({"institutions": PLACES.records("institutions"), "rules": rows}, 1)
    assert on_duckdb([RULE], together(), known) == []
    assert len(on_duckdb([RULE], together(places=("P2", "P3")), known)) == 1
    off = Registry({"rules": [RuleParameters(rule="G01", enabled=False)]}, 1)
    assert on_duckdb([RULE], together(), off) == []


def test_both_engines_find_the_same_groups(database_url):
    draw = random.Random(9)
    passers = [
        screening(
            f"05-{draw.randrange(1, 31):02} {draw.randrange(8, 12):02}:{draw.randrange(60):02}",
            f"P{draw.randrange(1, 3)}",
            key=f"q{draw.randrange(40)}",
        )
        for _ in range(900)
    ]
    told = [*together(5), *together(4, DAYS[:3], apart=120, household="x")[4:], *passers]
    here = on_duckdb([RULE], told, PLACES, MAY)
    assert here != []
    assert here == on_postgres(database_url, [RULE], told, PLACES, MAY)
