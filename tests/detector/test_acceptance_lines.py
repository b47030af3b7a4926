"""The catalogue's acceptance examples over lines and stays in parts (rules.md, section J)."""

import pytest

from tests.detector.stories.c03 import FIRST, twice, with_code
from tests.detector.stories.d01 import STAY, beds
from tests.detector.stories.d02 import HALF, hours
from tests.detector.stories.f08 import KNOWN, settled
from tests.support.entries import compared, entries, judge_all, replay_of, stay


def test_example_6_fifteen_days_after_a_stay_the_next_is_found_after_sixteen_or_for_chemotherapy_not():
    (alert,) = judge_all(twice(FIRST, ("03-20 10:00", None)), rules=["C03"])
    assert (alert.severity, alert.encounters) == (3, ["M1", "M2"])
    assert judge_all(twice(FIRST, ("03-21 10:00", None)), rules=["C03"]) == []
    assert judge_all(with_code("Z51.100"), rules=["C03"]) == []


def test_example_7_five_bed_days_of_four_nights_are_tolerated_and_of_six_one_is_suspected():
    assert judge_all([STAY, beds(5)], rules=["D01"]) == []
    (alert,) = judge_all([STAY, beds(6)], rules=["D01"])
    assert (alert.severity, alert.amount, alert.encounters) == (1, "40.00", ["M1"])
    assert "住院 M1（4晚）" in alert.message.zh
    assert "收取6日" in alert.message.zh


def test_example_8_twenty_four_hours_a_day_are_none_twenty_five_are_found_and_three_days_are_to_be_split():
    assert judge_all([hours(HALF, ("2", "03-02 20:00", "12"))], rules=["D02"]) == []
    (alert,) = judge_all([hours(HALF, ("2", "03-02 20:00", "13"))], rules=["D02"])
    assert "收取25小时，超过一日24小时" in alert.message.zh
    assert (alert.severity, alert.happened_at) == (1, "2026-03-02")
    three_days = stay("03-01 09:00", "03-03 09:00")
    (alert,) = judge_all([three_days, hours(("1", "03-01 10:00", "72"))], rules=["D02"])
    assert (alert.severity, alert.amount) == (3, "0.00")
    assert "split" in alert.message.en


@pytest.mark.parametrize(
    ("place", "total", "tasks"),
    [("H1", "4999.99", 0), ("H1", "5000.00", 1), ("H3", "9999.99", 0), ("H3", "10000.00", 1)],
)
def test_example_11_large_bills_become_tasks_of_review_by_level(place, total, tasks):
    alerts = judge_all([settled(total, place)], KNOWN, ["F08"])
    assert [(alert.severity, alert.evidence["task"]) for alert in alerts] == [(3, "pre_review")] * tasks
    assert all("审查任务，不表示存在违规" in alert.message.zh for alert in alerts)


def test_example_13_lines_before_the_admission_and_after_the_settlement_end_as_the_ordered_run_does():
    ordered = entries(STAY, beds(6), settled("5000.00"))
    known = compared(replay_of(ordered, KNOWN, ["D01", "F08"]).open.values())
    assert {alert["rule"] for alert in known.values()} == {"D01", "F08"}
    assert compared(replay_of(reversed(ordered), KNOWN, ["D01", "F08"]).open.values()) == known
