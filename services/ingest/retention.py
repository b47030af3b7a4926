"""The inbox forgets what every reader has taken and what is older than its retention."""

import asyncio
import contextlib

from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.clock import Clock
from services.runtime.database import driver
from services.runtime.logs import log

ROWS_AT_ONCE = 5_000
EVERY_SECONDS = 3_600.0
DAY = 86_400_000_000

TRIM = """
DELETE FROM inbox WHERE (xid, seq) IN (SELECT xid, seq FROM inbox ORDER BY xid, seq LIMIT $2)
AND received_at < $1
AND EXISTS (SELECT FROM progress)
AND NOT EXISTS (SELECT FROM progress p WHERE (p.xid, p.seq) < (inbox.xid, inbox.seq))
"""


async def trim(engine: AsyncEngine, days: int, now: int) -> int:
    """Delete from the old end what was received more than `days` ago and taken; returns how many rows."""
    deleted = 0
    while True:
        async with driver(engine) as connection:
            done = await connection.execute(TRIM, now - days * DAY, ROWS_AT_ONCE)
        rows = int(done.rsplit(" ", 1)[-1])
        deleted += rows
        if rows < ROWS_AT_ONCE:
            return deleted


async def trim_forever(engine: AsyncEngine, days: int, clock: Clock) -> None:
    """Trim every hour."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with contextlib.suppress(Exception):
            if rows := await trim(engine, days, clock()):
                log.info("inbox_trimmed", count=rows)
