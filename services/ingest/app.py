"""Ingest put together: one object that a process starts, and that installs its routes on an app."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.moments import Calendar
from services.ingest import openapi
from services.ingest.admission import Admission
from services.ingest.auth import Keys
from services.ingest.backlog import Backlog
from services.ingest.endpoints import GetReceipts, PostEvents
from services.ingest.inbox import Inbox
from services.ingest.pseudonyms import Pseudonyms, make_pseudonyms
from services.ingest.receipts import Receipts
from services.ingest.retention import trim_forever
from services.ingest.vault import make_vault
from services.runtime.clock import Clock, system_clock
from services.runtime.database import ping
from services.runtime.errors import is_database_away
from services.runtime.logs import log
from services.runtime.web import Check, RequestIds, add_operations, install_conventions
from services.settings import Settings

TICK_LOOK_SECONDS = 5.0
EVENTS_PATH = "/v1/events"


class Ingest:
    """The door of one process. `install` before the app serves; `start` and `close` around its life.

    reader: who takes entries from the inbox, `embedded` or `relay`. writer: this process's row of totals.
    disk: folder that holds the database, if it is here. retention: microseconds behind as_of beyond which an
    event is too late.
    """

    def __init__(
        self,
        settings: Settings,
        engine: AsyncEngine,
        *,
        reader: str,
        writer: str = "main",
        disk: Path | None = None,
        retention: int | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self.admission = make_admission(settings)
        self.vault = make_vault(settings)
        self.inbox = Inbox(engine, self.vault, writer=writer, clock=clock, retention=retention)
        self.keys = Keys(engine, settings.rate_per_key, settings.rate_burst)
        self.backlog = Backlog(
            engine,
            self.inbox,
            reader=reader,
            rows_at_most=settings.backlog_rows,
            mebibytes_at_most=settings.backlog_mebibytes,
            disk=disk,
            clock=clock,
        )

    @property
    def checks(self) -> dict[str, Check]:
        """Readiness: the database answers, the inbox has room."""
        return {"database": self._check_database, "inbox": self._check_inbox}

    def install(self, app: FastAPI) -> None:
        """Add POST /v1/events and GET /v1/receipts, documented."""
        post = PostEvents(self.admission, self.inbox, self.keys, self.backlog, self._clock)
        app.router.routes.insert(0, Route(EVENTS_PATH, endpoint=post, methods=["POST"]))
        app.add_middleware(Shortcut, path=EVENTS_PATH, to=RequestIds(post, EVENTS_PATH))
        app.get(
            "/v1/receipts",
            response_model=Receipts,
            responses=openapi.problems(401, 403, 422, 503),
            tags=["events"],
            operation_id="getReceipts",
            summary="What was accepted of a day, by institution and type",
        )(GetReceipts(self.keys, self._engine).__call__)
        openapi.document(app)

    async def start(self) -> None:
        """Begin to write, to measure and to tick; works while the database is away."""
        await self.inbox.start()
        retention = trim_forever(self._engine, self._settings.inbox_retention_days, self._clock)
        self._tasks = [
            asyncio.create_task(work) for work in (self.backlog.watch(), self._tick_forever(), retention)
        ]

    async def close(self) -> None:
        """Stop; what is being committed is answered first or refused."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.inbox.close()

    async def _tick_forever(self) -> None:
        minute = -1
        while True:
            with contextlib.suppress(Exception):
                now = self._clock() // 60_000_000
                if now != minute:
                    await self.inbox.append_tick()
                    minute = now
            await asyncio.sleep(TICK_LOOK_SECONDS)

    async def _check_database(self) -> str | None:
        try:
            await ping(self._engine)
        except Exception as error:
            if not is_database_away(error):
                log.error("database_check_failed", error=type(error).__name__)
            return "the database does not answer"
        return None

    async def _check_inbox(self) -> str | None:
        return self.backlog.full()


Work = Callable[[Ingest], Coroutine[Any, Any, None]]


class Shortcut:
    """ASGI middleware: POSTs to one path go straight to their endpoint, past the framework's layers,
    which would cost more than the endpoint itself."""

    def __init__(self, app: ASGIApp, path: str, to: ASGIApp) -> None:
        self.app = app
        self._path = path
        self._to = to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        straight = scope["type"] == "http" and scope["path"] == self._path and scope["method"] == "POST"
        await (self._to if straight else self.app)(scope, receive, send)


def make_admission(settings: Settings, pseudonyms: Pseudonyms | None = None) -> Admission:
    """The admission of a deployment; `pseudonyms`: other than under its key."""
    return Admission(Calendar(settings.timezone), pseudonyms or make_pseudonyms(settings))


def create_app(settings: Settings, engine: AsyncEngine, beside: Sequence[Work] = ()) -> FastAPI:
    """The ingest service by itself (`qingfeng ingest`): its entries are read by the relay.

    beside: work that goes on for as long as the app serves, such as the relay's.
    """
    ingest = Ingest(settings, engine, reader="relay")

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await ingest.start()
        tasks = [asyncio.create_task(work(ingest)) for work in beside]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await ingest.close()

    app = FastAPI(title="Qingfeng ingest", version="1", lifespan=lifespan)
    install_conventions(app)
    ingest.install(app)
    add_operations(app, ingest.checks)
    return app
