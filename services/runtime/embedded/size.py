"""How large the embedded state is."""

import asyncio
import contextlib

from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.database import driver
from services.runtime.vitals import LOOK_SECONDS, STATE


async def watch_state(engine: AsyncEngine, every: float = LOOK_SECONDS) -> None:
    """Keep the size of what is remembered until cancelled; while the database is away it stays as it was."""
    while True:
        with contextlib.suppress(Exception):
            async with driver(engine) as connection:
                STATE.set(await connection.fetchval("SELECT pg_total_relation_size('memory_cell')"))
        await asyncio.sleep(every)
