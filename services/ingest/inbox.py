"""The inbox: the point of durability and idempotency, unique by (institution_id, event_id).

Concurrent requests share commits: one writer task takes what is waiting and inserts it with a single
statement, then answers all of them. Totals and the vault's new identifiers ride in the same statement.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.entry import Entry
from services.ingest import reader, statements
from services.ingest.batch import Request, insert
from services.ingest.reader import Position
from services.ingest.rows import Outcome, Row
from services.ingest.vault import Vault
from services.runtime.clock import Clock, system_clock
from services.runtime.database import driver, transaction
from services.runtime.errors import Unavailable, is_database_away
from services.runtime.listening import listen
from services.runtime.logs import log

APPEND_SECONDS = 1.7
"""How long a request may wait for its commit before it hears that the inbox is away."""
BATCH_ROWS = 2_000
WAITING_AT_MOST = 30_000
"""Rows waiting for a commit: about a second's work; more would only wait to be refused."""
BATCH_BYTES = 8 * 1024 * 1024
HIDDEN_POLL_SECONDS = 0.005
CHANNEL = "qingfeng_inbox"

RETRY_ONCE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class Inbox:
    """Appends to and reads from the inbox. `start` before use and `close` after, on one event loop.

    writer: names this process's row of totals. accepted_rows, accepted_bytes: what this process added
    since it started. retention: microseconds behind as_of beyond which an event is too late (None: none is).
    """

    def __init__(
        self,
        engine: AsyncEngine,
        vault: Vault,
        *,
        writer: str = "main",
        clock: Clock = system_clock,
        retention: int | None = None,
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._writer = writer
        self._clock = clock
        self._retention = retention
        self._waiting: deque[Request] = deque()
        self._waiting_rows = 0
        self._work = asyncio.Event()
        self._changed = asyncio.Event()
        self._hidden = False
        self._tasks: list[asyncio.Task[None]] = []
        self.accepted_rows = 0
        self.accepted_bytes = 0

    async def start(self) -> None:
        """Begin to write and to listen. Works, and keeps trying, while the database is away."""
        self._tasks = [
            asyncio.create_task(self._write_forever()),
            asyncio.create_task(listen(self._engine, CHANNEL, self._changed.set)),
        ]

    async def close(self) -> None:
        """Stop; requests still waiting are answered Unavailable."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._refuse_waiting("shutting down")

    async def append(
        self,
        rows: Sequence[Row],
        request_id: str = "",
        *,
        historical: bool = False,
        within: float = APPEND_SECONDS,
    ) -> list[Outcome]:
        """Commit rows; one outcome a row, in order. Raises Unavailable when the database is away, after
        `within` seconds at the latest, or when more waits than can be committed in that time."""
        if self._waiting_rows > WAITING_AT_MOST:
            raise Unavailable("too many events at once")
        request = Request(rows, request_id, historical)
        self._waiting.append(request)
        self._waiting_rows += len(rows)
        self._work.set()
        try:
            async with asyncio.timeout(max(within, 0.1)):
                return await request.answer
        except TimeoutError:
            with contextlib.suppress(ValueError):
                self._waiting.remove(request)
                self._waiting_rows -= len(rows)
            raise Unavailable("the database does not answer") from None

    async def read(
        self, connection: asyncpg.Connection, after: Position, limit: int
    ) -> tuple[list[Entry], Position]:
        """As `reader.read`; remembers for `wait` whether committed rows hide behind an open transaction."""
        entries, position = await reader.read(connection, after, limit, self._retention)
        self._hidden = not entries and await reader.hidden(connection, after)
        return entries, position

    async def wait(self, timeout: float = 0.5) -> None:
        """Return when something may have arrived since the last call, at the latest after `timeout` s.

        For one consumer. Comes back within milliseconds while the last `read` left rows behind an open
        transaction, whose end nobody announces.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HIDDEN_POLL_SECONDS if self._hidden else timeout):
                await self._changed.wait()
        self._changed.clear()

    async def append_tick(self) -> bool:
        """Say what time it is, once a minute whoever calls; returns whether this call did."""
        now = self._clock()
        async with transaction(self._engine) as connection:
            done = await connection.fetchval(
                statements.APPEND_TICK, f"tick:{now // 60_000_000}", now, self._writer
            )
        self._changed.set()
        return done > 0

    async def _write_forever(self) -> None:
        while True:
            try:
                async with driver(self._engine) as connection:
                    while not connection.is_closed():
                        await self._work.wait()
                        # A connection lost while nothing was to do is no reason to refuse anybody.
                        if not connection.is_closed():
                            await self._commit(connection, self._take())
            except Exception as error:
                if not is_database_away(error):
                    log.error("inbox_writer_failed", error=type(error).__name__)
                await self._refuse_for(0.2)

    async def _refuse_for(self, seconds: float) -> None:
        """With the database away nobody needs to wait for the full time-out."""
        self._refuse_waiting("the database is away")
        self._work.clear()
        await asyncio.sleep(seconds)

    def _take(self) -> list[Request]:
        batch: list[Request] = []
        rows = size = 0
        while self._waiting and rows < BATCH_ROWS and size < BATCH_BYTES:
            request = self._waiting.popleft()
            batch.append(request)
            rows += len(request.rows)
            size += request.size
        self._waiting_rows -= rows
        if not self._waiting:
            self._work.clear()
        return batch

    async def _commit(self, connection: asyncpg.Connection, batch: list[Request]) -> None:
        try:
            outcomes = await self._insert_retrying(connection, batch)
        except BaseException as error:
            if is_database_away(error) or isinstance(error, asyncio.CancelledError):
                self._fail(batch, Unavailable("the database is away"))
                raise
            await self._blame(connection, batch, error)
            return
        for request, answer in zip(batch, outcomes, strict=True):
            if not request.answer.done():
                request.answer.set_result(answer)

    async def _blame(
        self, connection: asyncpg.Connection, batch: list[Request], error: BaseException
    ) -> None:
        """One request's rows cannot be stored: the others must not suffer for it."""
        if len(batch) == 1:
            log.error("inbox_insert_failed", error=type(error).__name__, request_id=batch[0].request_id)
            self._fail(batch, error)
            return
        for request in batch:
            await self._commit(connection, [request])

    async def _insert_retrying(
        self, connection: asyncpg.Connection, batch: list[Request]
    ) -> list[list[Outcome]]:
        async with asyncio.timeout(APPEND_SECONDS):
            try:
                return await self._insert(connection, batch)
            except RETRY_ONCE:
                return await self._insert(connection, batch)

    async def _insert(self, connection: asyncpg.Connection, batch: list[Request]) -> list[list[Outcome]]:
        stored = await insert(connection, batch, self._vault, self._clock(), self._writer)
        if stored.rows:
            self.accepted_rows += stored.rows
            self.accepted_bytes += stored.bytes
            self._changed.set()
        return stored.answers

    def _refuse_waiting(self, reason: str) -> None:
        self._fail(list(self._waiting), Unavailable(reason))
        self._waiting.clear()
        self._waiting_rows = 0

    def _fail(self, batch: list[Request], error: BaseException) -> None:
        for request in batch:
            if not request.answer.done():
                request.answer.set_exception(error)
                request.answer.exception()
