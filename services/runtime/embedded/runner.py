"""The embedded runtime: one process, PostgreSQL as log and state.

The law: state, output and position move in ONE transaction. A batch is judged in memory, then written
whole or not at all; when writing fails, every memory is dropped and the batch is read again. One runner
works on a database at a time: the others wait for its advisory lock.

When reference data changed, what comes is judged by the new data at once, and all memories are judged anew,
a page between two batches. Where that stands is state like any other. A change that says which keys it
concerns has these judged anew with the batch that brings it.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.database import driver
from services.runtime.embedded.rejudging import Rejudging
from services.runtime.logs import log
from services.runtime.ports import Anew, Emission, Memory, Outcome, Program
from services.runtime.vitals import RECOVERY

LOCK = 0x51494E48
BATCH = 256
SLICE = 32
"""Messages judged in one go, some 3 ms: what a request may have to wait for."""
RETRY_SECONDS = 0.5
REJUDGE_SLICE = 8
"""Memories judged anew in one go: a whole memory costs some ten messages."""
REJUDGE_BESIDE = 64
"""Memories judged anew after a batch, which takes about as long: the stream keeps half of its pace."""
REJUDGE_ALONE = 256
"""… while nothing else is to be done."""

LOAD = "SELECT key, cell, body FROM memory_cell WHERE key = ANY($1::text[])"
PUT = """
INSERT INTO memory_cell (key, cell, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
ON CONFLICT (key, cell) DO UPDATE SET body = excluded.body
"""
SPANNED = "SELECT key FROM memory_cell WHERE cell = '' AND key ^@ $1::text"
DELETE = """
DELETE FROM memory_cell USING unnest($1::text[], $2::text[]) AS gone (key, cell)
WHERE memory_cell.key = gone.key AND memory_cell.cell = gone.cell
"""


class Source(Protocol):
    """Where messages come from, in one order, with positions that the runner stores."""

    async def load(self, connection: asyncpg.Connection) -> Any:
        """The stored position."""

    async def read(self, connection: asyncpg.Connection, after: Any, limit: int) -> tuple[Sequence[Any], Any]:
        """Messages after a position, and the position after them."""

    async def store(self, connection: asyncpg.Connection, position: Any) -> None:
        """Keep a position, in the caller's transaction."""

    async def wait(self) -> None:
        """Return when more may have come."""

    async def pause(self) -> None:
        """Let others of this process work: called between slices."""


class Sink(Protocol):
    """Takes what goes outside, in the caller's transaction; returns what to call once it is committed."""

    async def __call__(self, connection: asyncpg.Connection, values: Sequence[Any]) -> Callable[[], None]: ...


class EmbeddedRunner:
    """Reads, judges and stores, for ever.

    renew: fetches reference data anew and makes the program judge by it. hottest: memories kept open.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        program: Program,
        source: Source,
        sink: Sink,
        renew: Callable[[asyncpg.Connection], Awaitable[None]],
        *,
        hottest: int = 20_000,
        fail: Callable[[str], None] = lambda point: None,
    ) -> None:
        self._engine = engine
        self._program = program
        self._source = source
        self._sink = sink
        self._renew = renew
        self._hottest = hottest
        self._fail = fail
        self._open: OrderedDict[str, Memory] = OrderedDict()
        self._position: Any = None
        self._rejudging = Rejudging()
        self.trouble: str | None = "not started"
        """Why it cannot do its work now, for readiness; None when it can."""
        self.beats = 0
        """Rounds made: a process that makes no progress shows here."""

    async def run(self) -> None:
        """Work until cancelled; every trouble is retried."""
        while True:
            try:
                async with driver(self._engine) as connection:
                    await self._hold(connection)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._forget_all()
                self.trouble = f"{type(error).__name__} while judging"
                log.warning("runner_retries", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _hold(self, connection: asyncpg.Connection) -> None:
        """Work for as long as this connection holds the lock."""
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            self.trouble = "another process judges on this database"
            await asyncio.sleep(1.0)
        try:
            began = time.monotonic()
            await self.begin(connection)
            RECOVERY.observe(time.monotonic() - began)
            while True:
                self.trouble = None
                self.beats += 1
                judged = await self.step(connection)
                rejudged = await self.rejudge(connection, REJUDGE_BESIDE if judged else REJUDGE_ALONE)
                if not judged and not rejudged:
                    await self._source.wait()
        finally:
            with contextlib.suppress(Exception):
                await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)

    async def begin(self, connection: asyncpg.Connection) -> None:
        """Take up the work where it was left, with nothing in memory."""
        self._forget_all()
        await self._renew(connection)
        self._position = await self._source.load(connection)
        await self._rejudging.load(connection)

    async def step(self, connection: asyncpg.Connection) -> bool:
        """One batch; whether there was one."""
        messages, position = await self._source.read(connection, self._position, BATCH)
        if not messages:
            return False
        outcome = await self._judge(connection, messages)
        anew = outcome.rejudge
        everything = anew.version if anew is not None and anew.spans is None else None
        if anew is not None and everything is None:
            await self._renew(connection)
            await self._judge_spans(connection, anew, outcome)
        values = [emission.value for emission in outcome.emissions]
        values.append(self._program.judged(self._program.first, 0, position.count, outcome, position.as_of))

        async def place(connection: asyncpg.Connection) -> None:
            await self._source.store(connection, position)
            if everything is not None:
                await self._rejudging.begin(connection, everything)

        await self._write(connection, outcome.touched, values, place)
        self._position = position
        if everything is not None:
            self._rejudging.started()
            await self._renew(connection)
        self._cool()
        return True

    async def rejudge(self, connection: asyncpg.Connection, size: int) -> bool:
        """Judge a page of memories anew, if reference data changed; whether there was one."""
        if self._rejudging.after is None:
            return False
        keys = await self._rejudging.page(connection, size)
        cold = [key for key in keys if key not in self._open]
        outcome = await self._judge_anew(connection, keys)
        values = [emission.value for emission in outcome.emissions]
        await self._write(
            connection, outcome.touched, values, lambda connection: self._rejudging.move(connection, keys)
        )
        self._rejudging.moved(keys)
        self._fail("after_rejudge")
        # Whoever is only judged anew makes no room among those at hand.
        for key in cold:
            self._open.pop(key, None)
        self._cool()
        return True

    async def _judge_spans(self, connection: asyncpg.Connection, anew: Anew, outcome: Outcome) -> None:
        """Add to what a batch led to that the keys it says are concerned are judged anew."""
        found = set()
        for prefix, spans in anew.by_prefix.items():
            keys = {row["key"] for row in await connection.fetch(SPANNED, prefix)}
            keys.update(key for key in outcome.touched if key.startswith(prefix))
            found.update(key for key in keys if any(span.holds(key) for span in spans))
        judged = await self._judge_anew(connection, sorted(found))
        outcome.emissions += judged.emissions
        outcome.touched.update(judged.touched)

    async def _judge_anew(self, connection: asyncpg.Connection, keys: Sequence[str]) -> Outcome:
        """Judge whole memories again, and what crosses keys by that."""
        await self._warm(connection, set(keys))
        outcome = Outcome()
        for begin in range(0, len(keys), REJUDGE_SLICE):
            part = keys[begin : begin + REJUDGE_SLICE]
            outcome.add(self._program.rejudge([self._open[key] for key in part]))
            await self._source.pause()
        outcome.emissions = await self._cross(connection, outcome.emissions, outcome)
        return outcome

    async def _judge(self, connection: asyncpg.Connection, messages: Sequence[Any]) -> Outcome:
        """A batch through all stages: what crosses keys is judged in the same round."""
        program = self._program
        await self._warm(connection, program.keys(program.first, messages))
        outcome = Outcome()
        for begin in range(0, len(messages), SLICE):
            part = messages[begin : begin + SLICE]
            outcome.add(program.sit(program.first, part, self._open.__getitem__))
            await self._source.pause()
        outcome.emissions = await self._cross(connection, outcome.emissions, outcome)
        return outcome

    async def _cross(
        self, connection: asyncpg.Connection, emissions: Iterable[Emission], outcome: Outcome
    ) -> list[Emission]:
        """Judge emissions for other stages until only those for the sink are left."""
        inner: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
        outward = []
        for emission in emissions:
            if emission.topic == self._program.sink:
                outward.append(emission)
            else:
                inner[emission.topic].append((emission.key, emission.value))
        for topic, messages in inner.items():
            await self._warm(connection, self._program.keys(topic, messages))
            for begin in range(0, len(messages), SLICE):
                part = messages[begin : begin + SLICE]
                crossed = self._program.sit(topic, part, self._open.__getitem__)
                outcome.touched.update(crossed.touched)
                outward += await self._cross(connection, crossed.emissions, outcome)
                await self._source.pause()
        return outward

    async def _write(
        self,
        connection: asyncpg.Connection,
        touched: dict[str, Memory],
        values: Sequence[Any],
        place: Callable[[asyncpg.Connection], Awaitable[None]],
    ) -> None:
        """State, output and position (`place` stores it) in one transaction."""
        async with connection.transaction():
            await self._put(connection, touched)
            self._fail("after_state")
            committed = await self._sink(connection, values)
            self._fail("after_output")
            await place(connection)
            self._fail("before_commit")
        self._fail("after_commit")
        committed()

    async def _warm(self, connection: asyncpg.Connection, keys: set[str]) -> None:
        """Have the memories of these keys open."""
        missing = []
        for key in keys:
            if key in self._open:
                self._open.move_to_end(key)
            else:
                missing.append(key)
        if not missing:
            return
        cells: dict[str, list[tuple[str, bytes]]] = {key: [] for key in missing}
        for key, cell, body in await connection.fetch(LOAD, missing):
            cells[key].append((cell, body))
        for key, known in cells.items():
            stage = self._program.stage(key)
            name = key[2:]
            self._open[key] = stage.restore(name, known) if known else stage.fresh(name)

    async def _put(self, connection: asyncpg.Connection, touched: dict[str, Memory]) -> None:
        keys: list[str] = []
        cells: list[str] = []
        bodies: list[bytes] = []
        gone: list[tuple[str, str]] = []
        for key, memory in touched.items():
            for cell, body in memory.changes().items():
                if body is None:
                    gone.append((key, cell))
                else:
                    keys.append(key)
                    cells.append(cell)
                    bodies.append(body)
        if keys:
            await connection.execute(PUT, keys, cells, bodies)
        if gone:
            await connection.execute(DELETE, [key for key, _ in gone], [cell for _, cell in gone])

    def _cool(self) -> None:
        while len(self._open) > self._hottest:
            self._open.popitem(last=False)

    def _forget_all(self) -> None:
        self._open.clear()
