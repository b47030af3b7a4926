"""Deliveries of an endpoint: the list under it, and one with every try and what it means."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.alerts.console.frame import Route, Visit, goes, local_day, visits
from services.alerts.console.notices import name_of
from services.alerts.shapes import Id
from services.alerts.webhooks import delivery_endpoints, endpoints, payload
from services.alerts.webhooks.shapes import DeliveryQuery

LIST = "/console/webhooks"
PAGE = 25
STATES = ("pending", "delivered", "failed")

Manager = Annotated[Visit, Depends(visits("manage_webhooks"))]
routes = APIRouter(include_in_schema=False, route_class=Route)


async def listed(visit: Visit, webhook_id: str) -> dict[str, Any]:
    """A page of an endpoint's deliveries by the filters of the address; odd values filter nothing."""
    state, event, since = visit.asked("state"), visit.asked("event"), visit.asked("since")
    day = local_day(visit.office, since)
    asked = {
        "state": state if state in STATES else "",
        "event": event if event in payload.EVENTS else "",
        "since": since if day else "",
    }
    given = DeliveryQuery.model_construct(
        limit=PAGE,
        cursor=visit.asked("cursor") or None,
        state=[asked["state"]] if asked["state"] else [],
        event=[asked["event"]] if asked["event"] else [],
        since=day,
    )
    ask = partial(delivery_endpoints.list_deliveries, visit.office, visit.user, webhook_id)
    page = await visit.listed(ask, given, "no_webhook")
    return {
        "deliveries": page["items"],
        "older": page["next_cursor"],
        "cursor": given.cursor,
        "asked": asked,
        "states": STATES,
        "types": list(payload.EVENTS),
    }


@routes.get(LIST + "/{webhook_id}/deliveries/{delivery_id}")
async def delivery(visit: Manager, webhook_id: Id, delivery_id: Id) -> Response:
    """One delivery and all its tries."""
    webhook = await visit.told(endpoints.get_webhook(visit.office, webhook_id), "no_webhook")
    shown = await visit.told(
        delivery_endpoints.get_delivery(visit.office, visit.user, webhook_id, delivery_id), "no_delivery"
    )
    name = name_of(webhook["description"], webhook["url"])
    return await visit.page("delivery.html", delivery=shown, webhook=webhook, name=name)


@routes.post(LIST + "/{webhook_id}/deliveries/{delivery_id}/redeliver")
async def redeliver(visit: Manager, webhook_id: Id, delivery_id: Id) -> Response:
    """Send it again."""
    await visit.told(delivery_endpoints.redeliver(visit.office, webhook_id, delivery_id), "no_delivery")
    return goes(f"{LIST}/{webhook_id}/deliveries/{delivery_id}", "redelivered")
