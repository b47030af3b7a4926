"""The relay sends what the inbox holds in order, each record under one number however often it goes out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.entry import Envelope, decode_envelope
from schemas.records import Approval, Institution, Limit, Person, Status
from schemas.topics import CROSSINGS, EVENTS, LOG_ID, REGISTRY, VERSION
from services.ingest.pseudonyms import make_pseudonyms
from services.ingest.relay import Relay
from services.runtime.database import driver
from services.runtime.kafka.partitioner import partition_of
from services.settings import Settings
from tests.support.deployment import Door, door
from tests.support.entries import admission, corrected

PARTITIONS = 3
RELAYED = """
SELECT (SELECT coalesce(sum(entries), 0) FROM inbox_totals) =
       (SELECT count FROM progress WHERE name = 'relay')
"""


class Crash(BaseException):
    """The process ended here."""


@dataclass
class FakeBroker:
    """A log in memory. lost: what a crash of the broker takes with it is forgotten by `wipe`."""

    records: dict[tuple[str, int], list[tuple[bytes | None, bytes]]] = field(default_factory=dict)
    away: bool = False

    async def open(self) -> None:
        if self.away:
            raise ConnectionError

    async def close(self) -> None:
        """Nothing is held."""

    async def log_id(self) -> str | None:
        names = [value for key, value in self.records.get((REGISTRY, 0), []) if key == LOG_ID]
        return names[-1].decode() if names else None

    async def send(self, topic: str, partition: int, key: bytes | None, value: bytes) -> Any:
        if self.away:
            raise ConnectionError
        log = self.records.setdefault((topic, partition), [])
        log.append((key, value))
        answer = asyncio.get_running_loop().create_future()
        answer.set_result(SimpleNamespace(offset=len(log) - 1))
        return answer

    def envelopes(self, topic: str, partition: int) -> list[Envelope]:
        return [decode_envelope(value) for _, value in self.records.get((topic, partition), [])]

    def everything(self) -> list[tuple[int, int]]:
        """(partition, seq) of every entry that was sent and counts, once a number."""
        found = {}
        for partition in range(PARTITIONS):
            for envelope in self.envelopes(EVENTS, partition):
                if not envelope.echo:
                    found[partition, envelope.number] = [entry.seq for entry in envelope.entries]
        return [(partition, seq) for (partition, _), several in sorted(found.items()) for seq in several]


@asynccontextmanager
async def relaying(opened: Door, broker: FakeBroker, chunk: int = 2, crash: str = "") -> AsyncIterator[Relay]:
    def fail(point: str) -> None:
        if point == crash:
            raise Crash(point)

    relay = Relay(opened.engine, opened.inbox, broker, partitions=PARTITIONS, chunk=chunk, fail=fail)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_relayed(opened: Door, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            async with opened.engine.connect() as connection:
                raw = (await connection.get_raw_connection()).driver_connection
                done = await raw.fetchval(RELAYED)
            if done:
                return
            await asyncio.sleep(0.01)


def people(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [admission("03-01 09:00", "H1", f"a{n}", f"p{n}") for n in range(first, first + count)]


def tell(settings: Settings, story: Any) -> None:
    async def run() -> None:
        async with door(settings) as opened:
            await story(opened)

    asyncio.run(run())


def test_entries_keep_their_order_and_go_to_their_keys_partition(settings):
    async def story(opened: Door) -> None:
        broker = FakeBroker()
        await opened.post(people(20))
        await opened.inbox.append_tick()
        async with relaying(opened, broker):
            await until_relayed(opened)
        assert len(broker.everything()) == 21
        for partition in range(PARTITIONS):
            told = [one for one in broker.envelopes(EVENTS, partition) if not one.echo]
            entries = [entry for envelope in told for entry in envelope.entries]
            assert [entry.seq for entry in entries] == sorted(entry.seq for entry in entries)
            assert all(partition_of(entry.key, PARTITIONS) == partition for entry in entries if entry.key)
            assert all(len(envelope.entries) <= 2 for envelope in told)
            numbers = [envelope.number for envelope in broker.envelopes(EVENTS, partition)]
            assert numbers == list(range(1, len(numbers) + 1))
        assert any(entry.kind == "tick" for one in broker.envelopes(EVENTS, 0) for entry in one.entries)

    tell(settings, story)


@pytest.mark.parametrize(
    "point", ["relay_before_send", "relay_after_ack", "relay_before_store", "relay_after_store"]
)
def test_a_crash_at_any_point_sends_the_same_records_under_the_same_numbers(settings, point: str):
    async def story(opened: Door) -> None:
        broker = FakeBroker()
        async with relaying(opened, broker):
            await until_relayed(opened)
            await opened.post(people(5))
            await until_relayed(opened)
        await opened.post(people(20, first=5))
        async with relaying(opened, broker, crash=point):
            await asyncio.sleep(0.5)
        await opened.post(people(5, first=25))
        # Another size of records must not cut anew what was sent already.
        async with relaying(opened, broker, chunk=7):
            await until_relayed(opened)
        sent = broker.everything()
        assert len(sent) == len(set(sent)) == 30
        by_number: dict[tuple[int, int], set[bytes]] = {}
        for partition in range(PARTITIONS):
            for _, value in broker.records[EVENTS, partition]:
                by_number.setdefault((partition, decode_envelope(value).number), set()).add(value)
        assert all(len(values) == 1 for values in by_number.values())

    tell(settings, story)


def test_a_registry_is_published_before_it_is_announced_to_every_partition(settings):
    async def story(opened: Door) -> None:
        broker = FakeBroker()
        async with relaying(opened, broker):
            await opened.post(people(6))
            await opened.load("institutions", Institution("H1", name="one"))
            await opened.post(people(6, first=6))
            await until_relayed(opened)
        versions = [int(value) for key, value in broker.records[REGISTRY, 0] if key == VERSION]
        assert versions[-1] == 1
        counted = 0
        for topic in (EVENTS, CROSSINGS):
            for partition in range(PARTITIONS):
                announced = [
                    envelope
                    for envelope in broker.envelopes(topic, partition)
                    if envelope.entries[0].kind == "registry" and envelope.entries[0].body == b"1"
                ]
                counted += sum(not envelope.echo for envelope in announced)
                assert announced
        assert counted == 1

    tell(settings, story)


def test_where_the_registry_was_announced_is_kept_for_whoever_asks_how_far_it_is_obeyed(settings):
    async def story(opened: Door) -> None:
        broker = FakeBroker()
        async with relaying(opened, broker):
            await opened.post(people(6))
            await opened.load("institutions", Institution("H1", name="one"))
            await opened.post(people(6, first=6))
            await until_relayed(opened)
        async with driver(opened.engine) as connection:
            rows = await connection.fetch("SELECT topic, partition, announced FROM relay_sent")
        assert {(row["topic"], row["partition"]) for row in rows} == {
            (topic, partition) for topic in (EVENTS, CROSSINGS) for partition in range(PARTITIONS)
        }
        for row in rows:
            entry = broker.envelopes(row["topic"], row["partition"])[row["announced"]].entries[0]
            assert (entry.kind, entry.body) == ("registry", b"1")

    tell(settings, story)


def test_whole_tables_are_published_and_rows_of_single_persons_are_not(settings):
    async def story(opened: Door) -> None:
        broker = FakeBroker()
        async with relaying(opened, broker):
            await opened.load("limits", Limit("c", sex="2"))
            await opened.load("approvals", Approval("p1", "M039"))
            await opened.load(
                "status", Status("person", "p1", "suspended"), Status("institution", "H1", "normal")
            )
            await opened.load("persons", Person("p1", sex="1"))
            await until_relayed(opened)
        keys = {key for key, _ in broker.records[REGISTRY, 0]} - {LOG_ID, VERSION}
        assert keys == {b"limits//c", b"held//approvals", b"status//institution H1"}
        kinds = [
            entry.kind
            for partition in range(PARTITIONS)
            for envelope in broker.envelopes(EVENTS, partition)
            if not envelope.echo
            for entry in envelope.entries
        ]
        assert sorted(kinds) == ["person"] * 3 + ["registry"] * 3

    tell(settings, story)


def test_kafka_away_keeps_everything_in_the_inbox_and_is_named(settings):
    async def story(opened: Door) -> None:
        broker = FakeBroker(away=True)
        async with relaying(opened, broker) as relay:
            await opened.post(people(5))
            await asyncio.sleep(0.3)
            assert relay.trouble == "Kafka does not answer"
            broker.away = False
            await until_relayed(opened)
            assert relay.trouble is None
        assert len(broker.everything()) == 5

    tell(settings, story)


def test_a_broker_that_lost_everything_gets_all_of_the_inbox_again_as_another_log(settings):
    async def story(opened: Door) -> None:
        broker = FakeBroker()
        async with relaying(opened, broker):
            await opened.post(people(12))
            await until_relayed(opened)
            before = await broker.log_id()
            broker.records.clear()
            await opened.post(people(1, first=12))
            async with asyncio.timeout(60):
                while await broker.log_id() is None:
                    await asyncio.sleep(0.01)
            await until_relayed(opened)
        assert await broker.log_id() != before
        named = await broker.log_id()
        told = [one for partition in range(PARTITIONS) for one in broker.envelopes(EVENTS, partition)]
        fresh = [entry for one in told if one.log_id == named and not one.echo for entry in one.entries]
        assert len({entry.seq for entry in fresh}) == 13

    tell(settings, story)


def test_topics_of_another_database_are_not_touched(settings):
    async def story(opened: Door) -> None:
        broker = FakeBroker({(REGISTRY, 0): [(LOG_ID, b"somebody else's")]})
        async with relaying(opened, broker) as relay:
            await opened.post(people(2))
            await asyncio.sleep(0.3)
            assert "belong to another database" in (relay.trouble or "")
        assert set(broker.records) == {(REGISTRY, 0)}

    tell(settings, story)


def test_what_is_told_of_another_person_goes_first_and_counts_nowhere(settings):
    async def story(opened: Door) -> None:
        broker = FakeBroker()
        booked = admission("03-01 09:00", "H1", "a1", "p1")
        await opened.post([booked, *people(4, first=10)])
        async with relaying(opened, broker):
            await until_relayed(opened)
        await opened.post([corrected(booked, "03-02 09:00", person_id="p2"), *people(3, first=20)])
        async with relaying(opened, broker, crash="relay_before_store"):
            await asyncio.sleep(0.5)
        async with relaying(opened, broker):
            await until_relayed(opened)
        of = make_pseudonyms(settings).of
        told = [
            (entry.key, entry.foreign, envelope.number)
            for partition in range(PARTITIONS)
            for envelope in broker.envelopes(EVENTS, partition)
            for entry in envelope.entries
            if entry.key in (of("person", "p1"), of("person", "p2"))
        ]
        # Sent twice, by the crash.
        assert sorted((key, number > 0) for key, foreign, number in told if foreign) == sorted(
            [(of("person", "p1"), False), (of("person", "p2"), False)] * 2
        )
        assert all(number for _, foreign, number in told if not foreign)
        counted = [place for place in broker.everything() if place[1]]
        assert len({seq for _, seq in counted}) == 9

    tell(settings, story)
