"""Alerts come from Kafka: what the topic holds is stored together with how far it was read.

Laws: messages and offsets are stored in one transaction, on the connection that holds the lock by which one
consumer works at a time; a consumer that lost its connection can store nothing. Offsets are compared before
they move, so one that reads from an outdated place stores nothing either. The log's identity goes with the
offsets: a broker that lost everything is another log, read from its beginning, its alerts compared as such.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.finding import DeadLetterMessage, JudgedMessage, Message, Origin, decode_messages
from schemas.moments import instant
from schemas.topics import ALERTS
from services.alerts import intake, metrics
from services.runtime.alone import alone_on
from services.runtime.clock import Clock, system_clock
from services.runtime.database import driver
from services.runtime.errors import is_database_away
from services.runtime.failpoints import Failpoint
from services.runtime.logs import log
from services.runtime.tracing import tracing

LOCK = 0x51494E43
RETRY_SECONDS = 0.5

LOAD = 'SELECT partition, "offset" FROM consumer_offset WHERE topic = $1 AND log_id = $2'
MOVE = """
INSERT INTO consumer_offset (topic, partition, log_id, "offset")
SELECT $1, m.partition, $2, m.until FROM unnest($3::int[], $5::bigint[]) m (partition, until)
ON CONFLICT (topic, partition) DO UPDATE SET log_id = excluded.log_id, "offset" = excluded."offset"
WHERE consumer_offset.log_id <> excluded.log_id OR consumer_offset."offset" = ANY (
    SELECT m.since FROM unnest($3::int[], $4::bigint[]) m (partition, since)
    WHERE m.partition = consumer_offset.partition)
RETURNING partition
"""


class LogChanged(Exception):
    """The records are of another log than the one this consumer began to read."""


class OffsetsMoved(Exception):
    """Another consumer has stored more."""


class Record(Protocol):
    """One record as the reader gives it."""

    partition: int
    offset: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


Letter = tuple[Record, list[Message]]
"""A record and what it says."""


class Reader(Protocol):
    """The alerts topic; every call may take long or raise while Kafka is away."""

    async def open(self) -> None:
        """Connect."""

    async def log_id(self) -> str:
        """The identity of the log, once it has one."""

    async def begin(self, offsets: dict[int, int]) -> None:
        """Read on after these offsets by partition, others from the beginning."""

    async def read(self) -> Sequence[Record]:
        """Records that are there, in order by partition; none after a moment."""

    def ends(self) -> dict[tuple[str, int], int]:
        """(topic, partition) → the offset after its last record, as far as it is known; none while closed."""

    async def close(self) -> None:
        """Let go of the connection."""


class AlertsConsumer:
    """Stores for ever. `trouble`: why it cannot do so now, for readiness; None when it can."""

    def __init__(
        self,
        engine: AsyncEngine,
        reader: Reader,
        clock: Clock = system_clock,
        fail: Failpoint = lambda point: None,
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._clock = clock
        self._fail = fail
        self._log_id = ""
        self._offsets: dict[int, int] = {}
        self.trouble: str | None = "not started"

    async def lags(self) -> dict[tuple[str, int], int]:
        """(topic, partition) → records that are not stored yet."""
        return {
            (topic, partition): max(0, end - self._offsets.get(partition, -1) - 1)
            for (topic, partition), end in self._reader.ends().items()
        }

    async def run(self) -> None:
        """Work until cancelled; every trouble is retried from what is stored."""
        while True:
            try:
                async with driver(self._engine) as connection:
                    await self._hold(connection)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                away = is_database_away(error)
                self.trouble = "the database is away" if away else f"{type(error).__name__} while storing"
                log.warning("alerts_consumer_retries", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                with contextlib.suppress(Exception):
                    await self._reader.close()

    async def _hold(self, connection: asyncpg.Connection) -> None:
        """Work for as long as this connection holds the lock."""

        def waits() -> None:
            self.trouble = None  # another process stores: that is as it should be

        async with alone_on(connection, LOCK, waits):
            self.trouble = "Kafka does not answer"
            await self._reader.open()
            self._log_id = await self._reader.log_id()
            rows = await connection.fetch(LOAD, ALERTS, self._log_id)
            self._offsets = {row["partition"]: row["offset"] for row in rows}
            await self._reader.begin(self._offsets)
            self.trouble = None
            while True:
                records = await self._reader.read()
                if records:
                    await self._store(connection, [(record, _messages(record)) for record in records])

    async def _store(self, connection: asyncpg.Connection, letters: Sequence[Letter]) -> None:
        # A worker that has not noticed yet may also write words about the old log into the new one.
        foreign = any(self._is_foreign(message) for _, messages in letters for message in messages)
        if foreign and await self._reader.log_id() != self._log_id:
            raise LogChanged
        try:
            await self._store_all(connection, letters)
        except Exception as error:
            if is_database_away(error) or isinstance(error, OffsetsMoved):
                raise
            # One record cannot be stored: the others must not wait for it.
            log.error("alerts_store_failed", error=type(error).__name__, count=len(letters))
            for letter in letters:
                await self._store_one(connection, letter)

    async def _store_one(self, connection: asyncpg.Connection, letter: Letter) -> None:
        try:
            await self._store_all(connection, [letter])
        except Exception as error:
            if is_database_away(error) or isinstance(error, OffsetsMoved):
                raise
            record, messages = letter
            judged = [message for message in messages if isinstance(message, JudgedMessage)]
            await self._store_all(connection, [(record, [_dead_letter(record, error), *judged])])

    async def _store_all(self, connection: asyncpg.Connection, letters: Sequence[Letter]) -> None:
        until = {record.partition: record.offset for record, _ in letters}
        messages = [message for _, several in letters for message in several]
        async with connection.transaction():
            with tracing.received(lambda: [record.headers for record, _ in letters]):
                stored = await intake.store(connection, messages, instant(self._clock()), epoch=self._log_id)
            self._fail("consumer_after_store")
            await self._move(connection, until)
            self._fail("consumer_before_commit")
        self._fail("consumer_after_commit")
        self._offsets.update(until)
        stored.committed()
        metrics.CONSUMED.inc(len(letters))

    async def _move(self, connection: asyncpg.Connection, until: dict[int, int]) -> None:
        partitions = list(until)
        since = [self._offsets.get(partition, -1) for partition in partitions]
        moved = await connection.fetch(MOVE, ALERTS, self._log_id, partitions, since, list(until.values()))
        if len(moved) != len(partitions):
            raise OffsetsMoved

    def _is_foreign(self, message: Message) -> bool:
        return isinstance(message, JudgedMessage) and message.log_id not in ("", self._log_id)


def _messages(record: Record) -> list[Message]:
    try:
        return decode_messages(record.value or b"")
    except Exception as error:
        return [_dead_letter(record, error)]


def _dead_letter(record: Record, error: Exception) -> DeadLetterMessage:
    return DeadLetterMessage(
        stage="alerts record",
        key="",
        error=type(error).__name__,
        reason=f"partition {record.partition} offset {record.offset}",
        body=record.value or b"",
        origin=Origin(),
    )
