"""Judged records on their way to being finished: together when many wait, and always in order.

For all records of a round: everything they led to is sent, and every acknowledgement awaited; what was packed
is put; the word that they were judged is sent; once that is acknowledged their offsets may go. Judging goes
on meanwhile, and what it adds makes the next round. Awaiting each record by itself would cap a worker at
what the broker answers one after the other, some hundred records a second.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from services.runtime.failpoints import Failpoint
from services.runtime.kafka.app import GuardedApp
from services.runtime.kafka.memories import Memories
from services.runtime.kafka.partitioner import partition_of
from services.runtime.kafka.wire import Batch, Reference, Wire
from services.runtime.ports import Outcome, Program
from services.runtime.tracing import tracing

IN_HAND_AT_MOST = 64
MESSAGES_IN_A_RECORD = 1_000


class Place(NamedTuple):
    """Where a record stood: a topic by the program's name, its partition and offset."""

    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class Job:
    """A record that was judged. packed: what to put; crossed: partition → greatest offset of what it sent to
    the inner topic; event: Faust's, to let go in the end."""

    event: Any
    place: Place
    batch: Batch
    outcome: Outcome
    packed: dict[str, bytes | None] = field(default_factory=dict)
    crossed: dict[int, int] = field(default_factory=dict)


class Finisher:
    """Sends, puts and says what jobs led to, for one app."""

    def __init__(
        self,
        app: GuardedApp,
        program: Program,
        wire: Wire,
        reference: Reference,
        memories: Memories,
        fail: Failpoint,
    ) -> None:
        self._app = app
        self._program = program
        self._wire = wire
        self._reference = reference
        self._memories = memories
        self._fail = fail
        self._partitions = app.worker_settings.partitions

    async def finish(self, jobs: Sequence[Job]) -> None:
        """Everything for these jobs; returns before the last acknowledgement, which lets the offsets go."""
        await self.settle(jobs)
        await self.say_judged(jobs)

    async def settle(self, jobs: Sequence[Job]) -> None:
        """Send, await, put."""
        with tracing.sending(self._program.sink, partial(map, _trace, jobs)):
            await self._emit(jobs)
        self._fail("after_alert_ack")
        puts: defaultdict[int, dict[str, bytes | None]] = defaultdict(dict)
        for job in jobs:
            puts[job.place.partition].update(job.packed)
        for partition, packed in puts.items():
            await self._memories.put(partition, packed)
        self._fail("after_put")

    async def say_judged(self, jobs: Sequence[Job]) -> None:
        """Say that the records were judged, and let them go once that is acknowledged."""
        by_partition: defaultdict[int, list[Job]] = defaultdict(list)
        for job in jobs:
            by_partition[job.place.partition].append(job)
        for partition, own in by_partition.items():
            said = await self._send(
                self._program.sink, partition, self._wire.speak(list(map(self._word, own)))
            )
            said.add_done_callback(partial(self._let_go, own))

    def _word(self, job: Job) -> Any:
        return self._program.judged(
            *job.place,
            job.outcome,
            job.batch.as_of,
            number=job.batch.number,
            sent=job.crossed,
            log_id=self._reference.log_id,
        )

    def _let_go(self, jobs: Sequence[Job], said: asyncio.Future[Any]) -> None:
        if said.cancelled() or said.exception() is not None:
            self._app.last_resort(f"the word that records were judged was not written: {said!r}")
            return
        self._fail("after_judged")
        for job in jobs:
            job.event.ack()

    async def _emit(self, jobs: Sequence[Job]) -> None:
        """Send all that jobs led to, and await it: what goes out by the partition it came from, so that it
        keeps its order there; what crosses by its key's partition."""
        outward: defaultdict[int, list[Any]] = defaultdict(list)
        inward: defaultdict[int, list[tuple[Job, str, Any]]] = defaultdict(list)
        for job in jobs:
            for emission in job.outcome.emissions:
                if emission.topic == self._program.sink:
                    outward[job.place.partition].append(emission.value)
                else:
                    target = partition_of(emission.key, self._partitions)
                    inward[target].append((job, emission.key, emission.value))
        sent = []
        for partition, messages in outward.items():
            for page in _pages(messages):
                sent.append(await self._send(self._program.sink, partition, self._wire.speak(page)))
        crossing = []
        for partition, messages in inward.items():
            for page in _pages(messages):
                record = self._wire.write([(key, value) for _, key, value in page], self._reference.log_id)
                crossing.append((partition, page, await self._send(self._wire.inner, partition, record)))
        await asyncio.gather(*sent, *(future for _, _, future in crossing))
        for partition, page, future in crossing:
            for job, _, _ in page:
                job.crossed[partition] = future.result().offset

    async def _send(self, topic: str, partition: int, value: bytes) -> asyncio.Future[Any]:
        name = self._wire.prefix + topic
        headers = tracing.headers()
        return await self._app.producer.send(name, None, value, partition, None, headers)  # type: ignore[return-value]


_trace = attrgetter("outcome.trace")


class Rounds:
    """Finishes jobs in the order in which they were added, all that wait in one round. A failure ends the
    process: the record was not finished, and going on would pass it."""

    def __init__(
        self, finish: Callable[[Sequence[Job]], Awaitable[None]], last_resort: Callable[[str], object]
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
            jobs = [await self._jobs.get()]
            while not self._jobs.empty():
                jobs.append(self._jobs.get_nowait())
            try:
                await self._finish(jobs)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._last_resort(f"records could not be finished: {error!r}")
            for _ in jobs:
                self._jobs.task_done()


def _pages(messages: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for begin in range(0, len(messages), MESSAGES_IN_A_RECORD):
        yield messages[begin : begin + MESSAGES_IN_A_RECORD]
