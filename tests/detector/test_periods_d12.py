"""D12: the very same basket, again and again."""

import pytest

from schemas.registry import Registry
from schemas.rules import RuleParameters
from schemas.screening import Item
from services.detector.periods.d12_fixed_baskets import RULE
from services.detector.periods.f02_stock_does_not_cover import RULE as F02
from tests.detector.periods import moved, on_duckdb, on_postgres, screening
from tests.support.entries import EMPTY


def item(code, amount=4_990, category="09"):
    return Item(code, category, "1", amount, None)


def receipts(count, *items, total=10_000, **given):
    return [
        screening(f"05-{4 + n % 20:02} 10:{n % 60:02}", total=total, items=list(items), **given)
        for n in range(count)
    ]


BASKET = (item("A", 4_990), item("B", 5_010))


def others(count, total=1_000, *codes):
    return receipts(count, *(item(code) for code in codes or ("Z",)), total=total)


def test_twenty_times_the_same_basket_at_a_round_price_is_found():
    (alert,) = on_duckdb([RULE], [*receipts(20, *BASKET), *others(50)], EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("P1", "2026-05-04", 2)
    assert (alert.evidence["basket"], alert.evidence["times"]) == ("A B", 20)
    assert (alert.evidence["total"], alert.amount) == ("2000.00", "600.00")
    assert alert.checked == ["round_prices"]
    assert len(alert.settlements) == 20


@pytest.mark.parametrize(
    ("times", "rest", "each", "found"),
    [(19, 0, 1_000, 0), (20, 380, 1_000, 1), (20, 381, 100, 0), (20, 60, 30_000, 1), (20, 60, 30_001, 0)],
)
def test_twenty_times_one_in_twenty_receipts_and_a_tenth_of_the_money_are_needed(times, rest, each, found):
    assert len(on_duckdb([RULE], [*receipts(times, *BASKET), *others(rest, each)], EMPTY)) == found


@pytest.mark.parametrize(("apart", "found"), [(5, 1), (6, 0)])
def test_its_rarest_code_is_seldom_sold_otherwise(apart, found):
    told = [*receipts(20, *BASKET), *others(90, 1_000, "A"), *others(apart, 1_000, "B", "C")]
    assert len(on_duckdb([RULE], told, EMPTY)) == found


@pytest.mark.parametrize(("odd", "found"), [(5, 1), (6, 0)])
def test_four_in_five_sums_are_round(odd, found):
    told = [*receipts(20, *BASKET), *receipts(odd, *BASKET, total=9_870)]
    assert len(on_duckdb([RULE], told, EMPTY)) == found


def test_goods_that_are_no_medicine_need_no_round_sum():
    told = receipts(20, item("A"), item("B", 4_990, "14"), total=9_980)
    assert len(on_duckdb([RULE], told, EMPTY)) == 1
    assert on_duckdb([RULE], receipts(20, item("A"), item("B"), total=9_980), EMPTY) == []


def test_one_item_alone_is_no_basket_and_a_third_item_makes_another():
    assert on_duckdb([RULE], receipts(30, item("A")), EMPTY) == []
    told = [*receipts(15, *BASKET), *receipts(15, *BASKET, item("C"))]
    assert on_duckdb([RULE], told, EMPTY) == []


def test_two_pharmacies_are_two():
    assert on_duckdb([RULE], [*receipts(15, *BASKET), *receipts(15, *BASKET, institution="P2")], EMPTY) == []


def test_items_with_round_prices_of_their_own_are_innocent():
    assert on_duckdb([RULE], receipts(20, item("A", 4_000), item("B", 6_000)), EMPTY) == []
    loose = Item("B", "09", "100", 1_000, None, "0.10")
    assert len(on_duckdb([RULE], receipts(20, item("A", 9_000), loose), EMPTY)) == 1


def test_hospitals_and_receipts_without_items_are_not_judged():
    assert on_duckdb([RULE], receipts(30, *BASKET, care="visit", med_type="11"), EMPTY) == []
    assert on_duckdb([RULE], receipts(30), EMPTY) == []


def bought(quantity, code="A", institution="P1"):
    books = {"product_code": code, "institution": institution}
    return [moved("05-03 08:00", "count", 0, **books), moved("05-03 09:00", "purchase", quantity, **books)]


KNOWN_UNTIL = screening("05-31 09:00", "P9")


def test_beside_a_gap_in_the_stock_of_one_of_its_codes_it_is_graver():
    told = [*receipts(20, *BASKET), KNOWN_UNTIL]
    (alert,) = on_duckdb([RULE], [*told, *bought(10)], EMPTY)
    assert (alert.severity, alert.evidence["gaps"]) == (1, "A")
    assert "其中A的结算量超出库存" in alert.message.zh
    both = [alert.rule for alert in on_duckdb([RULE, F02], [*told, *bought(10)], EMPTY)]
    assert both == ["D12", "F02"]


@pytest.mark.parametrize(
    "books",
    [bought(20), bought(10, "Z"), bought(10, institution="P2")],
    ids=["covered", "of another product", "of another pharmacy"],
)
def test_stock_that_covers_the_basket_or_has_nothing_to_do_with_it_makes_nothing_graver(books):
    (alert,) = on_duckdb([RULE], [*receipts(20, *BASKET), *others(50), KNOWN_UNTIL, *books], EMPTY)
    assert alert.severity == 2


def test_a_gap_that_f02_is_not_to_speak_of_makes_nothing_graver():
    told = [*receipts(20, *BASKET), KNOWN_UNTIL, *bought(10)]
    off = Registry({"rules": [RuleParameters("F02", "", enabled=False)]}, 1)
    assert [alert.severity for alert in on_duckdb([RULE], told, off)] == [2]


def test_the_gap_is_seen_by_the_server_too(database_url):
    told = [*receipts(20, *BASKET), KNOWN_UNTIL, *bought(10)]
    assert on_postgres(database_url, [RULE, F02], told, EMPTY) == on_duckdb([RULE, F02], told, EMPTY)
