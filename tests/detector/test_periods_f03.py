"""F03: more patients than a practitioner can see."""

import pytest

from schemas.records import Practitioner
from schemas.registry import Registry
from schemas.screening import Item
from services.detector.periods.f03_too_many_patients import RULE
from services.detector.periods.month import Month
from tests.detector.periods import MAY, on_duckdb, stay, visit
from tests.support.entries import EMPTY, registry

LEVELS = registry(
    {"institution_id": "H1", "kind": "hospital", "level": 2},
    {"institution_id": "T1", "kind": "township", "level": 1},
)


def day_of(count, institution="H1", day="05-04", hours=10, **given):
    """Visits spread evenly over so many hours from eight."""
    spread = hours * 60 / count
    return [
        visit(
            f"{day} {8 + int(n * spread) // 60:02}:{int(n * spread) % 60:02}",
            institution,
            **{"practitioner": "D1", "department": "内科", **given},
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "institution", "found"), [(120, "H1", 0), (121, "H1", 1), (80, "T1", 0), (81, "T1", 1)]
)
def test_a_day_has_room_for_so_many_visits(count, institution, found):
    alerts = on_duckdb([RULE], day_of(count, institution), LEVELS)
    assert len(alerts) == found
    if found:
        assert (alerts[0].subject.kind, alerts[0].subject.id) == ("practitioner", "D1")
        assert (alerts[0].happened_at, alerts[0].severity) == ("2026-05-04", 3)
        assert alerts[0].amount == "30.00"


def test_far_more_is_graver():
    (alert,) = on_duckdb([RULE], day_of(181, hours=12), LEVELS)
    assert alert.severity == 2


def test_visits_at_all_institutions_are_one_day():
    (alert,) = on_duckdb([RULE], [*day_of(61), *day_of(60, "T1")], LEVELS)
    assert alert.institutions == ["H1", "T1"]


def test_thirty_one_in_any_sixty_minutes_are_too_many():
    assert on_duckdb([RULE], day_of(30, hours=0.9), LEVELS) == []
    (alert,) = on_duckdb([RULE], day_of(31, hours=0.9), LEVELS)
    assert alert.evidence["busiest_hour"] == 31
    across = [
        visit(f"05-04 {9 + (30 + 2 * n) // 60:02}:{(30 + 2 * n) % 60:02}", practitioner="D1")
        for n in range(31)
    ]
    assert on_duckdb([RULE], across, LEVELS) == []


def test_an_institution_of_unknown_level_is_judged_by_the_hour_alone():
    assert on_duckdb([RULE], day_of(150), EMPTY) == []
    assert len(on_duckdb([RULE], day_of(31, hours=0.9), EMPTY)) == 1


def ordered(day, clock="10:00", practitioner="D1"):
    hour, minute = map(int, clock.split(":"))
    return Item("X", "03", "1", 100, 100, None, practitioner, MAY.begin + day - 1, None, 60 * hour + minute)


@pytest.mark.parametrize(("count", "found"), [(60, 0), (61, 1)])
def test_lines_of_so_many_in_patients_on_a_day(count, found):
    told = [stay("05-04 09:00", "05-08 09:00", items=[ordered(6), ordered(6)]) for _ in range(count)]
    alerts = on_duckdb([RULE], told, LEVELS)
    assert len(alerts) == found
    if found:
        assert alerts[0].happened_at == "2026-05-06"
        assert f"{count}名" in alerts[0].message.zh


def test_stays_begun_the_month_before_count_with_the_days_of_their_lines():
    told = [stay("04-28 09:00", "05-08 09:00", items=[ordered(6)]) for _ in range(61)]
    (alert,) = on_duckdb([RULE], told, LEVELS)
    assert alert.happened_at == "2026-05-06"
    assert on_duckdb([RULE], told, LEVELS, Month.of("2026-04")) == []


def long_days(count, last="21:00", **given):
    return [
        visit(f"05-{day:02} 01:00", items=[ordered(day, "01:00"), ordered(day, last)], **given)
        for day in range(4, 4 + count)
    ]


def test_three_days_of_twenty_hours_are_found_once():
    assert on_duckdb([RULE], long_days(2), LEVELS) == []
    assert on_duckdb([RULE], long_days(4, "20:59"), LEVELS) == []
    (alert,) = on_duckdb([RULE], long_days(4), LEVELS)
    assert (alert.happened_at, alert.evidence["span_days"]) == ("2026-05-04", 4)


def test_visits_that_itemise_no_time_count_by_their_begin():
    told = [
        visit(f"05-{day:02} {clock}", practitioner="D1") for day in (4, 5, 9) for clock in ("01:29", "22:30")
    ]
    (alert,) = on_duckdb([RULE], told, LEVELS)
    assert (alert.happened_at, alert.evidence["longest_hours"]) == (
        "2026-05-04",
        pytest.approx(21.0167, abs=1e-4),
    )


def test_what_a_pharmacy_sells_is_no_order():
    assert on_duckdb([RULE], long_days(4, care="pharmacy", med_type="41"), LEVELS) == []


def test_a_code_that_no_registration_knows_is_a_departments():
    known = Registry(
        {
            "institutions": LEVELS.records("institutions"),
            "practitioners": [Practitioner("D1", "H1")],
        },
        1,
    )
    assert len(on_duckdb([RULE], day_of(121), known)) == 1
    assert on_duckdb([RULE], day_of(121, practitioner="D9"), known) == []


def test_a_shared_code_a_renewal_counter_and_a_batch_are_innocent():
    shared = [each for n in range(4) for each in day_of(31, department=f"科{n}")]
    assert on_duckdb([RULE], shared, LEVELS) == []
    renewing = [*day_of(100, med_type="140104"), *day_of(25)]
    assert on_duckdb([RULE], renewing, LEVELS) == []
    batch = [visit(f"05-04 09:{n // 10:02}", practitioner="D1") for n in range(130)]
    assert on_duckdb([RULE], batch, LEVELS) == []
    (alert,) = on_duckdb([RULE], day_of(121), LEVELS)
    assert set(alert.checked) == {"shared_code", "repeat_counter", "batch_renewal"}


def test_visits_without_a_practitioner_are_nobodys():
    assert on_duckdb([RULE], day_of(300, practitioner=""), LEVELS) == []
