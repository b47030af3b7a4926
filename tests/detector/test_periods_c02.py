"""C02: more in-patients than beds, two persons in one bed."""

import pytest

from services.detector.periods.c02_overfull_beds import RULE
from services.detector.periods.month import Month
from tests.detector.periods import on_duckdb, stay
from tests.support.entries import EMPTY, registry

TEN_BEDS = registry({"institution_id": "H1", "kind": "hospital", "level": 2, "beds": 10})


def ward(count, begin="05-04 09:00", end="05-07 09:00", **given):
    return [stay(begin, end, **given) for _ in range(count)]


def test_twelve_persons_in_ten_beds_for_three_nights_are_found():
    (alert,) = on_duckdb([RULE], ward(12), TEN_BEDS)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H1", "2026-05-04", 2)
    assert (alert.evidence["over_days"], alert.evidence["most"], alert.evidence["beds"]) == (3, 12, 10)
    assert [case["persons"] for case in alert.evidence["cases"]] == [12, 12, 12]
    assert float(alert.amount) == pytest.approx(2_000 * 2, abs=1)


def test_a_tenth_more_than_the_beds_is_allowed_and_two_nights_are_too_few():
    assert on_duckdb([RULE], ward(11), TEN_BEDS) == []
    assert on_duckdb([RULE], ward(12, end="05-06 09:00"), TEN_BEDS) == []


def test_the_day_of_discharge_needs_no_bed():
    told = [*ward(11), *ward(1, "05-07 10:00", "05-20 09:00")]
    assert on_duckdb([RULE], told, TEN_BEDS) == []


def test_newborns_and_day_surgery_lie_in_no_bed_of_their_own():
    for given in ({"med_type": "28"}, {"flags": ["newborn"]}):
        assert on_duckdb([RULE], [*ward(11), *ward(3, **given)], TEN_BEDS) == []


def test_without_authorised_beds_nothing_is_said():
    assert on_duckdb([RULE], ward(50), EMPTY) == []


def test_open_stays_take_beds_up_to_the_last_day_that_is_known():
    told = [*ward(8, end="05-20 09:00"), *ward(4, "05-16 09:00", None)]
    (alert,) = on_duckdb([RULE], told, TEN_BEDS)
    assert alert.evidence["over_days"] == 4


def test_a_stay_that_was_settled_for_good_counts_as_ended():
    settled = ward(12)
    for each in settled:
        each.ended, each.discharge_day, each.nights = 0, None, None
    late = stay("05-25 09:00", "05-28 09:00", occurred_day=0)
    assert on_duckdb([RULE], [*settled, late], TEN_BEDS) == []


def test_parts_of_one_stay_take_one_bed():
    halves = [
        stay("05-04 09:00", "05-10 09:00", key=f"p{n}", encounter_id=f"M{n}") for n in range(6) for _ in "12"
    ]
    assert on_duckdb([RULE], halves, TEN_BEDS) == []


def test_stays_that_began_before_the_month_take_beds_too():
    (alert,) = on_duckdb([RULE], ward(12, "04-20 09:00", "05-05 09:00"), TEN_BEDS)
    assert (alert.happened_at, alert.evidence["over_days"]) == ("2026-05-01", 4)
    (before,) = on_duckdb([RULE], ward(12, "04-20 09:00", "05-05 09:00"), TEN_BEDS, Month.of("2026-04"))
    assert before.alert_id != alert.alert_id


def pair(other_begin, **given):
    return [
        stay("05-04 09:00", "05-07 12:00", bed="12", encounter_id="M1"),
        stay(other_begin, "05-09 09:00", **{"bed": "12", "encounter_id": "M2", **given}),
    ]


@pytest.mark.parametrize(("begin", "found"), [("05-07 07:59", 1), ("05-07 08:00", 0), ("05-07 12:30", 0)])
def test_one_bed_for_two_persons_for_more_than_four_hours(begin, found):
    alerts = on_duckdb([RULE], pair(begin), EMPTY)
    assert len(alerts) == found
    if found:
        assert alerts[0].encounters == ["M1", "M2"]
        assert "12床" in alerts[0].message.zh


def test_another_department_another_house_or_the_same_person_is_another_matter():
    for other in ({"institution": "H2"}, {"bed": "13"}, {"bed": ""}):
        assert on_duckdb([RULE], pair("05-05 09:00", **other), EMPTY) == []
    told = pair("05-05 09:00", department="内科")
    assert len(on_duckdb([RULE], told, EMPTY)) == 1
    told[0].department = "外科"
    assert on_duckdb([RULE], told, EMPTY) == []
    told = pair("05-05 09:00")
    told[1].key = told[0].key
    assert on_duckdb([RULE], told, EMPTY) == []


def test_by_bare_dates_a_shared_night_counts():
    for begin, found in (("05-06", 1), ("05-07", 0)):
        assert len(on_duckdb([RULE], pair(begin), EMPTY)) == found


def test_a_stay_still_open_makes_it_a_reminder():
    told = [
        stay("05-04 09:00", None, bed="12", encounter_id="M1"),
        stay("05-06 09:00", "05-09 09:00", bed="12", encounter_id="M2"),
    ]
    (alert,) = on_duckdb([RULE], told, EMPTY)
    assert alert.severity == 3
