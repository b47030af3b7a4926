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


def emptying(count, day="05-04", **given):
    return [
        screening(
            f"{day} {9 + n:02}:00", total=5_000 + n, account=5_000 + n, fund=0, flags=["emptied"], **given
        )
        for n in range(count)
    ]


def test_five_swipes_that_empty_the_account_are_found():
    (alert,) = on_duckdb([RULE], [*emptying(5), *others(30)], EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("P1", "2026-05-04", 2)
    assert alert.amount == "0.00"
    assert (alert.evidence["emptied_swipes"], alert.evidence["account_total"]) == (5, "250.10")
    assert "余额不足1元" in alert.message.zh
    assert len(alert.evidence["cases"]) == 5


def test_four_or_five_on_two_days_or_of_accounts_that_hold_something_are_not():
    assert on_duckdb([RULE], emptying(4), EMPTY) == []
    assert on_duckdb([RULE], [*emptying(3), *emptying(2, "05-05")], EMPTY) == []
    assert on_duckdb([RULE], [*emptying(4), *others(30)], EMPTY) == []


def test_accounts_emptied_for_one_item_of_a_fixed_price_are_innocent():
    assert on_duckdb([RULE], emptying(6, items=items("X1")), EMPTY) == []
    (alert,) = on_duckdb([RULE], [*emptying(5, items=items("X1")), *emptying(1, items=items("X2"))], EMPTY)
    assert alert.checked == ["fixed_price"]


def test_one_amount_and_empty_accounts_are_two_findings_of_a_day():
    found = on_duckdb([RULE], [*swipes(10, 5_000), *emptying(5)], EMPTY)
    assert len({alert.alert_id for alert in found}) == 2
