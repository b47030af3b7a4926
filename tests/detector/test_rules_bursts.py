"""B01 and D14 case by case: what speaks against them, how grave, and who they are."""

import pytest

from schemas.records import Baseline, Institution
from tests.support.entries import (
    compared,
    inpatient,
    judge_all,
    line,
    registry,
    registry_of,
    settlement,
    swipe,
)

# -- B01 ------------------------------------------------------------------------------------------------


def burst(
    gaps: list[int], institution: str = "P1", totals: list[str] | None = None, start: str = "10", **given
):
    """A swipe, then one after each gap (seconds), each of another person."""
    second, story = 0, []
    for index, gap in enumerate([0, *gaps]):
        second += gap
        at = f"03-05 {start}:{second // 60:02d}:{second % 60:02d}"
        total = totals[index] if totals else f"{10 + index}.00"
        values = {"person": f"p{index}", "device_id": "d1", **given}
        story.append(swipe(at, institution, f"B{index}", total=total, **values))
    return story


def seen(story: list, **columns) -> list[int]:
    """Severities of B01."""
    known = registry({"institution_id": "P1", "kind": "pharmacy", **columns})
    return [alert.severity for alert in judge_all(story, known, ["B01"])]


def test_the_alert_tells_what_is_usual_and_what_was_looked_for():
    shop = Institution("P1", kind="pharmacy")
    usual = tuple(2 if hour == 10 else 9 for hour in range(24))
    known = Baseline("P1", "2026-03-05", usual=usual, same_day=(1,) * 24, chain_shops=0)
    (alert,) = judge_all(burst([30] * 4), registry_of(shop, known), ["B01"])
    assert alert.evidence["usual_persons"] == 2
    assert {"usual_crowd", "same_day_of_month", "chain_wide_rise"} <= set(alert.checked)
    (alert,) = judge_all(burst([30] * 4), registry_of(shop), ["B01"])
    assert alert.evidence["usual_persons"] is None
    assert {"usual_crowd", "same_day_of_month", "chain_wide_rise"}.isdisjoint(alert.checked)


@pytest.mark.parametrize(
    ("gaps", "totals", "alerts"),
    [
        ([60, 60, 60, 60], None, 1),
        ([61, 61, 61, 61], None, 0),
        ([150, 150, 150, 150], None, 0),
        ([150, 150, 150, 150], ["9.00", "9.00", "9.00", "1.00", "2.00"], 1),
        ([150, 150, 150, 151], ["9.00"] * 5, 0),
        ([30, 30, 30], None, 0),
    ],
    ids=["minute gaps", "slower", "ten minutes", "half the same", "too long", "four persons"],
)
def test_b01_five_persons_in_ten_minutes_fast_or_with_one_amount(gaps, totals, alerts):
    assert seen(burst(gaps, totals=totals)) == [2] * alerts


@pytest.mark.parametrize(
    ("kind", "alerts"),
    [("pharmacy", 1), ("clinic", 1), ("village", 1), ("hospital", 0), ("township", 0), ("community", 0)],
)
def test_b01_watches_pharmacies_clinics_and_village_posts(kind, alerts):
    assert len(seen(burst([30] * 4), kind=kind)) == alerts


def test_b01_is_graver_at_night_and_from_ten_cards_on():
    assert seen(burst([30] * 4, start="22")) == [1]
    assert seen(burst([30] * 8)) == [2]
    assert seen(burst([30] * 9)) == [1]


def test_b01_needs_a_terminal_and_takes_the_operator_where_no_device_is_named():
    assert seen(burst([30] * 4, device_id=None)) == []
    assert seen(burst([30] * 4, device_id=None, operator_id="o1")) == [2]


def test_b01_one_person_many_times_or_day_precision_is_none():
    assert seen(burst([30] * 4, person="p0")) == []
    assert seen(burst([30] * 4, begin_at="03-05")) == []


def test_b01_two_terminals_are_two_and_midnight_cuts():
    assert seen(burst([30, 30])) + seen(burst([30, 30], device_id="d2")) == []
    late = [
        swipe(f"03-0{5 + (index > 2)} {('23:59', '00:00')[index > 2]}:{index * 9:02d}", "P1", f"B{index}",
              person=f"p{index}", device_id="d1")
        for index in range(6)
    ]  # fmt: skip
    assert seen(late) == []


def test_b01_is_the_same_alert_for_any_order_and_names_no_person():
    story = burst([30] * 4)
    known = registry({"institution_id": "P1", "kind": "pharmacy"})
    one, other = judge_all(story, known), judge_all(story[::-1], known)
    assert compared(one) == compared(other)
    assert one[0].subject.kind == "terminal"


# -- D14 ------------------------------------------------------------------------------------------------

COLD = {"diagnoses": [{"code": "J00"}]}


def again(second: str = "03-05 10:01", first: dict | None = None, **given) -> list[tuple[str, int]]:
    """(rule, severity) by D14 of a second settlement."""
    story = [settlement("03-05 10:00", "H1", "S1", **(first or {})), settlement(second, "H1", "S2", **given)]
    return [(alert.rule, alert.severity) for alert in judge_all(story, rules=["D14"])]


@pytest.mark.parametrize(("second", "alerts"), [("03-05 10:01", 1), ("03-05 10:01:01", 0)])
def test_d14_the_same_lines_within_a_minute(second, alerts):
    lines = {"lines": [line("L1"), line("L2", quantity="2.0")]}
    same = {"lines": [line("X2", quantity="2"), line("X1")], "total": "1.00"}
    assert again(second, first=lines, **same) == [("D14", 1)] * alerts


def test_d14_the_same_amount_and_diagnosis():
    assert again(first=COLD, **COLD) == [("D14", 1)]
    assert again(first=COLD, diagnoses=[{"code": "J01"}]) == []
    assert again(first=COLD, total="99.00", **COLD) == []


def test_d14_a_missing_diagnosis_is_no_evidence():
    assert again() == []


def test_d14_days_of_bare_dates_are_compared_as_days():
    def by_date(first: str, second: str) -> int:
        story = [
            inpatient(first, "03-09", "H1", "M1", "S1", **COLD),
            inpatient(second, "03-09", "H1", "M2", "S2", **COLD),
        ]
        return len(judge_all(story, rules=["D14"]))

    assert by_date("03-05", "03-05") == 1
    assert by_date("03-05", "03-06") == 0


def test_d14_a_settlement_in_mid_stay_is_none():
    assert again(first=COLD, mid_stay=True, **COLD) == []
