"""The reading API: alerts, their history, what was screened, the system's status (contract, section 3).

Handlers, supervisors and auditors read alerts; admins, who look after users and webhooks, see
the status, what was screened, and no case data.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from schemas.moments import micros, normal
from services.alerts import cursors, reading, screenings, status
from services.alerts.guard import Here, needs, problems
from services.alerts.reading import Wanted
from services.alerts.shapes import (
    AlertPage,
    AlertQuery,
    AlertWithHistory,
    Id,
    ScreenedMonth,
    ScreeningQuery,
    StatusOut,
)
from services.runtime.errors import Problem

READER = [Depends(needs("read_alerts"))]
COUNTER = [Depends(needs("read_counts"))]
ANYONE = [Depends(needs("read_status"))]

routes = APIRouter(prefix="/v1", tags=["alerts"])


@routes.get(
    "/alerts",
    dependencies=READER,
    responses=problems(401, 403, 422),
    operation_id="list_alerts",
    response_model=AlertPage,
    response_model_exclude_unset=True,
)
async def list_alerts(office: Here, asked: Annotated[AlertQuery, Query()]) -> Any:
    """Alerts by filter, newest first. Give a parameter several times to widen it."""
    wanted = Wanted(
        statuses=asked.status,
        rules=asked.rule,
        institutions=asked.institution,
        regions=asked.region,
        severities=asked.severity,
        since=asked.since,
        shadow=asked.shadow,
    )
    place = cursors.place(office.signing, asked.cursor, wanted.listing())
    async with office.transaction() as raw:
        shown, more = await reading.page(raw, wanted, asked.limit, place, office.now())
    cursor = reading.next_cursor(office.signing, more, wanted)
    return {"items": [alert.fields for alert in shown], "next_cursor": cursor}


@routes.get(
    "/alerts/{alert_id}",
    dependencies=READER,
    responses=problems(401, 403, 404, 422),
    operation_id="get_alert",
    response_model=AlertWithHistory,
    response_model_exclude_unset=True,
)
async def get_alert(office: Here, alert_id: Id) -> Any:
    """One alert as it stands, with every version it had."""
    async with office.transaction() as raw:
        shown = await reading.one(raw, alert_id)
        versions = await reading.history(raw, alert_id) if shown else []
    if shown is None:
        raise Problem(404, "there is no such alert")
    return dict(shown.fields, history=[_version(version, shown) for version in versions])


@routes.get(
    "/status",
    dependencies=ANYONE,
    responses=problems(401, 403),
    operation_id="get_status",
    response_model=StatusOut,
)
async def get_status(office: Here) -> Any:
    """How far the system has come; lag 0: all that was accepted so far is judged and stored."""
    async with office.transaction() as raw:
        return await status.read(raw, office.clock())


@routes.get(
    "/screenings",
    dependencies=COUNTER,
    responses=problems(401, 403, 422),
    operation_id="count_screenings",
    response_model=ScreenedMonth,
)
async def count_screenings(office: Here, asked: Annotated[ScreeningQuery, Query()]) -> Any:
    """How many settlements of a month were screened, and their sums: what the door accepted, all of it."""
    async with office.transaction() as raw:
        return await screenings.counts(raw, asked.month, asked.institution)


def _version(version: reading.Version, shown: reading.Shown) -> dict[str, Any]:
    return {
        "version": version.version,
        "status": version.alert.status,
        "changed_at": normal(micros(version.changed_at)),
        "alert": reading.fields(version.alert, version.version, shown.detected_at),
    }
