"""A detector worker: a program's stages run by a guarded Faust app.

For each record of each partition: judge, pack what was touched; send all that it led to, and await every
acknowledgement; put the packed memories; send the word that it was judged; let the offset go. Judging goes
on while earlier records wait for the broker, but records are finished strictly in order, so each put holds
what was known up to its record and no more. A crash anywhere leaves a record that is judged again, to the
same emissions.

Reference data is part of what a judgement is a function of. Which version a partition of a topic judges by
is therefore remembered beside its memories and changes only where its log says so.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.runtime.failpoints import Failpoint
from services.runtime.kafka.app import GuardedApp
from services.runtime.kafka.finishing import Finisher, Job
from services.runtime.kafka.memories import Memories
from services.runtime.kafka.partitioner import partition_of
from services.runtime.kafka.state import PartitionedState
from services.runtime.kafka.wire import Batch, Reference, Wire
from services.runtime.ports import Emission, Outcome, Program

TABLE = "memory"
VERSION_KEY = "version/"
"""Before a topic's name: the table key of the reference version its partition judges by."""


@dataclass(frozen=True)
class Place:
    """Where a record stood: a topic by the program's name, its partition and offset."""

    topic: str
    partition: int
    offset: int


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
        self._partitions = app.worker_settings.partitions
        self._state = PartitionedState(app, app.bytes_table(TABLE))
        self._memories = Memories(program, self._state)
        self._versions: dict[tuple[str, int], int] = {}
        self._version_in_use: int | None = None
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
        finisher = Finisher(self._finish, self.app.last_resort)
        try:
            # Acknowledged by hand, once a record is finished.
            async for event in stream.noack().events():
                await self._take(topic, event, finisher)
        finally:
            await finisher.close()

    async def _take(self, topic: str, event: Any, finisher: Finisher) -> None:
        message = event.message
        place = Place(topic, message.partition, message.offset)
        batch, outcome = self._judge(place, event.value)
        job = Job(event, place, batch, outcome)
        if outcome.rejudge is not None or batch.rejudge is not None:
            await finisher.drained()
            await self._rejudge(job)
        else:
            job.packed = self._memories.pack(place.partition, outcome.touched)
            job.sent = await self._send(place, outcome.emissions)
            await finisher.add(job)

    def _judge(self, place: Place, value: bytes) -> tuple[Batch, Outcome]:
        try:
            batch = self._wire.read(place.topic, value)
        except Exception as error:
            letter = self._wire.unreadable(place.topic, value or b"", error)
            return Batch(()), Outcome([Emission(self._program.sink, "", letter)])
        if batch.log_id and batch.log_id != self._reference.log_id:
            self.app.last_resort("the broker's log is another one than this worker's state belongs to")
        self._use(self._version(place.topic, place.partition))
        memory_of = partial(self._memories.get, place.partition)
        outcome = self._program.sit(place.topic, batch.messages, memory_of)
        if batch.echo:
            outcome.entries = outcome.events = 0
        self.judged += 1
        return batch, outcome

    async def _finish(self, job: Job) -> None:
        """All but the last acknowledgement, which lets the offset go."""
        offsets = await _offsets(job.sent)
        self._fail("after_alert_ack")
        if job.event.message.generation_id != self.app.consumer_generation_id:
            return  # the partitions have been dealt anew, and the record is read again
        await self._memories.put(job.place.partition, job.packed)
        self._fail("after_put")
        await self._say_judged(job, offsets)

    async def _say_judged(self, job: Job, crossed: dict[int, int]) -> None:
        place = job.place
        word = self._program.judged(
            place.topic,
            place.partition,
            place.offset,
            job.outcome,
            job.batch.as_of,
            number=job.batch.number,
            sent=crossed,
            log_id=self._reference.log_id,
        )
        said = await self._send_sink(place.partition, "", word)
        said.add_done_callback(partial(self._let_go, job.event))

    def _let_go(self, event: Any, said: asyncio.Future[Any]) -> None:
        if said.cancelled() or said.exception() is not None:
            self.app.last_resort(f"the word that a record was judged was not written: {said!r}")
            return
        self._fail("after_judged")
        event.ack()

    # -- reference data -------------------------------------------------------------------------------------

    async def _rejudge(self, job: Job) -> None:
        """Judge by the announced version from here on, and judge again every key of this topic's stage."""
        place, partition = job.place, job.place.partition
        announced = job.outcome.rejudge if job.batch.rejudge is None else job.batch.rejudge
        version = max(announced or 0, self._version(place.topic, partition))
        crossed = await self._settle(place, job.outcome)
        if not await self._reached(version):
            self.app.abandon(job.event.message)
            return
        async for outcome in self._judge_again(place.topic, partition, version):
            if self.app.rebalancing:
                self.app.abandon(job.event.message)
                return
            for target, offset in (await self._settle(place, outcome)).items():
                crossed[target] = max(crossed.get(target, -1), offset)
        self._fail("after_rejudge")
        self._versions[place.topic, partition] = version
        await self._state.put(partition, {_version_key(place.topic): json.dumps(version).encode()})
        await self._say_judged(job, crossed)

    async def _judge_again(self, topic: str, partition: int, version: int) -> AsyncIterator[Outcome]:
        for page in self._state.keys(partition, self._program.prefix(topic).encode()):
            self._use(version)
            memories, letters = [], []
            for key in page:
                try:
                    memories.append(self._memories.get(partition, key.decode()))
                except Exception as error:
                    letter = self._wire.unreadable("rejudge", key, error)
                    letters.append(Emission(self._program.sink, "", letter))
            outcome = self._program.rejudge(memories)
            outcome.emissions += letters
            yield outcome

    async def _settle(self, place: Place, outcome: Outcome) -> dict[int, int]:
        """Send, await and put what was judged outside the usual pace; partition → offset of crossings."""
        packed = self._memories.pack(place.partition, outcome.touched)
        offsets = await _offsets(await self._send(place, outcome.emissions))
        self._fail("after_rejudged_ack")
        await self._memories.put(place.partition, packed)
        return offsets

    async def _reached(self, version: int) -> bool:
        """Wait for the reference data; False when the partitions have to be given up meanwhile."""
        reading = asyncio.ensure_future(self._reference.reached(version))
        while not self.app.rebalancing:
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

    # -- sending --------------------------------------------------------------------------------------------

    async def _send(self, place: Place, emissions: Iterable[Emission]) -> dict[Any, int | None]:
        """Hand all emissions to the producer: what goes out by the source's partition, so that it keeps its
        order; what crosses as one record a partition. Future → partition it crossed to, None: it went out."""
        sent: dict[Any, int | None] = {}
        crossing: defaultdict[int, list[tuple[str, Any]]] = defaultdict(list)
        for emission in emissions:
            if emission.topic == self._program.sink:
                sent[await self._send_sink(place.partition, emission.key, emission.value)] = None
            else:
                target = partition_of(emission.key, self._partitions)
                crossing[target].append((emission.key, emission.value))
        topic = self._wire.prefix + self._wire.inner
        for target, messages in crossing.items():
            record = self._wire.write(messages, self._reference.log_id)
            sent[await self.app.producer.send(topic, None, record, target, None, None)] = target
        return sent

    async def _send_sink(self, partition: int, key: str, value: Any) -> asyncio.Future[Any]:
        topic = self._wire.prefix + self._program.sink
        record = self._wire.speak(value)
        return await self.app.producer.send(topic, key.encode() or None, record, partition, None, None)  # type: ignore[return-value]

    async def _forget(self, *_: Any, **__: Any) -> None:
        """Partitions are going: nothing is in hand any more, and what comes back stands in the table."""
        self._memories.forget()
        self._versions.clear()


async def _offsets(sent: dict[Any, int | None]) -> dict[int, int]:
    """Await every acknowledgement; the greatest offset by partition of what crossed."""
    offsets: dict[int, int] = {}
    if sent:
        for target, answer in zip(sent.values(), await asyncio.gather(*sent), strict=True):
            if target is not None:
                offsets[target] = max(offsets.get(target, -1), answer.offset)
    return offsets


def _version_key(topic: str) -> bytes:
    return (VERSION_KEY + topic).encode()
