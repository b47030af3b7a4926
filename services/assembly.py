"""Where the embedded system is put together: the one place that knows all services.

One process, one port, one database: the door, the detector reading the inbox, alerts. Services meet only
through what is handed over here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from time import perf_counter
from typing import Any

import asyncpg
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.entry import Entry
from schemas.moments import instant
from schemas.registry import Registry
from services.alerts import app as alerts
from services.alerts import intake
from services.detector.program import DetectorProgram
from services.detector.stages import make_pipeline
from services.ingest.app import Ingest
from services.ingest.custody import refuse_new_keys
from services.ingest.inbox import Inbox
from services.ingest.reader import (
    Position,
    load_position,
    promise_no_entry,
    settle_after_restore,
    store_position,
)
from services.ingest.registry import load_registry
from services.periodic import PeriodJudge
from services.retrying import Neighbourhood
from services.runtime.clock import system_clock
from services.runtime.database import migrate, open_engine
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.embedded.runner import EmbeddedRunner
from services.runtime.embedded.size import watch_state
from services.runtime.errors import UserError
from services.runtime.failpoints import failpoint
from services.runtime.logs import log
from services.runtime.web import add_operations, install_conventions
from services.settings import Settings

READER = "embedded"
KEEPER_SECONDS = 1.0
WORK_SECONDS = 0.002
"""The judge works so long without looking whether others have something to do …"""
PATIENCE_SECONDS = 0.010
"""… then leaves the loop to them until a turn of it finds nothing to do, at most so long."""
IDLE_TURN_SECONDS = 0.00005
"""Longer than a turn of the loop with nothing to do (2 µs), shorter than the smallest part of a request."""


class InboxSource:
    """The inbox as the embedded runner reads it."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._paused_at = 0.0

    async def load(self, connection: asyncpg.Connection) -> Position:
        """Where the detector stands."""
        return await load_position(connection, READER)

    async def read(
        self, connection: asyncpg.Connection, after: Position, limit: int
    ) -> tuple[Sequence[Entry], Position]:
        """Entries after a position, and the position after them."""
        return await self._inbox.read(connection, after, limit)

    async def enter(self, connection: asyncpg.Connection) -> None:
        """What is judged may be read on while it is stored."""
        await promise_no_entry(connection)

    async def store(self, connection: asyncpg.Connection, position: Position) -> None:
        """Keep the position in the caller's transaction."""
        await store_position(connection, READER, position)

    async def wait(self) -> None:
        """Return when more may have come."""
        await self._inbox.wait()

    async def pause(self) -> None:
        """Requests are served by the same loop and go first: the judge can catch up, a client that waits
        cannot. One that waits for the database needs no loop meanwhile. The judge keeps a share, so that it
        never stands still."""
        began = turn = perf_counter()
        if began - self._paused_at < WORK_SECONDS:
            return
        is_idle = False
        while not is_idle and turn - began < PATIENCE_SECONDS:
            await asyncio.sleep(0)
            last, turn = turn, perf_counter()
            is_idle = turn - last < IDLE_TURN_SECONDS
        self._paused_at = turn


class System:
    """The embedded system on a database. `app` serves it; `start` and `close` around its life."""

    def __init__(
        self, settings: Settings, engine: AsyncEngine, postgres: EmbeddedPostgres | None = None
    ) -> None:
        self.engine = engine
        self._postgres = postgres
        self._also: list[Callable[[], Coroutine[Any, Any, Any]]] = []
        self._tasks: list[asyncio.Task[Any]] = []
        disk = settings.data_dir if postgres is not None else None
        pipeline = make_pipeline(settings, Registry())
        retention = pipeline.person.bench.retention
        self.ingest = Ingest(settings, engine, reader=READER, disk=disk, retention=retention)
        self.program = DetectorProgram(pipeline)
        self.runner = EmbeddedRunner(
            engine,
            self.program,
            InboxSource(self.ingest.inbox),
            _take_in,
            self._renew,
            fail=failpoint(settings.failpoint),
        )
        self.app = FastAPI(title="Qingfeng", version="1", lifespan=self._lifespan)
        install_conventions(self.app)
        self.ingest.install(self.app)
        self._office = alerts.install(self.app, engine, settings, neighbours=Neighbourhood(engine))
        add_operations(self.app, {**self.ingest.checks, "detector": self._check_detector})

    def begin_with(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Have further work begin with the system."""
        self._also.append(work)

    async def start(self) -> None:
        """Begin all work; each part goes on by itself after trouble."""
        await self.ingest.start()
        for work in self._also:
            self._begin(work())
        self._begin(self.runner.run())
        self._begin(alerts.work(self._office))
        calm = self._postgres.calm if self._postgres is not None else _leave
        self._begin(PeriodJudge(self.engine, calm=calm).run())
        self._begin(watch_state(self.engine))
        if self._postgres is not None:
            self._begin(_keep_running(self._postgres))

    async def close(self) -> None:
        """End all work; what is half done is done again at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ingest.close()

    def _begin(self, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.append(asyncio.create_task(work))

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        await self.start()
        yield
        await self.close()

    async def _renew(self, connection: asyncpg.Connection) -> None:
        self.program.use(await load_registry(connection))

    async def _check_detector(self) -> str | None:
        return self.runner.trouble


@contextlib.asynccontextmanager
async def embedded_system(settings: Settings) -> AsyncIterator[System]:
    """The system on the given database, else on the private one of the data folder, migrated.

    Raises UserError when either cannot be used.
    """
    postgres = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
    url = settings.database_url or await asyncio.to_thread(postgres.start)  # type: ignore[union-attr]
    engine = open_engine(url)
    try:
        await migrate(engine)
        await settle_after_restore(engine)
        await refuse_new_keys(engine, settings)
        yield System(settings, engine, postgres)
    finally:
        await engine.dispose()
        if postgres is not None:
            await asyncio.to_thread(postgres.stop)


def _leave(_: int) -> None:
    """A database of others decides for itself whose turn it is."""


async def _take_in(connection: asyncpg.Connection, values: Sequence[Any]) -> Callable[[], None]:
    stored = await intake.store(connection, values, instant(system_clock()))
    return stored.committed


async def _keep_running(postgres: EmbeddedPostgres) -> None:
    """A private server that died is started again; the rest of the system reconnects by itself."""
    while True:
        await asyncio.sleep(KEEPER_SECONDS)
        if not await asyncio.to_thread(lambda: postgres.running):
            log.warning("database_restarted", host="embedded")
            with contextlib.suppress(UserError):
                await asyncio.to_thread(postgres.start)
