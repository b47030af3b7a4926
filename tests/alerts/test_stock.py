"""What is stored of stock events: each once, with the months that they change."""

from decimal import Decimal

import msgspec

from schemas.finding import decode_messages, encode_messages
from schemas.stock import COLUMNS, StockMessage, row_of
from tests.alerts.making import MAY_1, RECEIVED, said


def bought(event="R1", **given):
    values = {
        "institution_id": "P1",
        "moment": RECEIVED,
        "day": MAY_1,
        "month": "2026-05",
        "recorded": RECEIVED,
        "product_code": "X1",
        "movement": "purchase",
        "quantity": Decimal("20.5"),
    }
    return StockMessage(event_id=event, **(values | given))


def taken_back(cancels="R1", event="C1", **given):
    return bought(event, product_code="", movement="", quantity=Decimal(0), cancels=cancels, **given)


def changes(desk):
    return {row["month"]: row["changed"] for row in desk.fetch("SELECT * FROM period")}


def test_every_field_stands_in_its_column(desk):
    message = bought(at_is_date=True, historical=True)
    desk.store(message)
    (row,) = desk.fetch(f"SELECT {', '.join(COLUMNS)} FROM stock_event")  # noqa: S608 - names of columns
    assert tuple(row) == row_of(message)


def test_the_wire_brings_it_whole_beside_an_alert():
    messages = [said(), bought(), taken_back(cancels_event="R1")]
    assert decode_messages(encode_messages(messages)) == messages


def test_an_event_that_comes_again_is_stored_once_and_changes_no_month(desk):
    desk.store(bought())
    desk.store(bought(), bought("R2", institution_id="P2"), bought())
    assert len(desk.fetch("SELECT * FROM stock_event")) == 2
    assert changes(desk) == {"2026-05": 2}
    desk.store(bought())
    assert changes(desk) == {"2026-05": 2}


def test_a_cancellation_changes_the_month_of_what_it_takes_back(desk):
    desk.store(bought())
    desk.store(taken_back(month="2026-07"))
    assert changes(desk) == {"2026-05": 2}


def test_a_cancellation_that_comes_first_waits_for_its_movement(desk):
    desk.store(taken_back(month="2026-07"))
    assert changes(desk) == {}
    desk.store(bought())
    assert changes(desk) == {"2026-05": 1}


def test_nothing_but_the_codes_of_things_is_in_it():
    assert not {field.name for field in msgspec.structs.fields(StockMessage)} & {"person", "key"}
