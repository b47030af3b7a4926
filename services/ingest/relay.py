"""The relay: what the inbox holds goes to Kafka, in the inbox's order, nothing twice under two numbers.

Laws: one relay at a time, by an advisory lock on the connection it works on. A batch is written down as
intended, sent, acknowledged, and then its position stored; a crash between any two sends the same records
again under the same numbers. Kafka away: the position stands, the inbox fills, and all goes on after. A
broker that lost everything is another log: the relay names it and sends anew what the inbox still holds.

The word that the registry changed goes to every partition, after the registry's records and between the
entries that came before and after it.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.entry import Entry, Envelope, decode_change, encode_envelope
from schemas.registry import WHOLE, RegistryItem, encode_item, item_key
from schemas.topics import CROSSINGS, EVENTS, LOG_ID, REGISTRY, VERSION
from services.ingest import relay_store
from services.ingest.inbox import Inbox
from services.ingest.metrics import RELAYED
from services.ingest.reader import START
from services.ingest.relay_store import LOCK, Sent, State
from services.runtime.alone import alone_on
from services.runtime.database import driver
from services.runtime.failpoints import Failpoint
from services.runtime.kafka.partitioner import partition_of
from services.runtime.logs import log
from services.runtime.tracing import tracing

READ_ROWS = 2_000
RETRY_SECONDS = 0.5
PATIENCE_SECONDS = 2.0
"""How long an acknowledgement may take before readiness says that Kafka does not answer."""


class LogLost(Exception):
    """The broker's log is not the one that the relay's numbers are about."""


class Broker(Protocol):
    """Kafka as the relay needs it; every call may take long or raise while Kafka is away."""

    async def open(self) -> None:
        """Connect, with the topics as declared and a producer that was never in trouble."""

    async def close(self) -> None:
        """Let go of the producer."""

    async def log_id(self) -> str | None:
        """The log's identity as the registry topic names it."""

    async def send(self, topic: str, partition: int, key: bytes | None, value: bytes) -> Any:
        """Hand a record to the producer; a future of what has its `offset`."""


class Parcel(NamedTuple):
    """One record to send. counts: it takes a number; foreign entries count nowhere, and take none."""

    topic: str
    partition: int
    envelope: Envelope
    counts: bool = True


class Relay:
    """Relays for ever. `trouble`: why it cannot do so now, for readiness; None when it can, or when another
    process relays; `works`: this one does."""

    def __init__(
        self,
        engine: AsyncEngine,
        inbox: Inbox,
        broker: Broker,
        *,
        partitions: int,
        chunk: int,
        fail: Failpoint = lambda point: None,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._broker = broker
        self._partitions = partitions
        self._chunk = chunk
        self._fail = fail
        self._state = State()
        self._stored = START
        self.trouble: str | None = "not started"
        self.works = False

    async def run(self) -> None:
        """Work until cancelled; every trouble is retried."""
        while True:
            try:
                async with driver(self._engine) as connection:
                    await self._hold(connection)
            except asyncio.CancelledError:
                raise
            except LogLost:
                self.trouble = "Kafka lost its log: it is filled again"
                log.warning("relay_log_lost")
            except Exception as error:
                self.trouble = self.trouble or f"{type(error).__name__} while relaying"
                log.warning("relay_retries", error=type(error).__name__, reason=self.trouble)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                self.works = False
                with contextlib.suppress(Exception):
                    await self._broker.close()

    async def _hold(self, connection: asyncpg.Connection) -> None:
        """Work for as long as this connection holds the lock."""

        def waits() -> None:
            self.trouble = None  # another process relays: that is as it should be

        async with alone_on(connection, LOCK, waits):
            self.trouble = "Kafka does not answer"
            await self._broker.open()
            await self._agree_on_log(connection)
            self.trouble, self.works = None, True
            await self._relay(connection)

    async def _agree_on_log(self, connection: asyncpg.Connection) -> None:
        """The log the database knows is the log that is there; a log without a name is a new one."""
        self._state = await relay_store.load(connection)
        named = await self._broker.log_id()
        if named is None:
            log_id = uuid.uuid4().hex
            await relay_store.begin(connection, log_id)
            await self._publish([(LOG_ID, log_id.encode())])
            self._state = await relay_store.load(connection)
        elif named != self._state.log_id:
            self.trouble = "the topics belong to another database (QINGFENG_TOPIC_PREFIX)"
            raise RuntimeError(self.trouble)
        if self._state.registry < 0:
            version = await connection.fetchval(relay_store.REGISTRY_VERSION)
            await self._send_registry(connection, version)
            await self._send(self._announcements(_announcement(version)), announcing=True)
            await relay_store.store(connection, self._state)

    async def _relay(self, connection: asyncpg.Connection) -> None:
        state = self._state
        self._stored = state.position
        unfinished = state.intended - state.position.count
        if unfinished > 0:
            entries, until = await self._inbox.read(connection, state.position, unfinished)
            if until.count != state.intended:
                raise RuntimeError("the inbox does not hold what was read before")
        else:
            entries, until = await self._intend(connection)
        while True:
            if not entries:
                await self._inbox.wait()
            else:
                self._fail("relay_before_send")
                with tracing.sending(EVENTS, partial(map, _request_id, entries)):
                    await self._relay_batch(connection, entries)
                self._fail("relay_before_store")
                state.position = until
            entries, until = await self._intend(connection)

    async def _intend(self, connection: asyncpg.Connection) -> tuple[list[Entry], Any]:
        """Read on, and keep in one transaction where the relay stands and what it will send next."""
        state = self._state
        entries, until = await self._inbox.read(connection, state.position, READ_ROWS)
        if (state.position, state.intended, state.chunk) != (self._stored, until.count, self._chunk):
            state.intended, state.chunk = until.count, self._chunk
            await relay_store.store(connection, state)
            self._stored = state.position
            self._fail("relay_after_store")
        return entries, until

    async def _relay_batch(self, connection: asyncpg.Connection, entries: Sequence[Entry]) -> None:
        plain: list[Entry] = []
        for entry in entries:
            if entry.kind != "registry":
                plain.append(entry)
                continue
            await self._send(self._envelopes(plain))
            plain = []
            await self._send_registry(connection, decode_change(entry.body).version)
            await self._send(self._announcements(entry), announcing=True)
        await self._send(self._envelopes(plain))
        RELAYED.inc(sum(not entry.foreign for entry in entries))

    def _envelopes(self, entries: Sequence[Entry]) -> Iterator[Parcel]:
        places: dict[tuple[bool, int], list[Entry]] = {}
        for entry in entries:
            partition = partition_of(entry.key, self._partitions) if entry.key else 0
            places.setdefault((not entry.foreign, partition), []).append(entry)
        # Foreign ones first: what stands elsewhere is known before it would be judged here.
        for counts, partition in sorted(places):
            told = places[counts, partition]
            for begin in range(0, len(told), self._state.chunk):
                yield Parcel(EVENTS, partition, Envelope(told[begin : begin + self._state.chunk]), counts)

    def _announcements(self, entry: Entry) -> Iterator[Parcel]:
        """The word that the registry changed, to every partition; it counts in one of them, and one of ours
        (its place is 0) nowhere."""
        for topic in (EVENTS, CROSSINGS):
            for partition in range(self._partitions):
                counts = bool(entry.seq) and topic == EVENTS and partition == 0
                yield Parcel(topic, partition, Envelope([entry], echo=not counts))

    async def _send(self, parcels: Iterator[Parcel], announcing: bool = False) -> None:
        """Send records and await all acknowledgements. announcing: they say that the registry changed."""
        sent = await self._patient(self._send_all(parcels))
        self._fail("relay_after_ack")
        for place, number, offset in sent:
            last = self._state.sent.get(place, Sent())
            if offset <= last.offset:
                raise LogLost
            self._state.sent[place] = Sent(offset, number, offset if announcing else last.announced)

    async def _send_all(self, parcels: Iterator[Parcel]) -> list[tuple[tuple[str, int], int, int]]:
        """[(topic and partition, number, offset)] of what was sent."""
        numbers = {place: sent.number for place, sent in self._state.sent.items()}
        places, futures = [], []
        for topic, partition, envelope, counts in parcels:
            place = topic, partition
            if counts:
                numbers[place] = envelope.number = numbers.get(place, 0) + 1
            envelope.log_id = self._state.log_id
            futures.append(await self._broker.send(topic, partition, None, encode_envelope(envelope)))
            places.append((place, numbers.get(place, 0)))
        answers = await asyncio.gather(*futures)
        return [(*place, answer.offset) for place, answer in zip(places, answers, strict=True)]

    async def _send_registry(self, connection: asyncpg.Connection, version: int) -> None:
        """Publish what changed up to a version, and then the word that it is all there."""
        rows = await connection.fetch(relay_store.RECORDS, self._state.registry, version, list(WHOLE))
        items = [RegistryItem(*row) for row in rows]
        records = [(item_key(item), encode_item(item)) for item in items]
        await self._patient(self._publish([*records, (VERSION, str(version).encode())]))
        self._state.registry = max(self._state.registry, version)

    async def _publish(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        futures = [await self._broker.send(REGISTRY, 0, key, value) for key, value in records]
        await asyncio.gather(*futures)

    async def _patient(self, work: Any) -> Any:
        """Await, and say meanwhile when it takes long."""
        waiting = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait([waiting], timeout=PATIENCE_SECONDS)
            if not done:
                self.trouble = "Kafka does not answer"
            result = await waiting
        finally:
            waiting.cancel()
        self.trouble = None
        return result


_request_id = attrgetter("request_id")


def _announcement(version: int) -> Entry:
    """The word that the registry is at a version, said by the relay itself: it has no place in the inbox."""
    return Entry(0, "registry", "", str(version).encode(), 0, 0, 0)
