"""The alerts service as part of an application: install its routes, keep its courier running.

The embedded system installs it beside ingest on one port; `create_app` serves it alone.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.staticfiles import StaticFiles

from services.alerts import endpoints, incident_endpoints, retention, standing, status, stream
from services.alerts.console import routes as console
from services.alerts.office import Neighbours, Office, open_office
from services.alerts.webhooks import delivery_endpoints
from services.alerts.webhooks import endpoints as webhooks
from services.alerts.webhooks.courier import Courier, open_sender
from services.runtime import database
from services.runtime.clock import Clock, system_clock
from services.runtime.serving import before_leaving
from services.runtime.web import Check, add_operations, install_conventions
from services.settings import Settings


def install(
    app: FastAPI,
    engine: AsyncEngine,
    settings: Settings,
    clock: Clock = system_clock,
    neighbours: Neighbours | None = None,
) -> Office:
    """Add the alerts API, the webhooks API and the console to an application that has the house's
    conventions already. Run `work(office)` beside it. Raises UserError for unusable settings."""
    office = open_office(engine, settings, clock, neighbours)
    app.state.alerts_office = office
    before_leaving(app, office.broadcast.close)
    app.include_router(stream.routes)  # before /alerts/{alert_id}
    app.include_router(endpoints.routes)
    app.include_router(incident_endpoints.routes)
    app.include_router(webhooks.routes)
    app.include_router(delivery_endpoints.routes)
    app.include_router(console.routes)
    app.mount("/console/static", StaticFiles(directory=console.HERE / "static"))
    return office


async def work(office: Office) -> None:
    """Deliver webhooks, tell those who read along, watch how far the system is behind and what stands open,
    forget what is due."""
    sender = open_sender(office)
    watching = [
        asyncio.create_task(status.watch(office.engine, office.clock)),
        asyncio.create_task(standing.watch(office.engine)),
        asyncio.create_task(retention.forget_forever(office)),
        asyncio.create_task(office.broadcast.run()),
    ]
    try:
        await Courier(office, sender.send).run()
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await sender.close()


def create_app(
    engine: AsyncEngine,
    settings: Settings,
    clock: Clock = system_clock,
    neighbours: Neighbours | None = None,
) -> FastAPI:
    """The alerts service alone: its API, its console and its courier."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        courier = asyncio.create_task(work(office))
        yield
        courier.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await courier

    app = FastAPI(title="Qingfeng alerts", version="1", lifespan=lifespan)
    install_conventions(app)
    add_operations(app, readiness(engine))
    office = install(app, engine, settings, clock, neighbours)
    return app


def readiness(engine: AsyncEngine) -> dict[str, Check]:
    """What the service needs to do its work."""

    async def reachable() -> str | None:
        await database.ping(engine)
        return None

    return {"database": reachable}
