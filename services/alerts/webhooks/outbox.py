"""Which endpoints hear of a change: their rows, written in the transaction of the change itself.

A change of an open alert waits five seconds for further ones and is sent once, with the last content; an
opening or withdrawal takes the place of the change that still waits. What history brought (`historical`) is
told to nobody. An alert of a rule on trial (`shadow`) does not exist for endpoints: one that enters the trial
is withdrawn for them, one that leaves it opened.

Each endpoint's deliveries are numbered 1, 2, 3 … in the order of commits. What an endpoint would have heard
while it is switched off takes a number too, so that the gap shows.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from schemas.finding import Alert
from services.alerts import regions
from services.alerts.ledger import Change, as_seen
from services.alerts.regions import Regions

COALESCE = timedelta(seconds=5)
CHANNEL = "qingfeng_webhooks"
NOWHERE = Regions()

ENDPOINTS = """
    SELECT webhook_id, events, institutions, rules, min_severity, regions, disabled_at IS NULL AS enabled
    FROM webhook ORDER BY webhook_id
"""
TAKE = """
    UPDATE webhook_delivery d SET event = n.event, version = n.version, request_id = n.request_id,
        coalescing = n.coalescing, next_at = CASE WHEN n.coalescing THEN d.next_at ELSE n.due END
    FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::int[], $6::timestamptz[], $7::text[],
                $8::boolean[])
        AS n (place, webhook_id, event, alert_id, version, due, request_id, coalescing)
    WHERE d.webhook_id = n.webhook_id AND d.alert_id = n.alert_id AND d.coalescing AND d.state = 'pending'
    RETURNING n.place
"""
PUT = """
    WITH told AS MATERIALIZED (
        SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[],
                             $8::text[], $9::boolean[], $10::text[], $11::boolean[]) WITH ORDINALITY
            AS n (delivery_id, webhook_id, event, alert_id, version, due, request_id, coalescing, data,
                  enabled, place)
    ), held AS MATERIALIZED (
        SELECT webhook_id FROM webhook_counter WHERE webhook_id = ANY($3) ORDER BY webhook_id FOR UPDATE
    ), counted AS (
        UPDATE webhook_counter c SET sequence = c.sequence + n.many
        FROM held JOIN (SELECT webhook_id, count(*) AS many FROM told GROUP BY webhook_id) n
            USING (webhook_id)
        WHERE c.webhook_id = held.webhook_id
        RETURNING c.webhook_id, c.sequence - n.many AS before
    ), numbered AS (
        SELECT told.*, before + row_number() OVER (PARTITION BY webhook_id ORDER BY place) AS sequence
        FROM told JOIN counted USING (webhook_id)
    )
    INSERT INTO webhook_delivery (delivery_id, webhook_id, event, alert_id, version, state, coalescing,
                                  created_at, next_at, request_id, data, sequence)
    SELECT delivery_id, webhook_id, event, alert_id, version, 'pending', coalescing, $1, due, request_id,
           data, sequence
    FROM numbered WHERE enabled ORDER BY place
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an endpoint wants to hear. Empty institutions, rules or regions: all. min_severity 2: 1 and 2.
    regions: leading digits, 43 for a province, 430602 for a county."""

    webhook_id: str
    events: Sequence[str]
    institutions: Sequence[str]
    rules: Sequence[str]
    min_severity: int
    regions: Sequence[str] = ()
    enabled: bool = True

    def hears(self, event: str) -> bool:
        """Whether one of its patterns names this type of event."""
        family = event.split(".", 1)[0]
        return any(pattern in (event, f"{family}.*", "*") for pattern in self.events)

    def wants(self, change: Change, places: Regions = NOWHERE) -> bool:
        """Whether it hears of this change: who heard of an alert also hears that it left the filter."""
        return (
            not change.alert.historical
            and self.hears(change.event)
            and any(self._lets_by(alert, places) for alert in (change.alert, change.before) if alert)
        )

    def _lets_by(self, alert: Alert, places: Regions) -> bool:
        return (
            alert.severity <= self.min_severity
            and (not self.rules or alert.rule in self.rules)
            and (not self.institutions or not set(self.institutions).isdisjoint(alert.institutions))
            and (not self.regions or regions.within(places.of(alert), self.regions))
        )


class Row(NamedTuple):
    """One delivery to be: about a version of an alert, or (`data`) a JSON text of its own.
    enabled: False counts it without keeping it."""

    webhook_id: str
    event: str
    alert_id: str | None
    version: int | None
    due: datetime
    request_id: str = ""
    coalescing: bool = False
    data: str | None = None
    enabled: bool = True


async def subscriptions(raw: Any) -> list[Subscription]:
    """All endpoints, those too that are switched off."""
    return [Subscription(*row.values()) for row in await raw.fetch(ENDPOINTS)]


async def put(raw: Any, changes: Sequence[Change], now: datetime) -> int:
    """Write the outbox rows of these changes; returns how many. Wakes the engine when the commit comes."""
    endpoints = await subscriptions(raw)
    if not endpoints:
        return 0
    heard = _last_of_each(one for change in changes if (one := _outside(change)) is not None)
    places = await places_of(raw, endpoints, heard, now)
    rows = [
        _row(endpoint, change, now)
        for change in heard
        for endpoint in endpoints
        if endpoint.wants(change, places)
    ]
    await insert(raw, rows, now)
    return sum(row.enabled for row in rows)


async def places_of(
    raw: Any, endpoints: Iterable[Subscription], changes: Iterable[Change], now: datetime
) -> Regions:
    """Regions of these alerts, if any endpoint asks for them."""
    if not any(endpoint.regions for endpoint in endpoints):
        return NOWHERE
    return await regions.look_up(raw, (one for change in changes for one in _both(change)), now)


async def insert(raw: Any, rows: Sequence[Row], now: datetime) -> list[str]:
    """Put rows into the outbox, each under the next number of its endpoint, and wake the engine. Returns the
    ids of those that are new."""
    taken = await _take_places(raw, rows)
    fresh = [(delivery_id(), *row) for place, row in enumerate(rows) if place not in taken]
    if fresh:
        await raw.execute(PUT, now, *map(list, zip(*fresh, strict=True)))
    if rows:
        await raw.execute(f"NOTIFY {CHANNEL}")
    return [row[0] for row in fresh]


def missed(endpoint: Subscription, change: Change, due: datetime) -> Row:
    """The row of a change that the endpoint did not hear of when it happened."""
    return Row(endpoint.webhook_id, change.event, change.alert_id, change.version, due)


def delivery_id() -> str:
    """A fresh webhook-id, the same on every try of one delivery."""
    return f"msg_{uuid.uuid4().hex}"


async def _take_places(raw: Any, rows: Sequence[Row]) -> set[int]:
    """Rows that took the place, and the number, of a change of the same alert that still waited."""
    first: dict[tuple[str, str], tuple[int, Row]] = {}
    for place, row in enumerate(rows):
        if row.alert_id is not None and row.enabled:
            first.setdefault((row.webhook_id, row.alert_id), (place, row))
    if not first:
        return set()
    columns = zip(*((place, *row[:7]) for place, row in first.values()), strict=True)
    return {found["place"] for found in await raw.fetch(TAKE, *map(list, columns))}


def _outside(change: Change) -> Change | None:
    """A change as endpoints see it; None where they see nothing."""
    event = as_seen(change.event, change.alert, change.before)
    return None if event is None else replace(change, event=event)


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


def _both(change: Change) -> Iterable[Alert]:
    return (change.alert,) if change.before is None else (change.alert, change.before)


def _row(endpoint: Subscription, change: Change, now: datetime) -> Row:
    coalescing = change.event == "alert.changed"
    return Row(
        endpoint.webhook_id,
        change.event,
        change.alert_id,
        change.version,
        now + COALESCE if coalescing else now,
        change.origin.request_id,
        coalescing,
        enabled=endpoint.enabled,
    )
