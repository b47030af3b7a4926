"""Running apps inside a test, on guarded Faust or on plain Faust, and asking the broker what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from faust.transport.drivers import aiokafka as driver

from services.runtime.kafka import topics
from services.runtime.kafka.app import GuardedApp, WorkerSettings
from services.runtime.kafka.serve import running


class PlainApp(GuardedApp):
    """The same settings on Faust's own transport: what the guards are measured against."""

    transport_class = driver.Transport

    def _new_transport(self):
        return self.transport_class(self.conf.broker_consumer, self)

    unacknowledged = 0

    def committed_offset(self, partition):
        return self.consumer._committed_offset[partition] or 0


class GuardedTestApp(GuardedApp):
    """The guarded app with a transport a test may replace by one that observes or delays."""

    transport_class = None

    def _new_transport(self):
        if self.transport_class is None:
            return super()._new_transport()
        return self.transport_class(self.conf.broker_consumer, self)


def worker_settings(bootstrap: str, app_id: str, folder: Path, **changes) -> WorkerSettings:
    """Settings for one worker on one partition, quick to commit."""
    return WorkerSettings(
        app_id=app_id,
        bootstrap=bootstrap,
        tables_folder=folder,
        **{"partitions": 1, "session_timeout": 10.0, "commit_interval": 0.2, **changes},
    )


async def send(bootstrap: str, topic: str, records: list[tuple[bytes, bytes]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    await producer.start()
    try:
        await asyncio.gather(*[await producer.send(topic, value, key=key) for key, value in records])
    finally:
        await producer.stop()


async def committed(bootstrap: str, group: str, topic: str, partition: int = 0) -> int:
    """What the broker holds as the group's committed offset; 0 when nothing was committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    except GroupCoordinatorNotAvailableError:
        return 0  # the first group of a new broker: nobody has committed anything yet
    finally:
        await admin.close()
    found = offsets.get(TopicPartition(topic, partition))
    return max(0, found.offset) if found else 0


async def read_all(bootstrap: str, topic: str, partition: int | None = None) -> list[tuple[bytes, bytes]]:
    """Every record of a topic, or of one of its partitions, in order within each."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        await consumer._client.force_metadata_update()
        await consumer._client.add_topic(topic)
        there = consumer.partitions_for_topic(topic) or () if partition is None else (partition,)
        partitions = [TopicPartition(topic, each) for each in there]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for found in (await consumer.getmany(timeout_ms=200)).values():
                records += [(record.key, record.value) for record in found]
        return records
    finally:
        await consumer.stop()


async def eventually(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 60.0) -> None:
    """Wait until the condition holds; fails when it never does."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        holds = condition()
        if not isinstance(holds, bool):
            holds = await holds
        if holds:
            return
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def on(app: GuardedApp, *declared: topics.Topic) -> AsyncIterator[GuardedApp]:
    """The app running on its topics. Where it would end its process, the test fails and says why: the
    process is the tests' own."""
    reasons: list[str] = []
    app.last_resort = reasons.append
    await topics.apply(app.worker_settings.bootstrap, declared)
    async with running(app):
        yield app
    assert reasons == []
