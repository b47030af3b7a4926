"""Acceptance, rules.md §J 1–3: overlapping stays, and visits inside a stay."""

import pytest

from tests.support.entries import (
    admission,
    cancellation,
    compared,
    corrected,
    discharge,
    judge_all,
    settlement,
    stay,
)


def test_j01_three_days_in_two_hospitals_is_one_grave_alert():
    (alert,) = judge_all(
        [
            stay("03-01 08:00", "03-10 10:00", "H1", "M1"),
            stay("03-05 09:00", "03-08 09:00", "H2", "M2"),
        ]
    )
    assert (alert.rule, alert.severity) == ("A01", 1)
    assert alert.institutions == ["H1", "H2"]
    assert alert.encounters == ["M1", "M2"]
    assert alert.evidence["overlap_hours"] == 72
    assert alert.happened_at == "2026-03-05T09:00:00+08:00"


def test_j01_a_discharge_that_arrives_late_withdraws_the_alert():
    story = [
        admission("03-01 08:00", "H1", "M1"),
        stay("03-05 09:00", "03-08 09:00", "H2", "M2"),
    ]
    assert [alert.severity for alert in judge_all(story)] == [3]
    late = discharge("03-05 08:30", "H1", "M1", discharge_way=2, transfer_to="H2", recorded_at="03-06 10:00")
    assert judge_all([*story, late]) == []


def test_j01_a_corrected_discharge_withdraws_the_alert():
    first = discharge("03-10 10:00", "H1", "M1")
    story = [admission("03-01 08:00", "H1", "M1"), first, stay("03-05 09:00", "03-08 09:00", "H2", "M2")]
    assert len(judge_all(story)) == 1
    right = corrected(first, "03-11 09:00", occurred_at="03-05 08:30", discharge_way=2, transfer_to="H2")
    assert judge_all([*story, right]) == []


def test_j02_a_hand_over_on_one_day_by_bare_dates_is_silent():
    assert judge_all([stay("03-01", "03-05", "H1", "M1"), stay("03-05", "03-08", "H2", "M2")]) == []


@pytest.mark.parametrize(
    ("discharged", "alerts"), [("03-05 21:00", 0), ("03-05 21:01", 1), ("03-05 09:00", 0)]
)
def test_j02_an_overlap_of_exactly_twelve_hours_is_tolerated_and_a_minute_more_is_not(discharged, alerts):
    story = [stay("03-01 08:00", discharged, "H1", "M1"), stay("03-05 09:00", "03-08 09:00", "H2", "M2")]
    found = judge_all(story)
    assert [alert.rule for alert in found] == ["A01"] * alerts
    assert all(alert.severity == 2 for alert in found)


@pytest.mark.parametrize(
    ("at", "institution", "alerts"),
    [
        ("03-01 13:59", "H2", 0),
        ("03-01 14:00", "H2", 1),
        ("03-01 20:00", "H1", 0),
        ("03-05 10:00", "H1", 1),
        ("03-05 10:00", "H2", 1),
        ("03-05", "H2", 1),
        ("03-01", "H2", 0),
        ("03-10 08:00", "H2", 1),
        ("03-10 08:01", "H2", 0),
        ("03-10 08:00", "H1", 0),
        ("03-11 08:00", "H2", 0),
    ],
)
def test_j03_a_visit_counts_on_middle_days_and_elsewhere_also_well_inside_the_clock(at, institution, alerts):
    story = [stay("03-01 08:00", "03-10 10:00", "H1", "M1"), settlement(at, institution, "S1")]
    assert [alert.rule for alert in judge_all(story)] == ["A03"] * alerts


def test_j03_a_cancelled_discharge_reopens_the_stay_and_the_visit_is_judged_again():
    leaving = discharge("03-04 10:00", "H1", "M1")
    story = [admission("03-01 08:00", "H1", "M1"), leaving, settlement("03-06 10:00", "H2", "S1")]
    assert judge_all(story) == []
    (alert,) = judge_all([*story, cancellation("03-06 12:00", leaving)])
    assert (alert.rule, alert.encounters, alert.settlements) == ("A03", ["M1", "E-S1"], ["S1"])


def test_j03_the_visit_may_come_before_the_stay_is_uploaded():
    visit = settlement("03-05 10:00", "H2", "S1")
    days = stay("03-01 08:00", "03-10 10:00", "H1", "M1")
    assert compared(judge_all([visit, days])) == compared(judge_all([days, visit])) != {}
