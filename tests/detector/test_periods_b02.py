"""B02: nights at places that are closed at night."""

import pytest

from services.detector.periods.b02_night_swipes import RULE
from services.detector.periods.month import Month
from tests.detector.periods import on_duckdb, screening
from tests.support.entries import EMPTY, registry

CLOSED = registry({"institution_id": "P1", "kind": "pharmacy", "open_24h": False})


def at_night(*times, **given):
    return [screening(time, **given) for time in times]


def by_day(count, day="05-04", **given):
    return [screening(f"{day} {9 + n % 10:02}:{n:02}", **given) for n in range(count)]


THREE = at_night("05-04 22:00", "05-04 23:30", "05-05 05:59")
"""Three persons in the night of 4 May."""
DAYS = by_day(20)


def test_three_persons_in_a_night_are_found_across_midnight():
    (alert,) = on_duckdb([RULE], [*THREE, *DAYS], CLOSED)
    assert (alert.subject.kind, alert.subject.id, alert.happened_at) == ("institution", "P1", "2026-05-04")
    assert alert.evidence["persons"] == 3
    assert [case["at"] for case in alert.evidence["cases"]] == ["22:00", "23:30", "05:59"]
    assert alert.amount == "90.00"
    assert len(alert.settlements) == 3
    assert alert.checked == ["open_24h", "clock_shifted"]


@pytest.mark.parametrize("moved", ["05-05 06:00", "05-04 21:59"])
def test_the_night_ends_at_six_and_begins_at_ten(moved):
    assert on_duckdb([RULE], [*THREE[:2], *at_night(moved), *DAYS], CLOSED) == []


def test_one_person_three_times_is_not_three_persons():
    assert (
        on_duckdb([RULE], [*at_night("05-04 22:10", "05-04 23:00", "05-05 01:00", key="p"), *DAYS], CLOSED)
        == []
    )


@pytest.mark.parametrize(("days", "found"), [(8, 1), (7, 0), (9, 0)])
def test_a_fifth_of_ten_swipes_at_night_is_found(days, found):
    told = [*at_night("05-04 22:10", "05-04 23:00"), *by_day(days), *by_day(30, "05-06")]
    assert len(on_duckdb([RULE], told, CLOSED)) == found


def test_open_round_the_clock_is_no_finding():
    always = registry({"institution_id": "P1", "kind": "pharmacy", "open_24h": True})
    assert on_duckdb([RULE], [*THREE, *DAYS], always) == []


def test_it_counts_what_the_registry_said_on_that_day():
    since = registry(
        {"institution_id": "P1", "kind": "pharmacy", "open_24h": True},
        {"institution_id": "P1", "kind": "pharmacy", "open_24h": False, "effective_from": "2026-05-10"},
    )
    later = at_night("05-12 22:10", "05-12 23:00", "05-12 23:10")
    (alert,) = on_duckdb([RULE], [*THREE, *later, *DAYS], since)
    assert alert.happened_at == "2026-05-12"


def test_emergencies_late_entries_and_missing_times_do_not_count():
    for change in ({"flags": ["emergency"]}, {"flags": ["backfilled"]}, {"minute": None}):
        told = [*THREE[:2], *at_night("05-05 03:00", **change), *DAYS]
        assert on_duckdb([RULE], told, CLOSED) == []


def test_a_clock_that_is_off_by_its_zone_is_no_finding():
    shifted = [screening(f"05-{day:02} {hour:02}:10") for day in range(2, 20) for hour in (0, 1, 2, 3, 22, 8)]
    assert on_duckdb([RULE], shifted, CLOSED) == []


def test_hospitals_and_unknown_institutions_are_not_judged():
    assert on_duckdb([RULE], [*THREE, *DAYS], EMPTY) == []
    hospital = registry({"institution_id": "P1", "kind": "hospital", "level": 2})
    assert on_duckdb([RULE], [*THREE, *DAYS], hospital) == []


def test_the_night_of_a_months_last_day_is_judged_once_with_the_month_it_ends_in():
    night = at_night("05-31 22:10", "05-31 23:00", "06-01 01:00")
    told = [*night, *by_day(20, "05-31"), *by_day(20, "06-01")]
    assert on_duckdb([RULE], told, CLOSED) == []
    (alert,) = on_duckdb([RULE], told, CLOSED, Month.of("2026-06"))
    assert alert.happened_at == "2026-05-31"
