"""Records on their way to being finished: many wait for the broker at once, and all end in order.

Awaiting each record's acknowledgements before the next is judged would cap a worker at what one round trip
to the broker allows, some hundred records a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from services.runtime.kafka.wire import Batch
from services.runtime.ports import Outcome

IN_HAND_AT_MOST = 64


@dataclass(slots=True)
class Job:
    """A record that was judged. sent: acknowledgements to await; packed: what to put after them."""

    event: Any
    place: Any
    batch: Batch
    outcome: Outcome
    sent: dict[Any, int | None] = field(default_factory=dict)
    packed: dict[str, bytes] = field(default_factory=dict)


class Finisher:
    """Finishes jobs in the order in which they were added. A failure ends the process: the record was not
    finished, and going on would pass it."""

    def __init__(
        self, finish: Callable[[Job], Awaitable[None]], last_resort: Callable[[str], object]
    ) -> None:
        self._finish = finish
        self._last_resort = last_resort
        self._jobs: asyncio.Queue[Job] = asyncio.Queue(IN_HAND_AT_MOST)
        self._task = asyncio.create_task(self._run())

    async def add(self, job: Job) -> None:
        """Take a job in, once there is room."""
        await self._jobs.put(job)

    async def drained(self) -> None:
        """Wait until all jobs are finished."""
        await self._jobs.join()

    async def close(self) -> None:
        """Stop; what is not finished will be read again."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await self._finish(job)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._last_resort(f"a record could not be finished: {error!r}")
            self._jobs.task_done()
