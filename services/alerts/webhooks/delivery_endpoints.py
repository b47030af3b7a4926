"""The webhooks API (contract, section 5), for supervisors and admins: deliveries.

A receiver's answers are shown to those who set endpoints up, never more than their first 20,000 bytes; of
an endpoint that hears whole alerts only to who reads alerts.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.alerts import cursors
from services.alerts.guard import Here, needs, problems
from services.alerts.shapes import Id
from services.alerts.webhooks import book, deliveries, entitlement
from services.alerts.webhooks.deliveries import Wanted
from services.alerts.webhooks.endpoints import Manager, known, require_on, text_of
from services.alerts.webhooks.shapes import Accepted, DeliveryPage, DeliveryQuery, DeliveryWithTries
from services.runtime.errors import Problem

routes = APIRouter(
    prefix="/v1/webhooks/{webhook_id}/deliveries",
    tags=["webhooks"],
    dependencies=[Depends(needs("manage_webhooks"))],
)
REFUSALS = problems(401, 403, 404, 422)


@routes.get("", response_model=DeliveryPage, responses=REFUSALS, operation_id="list_deliveries")
async def list_deliveries(
    office: Here, user: Manager, webhook_id: Id, asked: Annotated[DeliveryQuery, Query()]
) -> Any:
    """What was sent and what came of it, newest first; kept as long as `QINGFENG_WEBHOOK_RETENTION_DAYS`
    says."""
    wanted = Wanted(asked.state, asked.event, asked.since)
    listing = repr(("deliveries", webhook_id, sorted(asked.state), sorted(asked.event), asked.since))
    place = cursors.place(office.signing, asked.cursor, listing)
    async with office.transaction() as raw:
        hook = known(await book.one(raw, webhook_id))
        rows = await deliveries.page(raw, webhook_id, wanted, place, asked.limit + 1)
    shown, more = rows[: asked.limit], len(rows) > asked.limit
    cursor = cursors.seal(office.signing, shown[-1]["born"], listing) if more else None
    hidden = entitlement.hides_answers(user, hook)
    return {"items": [_delivery(row, hidden) for row in shown], "next_cursor": cursor}


@routes.get(
    "/{delivery_id}", response_model=DeliveryWithTries, responses=REFUSALS, operation_id="get_delivery"
)
async def get_delivery(office: Here, user: Manager, webhook_id: Id, delivery_id: Id) -> Any:
    """One delivery with every try."""
    async with office.transaction() as raw:
        row = await deliveries.one(raw, webhook_id, delivery_id)
        if row is None:
            raise _unknown()
        hidden = entitlement.hides_answers(user, await book.one(raw, webhook_id))
        tries = await deliveries.tries(raw, delivery_id)
    return {**_delivery(row, hidden), "attempts": [_try(one, hidden) for one in tries]}


@routes.post(
    "/{delivery_id}/redeliver",
    status_code=202,
    response_model=Accepted,
    responses=problems(401, 403, 404, 409, 422),
    operation_id="redeliver",
)
async def redeliver(office: Here, webhook_id: Id, delivery_id: Id) -> Any:
    """Try a delivery again from the start, under its old id. 409 while its endpoint is switched off."""
    async with office.transaction() as raw:
        require_on(known(await book.one(raw, webhook_id)))
        if not await deliveries.redeliver(raw, webhook_id, delivery_id, office.now()):
            raise _unknown()
    return {"queued": 1}


def _unknown() -> Problem:
    return Problem(404, "this webhook has no such delivery")


def _delivery(row: Any, hidden: bool) -> dict[str, Any]:
    kept = ("sequence", "alert_id", "version", "state", "tries", "last_status", "last_error")
    return {
        "id": row["delivery_id"],
        "type": row["event"],
        **{name: row[name] for name in kept},
        "last_response": None if hidden else row["last_response"],
        "created_at": text_of(row["created_at"]),
        "next_try_at": text_of(row["next_at"]) if row["state"] == "pending" else None,
        "last_try_at": text_of(row["last_try_at"]),
    }


def _try(row: Any, hidden: bool) -> dict[str, Any]:
    kept = ("attempt", "latency_ms", "status", "error")
    response = None if hidden else row["response"]
    return {**{name: row[name] for name in kept}, "response": response, "at": text_of(row["at"])}
