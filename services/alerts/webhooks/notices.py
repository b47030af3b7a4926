"""Events about endpoints themselves: the test a manager asks for, and that an endpoint was switched off."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.alerts.webhooks import outbox, payload
from services.alerts.webhooks.outbox import Row


async def send_test(raw: Any, webhook_id: str, by: str, now: datetime) -> str:
    """Queue a test delivery, whatever the endpoint subscribed to; returns its id."""
    row = Row(webhook_id, payload.TEST, None, None, now, data=payload.sample_data(webhook_id, by))
    (delivery_id,) = await outbox.insert(raw, [row], now)
    return delivery_id


async def tell_disabled(raw: Any, endpoints: Sequence[Any], public_url: str, now: datetime) -> None:
    """Tell the other endpoints that subscribe to it that these (rows) were switched off."""
    if not endpoints:
        return
    subscribed = [one for one in await outbox.subscriptions(raw) if one.hears(payload.DISABLED)]
    rows = [
        Row(one.webhook_id, payload.DISABLED, None, None, now, data=data, enabled=one.enabled)
        for endpoint in endpoints
        for data in (payload.disabled_data(endpoint, public_url),)
        for one in subscribed
        if one.webhook_id != endpoint["webhook_id"]
    ]
    await outbox.insert(raw, rows, now)
