"""Endpoints: who is told of alerts, whether they hear, and all that can be done about it.

The pages ask the webhooks API's own functions, so that its checks hold here too.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.responses import Response

from schemas.moments import micros, normal
from services.alerts.console import pages, webhook_forms
from services.alerts.console.delivery_pages import LIST, listed
from services.alerts.console.frame import Route, Visit, first, form, goes, local_day, visits
from services.alerts.console.notices import name_of
from services.alerts.shapes import Id
from services.alerts.webhooks import endpoints
from services.alerts.webhooks.shapes import RecoverIn, WebhookChange
from services.runtime.errors import Problem

MOST_WAITING = 1_000
"""More are not counted: the page says "more than"."""
QUEUES = f"""
    SELECT w.webhook_id, (
        SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.webhook_id = w.webhook_id
                              AND d.state = 'pending' LIMIT {MOST_WAITING + 1}) waiting) AS waiting,
        last.state AS last_state, last.last_try_at
    FROM webhook w LEFT JOIN LATERAL (
        SELECT state, last_try_at FROM webhook_delivery d
        WHERE d.webhook_id = w.webhook_id ORDER BY born DESC LIMIT 1) last ON true
"""  # noqa: S608 - a constant of ours
NOTE = 200

Manager = Annotated[Visit, Depends(visits("manage_webhooks"))]
routes = APIRouter(include_in_schema=False, route_class=Route)


@routes.get(LIST)
async def webhooks(visit: Manager) -> Response:
    """All endpoints, those that need somebody first."""
    items = (await endpoints.list_webhooks(visit.office))["items"]
    async with visit.office.transaction() as raw:
        queues = {row["webhook_id"]: row for row in await raw.fetch(QUEUES)}
    order = ("disabled", "failing", "slowed", "well")
    items.sort(key=lambda one: order.index(one["health"]))
    return await visit.page(
        "webhooks.html",
        items=items,
        queues=queues,
        most=MOST_WAITING,
        name_of=name_of,
        ticked=webhook_forms.ticked,
    )


@routes.get(f"{LIST}/new")
async def new(visit: Manager) -> Response:
    """An empty form."""
    return await _form(visit, webhook_forms.EMPTY, None, {})


@routes.post(LIST)
async def create(visit: Manager) -> Response:
    """Make an endpoint and show its secret, this once."""
    values = webhook_forms.sent(await form(visit.request))
    try:
        asked = webhook_forms.new(values)
        made = await endpoints.create_webhook(visit.office, visit.user, asked, Response())
    except (ValidationError, Problem) as error:
        return await _form(visit, values, None, webhook_forms.faults(error))
    name = name_of(made["description"], made["url"])
    return await visit.page(
        "webhook_secret.html", webhook_id=made["id"], secret=made["secret"], until=None, name=name
    )


@routes.get(LIST + "/{webhook_id}")
async def webhook(visit: Manager, webhook_id: Id) -> Response:
    """One endpoint: how it fares, what can be done, what was delivered."""
    shown = await _one(visit, webhook_id)
    deliveries = await listed(visit, webhook_id)
    began = shown["failing_since"] or shown["disabled_at"]
    return await visit.page(
        "webhook.html",
        webhook=shown,
        name=name_of(shown["description"], shown["url"]),
        events=webhook_forms.ticked(shown["events"]),
        recover_from=pages.day_of(visit.office.calendar, began or normal(micros(visit.office.now()))),
        most=NOTE,
        **deliveries,
    )


@routes.get(LIST + "/{webhook_id}/edit")
async def edit(visit: Manager, webhook_id: Id) -> Response:
    """The form of an endpoint."""
    shown = await _one(visit, webhook_id)
    return await _form(visit, webhook_forms.filled(shown), shown, {})


@routes.post(LIST + "/{webhook_id}/edit")
async def change(visit: Manager, webhook_id: Id) -> Response:
    """Set what the form says."""
    shown, values = await _one(visit, webhook_id), webhook_forms.sent(await form(visit.request))
    try:
        asked = webhook_forms.change(values, shown)
        await endpoints.change_webhook(visit.office, visit.user, webhook_id, asked)
    except (ValidationError, Problem) as error:
        return await _form(visit, values, shown, webhook_forms.faults(error))
    return goes(f"{LIST}/{webhook_id}", "saved")


@routes.post(LIST + "/{webhook_id}/off")
async def switch_off(visit: Manager, webhook_id: Id) -> Response:
    """Deliver nothing more, for the reason given."""
    reason = " ".join(first(await form(visit.request), "reason").split())[:NOTE]
    asked = WebhookChange(enabled=False, reason=reason)
    await visit.told(endpoints.change_webhook(visit.office, visit.user, webhook_id, asked), "no_webhook")
    return goes(f"{LIST}/{webhook_id}", "switched_off")


@routes.post(LIST + "/{webhook_id}/on")
async def switch_on(visit: Manager, webhook_id: Id) -> Response:
    """Deliver again, what waits first."""
    asked = WebhookChange(enabled=True)
    await visit.told(endpoints.change_webhook(visit.office, visit.user, webhook_id, asked), "no_webhook")
    return goes(f"{LIST}/{webhook_id}", "switched_on")


@routes.post(LIST + "/{webhook_id}/recover")
async def recover(visit: Manager, webhook_id: Id) -> Response:
    """Switch it on and tell it what it missed since the beginning of a day."""
    since = local_day(visit.office, first(await form(visit.request), "since"))
    if since is None:
        return goes(f"{LIST}/{webhook_id}", "no_day")
    done = await visit.told(
        endpoints.recover_webhook(visit.office, webhook_id, RecoverIn.model_construct(since=since)),
        "no_webhook",
    )
    return goes(f"{LIST}/{webhook_id}", "recovered_more" if done["more"] else "recovered")


@routes.post(LIST + "/{webhook_id}/test")
async def test(visit: Manager, webhook_id: Id) -> Response:
    """Send a test and show what comes of it."""
    sent = await visit.told(endpoints.send_test(visit.office, visit.user, webhook_id), "no_webhook")
    return goes(f"{LIST}/{webhook_id}/deliveries/{sent['delivery_id']}", "tested")


@routes.post(LIST + "/{webhook_id}/rotate")
async def rotate(visit: Manager, webhook_id: Id) -> Response:
    """A new secret, shown this once."""
    shown = await _one(visit, webhook_id)
    made = await visit.told(endpoints.rotate_secret(visit.office, webhook_id), "no_webhook")
    return await visit.page(
        "webhook_secret.html",
        webhook_id=webhook_id,
        secret=made["secret"],
        until=made["old_secret_until"],
        name=name_of(shown["description"], shown["url"]),
    )


@routes.post(LIST + "/{webhook_id}/delete")
async def delete(visit: Manager, webhook_id: Id) -> Response:
    """Forget an endpoint with all that was delivered to it."""
    await visit.told(endpoints.delete_webhook(visit.office, webhook_id), "no_webhook")
    return goes(LIST, "deleted")


async def _one(visit: Visit, webhook_id: str) -> dict[str, Any]:
    return await visit.told(endpoints.get_webhook(visit.office, webhook_id), "no_webhook")


async def _form(
    visit: Visit, values: dict[str, Any], webhook: dict[str, Any] | None, faults: webhook_forms.Faults
) -> Response:
    code = 422 if faults else 200
    return await visit.page(
        "webhook_form.html",
        code,
        values=values,
        webhook=webhook,
        faults=faults,
        events=webhook_forms.EVENTS,
        may_send_whole=visit.user.may("read_alerts"),
    )
