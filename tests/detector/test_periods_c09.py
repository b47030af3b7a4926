"""C09: a wave of admissions on a free day."""

import pytest

from schemas.records import Holiday
from schemas.registry import Registry
from services.detector.periods.c09_days_off import RULE
from tests.detector.periods import on_duckdb, stay, visit
from tests.support.entries import EMPTY

SATURDAY, MONDAY = "05-09", "05-11"
SINCE = visit("04-01 10:00")


def admitted(count, day=SATURDAY, **given):
    return [stay(f"{day} 09:00", "05-28 09:00", **given) for _ in range(count)]


def daily(count):
    """So many admissions on each of the four weeks' days before the Saturday."""
    days = [f"04-{n:02}" for n in range(11, 31)] + [f"05-{n:02}" for n in range(1, 9)]
    return [each for day in days for each in admitted(count, day)]


def test_eight_on_a_saturday_where_hardly_any_come_are_found():
    (alert,) = on_duckdb([RULE], [SINCE, *admitted(8), *admitted(7, "05-10")], EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H1", "2026-05-09", 3)
    assert (alert.evidence["free_days"], alert.evidence["most"], alert.evidence["usual"]) == (1, 8, 0)
    assert alert.amount == "16000.00"
    assert alert.checked == ["emergency"]


@pytest.mark.parametrize(("count", "day"), [(7, SATURDAY), (20, MONDAY), (20, "04-25")])
def test_seven_a_working_day_or_another_month_are_none(count, day):
    told = [visit("03-20 10:00"), *admitted(count, day)]
    assert on_duckdb([RULE], told, EMPTY) == []


def test_three_standard_deviations_above_the_mean():
    assert on_duckdb([RULE], [SINCE, *daily(8), *admitted(8)], EMPTY) == []
    assert len(on_duckdb([RULE], [SINCE, *daily(8), *admitted(9)], EMPTY)) == 1
    uneven = [SINCE, *admitted(28, "05-05")]
    assert on_duckdb([RULE], [*uneven, *admitted(16)], EMPTY) == []
    assert len(on_duckdb([RULE], [*uneven, *admitted(17)], EMPTY)) == 1


def test_the_money_is_of_what_lies_above_the_mean():
    (alert,) = on_duckdb([RULE], [SINCE, *daily(2), *admitted(10)], EMPTY)
    assert alert.amount == "16000.00"


def test_holidays_and_days_worked_instead_are_the_registrys():
    known = Registry({"holidays": [Holiday("2026-05-11", "补休"), Holiday("2026-05-09", "", "workday")]}, 1)
    assert on_duckdb([RULE], [SINCE, *admitted(8)], known) == []
    (alert,) = on_duckdb([RULE], [SINCE, *admitted(8, MONDAY)], known)
    assert alert.evidence["cases"][0]["holiday"] == "补休"


def test_emergencies_explain_themselves_alone():
    told = [SINCE, *admitted(7), *admitted(3, flags=["emergency"])]
    assert on_duckdb([RULE], told, EMPTY) == []
    (alert,) = on_duckdb([RULE], [*told, *admitted(1)], EMPTY)
    assert (alert.evidence["cases"][0]["admissions"], alert.evidence["cases"][0]["not_emergency"]) == (11, 8)


def test_an_institution_must_have_been_known_for_four_weeks():
    assert on_duckdb([RULE], [visit("04-12 10:00"), *admitted(8)], EMPTY) == []
    assert len(on_duckdb([RULE], [visit("04-11 10:00"), *admitted(8)], EMPTY)) == 1
    assert on_duckdb([RULE], [visit("04-01 10:00", "H2"), *admitted(8)], EMPTY) == []


def test_newborns_are_not_admitted_on_a_day_of_choice():
    assert on_duckdb([RULE], [SINCE, *admitted(7), *admitted(3, flags=["newborn"])], EMPTY) == []


def test_several_days_of_a_month_are_one_finding():
    told = [SINCE, *admitted(9), *admitted(30, "05-23")]
    (alert,) = on_duckdb([RULE], told, EMPTY)
    assert (alert.evidence["free_days"], alert.evidence["admissions"], alert.evidence["most"]) == (2, 39, 30)
