"""D11: a price that is not this code's."""

from decimal import Decimal

import pytest

from schemas.records import Pack
from schemas.registry import Registry
from schemas.screening import Item
from services.detector.naming import mark_of
from services.detector.periods.d11_exchanged_goods import RULE
from tests.detector.periods import on_duckdb, screening
from tests.support.entries import EMPTY, registry

PLACES = registry(
    *({"institution_id": f"P{n}", "kind": "pharmacy", "level": 0} for n in range(1, 4)),
    {"institution_id": "H1", "kind": "hospital", "level": 2},
)


def sales(
    count, price="20.00", institution="P1", code="X1", quantity="1", category="09", amount=2_000, **given
):
    return [
        screening(
            f"05-04 10:{n:02}",
            institution,
            items=[Item(code, category, quantity, amount, None, price)],
            **given,
        )
        for n in range(count)
    ]


USUAL = sales(20, institution="P2")


def test_less_than_half_of_what_others_take_is_found():
    (alert,) = on_duckdb([RULE], [*USUAL, *sales(3, "9.99", amount=999)], PLACES)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("P1", "2026-05-04", 3)
    assert (alert.evidence["price"], alert.evidence["median"]) == ("9.99", "20.00")
    assert alert.amount == "29.97"
    assert len(alert.settlements) == 3


@pytest.mark.parametrize(
    ("price", "severities"),
    [
        ("10.00", []),
        ("40.00", []),
        ("40.01", [3]),
        ("80.00", [3]),
        ("80.01", [2]),
        ("5.00", [3]),
        ("4.99", [2]),
    ],
)
def test_half_and_twice_are_allowed_and_a_quarter_and_four_times_are_graver(price, severities):
    found = on_duckdb([RULE], [*USUAL, *sales(3, price)], PLACES)
    assert [alert.severity for alert in found] == severities


@pytest.mark.parametrize(("usual", "own", "found"), [(17, 3, 1), (16, 3, 0), (20, 2, 0)])
def test_twenty_lines_in_all_and_three_of_its_own_are_needed(usual, own, found):
    told = [*sales(usual, institution="P2"), *sales(own, "5.00")]
    assert len(on_duckdb([RULE], told, PLACES)) == found


def test_other_codes_and_other_kinds_are_not_compared():
    assert on_duckdb([RULE], [*USUAL, *sales(3, "5.00", code="X2")], PLACES) == []
    assert on_duckdb([RULE], [*USUAL, *sales(3, "5.00", "H1")], PLACES) == []
    assert on_duckdb([RULE], [*USUAL, *sales(3, "5.00")], EMPTY) == []


def test_services_have_prices_of_their_own():
    told = [*sales(20, institution="P2", category="05"), *sales(3, "5.00", category="05")]
    assert on_duckdb([RULE], told, PLACES) == []


def test_without_a_unit_price_the_amount_and_the_quantity_tell_it():
    told = [*sales(20, None, "P2", quantity="2", amount=4_000), *sales(3, None, quantity="2", amount=1_000)]
    (alert,) = on_duckdb([RULE], told, PLACES)
    assert alert.evidence["price"] == "5.00"


def test_beside_ordinary_prices_only_the_others_speak():
    told = [*USUAL, *sales(3, "8.00", amount=800), *sales(9, "20.00")]
    (alert,) = on_duckdb([RULE], told, PLACES)
    assert (alert.evidence["own_lines"], alert.evidence["price"], alert.amount) == (3, "8.00", "24.00")
    assert on_duckdb([RULE], [*USUAL, *sales(2, "8.00"), *sales(9, "20.00")], PLACES) == []


def test_what_is_sold_from_an_opened_pack_does_not_count():
    opened = Item("X1", "09", "4", 400, None, "1.00", split_pack=True)
    told = [screening(f"05-04 10:{n:02}", items=[opened]) for n in range(5)]
    assert on_duckdb([RULE], [*USUAL, *told], PLACES) == []


def named(count, name, institution="P1", **given):
    items = [Item("X1", "09", "1", 2_000, 1_500, "20.00", name_mark=mark_of(name))]
    return [screening(f"05-04 11:{n:02}", institution, items=items, **given) for n in range(count)]


CAPSULES = [*named(15, "连花清瘟胶囊", "P2"), *named(15, "连花清瘟胶囊(24粒)", "P3")]


def test_a_name_quite_unlike_the_usual_one_is_found():
    (alert,) = on_duckdb([RULE], [*CAPSULES, *named(3, "乳清蛋白营养粉")], PLACES)
    assert (alert.subject.id, alert.severity, alert.amount) == ("P1", 3, "45.00")
    assert "名称" in alert.message.zh
    assert alert.checked == ["abbreviation"]
    assert on_duckdb([RULE], [*CAPSULES, *named(2, "乳清蛋白营养粉")], PLACES) == []
    assert len(on_duckdb([RULE], [*CAPSULES, *named(3, "乳清蛋白营养粉")], EMPTY)) == 1


@pytest.mark.parametrize("name", ["连花清瘟", "连花清瘟颗粒", "莲花清瘟胶囊", "瘟清", "24", ""])
def test_like_names_short_ones_and_none_are_innocent(name):
    assert on_duckdb([RULE], [*CAPSULES, *named(5, name)], PLACES) == []


def test_what_one_institution_alone_calls_it_is_not_the_usual_name():
    assert on_duckdb([RULE], [*named(40, "连花清瘟胶囊", "P2"), *named(3, "乳清蛋白营养粉")], PLACES) == []
    few = [*CAPSULES[:8], *CAPSULES[-8:], *named(3, "乳清蛋白营养粉")]
    assert on_duckdb([RULE], few, PLACES) == []


def test_a_price_and_a_name_are_two_findings():
    told = [*USUAL, *CAPSULES, *named(3, "乳清蛋白营养粉"), *sales(3, "5.00")]
    assert len(on_duckdb([RULE], told, PLACES)) == 2


def test_another_pack_size_is_innocent():
    packs = [Pack("X1", units_per_pack=Decimal(20))]
    known = Registry({"institutions": PLACES.records("institutions"), "packs": packs}, 1)
    assert on_duckdb([RULE], [*USUAL, *sales(3, "1.10")], known) == []
    assert on_duckdb([RULE], [*USUAL, *sales(3, "380.00")], known) == []
    (alert,) = on_duckdb([RULE], [*USUAL, *sales(3, "5.00")], known)
    assert alert.checked == ["pack_size"]
