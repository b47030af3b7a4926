"""What is usual at a terminal is measured over the weeks before, the same on both engines."""

import random
from datetime import date, timedelta

import msgspec
import pytest

from schemas.records import Baseline
from schemas.rules import RuleParameters
from services.detector.periods.baselines import LAST_DAY, changes, concerned
from tests.detector.periods import baselines_on_duckdb, baselines_on_postgres, screening
from tests.support.entries import moment, registry, registry_of

SHOP = registry({"institution_id": "P1", "kind": "pharmacy"})
CHAIN = registry(*({"institution_id": f"P{n}", "kind": "pharmacy", "chain_id": "C"} for n in range(1, 5)))
CROWDED = date(2026, 5, 20)


def customers(day, count, hour=9, institution="P1", apart=60, **given):
    """That many persons at one terminal, so many seconds apart."""
    begun = hour * 3_600
    return [
        screening(
            f"{day} {second // 3_600:02}:{second // 60 % 60:02}:{second % 60:02}",
            institution,
            **{"key": f"{institution}-{day}-{hour}-{number}", "device": "d1", **given},
        )
        for number, second in enumerate(range(begun, begun + count * apart, apart))
    ]


def weeks(count=3, hour=9, days=28, institution="P1", before=CROWDED):
    """The same every day of the weeks before the crowded one."""
    return [
        one
        for back in range(1, days + 1)
        for one in customers(before - timedelta(days=back), count, hour, institution)
    ]


def only(told, known=SHOP):
    found = baselines_on_duckdb(told, known)
    assert [(record.institution_id, record.effective_from) for record in found] == [("P1", "2026-05-20")]
    return found[0]


def test_the_fullest_ten_minutes_of_an_hour_are_what_is_usual_in_it():
    told = [*weeks(3, 9), *weeks(2, 15), *customers(CROWDED, 5)]
    usual = only(told).usual
    assert len(usual) == 24
    assert {hour: persons for hour, persons in enumerate(usual) if persons} == {9: 3, 15: 2}


def test_one_person_who_comes_again_and_again_is_one():
    again = [one for back in range(1, 29) for one in customers(CROWDED - timedelta(days=back), 4, key="p")]
    assert only([*again, *customers(CROWDED, 5)]).usual[9] == 1


def test_what_was_reached_on_fewer_than_three_days_is_no_habit():
    bursts = [one for back in (22, 25) for one in customers(CROWDED - timedelta(days=back), 9, 9, apart=20)]
    assert only([*weeks(2), *bursts, *customers(CROWDED, 6)]).usual[9] == 2
    third = customers(CROWDED - timedelta(days=27), 9, 9, apart=20)
    assert only([*weeks(2), *bursts, *third, *customers(CROWDED, 6)]).usual[9] > 2


def test_a_day_without_a_crowd_needs_no_record():
    assert baselines_on_duckdb([*weeks(3), *customers(CROWDED, 4)], SHOP) == []


@pytest.mark.parametrize("days", [6, 13, 20, 21])
def test_without_swipes_in_each_of_four_weeks_nothing_is_known(days):
    assert baselines_on_duckdb([*weeks(3, days=days), *customers(CROWDED, 6)], SHOP) == []


def test_swipes_at_a_hospital_without_a_time_or_of_no_terminal_are_not_measured():
    for given in ({"device": ""}, {"minute": None}, {"flags": ["backfilled"]}, {"settlement_id": ""}):
        assert baselines_on_duckdb([*weeks(3), *customers(CROWDED, 6, **given)], SHOP) == []
    hospital = registry({"institution_id": "P1", "kind": "hospital"})
    assert baselines_on_duckdb([*weeks(3), *customers(CROWDED, 6)], hospital) == []


def test_the_same_day_of_both_months_before_is_told_where_the_shop_was_there():
    months = [*customers(date(2026, 4, 20), 8), *customers(date(2026, 3, 20), 7)]
    assert only([*weeks(2, days=27), *months, *customers(CROWDED, 6)]).same_day[9] == 7
    assert only([*weeks(2, days=27), *months[:8], *customers(CROWDED, 6)]).same_day == ()


def test_other_shops_of_a_chain_that_are_full_are_counted():
    quiet = [one for n in range(1, 5) for one in weeks(3, institution=f"P{n}")]
    full = {n: customers(CROWDED, 6, institution=f"P{n}", apart=300 if n > 1 else 60) for n in range(1, 5)}
    usually = customers(CROWDED, 3, institution="P3")
    assert only([*quiet, *full[1], *full[2], *usually, *full[4]], CHAIN).chain_shops == 2
    assert only([*quiet, *full[1]], CHAIN).chain_shops == 0, "its own crowd is what is to be explained"
    assert only([*quiet, *full[1], *full[2], *full[3], *full[4]], CHAIN).chain_shops == 3
    assert only([*quiet, *full[1], *full[2]], SHOP).chain_shops is None


@pytest.mark.parametrize(
    ("same", "together"), [(6, True), (3, True), (2, False), (0, False)], ids=["all", "half", "fewer", "none"]
)
def test_a_crowd_of_which_half_stood_there_together_before_is_told(same, together):
    def crowd(day, count):
        each = zip(customers(day, 6, apart=120), range(6), strict=True)
        return [msgspec.structs.replace(one, key=f"q{n}" if n < count else one.key) for one, n in each]

    before = crowd(CROWDED - timedelta(days=9), 6)
    found = only([*weeks(1, 15), *before, *crowd(CROWDED, same)])
    last = moment("05-20 09:10")
    assert (last in found.together) is together
    assert found.together == tuple(sorted(found.together))


def test_who_came_one_by_one_or_longer_ago_was_not_together():
    def crowd(day, apart):
        return [
            msgspec.structs.replace(one, key=f"q{n}")
            for n, one in enumerate(customers(day, 6, 8, apart=apart))
        ]

    for back, apart in ((9, 660), (30, 60)):
        told = [*weeks(1, 15), *crowd(CROWDED - timedelta(days=back), apart), *crowd(CROWDED, 60)]
        assert only(told).together == ()


def test_the_parameters_of_the_place_and_day_measure():
    told = [*weeks(3), *customers(CROWDED, 4)]
    place = registry({"institution_id": "P1", "kind": "pharmacy", "region": "430102"}).records("institutions")
    lower = RuleParameters("B01", "4301", "2026-05-01", values={"persons": 4})
    assert only(told, registry_of(*place, lower)).usual[9] == 3
    later = RuleParameters("B01", "4301", "2026-05-21", values={"persons": 4})
    assert baselines_on_duckdb(told, registry_of(*place, later)) == []
    off = RuleParameters("B01", "4301", enabled=False)
    assert baselines_on_duckdb([*told, *customers(CROWDED, 6, 12)], registry_of(*place, off)) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_both_engines_measure_the_same_in_any_order(database_url, seed):
    draw = random.Random(seed)
    told = [
        one
        for number in range(1, 5)
        for back in range(90)
        for one in customers(
            date(2026, 5, 31) - timedelta(days=back),
            draw.choice((0, 1, 3, 6)),
            draw.choice((9, 23)),
            f"P{number}",
            draw.choice((20, 60, 200)),
        )
    ]
    told = [msgspec.structs.replace(one, key=f"q{draw.randrange(15)}") for one in told]
    mixed = draw.sample(told, len(told))
    here, there = baselines_on_duckdb(told, CHAIN), baselines_on_postgres(database_url, mixed, CHAIN)
    assert here == there
    assert len(here) > 15
    assert any(record.same_day for record in here)
    assert any(record.chain_shops for record in here)
    assert any(record.together for record in here)


def test_what_is_new_other_or_gone_is_published():
    one, other = Baseline("P1", "2026-05-03", usual=(1,) * 24), Baseline("P1", "2026-05-09", usual=(2,) * 24)
    assert changes([], [one]) == [one]
    assert changes([one], [one]) == []
    assert changes([one, other], [other]) == [Baseline("P1", "2026-05-03")]
    assert changes([Baseline("P1", "2026-05-03")], []) == []


def test_terminals_are_concerned_from_a_records_day_until_the_next_one():
    def day(text):
        return date.fromisoformat(text).toordinal()

    first, second, third = (Baseline("P1", f"2026-05-{day:02}", usual=(day,) * 24) for day in (3, 9, 20))
    gone = Baseline("P1", "2026-05-09")

    def days(changed, known):
        return [(one.institution_id, one.first, one.last) for one in concerned(changed, known)]

    assert days([second], [first, third]) == [("P1", day("2026-05-09"), day("2026-05-19"))]
    assert days([gone], [first, second, third]) == [("P1", day("2026-05-09"), day("2026-05-19"))]
    assert days([third], [first]) == [("P1", day("2026-05-20"), LAST_DAY)]
    assert days([first, second], [third]) == [("P1", day("2026-05-03"), day("2026-05-19"))]
    assert days([first], [gone, third]) == [("P1", day("2026-05-03"), day("2026-05-19"))]
