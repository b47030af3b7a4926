"""A worker that cannot know whether its partitions are still its own ends itself.

The broker gives partitions away when a member's heartbeats stay out for the session timeout. A worker cut
off from the broker, awake all the time, would write the state it still has in hand once the way is free
again, over that of the new owner. Heartbeats are therefore watched from this side too: the last one that
was answered may be `SESSION_SHARE` of the session timeout old, counted from when it was sent.

Nor may a worker that the group has dropped commit. The broker takes an offset from anybody while a group is
empty, and after a dropped member reset its generation, aiokafka would commit as such an anybody: on a broker
that lost everything, offsets of the log that is gone, which make the next worker skip what comes there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from aiokafka.errors import UnknownMemberIdError
from faust.transport.drivers import aiokafka as driver

if TYPE_CHECKING:
    from services.runtime.kafka.app import GuardedApp

LOOK_SECONDS = 0.25
FETCH_WAIT_MS = 50


class HeartbeatThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread; it notes when a heartbeat that was answered had been sent, and commits as a
    member or not at all."""

    confirmed_at: float = 0.0
    """Monotonic seconds; 0 before the first."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        # One fetch a broker is on its way at a time, for the partitions that had nothing in hand; Faust has
        # it wait for 1.5 s, and so long would records of the other partitions wait behind it.
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def on_start(self) -> None:
        """Start the consumer, then stand between it and its coordinator."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        coordinator._do_heartbeat = partial(self._beat, coordinator._do_heartbeat)
        coordinator._do_commit_offsets = partial(
            _commit_as_member, coordinator, coordinator._do_commit_offsets
        )

    async def _beat(self, beat: Callable[[], Awaitable[bool]]) -> bool:
        sent_at = time.monotonic()
        answered = await beat()
        if answered:
            self.confirmed_at = sent_at
        return answered


async def _commit_as_member(
    coordinator: Any, commit: Callable[..., Awaitable[None]], assignment: Any, offsets: Any
) -> None:
    if coordinator.generation < 0:
        raise UnknownMemberIdError
    await commit(assignment, offsets)


class HeartbeatGuard:
    """Ends the process when it holds partitions and no heartbeat was confirmed for `limit` seconds."""

    def __init__(self, app: GuardedApp, limit: float) -> None:
        self._app = app
        self._limit = limit
        self._held_since = 0.0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.check(time.monotonic())

    def check(self, now: float) -> None:
        """End the process if the partitions may be another's."""
        thread: Any = self._app.consumer_thread
        if thread is None or self._app.rebalancing or not self._app.source_partitions():
            self._held_since = now  # joining the group is contact enough
            return
        silent = now - max(thread.confirmed_at, self._held_since)
        if silent > self._limit:
            self._app.last_resort(f"no heartbeat was answered for {silent:.1f} s")
