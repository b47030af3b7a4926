"""Which endpoints hear of a change: their rows, written in the transaction of the change itself.

A change of an open alert waits five seconds for further ones and is sent once, with the last content.
What history brought (`historical`) is told to nobody. An alert of a rule on trial (`shadow`) does not exist
for endpoints: one that enters the trial is withdrawn for them, one that leaves it opened.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from schemas.finding import Alert
from services.alerts.ledger import Change

COALESCE = timedelta(seconds=5)
CHANNEL = "qingfeng_webhooks"

ENDPOINTS = """
    SELECT webhook_id, events, institutions, rules, min_severity FROM webhook WHERE disabled_at IS NULL
"""
PUT = """
    INSERT INTO webhook_delivery (delivery_id, webhook_id, event, alert_id, version, state, coalescing,
                                  created_at, next_at, request_id)
    SELECT d.delivery_id, w.webhook_id, d.event, d.alert_id, d.version, 'pending', d.coalescing,
           $8, d.next_at, d.request_id
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::timestamptz[], $7::text[],
                $9::boolean[])
        WITH ORDINALITY
        AS d (delivery_id, webhook_id, event, alert_id, version, next_at, request_id, coalescing, place)
    JOIN webhook w ON w.webhook_id = d.webhook_id
    ORDER BY d.place
    ON CONFLICT (webhook_id, alert_id) WHERE coalescing AND state = 'pending'
        DO UPDATE SET version = excluded.version, request_id = excluded.request_id
"""
SUPERSEDE = """
    DELETE FROM webhook_delivery WHERE coalescing AND state = 'pending' AND alert_id = ANY($1::text[])
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an endpoint wants to hear. Empty institutions or rules: all. min_severity 2: 1 and 2."""

    webhook_id: str
    events: Sequence[str]
    institutions: Sequence[str]
    rules: Sequence[str]
    min_severity: int

    def wants(self, change: Change) -> bool:
        """Whether it hears of this change: who heard of an alert also hears that it left the filter."""
        return (
            not change.alert.historical
            and any(pattern in (change.event, "alert.*", "*") for pattern in self.events)
            and (self._lets_by(change.alert) or (change.before is not None and self._lets_by(change.before)))
        )

    def _lets_by(self, alert: Alert) -> bool:
        return (
            alert.severity <= self.min_severity
            and (not self.rules or alert.rule in self.rules)
            and (not self.institutions or not set(self.institutions).isdisjoint(alert.institutions))
        )


async def subscriptions(raw: Any) -> list[Subscription]:
    """The endpoints that are switched on."""
    return [Subscription(*row.values()) for row in await raw.fetch(ENDPOINTS)]


async def put(raw: Any, changes: Sequence[Change], now: datetime) -> int:
    """Write the outbox rows of these changes; returns how many. Wakes the engine when the commit comes."""
    endpoints = await subscriptions(raw)
    if not endpoints:
        return 0
    heard = [one for change in changes if (one := _outside(change)) is not None]
    rows = _rows(endpoints, _last_of_each(heard), now)
    overtaken = [change.alert_id for change in heard if change.event != "alert.changed"]
    if overtaken:
        await raw.execute(SUPERSEDE, overtaken)
    await insert(raw, rows, now)
    return len(rows)


async def insert(raw: Any, rows: list[tuple], now: datetime) -> None:
    """Rows (delivery id, endpoint, event, alert, version, due, request id, coalescing) into the outbox."""
    if not rows:
        return
    *columns, coalescing = map(list, zip(*rows, strict=True))
    await raw.execute(PUT, *columns, now, coalescing)
    await raw.execute(f"NOTIFY {CHANNEL}")


def _outside(change: Change) -> Change | None:
    """A change as endpoints see it; None where they see nothing."""
    before = change.before
    if change.alert.shadow:
        is_seen = before is not None and before.status == "open" and not before.shadow
        return replace(change, event="alert.withdrawn") if is_seen else None
    if before is not None and before.shadow and change.event == "alert.changed":
        return replace(change, event="alert.opened")
    return change


def delivery_id() -> str:
    """A fresh webhook-id, the same on every try of one delivery."""
    return f"msg_{uuid.uuid4().hex}"


def _last_of_each(changes: Iterable[Change]) -> list[Change]:
    """Of several mere changes of one alert in one batch only the last; openings and withdrawals all,
    and a mere change that a later withdrawal overtakes not at all."""
    kept: list[Change] = []
    waiting: dict[str, Change] = {}
    for change in changes:
        if change.event == "alert.changed":
            waiting[change.alert_id] = change
        else:
            waiting.pop(change.alert_id, None)
            kept.append(change)
    return [*kept, *waiting.values()]


def row(endpoint: Subscription, change: Change, due: datetime, coalescing: bool = False) -> tuple:
    """The outbox row of one change to one endpoint, for `insert`."""
    return (
        delivery_id(),
        endpoint.webhook_id,
        change.event,
        change.alert_id,
        change.version,
        due,
        change.origin.request_id,
        coalescing,
    )


def _rows(endpoints: list[Subscription], changes: list[Change], now: datetime) -> list[tuple]:
    rows = []
    for change in changes:
        coalescing = change.event == "alert.changed"
        due = now + COALESCE if coalescing else now
        rows.extend(
            row(endpoint, change, due, coalescing) for endpoint in endpoints if endpoint.wants(change)
        )
    return rows
