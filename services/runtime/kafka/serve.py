"""Running a guarded app until it is told to stop.

Only a stop that went through to its end leaves the mark by which the next start trusts the local tables.
A crash, whatever its cause, ends the process with a status that is not zero and leaves none.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from faust.contrib.asgi import bind_to_running_loop

from services.runtime.kafka.app import GuardedApp
from services.runtime.kafka.fence import HeartbeatGuard
from services.runtime.kafka.local_state import LocalState
from services.runtime.kafka.watchdog import ProgressGuard, SleepGuard

STOP_SECONDS = 60.0
"""A clean stop waits for work in hand and for the broker; longer than that it is not clean."""

SESSION_SHARE = 0.8
"""Of the session timeout; beyond it the partitions may already be another worker's."""

logger = logging.getLogger(__name__)


def serve(folder: Path, build: Callable[[Path], GuardedApp]) -> None:
    """Run the app `build` makes for a tables folder until SIGTERM or SIGINT; returns after a clean stop."""
    with LocalState(folder) as state:
        if state.was_dropped:
            logger.warning("the last stop was not clean: local tables are rebuilt from their changelogs")
        asyncio.run(_serve(build(state.tables)))
        state.stopped_cleanly()


async def _serve(app: GuardedApp) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    hurry = asyncio.create_task(_end_while_starting(app, stop))
    async with running(app):
        hurry.cancel()
        await stop.wait()


async def _end_while_starting(app: GuardedApp, stop: asyncio.Event) -> None:
    # A start waits for the broker as long as it takes, and can be neither finished nor undone meanwhile.
    await stop.wait()
    app.last_resort("told to stop before the start had ended")


@asynccontextmanager
async def running(app: GuardedApp) -> AsyncIterator[GuardedApp]:
    """The app started and watched; stopped in order at the end. A crash of the app ends the process."""
    bind_to_running_loop(app)
    app.finalize()
    worker = app.worker_settings
    watchers = [
        asyncio.create_task(SleepGuard(SESSION_SHARE * worker.session_timeout, app.last_resort).run()),
        asyncio.create_task(HeartbeatGuard(app, SESSION_SHARE * worker.session_timeout).run()),
        asyncio.create_task(_end_on_crash(app)),
        asyncio.create_task(ProgressGuard(app, worker.standstill_limit).run()),
    ]
    for watcher in watchers:
        watcher.add_done_callback(partial(_end_without_watcher, app))
    try:
        await app.start()
        yield app
    finally:
        await _stop(app)
        for watcher in watchers:
            watcher.cancel()


def _end_without_watcher(app: GuardedApp, watcher: asyncio.Task[None]) -> None:
    if not watcher.cancelled() and watcher.exception() is not None:
        app.last_resort(f"a watchdog failed: {watcher.exception()!r}")


async def _end_on_crash(app: GuardedApp) -> None:
    await app._crashed.wait()
    app.last_resort(f"the app crashed: {app.crash_reason!r}")


async def _stop(app: GuardedApp) -> None:
    # Not wait_for: Faust swallows the cancellation it would wait to see.
    stopping = asyncio.create_task(app.stop())
    done, _ = await asyncio.wait({stopping}, timeout=STOP_SECONDS)
    if done:
        await stopping
    else:
        app.last_resort(f"the stop did not end within {STOP_SECONDS:.0f} s")
    if app.unacknowledged:
        app.last_resort(f"stopped with {app.unacknowledged} table changes not acknowledged")
