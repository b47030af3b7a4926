"""The webhooks API (contract, section 5), for supervisors and admins.

A receiver's answers are shown in the list of deliveries to those who set endpoints up, never more than
their first 20,000 bytes.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from schemas.moments import micros, normal
from services.alerts import cursors
from services.alerts.guard import Here, needs, problems
from services.alerts.shapes import Id, PageQuery
from services.alerts.users import User
from services.alerts.webhooks import book
from services.alerts.webhooks.destinations import Refused, check, rules_from, system_resolve
from services.alerts.webhooks.shapes import (
    Accepted,
    DeliveryPage,
    RecoverIn,
    SecretOut,
    WebhookIn,
    WebhookList,
    WebhookOut,
    WebhookWithSecret,
)
from services.runtime.web import Problem

Manager = Annotated[User, Depends(needs("manage_webhooks"))]

routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], dependencies=[Depends(needs("manage_webhooks"))])
REFUSALS = problems(401, 403, 404, 422)


@routes.post(
    "",
    status_code=201,
    response_model=WebhookWithSecret,
    responses=problems(401, 403, 409, 422),
    operation_id="create_webhook",
)
async def create_webhook(office: Here, user: Manager, asked: WebhookIn, response: Response) -> Any:
    """Tell an address about alerts. The secret is in this answer and never again."""
    try:
        await check(asked.url, rules_from(office.settings), system_resolve)
    except Refused as error:
        raise Problem(422, str(error), errors=[{"path": "/url", "message": str(error)}]) from error
    async with office.transaction() as raw:
        made = await book.create(
            raw,
            office.sealing,
            url=asked.url,
            events=asked.events,
            institutions=asked.filter.institutions,
            rules=asked.filter.rules,
            min_severity=asked.filter.min_severity,
            payload=asked.payload,
            by=user.name,
            now=office.now(),
        )
    if made is None:
        raise Problem(409, f"there are {book.MOST} webhooks already")
    row, secret = made
    response.headers["Location"] = f"/v1/webhooks/{row['webhook_id']}"
    return {**_webhook(row), "secret": secret}


@routes.get("", response_model=WebhookList, responses=problems(401, 403), operation_id="list_webhooks")
async def list_webhooks(office: Here) -> Any:
    """All endpoints."""
    async with office.transaction() as raw:
        return {"items": [_webhook(row) for row in await book.everything(raw)]}


@routes.get("/{webhook_id}", response_model=WebhookOut, responses=REFUSALS, operation_id="get_webhook")
async def get_webhook(office: Here, webhook_id: Id) -> Any:
    """One endpoint."""
    async with office.transaction() as raw:
        return _webhook(await _known(raw, webhook_id))


@routes.delete("/{webhook_id}", status_code=204, responses=REFUSALS, operation_id="delete_webhook")
async def delete_webhook(office: Here, webhook_id: Id) -> None:
    """Tell it nothing more, and forget what was delivered."""
    async with office.transaction() as raw:
        if not await book.delete(raw, webhook_id):
            raise _unknown()


@routes.post(
    "/{webhook_id}/rotate", response_model=SecretOut, responses=REFUSALS, operation_id="rotate_secret"
)
async def rotate_secret(office: Here, webhook_id: Id) -> Any:
    """A new secret. For 24 hours deliveries carry a signature of each."""
    now = office.now()
    async with office.transaction() as raw:
        secret = await book.rotate(raw, office.sealing, webhook_id, now)
    if secret is None:
        raise _unknown()
    return {"id": webhook_id, "secret": secret, "old_secret_until": _text(now + book.OLD_SECRET_FOR)}


@routes.post(
    "/{webhook_id}/recover",
    status_code=202,
    response_model=Accepted,
    responses=REFUSALS,
    operation_id="recover_webhook",
)
async def recover_webhook(office: Here, webhook_id: Id, asked: RecoverIn) -> Any:
    """Switch it on again and tell it what failed or was missed since then (10,000 alerts at most)."""
    async with office.transaction() as raw:
        await _known(raw, webhook_id)
        return {"queued": await book.recover(raw, webhook_id, asked.since, office.now())}


@routes.get(
    "/{webhook_id}/deliveries",
    response_model=DeliveryPage,
    responses=REFUSALS,
    operation_id="list_deliveries",
)
async def list_deliveries(office: Here, webhook_id: Id, asked: Annotated[PageQuery, Query()]) -> Any:
    """What was sent and what came of it, newest first; kept for 30 days."""
    listing = repr(("deliveries", webhook_id))
    place = cursors.place(office.signing, asked.cursor, listing)
    async with office.transaction() as raw:
        await _known(raw, webhook_id)
        rows = await book.deliveries(raw, webhook_id, place, asked.limit + 1)
    shown, more = rows[: asked.limit], len(rows) > asked.limit
    cursor = cursors.seal(office.signing, shown[-1]["born"], listing) if more else None
    return {"items": [_delivery(row) for row in shown], "next_cursor": cursor}


@routes.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    response_model=Accepted,
    responses=REFUSALS,
    operation_id="redeliver",
)
async def redeliver(office: Here, webhook_id: Id, delivery_id: Id) -> Any:
    """Try a delivery again from the start, under its old id."""
    async with office.transaction() as raw:
        if not await book.redeliver(raw, webhook_id, delivery_id, office.now()):
            raise Problem(404, "this webhook has no such delivery")
    return {"queued": 1}


async def _known(raw: Any, webhook_id: str) -> Any:
    row = await book.one(raw, webhook_id)
    if row is None:
        raise _unknown()
    return row


def _unknown() -> Problem:
    return Problem(404, "there is no such webhook")


def _webhook(row: Any) -> dict[str, Any]:
    kept = ("url", "events", "payload", "created_by", "disabled_reason")
    return {
        "id": row["webhook_id"],
        **{name: row[name] for name in kept},
        **{name: _text(row[name]) for name in ("created_at", "failing_since", "disabled_at")},
        "filter": {name: row[name] for name in ("institutions", "rules", "min_severity")},
    }


def _delivery(row: Any) -> dict[str, Any]:
    kept = ("alert_id", "version", "state", "tries", "last_status", "last_error", "last_response")
    return {
        "id": row["delivery_id"],
        "type": row["event"],
        **{name: row[name] for name in kept},
        "created_at": _text(row["created_at"]),
        "next_try_at": _text(row["next_at"]) if row["state"] == "pending" else None,
        "last_try_at": _text(row["last_try_at"]),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else normal(micros(moment))
