"""The consumer stores what the topic holds once, with its offsets, and sets aside what nobody can read."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.finding import encode_messages
from services.alerts.consumer import AlertsConsumer
from services.runtime.database import driver, open_engine
from tests.alerts.making import judged, said

PARTITIONS = 2


class Crash(BaseException):
    """The process ended here."""


@dataclass
class FakeReader:
    """A topic in memory."""

    log: str = "log-1"
    records: dict[int, list[bytes]] = field(default_factory=dict)
    read_to: dict[int, int] = field(default_factory=dict)

    def say(self, partition: int, *messages: Any) -> None:
        self.records.setdefault(partition, []).append(encode_messages(list(messages)))

    async def open(self) -> None:
        """Nothing to connect to."""

    async def log_id(self) -> str:
        return self.log

    async def begin(self, offsets: dict[int, int]) -> None:
        self.read_to = {partition: offset + 1 for partition, offset in offsets.items()}

    async def read(self) -> list[Any]:
        await asyncio.sleep(0.01)
        found = []
        for partition, records in self.records.items():
            begin = self.read_to.get(partition, 0)
            found += [
                SimpleNamespace(partition=partition, offset=offset, value=records[offset])
                for offset in range(begin, len(records))
            ]
            self.read_to[partition] = len(records)
        return found

    def ends(self) -> dict[tuple[str, int], int]:
        return {}

    async def close(self) -> None:
        """Nothing to let go of."""


@asynccontextmanager
async def consuming(
    engine: AsyncEngine, reader: FakeReader, crash: str = ""
) -> AsyncIterator[AlertsConsumer]:
    def fail(point: str) -> None:
        if point == crash:
            raise Crash(point)

    consumer = AlertsConsumer(engine, reader, fail=fail)
    task = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ask(engine: AsyncEngine, question: str) -> Any:
    async with driver(engine) as connection:
        return await connection.fetchval(question)


async def until(engine: AsyncEngine, question: str, answer: Any, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while await ask(engine, question) != answer:
            await asyncio.sleep(0.02)


def run(url: str, story: Callable[[AsyncEngine], Any]) -> None:
    async def with_engine() -> None:
        engine = open_engine(url)
        try:
            await story(engine)
        finally:
            await engine.dispose()

    asyncio.run(with_engine())


ALERTS = "SELECT count(*) FROM alert"
ENTRIES = "SELECT coalesce(sum(entries), 0)::int FROM judged"
OFFSETS = 'SELECT coalesce(sum("offset" + 1), 0)::int FROM consumer_offset'
DEAD = "SELECT count(*) FROM dead_letter"


def test_messages_and_offsets_are_stored_together_once_however_often_it_crashes(database_url):
    async def story(engine: AsyncEngine) -> None:
        reader = FakeReader()
        for number in range(6):
            reader.say(number % PARTITIONS, said(f"a{number}"), judged(number, partition=number % PARTITIONS))
        for point in ("consumer_after_store", "consumer_before_commit", "consumer_after_commit"):
            async with consuming(engine, reader, point):
                await asyncio.sleep(0.3)
        async with consuming(engine, reader):
            await until(engine, OFFSETS, 6)
        assert await ask(engine, ALERTS) == 6
        assert await ask(engine, ENTRIES) == 6

    run(database_url, story)


def test_a_record_nobody_can_read_is_a_dead_letter_and_the_rest_goes_on(database_url):
    async def story(engine: AsyncEngine) -> None:
        reader = FakeReader(records={0: [b"", b"{", b"\x91\xff"]})
        reader.say(0, said("a"))
        async with consuming(engine, reader):
            await until(engine, OFFSETS, 4)
        assert (await ask(engine, ALERTS), await ask(engine, DEAD)) == (1, 3)

    run(database_url, story)


def test_a_message_that_cannot_be_stored_is_a_dead_letter_and_its_neighbours_are_stored(database_url):
    async def story(engine: AsyncEngine) -> None:
        reader = FakeReader()
        reader.say(0, said("a"))
        reader.say(0, said("b\0"), judged(7))
        reader.say(0, said("c"))
        async with consuming(engine, reader):
            await until(engine, OFFSETS, 3)
        assert (await ask(engine, ALERTS), await ask(engine, DEAD)) == (2, 1)
        assert await ask(engine, ENTRIES) == 1

    run(database_url, story)


def test_of_two_consumers_one_stores_and_the_other_takes_over(database_url):
    async def story(engine: AsyncEngine) -> None:
        reader, other = FakeReader(), FakeReader()
        other.records = reader.records
        async with consuming(engine, other):
            async with consuming(engine, reader):
                reader.say(0, said("a"), judged(0))
                await until(engine, OFFSETS, 1)
            reader.say(0, said("b"), judged(1))
            await until(engine, OFFSETS, 2)
        assert (await ask(engine, ALERTS), await ask(engine, ENTRIES)) == (2, 2)

    run(database_url, story)


def test_a_consumer_whose_connection_is_cut_goes_on_from_what_is_stored(database_url):
    async def story(engine: AsyncEngine) -> None:
        reader = FakeReader()
        async with consuming(engine, reader):
            for number in range(5):
                reader.say(0, said(f"a{number}"), judged(number))
                await until(engine, OFFSETS, number + 1)
                async with driver(engine) as connection:
                    with_lock = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                    await connection.execute(with_lock)
        assert (await ask(engine, ALERTS), await ask(engine, ENTRIES)) == (5, 5)

    run(database_url, story)


def test_another_log_is_read_from_its_beginning_and_alerts_are_not_doubled(database_url):
    async def story(engine: AsyncEngine) -> None:
        reader = FakeReader()
        async with consuming(engine, reader):
            reader.say(0, said("a"), judged(5, log_id="log-1"))
            reader.say(0, said("b"), judged(6, log_id="log-1"))
            await until(engine, OFFSETS, 2)
            reader.log, reader.records = "log-2", {}
            reader.say(0, said("a"), judged(0, log_id="log-2"))
            reader.say(0, said("b"), judged(1, log_id="log-2"))
            reader.say(0, said("c"), judged(2, log_id="log-2"))
            await until(engine, ALERTS, 3)
        assert await ask(engine, ENTRIES) == 3
        assert await ask(engine, "SELECT max(version) FROM alert") == 1

    run(database_url, story)


def test_a_late_word_about_a_log_that_is_gone_counts_nothing(database_url):
    async def story(engine: AsyncEngine) -> None:
        reader = FakeReader()
        reader.say(0, judged(900, entries=50, log_id="log-0"))
        reader.say(0, judged(0, log_id="log-1"))
        async with consuming(engine, reader):
            await until(engine, OFFSETS, 2)
        assert await ask(engine, ENTRIES) == 1

    run(database_url, story)


def test_a_record_of_the_relay_that_went_out_twice_counts_once(database_url):
    async def story(engine: AsyncEngine) -> None:
        reader = FakeReader()
        for offset, number in ((0, 1), (1, 2), (2, 2), (3, 3)):
            reader.say(0, judged(offset, entries=10, last_seq=number))
        async with consuming(engine, reader):
            await until(engine, OFFSETS, 4)
        assert await ask(engine, ENTRIES) == 30

    run(database_url, story)
