"""F08b: stays that crowd just below the review's threshold."""

import pytest

from services.detector.periods.f08b_below_the_threshold import RULE
from tests.detector.periods import on_duckdb, stay
from tests.support.entries import EMPTY, registry

LEVELS = registry(
    {"institution_id": "H1", "kind": "hospital", "level": 2},
    {"institution_id": "H3", "kind": "hospital", "level": 3},
    {"institution_id": "T1", "kind": "township", "level": 1},
)


def stays(count, cost, institution="H1", **given):
    """So many that cost a fen more each."""
    return [
        stay("05-04 09:00", "05-09 09:00", institution, **{"total": cost + n, "fund": 300_000, **given})
        for n in range(count)
    ]


def test_ten_near_and_few_below_are_found():
    (alert,) = on_duckdb([RULE], [*stays(10, 450_000), *stays(4, 400_000), *stays(9, 200_000)], LEVELS)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H1", "2026-05-04", 3)
    assert (alert.evidence["near"], alert.evidence["below"]) == (10, 4)
    assert alert.evidence["threshold"] == "5000.00"
    assert alert.amount == "6000.00"
    assert alert.checked == ["fixed_price"]


@pytest.mark.parametrize(
    ("near", "below", "found"), [(9, 0, 0), (10, 0, 1), (10, 5, 0), (12, 5, 1), (12, 6, 0)]
)
def test_ten_and_more_than_twice_as_many_are_needed(near, below, found):
    assert len(on_duckdb([RULE], [*stays(near, 450_000), *stays(below, 400_000)], LEVELS)) == found


@pytest.mark.parametrize(
    ("cost", "found"), [(449_990, 0), (450_000, 1), (499_989, 1), (499_991, 0), (500_000, 0)]
)
def test_near_is_from_nine_tenths_up_to_the_threshold(cost, found):
    assert len(on_duckdb([RULE], stays(10, cost), LEVELS)) == found


def test_the_third_level_has_a_threshold_of_its_own_and_others_none():
    assert len(on_duckdb([RULE], stays(10, 950_000, "H3"), LEVELS)) == 1
    assert on_duckdb([RULE], stays(10, 450_000, "H3"), LEVELS) == []
    assert on_duckdb([RULE], stays(10, 450_000, "T1"), LEVELS) == []
    assert on_duckdb([RULE], stays(10, 450_000, "H9"), LEVELS) == []
    assert on_duckdb([RULE], stays(10, 450_000), EMPTY) == []


def test_what_is_not_settled_for_good_is_not_near_anything():
    assert on_duckdb([RULE], stays(10, 450_000, flags=["mid_stay"]), LEVELS) == []
    halves = [
        each
        for n in range(10)
        for each in (
            *stays(1, 250_000 + n, encounter_id=f"M{n}", flags=["mid_stay"]),
            *stays(1, 210_000, encounter_id=f"M{n}"),
        )
    ]
    assert len(on_duckdb([RULE], halves, LEVELS)) == 1


def test_fixed_prices_are_innocent():
    assert on_duckdb([RULE], stays(10, 450_000, med_type="28"), LEVELS) == []
    same = [*stays(5, 450_000), *(each for _ in range(5) for each in stays(1, 480_000))]
    assert on_duckdb([RULE], same, LEVELS) == []
    assert len(on_duckdb([RULE], [*same[:9], *stays(1, 490_000), *stays(1, 491_000)], LEVELS)) == 1
