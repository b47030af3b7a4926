"""A connection for one writer: declared topics, an idempotent producer that can be made anew, a name to read.

An idempotent producer may stay broken after trouble of the broker; `close` and `open` give a fresh one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.runtime.kafka import topics
from services.runtime.kafka.topics import Topic
from services.runtime.tracing import tracing

REQUEST_SECONDS = 30.0
ANSWER_SECONDS = 1.5
LINGER_MS = 2


class Broker:
    """Topics by the program's names; `prefix` goes before each on the broker."""

    def __init__(self, bootstrap: str, prefix: str, declared: Iterable[Topic], largest_record: int) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._declared = list(declared)
        self._largest_record = largest_record
        self._producer: AIOKafkaProducer | None = None

    async def open(self) -> None:
        """Have the topics as declared and a producer that was never in trouble."""
        await topics.apply(self._bootstrap, self._declared)
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            max_batch_size=1 << 20,
            max_request_size=self._largest_record,
            request_timeout_ms=int(REQUEST_SECONDS * 1_000),
        )
        await producer.start()
        self._producer = producer

    async def close(self) -> None:
        """Let go of the producer; what it has not sent is not sent."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await producer.stop()

    async def send(self, topic: str, partition: int, key: bytes | None, value: bytes) -> Any:
        """Hand a record to the producer; a future of its metadata (`offset`)."""
        if self._producer is None:
            raise ConnectionError("the producer is closed")
        name, headers = self._prefix + topic, tracing.headers()
        return await self._producer.send(name, value, key=key, partition=partition, headers=headers)

    async def answers(self) -> bool:
        """Whether the broker answers a question now."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._producer.client.fetch_all_metadata()  # type: ignore[union-attr]
        except Exception:
            return False
        return True

    async def last_of(self, topic: str, key: bytes) -> bytes | None:
        """The last value of a key in partition 0 of a topic, which is read whole; None when there is none."""
        return await last_of(self._bootstrap, self._prefix + topic, key)


async def last_of(bootstrap: str, topic: str, key: bytes) -> bytes | None:
    """The last value of a key in a topic's partition 0, which is read whole; None when there is none."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        found = None
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(partition, timeout_ms=200)).get(partition, []):
                if record.key == key:
                    found = record.value
        return found
    finally:
        await consumer.stop()
