"""The embedded runtime: one process, PostgreSQL as log and state.

The law: state, output and position move in ONE transaction. A batch is judged in memory, then written
whole or not at all; when writing fails, every memory is dropped and the batch is read again. While one batch
is written the next is judged: batches are written one after another, in their order. One runner works on a
database at a time: the others wait for its advisory lock, held by the connection that writes.

When reference data changed, what comes is judged by the new data at once, and all memories are judged anew,
a page between two batches. Where that stands is state like any other. A change that says which keys it
concerns has these judged anew with the batch that brings it. Memories that are over are dropped a page at a
time, too.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.alone import alone_on
from services.runtime.database import driver
from services.runtime.embedded.hot import STAGE, Hot
from services.runtime.embedded.rejudging import Rejudging
from services.runtime.embedded.sweeping import DROP, Sweeping
from services.runtime.logs import log
from services.runtime.ports import Anew, Emission, Memory, Outcome, Program
from services.runtime.vitals import RECOVERY

LOCK = 0x51494E48
BATCH = 256
SLICE = 32
"""Messages judged in one go, some 3 ms: what a request may have to wait for."""
HOTTEST = 10_000
"""Memories of a stage kept open: a person of twenty facts takes 16 KB."""
PACKED_BYTES = 256 << 20
"""Memories kept packed: some 69,000 persons of twenty facts (3.9 KB), or 22,000 of forty with long bills."""
RETRY_SECONDS = 0.5
REJUDGE_SLICE = 8
"""Memories judged anew in one go: a whole memory costs some ten messages."""
REJUDGE_BESIDE = 64
"""Memories judged anew after a batch, which takes about as long: the stream keeps half of its pace."""
REJUDGE_ALONE = 256
"""… while nothing else is to be done."""
SWEEP_BESIDE = 128
"""Memories looked at after a batch, whether they are over: most are told by their keys."""
SWEEP_ALONE = 512
"""… while nothing else is to be done."""

LOAD = "SELECT key, cell, body FROM memory_cell WHERE key = ANY($1::text[])"
PUT = """
INSERT INTO memory_cell (key, cell, body)
SELECT * FROM unnest($1::memory_cell[])
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

    async def enter(self, connection: asyncpg.Connection) -> None:
        """Called first in each transaction that stores."""

    async def store(self, connection: asyncpg.Connection, position: Any) -> None:
        """Keep a position, in the caller's transaction."""

    async def wait(self) -> None:
        """Return when more may have come."""

    async def pause(self) -> None:
        """Let others of this process work, when it is time to: called between slices."""


class Sink(Protocol):
    """Takes what goes outside, in the caller's transaction; returns what to call once it is committed."""

    async def __call__(self, connection: asyncpg.Connection, values: Sequence[Any]) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True)
class Cells:
    """What a sitting changed of the memories it touched, as it is to be stored: rows of the table, and the
    places of those that are gone."""

    kept: list[tuple[str, str, bytes]]
    gone: list[tuple[str, str]]

    @classmethod
    def of(cls, touched: Mapping[str, Memory]) -> "Cells":
        """Take what memories changed."""
        changed = cls([], [])
        for key, memory in touched.items():
            for cell, body in memory.changes().items():
                if body is None:
                    changed.gone.append((key, cell))
                else:
                    changed.kept.append((key, cell, body))
        return changed

    async def put(self, connection: asyncpg.Connection) -> None:
        """Store it, in the caller's transaction."""
        if self.kept:
            await connection.execute(PUT, self.kept)
        if self.gone:
            await connection.execute(DELETE, [key for key, _ in self.gone], [cell for _, cell in self.gone])


class EmbeddedRunner:
    """Reads, judges and stores, for ever.

    renew: fetches reference data anew and makes the program judge by it.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        program: Program,
        source: Source,
        sink: Sink,
        renew: Callable[[asyncpg.Connection], Awaitable[None]],
        *,
        fail: Callable[[str], None] = lambda point: None,
    ) -> None:
        self._engine = engine
        self._program = program
        self._source = source
        self._sink = sink
        self._renew = renew
        self._fail = fail
        self._open = Hot(program.stage, HOTTEST, PACKED_BYTES)
        self._position: Any = None
        self._written: asyncio.Task[None] | None = None
        self._rejudging = Rejudging()
        self._sweeping = Sweeping(program.ageing)
        self.trouble: str | None = "not started"
        """Why it cannot do its work now, for readiness; None when it can."""

    async def run(self) -> None:
        """Work until cancelled; every trouble is retried."""
        while True:
            try:
                async with driver(self._engine) as reader, driver(self._engine) as writer:
                    await self._hold(reader, writer)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._forget_all()
                self.trouble = f"{type(error).__name__} while judging"
                log.warning("runner_retries", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _hold(self, reader: asyncpg.Connection, writer: asyncpg.Connection) -> None:
        """Work for as long as the writing connection holds the lock."""

        def waits() -> None:
            self.trouble = "another process judges on this database"

        async with alone_on(writer, LOCK, waits):
            try:
                began = time.monotonic()
                await self.begin(reader)
                RECOVERY.observe(time.monotonic() - began)
                while True:
                    self.trouble = None
                    judged = await self.step(reader, writer)
                    rejudged = await self.rejudge(reader, writer, REJUDGE_BESIDE if judged else REJUDGE_ALONE)
                    swept = await self.sweep(reader, writer, SWEEP_BESIDE if judged else SWEEP_ALONE)
                    if not (judged or rejudged or swept):
                        await self._source.wait()
            finally:
                await self._give_up_writing()

    async def begin(self, connection: asyncpg.Connection) -> None:
        """Take up the work where it was left, with nothing in memory."""
        self._forget_all()
        await self._renew(connection)
        self._position = await self._source.load(connection)
        await self._rejudging.load(connection)
        self._sweeping = Sweeping(self._program.ageing)

    async def step(self, reader: asyncpg.Connection, writer: asyncpg.Connection) -> bool:
        """Judge one batch, and begin to write it once the one before is written; whether there was one, or
        one was still being written. After a False all that was judged is stored."""
        messages, position = await self._source.read(reader, self._position, BATCH)
        if not messages:
            return await self._settle()
        outcome = await self._judge(reader, messages)
        anew = outcome.rejudge
        everything = anew.version if anew is not None and anew.spans is None else None
        if anew is not None and everything is None:
            await self._renew(reader)
            await self._judge_spans(reader, anew, outcome)
        values = [emission.value for emission in outcome.emissions]
        values.append(self._program.judged(self._program.first, 0, position.count, outcome, position.as_of))

        async def place(connection: asyncpg.Connection) -> None:
            await self._source.store(connection, position)
            if everything is not None:
                await self._rejudging.begin(connection, everything)

        await self._write(writer, outcome.touched, values, place)
        self._position = position
        if everything is not None:
            await self._settle()
            self._rejudging.started()
            await self._renew(reader)
        return True

    async def rejudge(self, reader: asyncpg.Connection, writer: asyncpg.Connection, size: int) -> bool:
        """Judge a page of memories anew, if reference data changed; whether there was one."""
        if self._rejudging.after is None:
            return False
        keys = await self._rejudging.page(reader, size)
        cold = [key for key in keys if key not in self._open]
        outcome = await self._judge_anew(reader, keys)
        values = [emission.value for emission in outcome.emissions]
        await self._write(
            writer, outcome.touched, values, lambda connection: self._rejudging.move(connection, keys)
        )
        await self._settle()
        self._rejudging.moved(keys)
        self._fail("after_rejudge")
        # Whoever is only judged anew makes no room among those at hand.
        for key in cold:
            self._open.drop(key)
        return True

    async def sweep(self, reader: asyncpg.Connection, writer: asyncpg.Connection, size: int) -> bool:
        """Look at a page of memories and drop those that are over; whether there was one."""
        as_of = self._position.as_of
        if not self._sweeping.is_on(as_of):
            return False
        found = await self._sweeping.page(reader, size)
        keys = [key for key in found if self._program.may_be_over(key, as_of)]
        cold = [key for key in keys if key not in self._open]
        # What is still being written is not yet what the database would tell of these.
        await self._settle()
        await self._warm(reader, set(keys))
        over = [key for key in keys if self._program.is_over(self._open[key], as_of)]
        if over:
            async with writer.transaction():
                await self._source.enter(writer)
                await writer.execute(DROP, over)
            self._fail("after_sweep")
        for key in (*cold, *over):
            self._open.drop(key)
        return True

    async def _judge_spans(self, connection: asyncpg.Connection, anew: Anew, outcome: Outcome) -> None:
        """Add to what a batch led to that the keys it says are concerned are judged anew."""
        # Which keys there are tells the database, once it knows those of the batch before.
        await self._settle()
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
            outcome.add(self._program.rejudge([self._open[key] for key in part], self._position.as_of))
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

    # -- writing ------------------------------------------------------------------------------------------

    async def _write(
        self,
        connection: asyncpg.Connection,
        touched: Mapping[str, Memory],
        values: Sequence[Any],
        place: Callable[[asyncpg.Connection], Awaitable[None]],
    ) -> None:
        """Begin to store what a batch led to, once the one before it is stored."""
        changed = Cells.of(touched)
        await self._settle()
        # What is on its way is not yet what the database would tell of these.
        self._open.cool(touched)
        self._written = asyncio.create_task(self._commit(connection, changed, values, place))

    async def _commit(
        self,
        connection: asyncpg.Connection,
        changed: Cells,
        values: Sequence[Any],
        place: Callable[[asyncpg.Connection], Awaitable[None]],
    ) -> None:
        """State, output and position (`place` stores it) in one transaction."""
        async with connection.transaction():
            await self._source.enter(connection)
            await changed.put(connection)
            self._fail("after_state")
            committed = await self._sink(connection, values)
            self._fail("after_output")
            await place(connection)
            self._fail("before_commit")
        self._fail("after_commit")
        committed()

    async def _settle(self) -> bool:
        """Wait until all that was judged is stored; whether anything was not. Raises what writing raised."""
        written, self._written = self._written, None
        if written is None:
            return False
        await written
        return True

    async def _give_up_writing(self) -> None:
        """The round is over: what is being written is written or not, and nobody waits to hear."""
        written, self._written = self._written, None
        if written is not None:
            written.cancel()
            await asyncio.gather(written, return_exceptions=True)

    # -- memories at hand ---------------------------------------------------------------------------------

    async def _warm(self, connection: asyncpg.Connection, keys: set[str]) -> None:
        """Have the memories of these keys open."""
        missing = [key for key in keys if not self._open.use(key)]
        if not missing:
            return
        cells: dict[str, list[tuple[str, bytes]]] = {key: [] for key in missing}
        for key, cell, body in await connection.fetch(LOAD, missing):
            cells[key].append((cell, body))
        for key, known in cells.items():
            stage, name = self._program.stage(key), key[STAGE:]
            self._open[key] = stage.restore(name, known) if known else stage.fresh(name)

    def _forget_all(self) -> None:
        self._open.clear()
