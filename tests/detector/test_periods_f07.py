"""F07: a wave of in-patients insured elsewhere."""

import pytest

from schemas.records import Holiday
from schemas.registry import Registry
from services.detector.periods.f07_wave_from_elsewhere import RULE
from tests.detector.periods import on_duckdb, stay, visit
from tests.support.entries import EMPTY

KNOWN = visit("04-01 10:00")


def wave(count, day="05-18", insured="430702", **given):
    return [
        stay(
            f"{day} {8 + n % 9:02}:00", "05-25 10:00", insured_region=insured, **{"region": "430102", **given}
        )
        for n in range(count)
    ]


def test_six_on_one_day_are_a_wave():
    (alert,) = on_duckdb([RULE], [KNOWN, *wave(6)], EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H1", "2026-05-18", 3)
    assert (alert.evidence["one_region"], alert.evidence["from_region"]) == (6, "430702")
    assert len(alert.encounters) == 6
    assert alert.amount == "12000.00"
    assert alert.checked == []


@pytest.mark.parametrize(("count", "severities"), [(5, []), (9, [3]), (10, [2])])
def test_more_than_five_are_needed_and_twice_as_many_are_graver(count, severities):
    assert [alert.severity for alert in on_duckdb([RULE], [KNOWN, *wave(count)], EMPTY)] == severities


def test_three_must_come_from_one_region():
    spread = [each for n in range(3) for each in wave(2, insured=f"43070{n}")]
    assert on_duckdb([RULE], [KNOWN, *spread], EMPTY) == []
    assert len(on_duckdb([RULE], [KNOWN, *spread, *wave(1, insured="430701")], EMPTY)) == 1


def test_the_days_before_raise_what_is_usual():
    before = [each for n in range(20, 31) for each in wave(9 if n % 2 else 1, f"04-{n:02}")]
    home = [each for n in range(20, 31) for each in wave(12, f"04-{n:02}", "430102")]
    assert on_duckdb([RULE], [KNOWN, *before, *home, *wave(12)], EMPTY) == []
    (alert,) = on_duckdb([RULE], [KNOWN, *before, *home, *wave(20)], EMPTY)
    assert (alert.evidence["baseline_days"], alert.checked) == (28, ["specialised"])


def test_people_from_here_and_from_nowhere_do_not_count():
    assert on_duckdb([RULE], [KNOWN, *wave(9, insured="430102")], EMPTY) == []
    assert on_duckdb([RULE], [KNOWN, *wave(9, insured="")], EMPTY) == []
    assert on_duckdb([RULE], [KNOWN, *wave(9, region="")], EMPTY) == []


def test_an_institution_that_is_new_here_is_not_compared():
    assert on_duckdb([RULE], wave(9), EMPTY) == []
    assert on_duckdb([RULE], [visit("05-05 10:00"), *wave(9)], EMPTY) == []
    (alert,) = on_duckdb([RULE], [visit("05-04 10:00"), *wave(9)], EMPTY)
    assert alert.evidence["baseline_days"] == 14


def test_a_holiday_is_innocent():
    def known(day):
        return Registry({"holidays": [Holiday(day, "节")]}, 1)

    assert on_duckdb([RULE], [KNOWN, *wave(9)], known("2026-05-18")) == []
    (alert,) = on_duckdb([RULE], [KNOWN, *wave(9)], known("2026-05-01"))
    assert alert.checked == ["holiday"]


def test_a_centre_to_which_people_come_from_elsewhere_is_innocent():
    usual = wave(2, "05-11")
    assert on_duckdb([RULE], [KNOWN, *usual, *wave(9)], EMPTY) == []
    mixed = [*usual, *wave(3, "05-11", "430102")]
    assert len(on_duckdb([RULE], [KNOWN, *mixed, *wave(9)], EMPTY)) == 1
