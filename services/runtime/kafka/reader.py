"""Reading all partitions of a topic from places that the reader itself keeps.

No consumer group: the offsets are stored where the records' effects are. An offset that the broker does not
have is an error and no reason to begin elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.runtime.kafka.broker import last_of
from services.runtime.kafka.topics import Topic, apply
from services.runtime.logs import log

POLL_MS = 200
FETCH_WAIT_MS = 50
"""As in `fence`: what has come to other partitions waits behind a fetch that found nothing."""
RECORDS_AT_MOST = 1_000
FETCH_BYTES = 4 << 20
NAME_SECONDS = 0.5


class TopicReader:
    """declared: the topics it stands on. name_topic, name_key: the record that names the log."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        partitions: int,
        *,
        declared: Iterable[Topic],
        name_topic: str,
        name_key: bytes,
    ) -> None:
        self._bootstrap = bootstrap
        self._declared = list(declared)
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._name = name_topic, name_key
        self._consumer: AIOKafkaConsumer | None = None

    async def open(self) -> None:
        """Connect."""
        await apply(self._bootstrap, self._declared)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        await consumer.start()
        self._consumer = consumer

    async def log_id(self) -> str:
        """The identity of the log, once it has one."""
        while True:
            name = await last_of(self._bootstrap, *self._name)
            if name is not None:
                return name.decode()
            await asyncio.sleep(NAME_SECONDS)

    async def begin(self, offsets: dict[int, int]) -> None:
        """Read on after these offsets by partition, others from the beginning."""
        consumer = self._connected
        consumer.assign(self._partitions)
        begins = await consumer.beginning_offsets(self._partitions)
        for partition in self._partitions:
            begin, wanted = begins[partition], offsets.get(partition.partition, -1) + 1
            if wanted and wanted < begin:
                log.error("records_lost", partition=partition.partition, count=begin - wanted)
            consumer.seek(partition, max(begin, wanted))

    async def read(self) -> Sequence[Any]:
        """Records that are there, in order by partition; none after a moment."""
        found = await self._connected.getmany(timeout_ms=POLL_MS, max_records=RECORDS_AT_MOST)
        return [record for records in found.values() for record in records]

    def ends(self) -> dict[tuple[str, int], int]:
        """(topic, partition) → the offset after its last record, as far as it is known; none while closed."""
        if self._consumer is None:
            return {}
        known = {partition: self._consumer.highwater(partition) for partition in self._partitions}
        return {tuple(partition): end for partition, end in known.items() if end is not None}

    async def close(self) -> None:
        """Let go of the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await consumer.stop()

    @property
    def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise ConnectionError("the reader is closed")
        return self._consumer
