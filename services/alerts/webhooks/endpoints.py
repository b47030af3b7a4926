"""The webhooks API (contract, section 5), for supervisors and admins: endpoints themselves."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from schemas.moments import micros, normal
from services.alerts.guard import Here, needs, problems
from services.alerts.office import Office
from services.alerts.shapes import Id
from services.alerts.users import User
from services.alerts.webhooks import book, deliveries, entitlement, headers, notices, payload
from services.alerts.webhooks.destinations import Refused, check, rules_from, system_resolve
from services.alerts.webhooks.shapes import (
    EventTypeList,
    QueuedTest,
    Recovered,
    RecoverIn,
    SecretOut,
    WebhookChange,
    WebhookIn,
    WebhookList,
    WebhookOut,
    WebhookWithSecret,
)
from services.runtime.errors import Problem

Manager = Annotated[User, Depends(needs("manage_webhooks"))]

routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], dependencies=[Depends(needs("manage_webhooks"))])
REFUSALS = problems(401, 403, 404, 422)
FILTERS = ("institutions", "rules", "min_severity", "regions")


@routes.post(
    "",
    status_code=201,
    response_model=WebhookWithSecret,
    responses=problems(401, 403, 409, 422),
    operation_id="create_webhook",
)
async def create_webhook(office: Here, user: Manager, asked: WebhookIn, response: Response) -> Any:
    """Tell an address about alerts. The secret is in this answer and never again. `payload` full takes a
    role that reads alerts."""
    given = _columns(asked.model_dump(exclude={"headers"}))
    entitlement.check(user, given)
    await _check(office, asked.url)
    async with office.transaction() as raw:
        made = await book.create(raw, office.sealing, given, asked.headers, user.name, office.now())
    if made is None:
        detail = f"there are {book.MOST} webhooks already"
        raise Problem(409, detail, errors=[_error("", "too_many_webhooks", detail)])
    row, secret = made
    response.headers["Location"] = f"/v1/webhooks/{row['webhook_id']}"
    return {**_webhook(office, row), "secret": secret}


@routes.get("", response_model=WebhookList, responses=problems(401, 403), operation_id="list_webhooks")
async def list_webhooks(office: Here) -> Any:
    """All endpoints."""
    async with office.transaction() as raw:
        return {"items": [_webhook(office, row) for row in await book.everything(raw)]}


@routes.get(
    "/event-types",
    response_model=EventTypeList,
    responses=problems(401, 403),
    operation_id="list_event_types",
)
async def list_event_types() -> Any:
    """What endpoints can be told of."""
    return {
        "items": [
            {
                "type": name,
                "meaning": {"zh": words.zh, "en": words.en},
                "subscribable": name.split(".", 1)[0] in payload.FAMILIES,
            }
            for name, words in payload.EVENTS.items()
        ]
    }


@routes.get("/{webhook_id}", response_model=WebhookOut, responses=REFUSALS, operation_id="get_webhook")
async def get_webhook(office: Here, webhook_id: Id) -> Any:
    """One endpoint."""
    async with office.transaction() as raw:
        return _webhook(office, known(await book.one(raw, webhook_id)))


@routes.patch("/{webhook_id}", response_model=WebhookOut, responses=REFUSALS, operation_id="change_webhook")
async def change_webhook(office: Here, user: Manager, webhook_id: Id, asked: WebhookChange) -> Any:
    """Change what is named; switch it on or off. `payload` full, and of an endpoint that has it `url`,
    `events` and `filter`, take a role that reads alerts."""
    if asked.url is not None:
        await _check(office, asked.url)
    given = _columns(_asked(asked))
    async with office.transaction() as raw:
        row = known(await book.locked(raw, webhook_id))
        entitlement.check(user, given, row)
        if given or asked.headers:
            row = await book.change(raw, office.sealing, row, given, asked.headers)
            _refuse_too_many_headers(office, row)
        if asked.enabled is True:
            row = await book.switch_on(raw, webhook_id)
        elif asked.enabled is False:
            row = await book.switch_off(
                raw, webhook_id, user.name, asked.reason, office.public_url, office.now()
            )
    return _webhook(office, row)


@routes.delete("/{webhook_id}", status_code=204, responses=REFUSALS, operation_id="delete_webhook")
async def delete_webhook(office: Here, webhook_id: Id) -> None:
    """Tell it nothing more, and forget what was delivered."""
    async with office.transaction() as raw:
        if not await book.delete(raw, webhook_id):
            raise _unknown()


@routes.post(
    "/{webhook_id}/test",
    status_code=202,
    response_model=QueuedTest,
    responses=problems(401, 403, 404, 409, 422),
    operation_id="send_test",
)
async def send_test(office: Here, user: Manager, webhook_id: Id) -> Any:
    """Send a `webhook.test` now, signed and with its headers as any delivery."""
    async with office.transaction() as raw:
        require_on(known(await book.one(raw, webhook_id)))
        delivery_id = await notices.send_test(raw, webhook_id, user.name, office.now())
    return {"queued": 1, "delivery_id": delivery_id}


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
    return {"id": webhook_id, "secret": secret, "old_secret_until": text_of(now + book.OLD_SECRET_FOR)}


@routes.post(
    "/{webhook_id}/recover",
    status_code=202,
    response_model=Recovered,
    responses=REFUSALS,
    operation_id="recover_webhook",
)
async def recover_webhook(office: Here, webhook_id: Id, asked: RecoverIn) -> Any:
    """Switch it on again and tell it what failed or was missed since then; again while there is `more`."""
    async with office.transaction() as raw:
        known(await book.locked(raw, webhook_id))
        queued, more = await deliveries.recover(raw, webhook_id, asked.since, office.now())
    return {"queued": queued, "more": more}


def require_on(row: Any) -> None:
    """Raises a 409 problem for an endpoint to which nothing is delivered now."""
    if row["disabled_at"] is not None:
        raise Problem(409, "this webhook is switched off; switch it on first")


def known(row: Any) -> Any:
    """The row, if there is one. Raises the problem that there is no such webhook."""
    if row is None:
        raise _unknown()
    return row


def text_of(moment: datetime | None) -> str | None:
    """A moment as outsiders read it."""
    return None if moment is None else normal(micros(moment))


async def _check(office: Office, url: str) -> None:
    try:
        await check(url, rules_from(office.settings), system_resolve)
    except Refused as error:
        raise Problem(422, str(error), errors=[_error("/url", error.code, str(error))]) from error


def _asked(change: WebhookChange) -> dict[str, Any]:
    """What is to be changed of what the book keeps as it is; a filter as a whole."""
    asked = change.model_dump(exclude_unset=True, exclude={"headers", "enabled", "reason", "filter"})
    return asked if change.filter is None else {**asked, "filter": change.filter.model_dump()}


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    """What was given, by the names of the book's columns."""
    return {**{name: value for name, value in given.items() if name != "filter"}, **given.get("filter", {})}


def _refuse_too_many_headers(office: Office, row: Any) -> None:
    """A change adds to the headers that are there."""
    if len(headers.unseal(office.sealing, row["webhook_id"], row["headers"])) > headers.MOST:
        detail = f"an endpoint has {headers.MOST} headers at most"
        raise Problem(422, detail, errors=[_error("/headers", "too_many_headers", detail)])


def _error(path: str, code: str, message: str) -> dict[str, str]:
    return {"path": path, "code": code, "message": message}


def _unknown() -> Problem:
    return Problem(404, "there is no such webhook")


def _webhook(office: Office, row: Any) -> dict[str, Any]:
    kept = (
        "url", "description", "events", "payload", "rate", "concurrency", "created_by", "disabled_reason",
        "disabled_by", "disabled_note",
    )  # fmt: skip
    moments = ("created_at", "failing_since", "throttled_until", "disabled_at")
    own = headers.unseal(office.sealing, row["webhook_id"], row["headers"])
    return {
        "id": row["webhook_id"],
        **{name: row[name] for name in kept},
        **{name: text_of(row[name]) for name in moments},
        "filter": {name: row[name] for name in FILTERS},
        "headers": headers.shown(own),
        "enabled": row["disabled_at"] is None,
        "health": _health(row),
    }


def _health(row: Any) -> str:
    if row["disabled_at"] is not None:
        return "disabled"
    if row["slowed"]:
        return "slowed"
    return "failing" if row["failing_since"] is not None else "well"
