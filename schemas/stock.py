"""Stock movements as rules over months read them: what an institution counted, bought and sold.

A message stands for one event of an institution, a movement or the cancellation of one; it is named by
(institution, event) and never changes. What stands is a question to all of them: a cancellation removes the
movement it names if that was recorded no later, or whichever event it names, and may come first.
"""

from decimal import Decimal

from msgspec import Struct


class StockMessage(Struct, tag="stock", kw_only=True, omit_defaults=True):
    """One stock event.

    moment: local midnight where at_is_date; day and month ("YYYY-MM") are local. recorded: when the
    institution's system wrote it. quantity: units of the product, of `adjust` with its sign. cancels: event
    id of the movement that this one takes back, "" for a movement; cancels_event: the one event it names.
    """

    institution_id: str
    event_id: str
    moment: int
    day: int
    month: str
    recorded: int
    at_is_date: bool = False
    historical: bool = False
    product_code: str = ""
    movement: str = ""
    quantity: Decimal = Decimal(0)
    cancels: str = ""
    cancels_event: str = ""


COLUMNS = {
    "institution_id": "text", "event_id": "text", "moment": "bigint", "day": "integer", "month": "text",
    "recorded": "bigint", "at_is_date": "boolean", "historical": "boolean", "product_code": "text",
    "movement": "text", "quantity": "numeric(18,4)", "cancels": "text", "cancels_event": "text",
}  # fmt: skip
"""A stock event as a row: name and SQL type of each column, in order."""


def row_of(message: StockMessage) -> tuple:
    """The values of `COLUMNS`."""
    return tuple(getattr(message, name) for name in COLUMNS)
