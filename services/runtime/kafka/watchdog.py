"""A worker that was asleep, or stands still while messages wait, ends itself; a supervisor starts a new one.

Asleep: a stopped process or a paused machine wakes up believing that it still owns its partitions, while
others have taken them over, and would write old state over theirs. Faust has no fence against that, so a
gap in the event loop near the session timeout ends the process before it does anything else.

Standing still: consumers have been seen to stop fetching, or to hang in a rebalance or a recovery, with
the process up and answering. Health is progress: when messages wait and nothing has moved for a set time,
the process ends.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.runtime.kafka.app import GuardedApp

BEATS_PER_LIMIT = 8
"""How often the loop shows that it lives, within the gap that is allowed."""

ANSWER_SECONDS = 30.0
"""The consumer's thread answers one question at a time and may be in a fetch of 1.5 s; this is far beyond."""


def seconds_awake_or_not() -> float:
    """A steady clock that goes on while the machine is suspended, where the system has one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SleepGuard:
    """Ends the process when the event loop was away for longer than `limit` seconds.

    A thread looks as well as the loop: the loop alone would never notice that it hangs for good, and the
    thread alone could look just after the loop's first beat.
    """

    def __init__(
        self,
        limit: float,
        last_resort: Callable[[str], object],
        clock: Callable[[], float] = seconds_awake_or_not,
    ) -> None:
        self._limit = limit
        self._last_resort = last_resort
        self._clock = clock
        self._beaten = clock()
        self._stopped = threading.Event()

    async def run(self) -> None:
        """Beat until cancelled."""
        self._beaten = self._clock()
        threading.Thread(target=self._look, name="sleep-guard", daemon=True).start()
        try:
            while True:
                await asyncio.sleep(self._limit / BEATS_PER_LIMIT)
                self.check()
                self._beaten = self._clock()
        finally:
            self._stopped.set()

    def check(self) -> None:
        """End the process if the last beat is too long ago."""
        gap = self._clock() - self._beaten
        if gap > self._limit:
            self._last_resort(f"the event loop was away for {gap:.1f} s, {self._limit:.1f} s are allowed")

    def _look(self) -> None:
        while not self._stopped.wait(self._limit / BEATS_PER_LIMIT):
            self.check()


class Stillness:
    """Decides whether a worker stands still, from what is observed of it. Pure: time is given."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._mark: Hashable = None
        self._since: float | None = None

    def observe(self, now: float, mark: Hashable, waiting: bool) -> float | None:
        """The seconds it has stood still once that passes the limit, else None.

        `mark` is equal in two observations only if nothing moved between them; `waiting`: there is work.
        """
        if not waiting or mark != self._mark or self._since is None:
            self._mark = mark
            self._since = now
            return None
        still = now - self._since
        return still if still > self._limit else None


class ProgressGuard:
    """Watches one app's partitions; `limit` must be longer than a rebalance may take."""

    def __init__(self, app: GuardedApp, limit: float) -> None:
        self._app = app
        self._limit = limit
        self._stillness = Stillness(limit)

    async def run(self) -> None:
        """Look a few times within the limit, until cancelled."""
        while True:
            await asyncio.sleep(self._limit / 4)
            mark, waiting = await self._observe()
            still = self._stillness.observe(time.monotonic(), mark, waiting)
            if still is not None:
                self._app.last_resort(f"messages wait and nothing moved for {still:.0f} s")

    async def _observe(self) -> tuple[Hashable, bool]:
        app = self._app
        recovery = app.tables.recovery
        moved = (
            app.rebalancing_count,
            app.consumer_generation_id,
            tuple(sorted(recovery.active_offsets.items())),
            tuple(sorted((tp, app.committed_offset(tp)) for tp in app.source_partitions())),
        )
        if app.rebalancing or recovery.in_recovery:
            return moved, True
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                waiting = sum((await app.lags()).values())
        except TimeoutError:
            return moved, True  # the consumer does not even answer how much waits
        except Exception:  # the broker is away: nothing can move, and a restart would not help
            return moved, False
        return moved, waiting > 0
