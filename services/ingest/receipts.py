"""Receipts: what was accepted of a day, by institution and type."""

from datetime import date

import asyncpg
from pydantic import BaseModel, Field

DAY = """
SELECT institution_id, type, count(*), sum(total_fen)::bigint, sum(fund_fen)::bigint FROM inbox
WHERE kind = 'event' AND occurred_day = $1 AND institution_id = ANY($2)
GROUP BY institution_id, type ORDER BY institution_id, type
"""


class Receipt(BaseModel):
    """Events of one type of one institution. Sums in decimal yuan; none for types without amounts."""

    institution_id: str
    type: str
    count: int
    total: str | None = Field(examples=["1234.56"])
    fund: str | None = Field(examples=["1000.00"])


class Receipts(BaseModel):
    """A day's receipts."""

    day: date
    items: list[Receipt]


async def receipts(connection: asyncpg.Connection, day: date, institutions: list[str]) -> Receipts:
    """Counts and sums of what occurred on a local day, as accepted (corrections count as events too)."""
    rows = await connection.fetch(DAY, day.toordinal(), institutions)
    items = [
        Receipt(institution_id=row[0], type=row[1], count=row[2], total=_yuan(row[3]), fund=_yuan(row[4]))
        for row in rows
    ]
    return Receipts(day=day, items=items)


def _yuan(fen: int | None) -> str | None:
    if fen is None:
        return None
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
