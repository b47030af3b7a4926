"""Following a small topic of one partition: everything from its beginning, then all that comes.

For topics that every process holds in memory, such as reference data. No consumer group: each follower
reads for itself. A broker that is away is waited for.
"""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.logs import log

RETRY_SECONDS = 0.5
FETCH_BYTES = 4 << 20


class Follower:
    """Calls `take(key, value)` for every record, in order; a record may come again after trouble."""

    def __init__(self, bootstrap: str, topic: str, take: Callable[[bytes, bytes | None], None]) -> None:
        self._bootstrap = bootstrap
        self._partition = TopicPartition(topic, 0)
        self._take = take
        self.read_to_the_end = asyncio.Event()
        """Set once everything that stood in the topic at the start has been taken."""

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError) as error:
                log.warning("follower_retries", topic=self._partition.topic, error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        await consumer.start()
        try:
            consumer.assign([self._partition])
            await consumer.seek_to_beginning(self._partition)
            end = (await consumer.end_offsets([self._partition]))[self._partition]
            while True:
                for record in await self._page(consumer):
                    self._take(record.key or b"", record.value)
                if await consumer.position(self._partition) >= end:
                    self.read_to_the_end.set()
        finally:
            await consumer.stop()

    async def _page(self, consumer: AIOKafkaConsumer) -> list:
        found = await consumer.getmany(self._partition, timeout_ms=200)
        return found.get(self._partition, [])
