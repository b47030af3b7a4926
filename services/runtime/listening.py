"""Woken by PostgreSQL: what a commit says with NOTIFY, for as long as a process cares."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.database import driver

AWAY_SECONDS = 1.0


async def listen(engine: AsyncEngine, channel: str, woken: Callable[[], None]) -> None:
    """Call `woken` at every NOTIFY of the channel, until cancelled; connected anew when cut off. It is
    called at each connection too, for what was said meanwhile was not heard."""
    while True:
        with contextlib.suppress(Exception):
            async with driver(engine) as raw:
                await _listen_on(raw, channel, woken)
        await asyncio.sleep(AWAY_SECONDS)


async def _listen_on(raw: Any, channel: str, woken: Callable[[], None]) -> None:
    cut = asyncio.Event()

    def heard(*_: Any) -> None:
        woken()

    raw.add_termination_listener(lambda *_: cut.set())
    await raw.add_listener(channel, heard)
    try:
        woken()
        await cut.wait()
    finally:
        if not raw.is_closed():
            await raw.remove_listener(channel, heard)
