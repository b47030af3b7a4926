"""B03: the same amount again and again."""

import pytest

from schemas.screening import Item
from services.detector.periods.b03_equal_amounts import RULE
from tests.detector.periods import on_duckdb, screening
from tests.support.entries import EMPTY


def swipes(count, total, day="05-04", **given):
    return [screening(f"{day} {8 + n // 50:02}:{n % 50:02}", total=total, **given) for n in range(count)]


def others(count):
    return [screening(f"05-04 15:{n % 60:02}", total=1_000 + n) for n in range(count)]


def items(*codes):
    return [Item(code, "11", "1", 2_500, 2_500) for code in codes]


def test_ten_of_one_amount_are_found():
    (alert,) = on_duckdb([RULE], [*swipes(10, 5_000), *others(20)], EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("P1", "2026-05-04", 2)
    assert (alert.evidence["equal_swipes"], alert.evidence["swipes"]) == (10, 30)
    assert alert.evidence["equal_amount"] == "50.00"
    assert "占33%" in alert.message.zh
    assert alert.amount == "300.00"
    assert alert.checked == []


@pytest.mark.parametrize(("equal", "rest", "found"), [(9, 0, 0), (10, 23, 1), (10, 24, 0), (12, 28, 1)])
def test_ten_and_three_in_ten_are_needed(equal, rest, found):
    assert len(on_duckdb([RULE], [*swipes(equal, 5_000), *others(rest)], EMPTY)) == found


def test_another_day_and_another_pharmacy_are_counted_apart():
    told = [*swipes(6, 5_000), *swipes(6, 5_000, "05-05"), *swipes(6, 5_000, institution="P2")]
    assert on_duckdb([RULE], told, EMPTY) == []


def test_of_two_amounts_the_commoner_speaks():
    (alert,) = on_duckdb([RULE], [*swipes(12, 5_000), *swipes(11, 3_000)], EMPTY)
    assert alert.evidence["equal_amount"] == "50.00"


def test_one_item_of_a_fixed_price_is_innocent():
    assert on_duckdb([RULE], swipes(12, 5_000, items=items("X1", "X1")), EMPTY) == []
    (alert,) = on_duckdb([RULE], swipes(12, 5_000, items=items("X1", "X2")), EMPTY)
    assert alert.checked == ["fixed_price"]


def test_a_fixed_price_is_believed_only_where_all_swipes_show_it():
    told = [*swipes(11, 5_000, items=items("X1")), *swipes(1, 5_000)]
    assert len(on_duckdb([RULE], told, EMPTY)) == 1


def test_hospital_visits_and_amounts_of_nothing_do_not_count():
    assert on_duckdb([RULE], swipes(20, 5_000, care="visit", med_type="11"), EMPTY) == []
    assert on_duckdb([RULE], swipes(20, 0), EMPTY) == []


def test_beside_a_fixed_price_another_amount_still_speaks():
    told = [*swipes(14, 5_000, items=items("X1")), *swipes(11, 3_000)]
    (alert,) = on_duckdb([RULE], told, EMPTY)
    assert alert.evidence["equal_amount"] == "30.00"
