"""F02: more settled than was in stock."""

import pytest

from schemas.screening import Item
from services.detector.periods.f02_stock_does_not_cover import RULE
from services.detector.periods.month import Month
from tests.detector.periods import MAY, moved, on_duckdb, on_postgres, screening
from tests.support.entries import EMPTY, cancellation, entries, line, replay_of, swipe
from tests.support.entries import stock as stock_event

KNOWN_UNTIL = screening("05-31 09:00", "P9")


def sold(quantity, day=10, code="X1", price=1_000, covered=900, split=False, clock=" 10:00", **given):
    """One settlement with one line; price and covered in fen for one."""
    amount, of_it = int(price * quantity), int(covered * quantity)
    item = Item(code, "11", f"{quantity}", amount, of_it, None, split_pack=split)
    return screening(f"05-{day:02}{clock}", items=[item], total=amount, **given)


def found(*told, month=MAY):
    return on_duckdb([RULE], [KNOWN_UNTIL, *told], EMPTY, month)


def test_more_settled_than_counted_and_bought():
    books = [moved("05-04 08:00", "count", 10), moved("05-05 08:00", "purchase", 20)]
    (alert,) = found(*books, *(sold(4, day) for day in range(6, 18)))
    assert (alert.subject.id, alert.severity, alert.happened_at) == ("P1", 1, "2026-05-17")
    assert (alert.evidence["settled"], alert.evidence["available"], alert.evidence["excess"]) == (48, 30, 18)
    assert alert.amount == "162.00", "of 432.00 the part that lies above: 18 of 48"
    assert alert.checked == ["unit_conversion", "late_delivery"]
    assert len(alert.settlements) == 12


@pytest.mark.parametrize(("count", "settled", "severity"), [
    (0, 5, None), (10, 15, None), (10, 16, 1), (40, 46, 2), (100, 130, 2), (100, 131, 1), (200, 210, None),
    (200, 211, 2),
])  # fmt: skip
def test_five_units_and_five_percent_are_allowed(count, settled, severity):
    alerts = found(moved("05-04 08:00", "count", count), sold(settled))
    assert [alert.severity for alert in alerts] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("movement", "quantity", "count"),
    [
        ("purchase", 5, 0),
        ("purchase_return", 1, 1),
        ("adjust", 5, 0),
        ("adjust", -1, 1),
        ("sale_return", 5, 1),
    ],
)
def test_what_came_in_and_went_back_counts(movement, quantity, count):
    books = [moved("05-04 08:00", "count", 10), moved("05-05 08:00", movement, quantity)]
    settled = 20 if count == 0 else 15
    assert len(found(*books, sold(settled + (movement == "sale_return")))) == count
    assert found(books[0], sold(15)) == []
    assert len(found(books[0], sold(20))) == 1


def test_without_a_count_to_open_with_nothing_is_said():
    assert found(moved("05-05 08:00", "purchase", 5), sold(50)) == []
    assert found(sold(50)) == []
    assert found(moved("05-04 08:00", "count", 5, product_code="X2"), sold(50)) == []
    assert found(moved("05-04 08:00", "count", 5, "P2"), sold(50)) == []


def test_each_count_opens_a_ledger_of_its_own():
    books = [moved("05-04 08:00", "count", 10), moved("05-12 08:00", "count", 30)]
    assert found(*books, sold(10, 6), sold(30, 14)) == []
    (alert,) = found(*books, sold(10, 6), sold(40, 14))
    assert (alert.evidence["counted"], alert.evidence["counted_units"]) == ("2026-05-12", 30)
    assert len(found(*books, sold(30, 6), sold(40, 14))) == 2


def test_what_was_sold_before_the_count_is_not_asked_for():
    assert found(moved("05-04 08:00", "count", 1), sold(50, 4, clock=" 07:59")) == []
    assert len(found(moved("05-04 08:00", "count", 1), sold(50, 4, clock=" 08:00"))) == 1


def test_what_cannot_be_ordered_counts_for_the_institution():
    assert found(moved("05-04", "count", 1), sold(50, 4)) == []
    assert found(moved("05-04 08:00", "count", 1), sold(50, 4, clock="")) == []
    assert found(moved("05-04 08:00", "count", 1), moved("05-04", "purchase", 50), sold(50, 5)) == []
    assert len(found(moved("05-04 08:00", "count", 1), moved("05-03", "purchase", 50), sold(50, 5))) == 1


def test_a_delivery_taken_back_is_none():
    books = [moved("05-04 08:00", "count", 10), moved("05-05 08:00", "purchase", 50, event_id="R1")]
    gone = moved("05-09 08:00", "", 0, product_code="", cancels="R1")
    assert found(*books, sold(30)) == []
    assert len(found(*books, gone, sold(30))) == 1
    earlier = moved("05-05 07:00", "", 0, product_code="", cancels="R1")
    assert found(*books, earlier, sold(30)) == [], "written down again after the cancellation"
    named = moved("05-05 07:00", "", 0, product_code="", cancels="R1", cancels_event="R1")
    assert len(found(*books, named, sold(30))) == 1


def test_the_last_days_wait_for_deliveries_that_are_reported_late():
    books = [moved("05-04 08:00", "count", 1)]
    assert len(found(*books, sold(50, 28))) == 1
    assert found(*books, sold(50, 29)) == []


def test_what_was_sold_by_the_piece_is_another_unit():
    books = [moved("05-04 08:00", "count", 10)]
    assert found(*books, sold(48, split=True)) == []
    packs = [sold(1, day) for day in range(5, 9)]
    assert found(*books, *packs, sold(48, price=40)) == [], "for a twenty-fifth of a pack's price"
    assert len(found(*books, *packs, sold(48, price=600))) == 1


def test_a_ledger_below_zero_speaks_for_itself():
    books = [
        moved("05-04 08:00", "count", 2),
        moved("05-08 08:00", "sale", 3),
        moved("05-09 08:00", "purchase", 9),
    ]
    (alert,) = found(*books)
    assert (alert.severity, alert.happened_at, alert.amount) == (2, "2026-05-08", "0.00")
    assert alert.evidence["lowest"] == -1
    assert "台账出现负数" in alert.message.zh
    assert found(*books[:1], moved("05-08 08:00", "sale", 3), moved("05-08 17:00", "purchase", 9)) == []
    assert found(*books[:1], moved("05-08 08:00", "sale", 3), moved("05-08 09:00", "sale_return", 1)) == []


def test_a_ledger_goes_on_over_the_turn_of_the_month_under_one_name():
    books = [moved("05-20 08:00", "count", 10)]
    told = [*books, sold(20, 22), screening("06-20 09:00", "P9")]
    (may,) = found(*told)
    (june,) = found(*told, month=Month.of("2026-06"))
    assert may.alert_id == june.alert_id
    later = [moved("03-25 08:00", "count", 10), sold(20, 2)]
    assert len(found(*later)) == 1
    assert found(moved("02-20 08:00", "count", 10), sold(20, 2)) == []


def test_stock_reaches_the_judge_from_the_door():
    sales = [
        swipe(
            f"05-{day:02} 10:00",
            "P1",
            f"S{day}",
            person=f"p{day}",
            lines=[line("1", code="X1", quantity="5")],
        )
        for day in range(6, 13)
    ]
    delivery = stock_event("05-05 08:00", "purchase", (), quantity="50")
    events = [
        stock_event("05-04 08:00", "count", (), quantity="10"),
        delivery,
        *sales,
        swipe("05-30 10:00", "P9", "S99", person="p99"),
    ]
    assert _alerts(events) == []
    taken_back = cancellation("05-20 08:00", delivery)
    (alert,) = _alerts([*events, taken_back])
    assert (alert.evidence["settled"], alert.evidence["available"]) == (35, 10)
    (first,) = _alerts([taken_back, *events])
    assert first == alert


def _alerts(events):
    replay = replay_of(entries(events), EMPTY, ["F02"])
    replay.finish()
    return list(replay.open.values())


def test_both_engines_agree(database_url):
    told = [
        KNOWN_UNTIL,
        moved("05-04 08:00", "count", 10.5), moved("05-05", "purchase", 20.25, event_id="R1"),
        moved("05-06 08:00", "", 0, product_code="", cancels="R1"),
        moved("05-05 08:00", "sale", 30), *(sold(2.5, day) for day in range(6, 20)),
        moved("05-04", "count", 3, "P2"), moved("05-08", "sale", 3.5, "P2"),
    ]  # fmt: skip
    here = on_duckdb([RULE], told, EMPTY)
    assert len(here) == 2
    assert here == on_postgres(database_url, [RULE], told, EMPTY)
