"""Stock events as rules over months read them."""

from schemas import event as wire
from schemas.moments import Calendar
from schemas.stock import StockMessage


def stock_of(event: wire.AnyEvent, calendar: Calendar, *, historical: bool) -> StockMessage | None:
    """What a stock movement or its cancellation says; None for any other event."""
    is_movement = isinstance(event, wire.Stock)
    if not is_movement and not (isinstance(event, wire.Cancellation) and event.cancels.type == "stock"):
        return None
    at, at_is_date = calendar.read(event.occurred_at)
    day = calendar.day(at)
    message = StockMessage(
        institution_id=event.institution_id,
        event_id=event.event_id,
        moment=at,
        day=day,
        month=calendar.date_text(day)[:7],
        recorded=at if event.recorded_at is None else calendar.read(event.recorded_at)[0],
        at_is_date=at_is_date,
        historical=historical,
    )
    if is_movement:
        message.product_code, message.movement = event.product_code, event.movement
        message.quantity = event.quantity
    else:
        message.cancels, message.cancels_event = event.cancels.id, event.cancels.event_id or ""
    return message
