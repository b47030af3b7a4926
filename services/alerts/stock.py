"""Stock events as rows, and the months that they change.

An event is named by institution and id and never changes, so that storing twice is storing once. A
cancellation changes the month of the movement that it takes back, whichever of the two comes first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.stock import COLUMNS, StockMessage, row_of
from services.alerts.screenings import TOUCH

_NAMES = ", ".join(COLUMNS)
_ARRAYS = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(COLUMNS.values(), 1))
PUT = f"""
    WITH incoming AS MATERIALIZED (
        SELECT * FROM unnest({_ARRAYS}) AS i ({_NAMES})
    ), put AS (
        INSERT INTO stock_event ({_NAMES}) SELECT {_NAMES} FROM incoming
        ON CONFLICT (institution_id, event_id) DO NOTHING
        RETURNING institution_id, month, cancels
    )
    SELECT month FROM put WHERE cancels = ''
    UNION
    SELECT s.month FROM put JOIN stock_event s ON s.institution_id = put.institution_id
                                              AND s.event_id = put.cancels
    WHERE put.cancels <> ''
"""  # noqa: S608 - names of columns only


async def store(raw: Any, messages: Sequence[StockMessage], now: datetime) -> None:
    """Store events that are not stored yet, and mark the months that they change."""
    if not messages:
        return
    by_name = {(message.institution_id, message.event_id): message for message in messages}
    columns = map(list, zip(*map(row_of, by_name.values()), strict=True))
    months = [row["month"] for row in await raw.fetch(PUT, *columns)]
    if months:
        await raw.execute(TOUCH, months, now)
