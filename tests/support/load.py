"""What the fault tests post: the demo county, resent, shuffled and poisoned as real life does it."""

import asyncio
import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.topics import CROSSINGS, EVENTS
from services.demo import county
from services.ingest.entries import append_again
from services.runtime.clock import system_clock
from services.runtime.database import transaction
from services.settings import Settings
from tests.support.deployment import Door
from tests.support.entries import swipe

SHUFFLED_SECONDS = 300
GARBAGE = (b"", b"{", b"\xff\xfe\xfd", b"\x93" * 2_000, b"\x92\xa7entries\xc0", b"null", b"\x00" * 100_000)


def load(persons: int = 500, days: int = 30, seed: int = 1) -> list[dict[str, Any]]:
    """Events of a small county and of some crowded terminals, a fifth of them sent twice, their order
    shuffled within five minutes of when they were recorded."""
    made = county.generate(seed=seed, days=days, persons=persons, until=datetime(2026, 3, 1, tzinfo=UTC))
    events = [*made.events, *itertools.chain.from_iterable(_crowd(number) for number in range(20))]
    chance = random.Random(seed)
    placed = [
        (_recorded(event) + chance.random() * SHUFFLED_SECONDS, number) for number, event in enumerate(events)
    ]
    again = [
        (at + chance.random() * SHUFFLED_SECONDS, number) for at, number in placed if chance.random() < 0.2
    ]
    return [events[number] for _, number in sorted([*placed, *again])]


def parts(events: list[dict[str, Any]], count: int) -> Iterator[list[dict[str, Any]]]:
    """The events in so many parts, in order."""
    size = -(-len(events) // count)
    for begin in range(0, len(events), size):
        yield events[begin : begin + size]


async def poison_inbox(door: Door, count: int) -> None:
    """Entries that no rule can judge."""
    bodies = [(f"poison-{number}", b'{"type": "settlement", "n": %d' % number) for number in range(count)]
    async with transaction(door.engine) as connection:
        await append_again(connection, bodies, system_clock())


async def poison_topics(settings: Settings, count: int) -> None:
    """Records nobody can read, on the topics the detector reads; all differ."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    try:
        sending = []
        for number in range(count):
            topic = settings.topic_prefix + (EVENTS, CROSSINGS)[number % 2]
            value = GARBAGE[number % len(GARBAGE)] + b"%d" % number
            sending.append(await producer.send(topic, value, partition=number % settings.partitions))
        await asyncio.gather(*sending)
    finally:
        await producer.stop()


def _recorded(event: dict[str, Any]) -> float:
    at = datetime.fromisoformat(event.get("recorded_at") or event["occurred_at"])
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _crowd(number: int) -> list[dict[str, Any]]:
    """Seven persons at one terminal within some minutes."""
    return [
        swipe(
            f"02-{1 + number:02} 10:{each:02}:00",
            f"P{number}",
            f"s{number}-{each}",
            person=f"c{number}-{each}",
            device_id="d",
        )
        for each in range(7)
    ]
