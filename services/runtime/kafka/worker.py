"""A detector worker: a program's stages run by a guarded Faust app.

For each record of each partition: judge, and pack what was touched as it is now; `finishing` does the rest,
in order: send, await, put, say, let go. Each put therefore holds what was known up to its record and no
more, and a crash anywhere leaves records that are judged again, to the same emissions.

Reference data is part of what a judgement is a function of. Which version a partition of a topic judges by
is therefore remembered beside its memories, and changes only where its log says so.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any

from services.runtime.failpoints import Failpoint
from services.runtime.kafka.app import GuardedApp
from services.runtime.kafka.finishing import Finisher, Job, Place, Rounds
from services.runtime.kafka.memories import Memories
from services.runtime.kafka.state import PartitionedState
from services.runtime.kafka.topics import TABLE
from services.runtime.kafka.wire import Batch, Reference, Wire
from services.runtime.logs import log
from services.runtime.ports import Anew, Emission, NewerState, Outcome, Program
from services.runtime.sweeping import Sweeps
from services.runtime.tracing import tracing

VERSION_KEY = "version/"
"""Before a topic's name: the table key of the reference version its partition judges by."""


class Worker:
    """Builds its agents on `app`. judged: records judged since the start, for health."""

    def __init__(
        self,
        app: GuardedApp,
        program: Program,
        wire: Wire,
        reference: Reference,
        fail: Failpoint = lambda point: None,
    ) -> None:
        self.app = app
        self._program = program
        self._wire = wire
        self._reference = reference
        self._fail = fail
        self._state = PartitionedState(app, app.bytes_table(TABLE))
        self._memories = Memories(program, self._state)
        self._finisher = Finisher(app, program, wire, reference, self._memories, fail)
        self._versions: dict[tuple[str, int], int] = {}
        self._version_in_use: int | None = None
        self._sweeps: defaultdict[int, Sweeps] = defaultdict(Sweeps)
        self._looking: dict[int, Iterator[list[bytes]]] = {}
        self.judged = 0
        for topic in (program.first, wire.inner):
            self._add_agent(topic)
        app.on_partitions_revoked.connect(self._forget)
        app.before_commit = partial(fail, "before_commit")

    def _add_agent(self, topic: str) -> None:
        async def work(stream: Any) -> None:
            await self._work(topic, stream)

        self.app.agent(self.app.bytes_topic(self._wire.prefix + topic), name=topic)(work)

    # -- records, one after the other ---------------------------------------------------------------------

    async def _work(self, topic: str, stream: Any) -> None:
        rounds = Rounds(self._finish, self.app.last_resort)
        try:
            # Acknowledged by hand, once a record is finished.
            async for event in stream.noack().events():
                await self._take(topic, event, rounds)
        finally:
            await rounds.close()

    async def _take(self, topic: str, event: Any, rounds: Rounds) -> None:
        message = event.message
        place = Place(topic, message.partition, message.offset)
        with tracing.received(lambda: [message.headers]):
            batch, outcome = await self._judge(place, event.value)
        job = Job(event, place, batch, outcome)
        job.packed = self._memories.pack(place.partition, outcome.touched)
        job.packed.update(self._over(place, batch.as_of))
        if outcome.rejudge is None and batch.rejudge is None:
            await rounds.add(job)
        else:
            await rounds.drained()
            await self._rejudge(job)

    def _over(self, place: Place, as_of: int) -> dict[str, None]:
        """A page of the memories that age with this topic's records: which of them are over, and are dropped
        with the record."""
        if not self._program.ageing.startswith(self._program.prefix(place.topic)):
            return {}
        partition = place.partition
        if partition not in self._looking and self._sweeps[partition].begins(as_of):
            self._looking[partition] = self._state.keys(partition, self._program.ageing.encode())
        page = next(self._looking.get(partition, iter(())), None)
        if page is None:
            self._looking.pop(partition, None)
            return {}
        return self._memories.drop_over(partition, (key.decode() for key in page), as_of)

    async def _judge(self, place: Place, value: bytes) -> tuple[Batch, Outcome]:
        try:
            batch = self._wire.read(place.topic, value)
        except Exception as error:
            letter = self._wire.unreadable(place.topic, value or b"", error)
            return Batch(()), Outcome([Emission(self._program.sink, "", letter)])
        if batch.log_id and batch.log_id != self._reference.log_id:
            return await self._stray(place)
        self._use(self._version(place.topic, place.partition))
        memory_of = partial(self._memories.get, place.partition)
        outcome = self._program.sit(place.topic, batch.messages, memory_of)
        if batch.echo:
            outcome.entries = outcome.events = 0
        self.judged += 1
        return batch, outcome

    async def _finish(self, jobs: Sequence[Job]) -> None:
        # Should the partitions have been dealt anew meanwhile, the records are read again.
        generation = self.app.consumer_generation_id
        await self._finisher.finish([job for job in jobs if job.event.message.generation_id == generation])

    async def _stray(self, place: Place) -> tuple[Batch, Outcome]:
        """A record of another log. Either the broker has lost everything, and with it what this worker's
        state rests on; or a writer had not noticed that yet, and its records are of a log that is gone."""
        if await self._reference.current_log() != self._reference.log_id:
            self.app.last_resort("the broker's log is another one than this worker's state belongs to")
        log.warning("stray_record", topic=place.topic, partition=place.partition, offset=place.offset)
        return Batch(()), Outcome()

    # -- reference data -------------------------------------------------------------------------------------

    async def _rejudge(self, job: Job) -> None:
        """Judge by the announced version from here on, and judge again the keys of this topic's stage that
        are concerned."""
        topic, partition, _ = job.place
        announced = job.outcome.rejudge if job.batch.rejudge is None else job.batch.rejudge
        anew = Anew(self._version(topic, partition), ()).and_then(announced)
        version = anew.version
        await self._finisher.settle([job])
        if not await self._reached(version):
            self.app.abandon(job.event.message)
            return
        async for outcome in self._judge_again(job, anew):
            if self._leaving:
                self.app.abandon(job.event.message)
                return
            page = Job(job.event, job.place, job.batch, outcome, crossed=job.crossed)
            page.packed = self._memories.pack(partition, outcome.touched)
            await self._finisher.settle([page])
        self._fail("after_rejudge")
        self._versions[topic, partition] = version
        await self._state.put(partition, {_version_key(topic): json.dumps(version).encode()})
        await self._finisher.say_judged([job])

    async def _judge_again(self, job: Job, anew: Anew) -> AsyncIterator[Outcome]:
        topic, partition, _ = job.place
        for page in self._concerned(topic, partition, anew):
            self._use(anew.version)
            memories, letters = [], []
            for key in page:
                try:
                    memories.append(self._memories.get(partition, key.decode()))
                except NewerState:
                    raise
                except Exception as error:
                    letter = self._wire.unreadable("rejudge", key, error)
                    letters.append(Emission(self._program.sink, "", letter))
            outcome = self._program.rejudge(memories, job.batch.as_of)
            outcome.emissions += letters
            yield outcome

    def _concerned(self, topic: str, partition: int, anew: Anew) -> Iterator[list[bytes]]:
        """The keys of a topic's stage to judge again, by pages."""
        own = self._program.prefix(topic)
        if anew.spans is None:
            yield from self._state.keys(partition, own.encode())
        for prefix, spans in anew.by_prefix.items():
            if not prefix.startswith(own):
                continue
            for page in self._state.keys(partition, prefix.encode()):
                if found := [key for key in page if any(span.holds(key.decode()) for span in spans)]:
                    yield found

    @property
    def _leaving(self) -> bool:
        """Whether the partitions are about to be given up: then nothing long may be begun."""
        return not self.app.flow_control.is_active()

    async def _reached(self, version: int) -> bool:
        """Wait for the reference data; False when the partitions have to be given up meanwhile."""
        reading = asyncio.ensure_future(self._reference.reached(version))
        while not self._leaving:
            done, _ = await asyncio.wait([reading], timeout=0.2)
            if done:
                reading.result()
                return True
        reading.cancel()
        return False

    def _version(self, topic: str, partition: int) -> int:
        known = self._versions.get((topic, partition))
        if known is None:
            stored = self._state.get(partition, _version_key(topic))
            known = self._versions[topic, partition] = json.loads(stored) if stored else 0
        return known

    def _use(self, version: int) -> None:
        if version != self._version_in_use:
            self._reference.use(version)
            self._version_in_use = version

    async def _forget(self, *_: Any, **__: Any) -> None:
        """Partitions are going: nothing is in hand any more, and what comes back stands in the table."""
        self._memories.forget()
        self._versions.clear()
        self._sweeps.clear()
        self._looking.clear()


def _version_key(topic: str) -> bytes:
    return (VERSION_KEY + topic).encode()
