"""The outbox as a queue: claiming what is due, under a lease.

Who claims holds the rows of the endpoints meanwhile, so that several couriers together keep to an endpoint's
concurrency and rate; nobody waits for them, an endpoint that is held is left to the other. Every statement
goes by an index, however long the queue.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.finding import Alert
from services.alerts.ledger import decode_alert
from services.alerts.webhooks.health import SLOWED_PLACES

MOST_AT_ONCE = 5
"""Greatest concurrency of an endpoint, as CLAIM says it: a planner that knows it keeps to the index."""
BURST = timedelta(seconds=1)
"""An endpoint's rate may be saved up for so long."""

READY = """
    SELECT w.* FROM webhook w CROSS JOIN LATERAL (
        SELECT FROM webhook_delivery q
        WHERE q.webhook_id = w.webhook_id AND q.state = 'pending' AND q.next_at <= $1
            AND (q.lease_until IS NULL OR q.lease_until <= $1)
        ORDER BY q.next_at, q.born LIMIT 1
    ) due
    WHERE w.disabled_at IS NULL AND (w.throttled_until IS NULL OR w.throttled_until <= $1)
    FOR NO KEY UPDATE OF w SKIP LOCKED
"""
CLAIM = f"""
    WITH head AS MATERIALIZED (
        SELECT least(w.places - greatest(w.busy, held.many), w.allowed) AS room, d.delivery_id,
               row_number() OVER (PARTITION BY w.webhook_id ORDER BY d.next_at, d.born) AS place
        FROM unnest($2::text[], $3::int[], $4::int[], $5::int[]) AS w (webhook_id, places, busy, allowed)
        CROSS JOIN LATERAL (
            SELECT count(*) AS many FROM webhook_delivery l
            WHERE l.webhook_id = w.webhook_id AND l.lease_until > $1
        ) held
        CROSS JOIN LATERAL (
            SELECT delivery_id, next_at, born FROM webhook_delivery q
            WHERE q.webhook_id = w.webhook_id AND q.state = 'pending' AND q.next_at <= $1
                AND (q.lease_until IS NULL OR q.lease_until <= $1) AND q.delivery_id <> ALL($6::text[])
            ORDER BY q.next_at, q.born LIMIT {MOST_AT_ONCE} FOR UPDATE SKIP LOCKED
        ) d
    )
    UPDATE webhook_delivery d SET lease_until = $7, tries = d.tries + 1, coalescing = false, last_try_at = $1
    FROM head WHERE d.delivery_id = head.delivery_id AND head.place <= head.room
    RETURNING d.delivery_id, d.webhook_id, d.event, d.tries, d.tried_before, d.created_at, d.request_id,
        d.sequence, d.alert_id, d.version, d.data
"""  # noqa: S608 - a number of ours is pasted in
BODIES = """
    SELECT v.alert_id, v.version, v.body, v.changed_at, a.detected_at
    FROM unnest($1::text[], $2::int[]) AS w (alert_id, version)
    JOIN alert_version v USING (alert_id, version) JOIN alert a USING (alert_id)
"""
PACED = "UPDATE webhook SET paced_until = $2 WHERE webhook_id = $1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as a claim found it. secret, old_secret, headers: sealed. places: tries at once.
    rate: deliveries a second; paced_until: up to when they are used up."""

    webhook_id: str
    url: str
    full: bool
    secret: bytes
    old_secret: bytes | None
    headers: bytes | None
    places: int
    rate: int | None
    paced_until: datetime

    def allowed_at(self, now: datetime) -> int:
        """How many its rate allows now; as many as there may be at once where it has none."""
        return int((now - self.paced_until) / timedelta(seconds=1) * self.rate) if self.rate else MOST_AT_ONCE


@dataclass(frozen=True, slots=True)
class Version:
    """The version of an alert that a delivery speaks of. at: when it was stored."""

    alert: Alert
    version: int
    at: datetime
    detected_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """One try that is ours until the lease ends. attempt: its number; turn: the same since the delivery was
    last sent anew. Either `about` an alert or with `data` of its own, a JSON text."""

    delivery_id: str
    endpoint: Endpoint
    event: str
    sequence: int
    attempt: int
    turn: int
    claimed_at: datetime
    created_at: datetime
    request_id: str
    about: Version | None
    data: str | None

    @property
    def at(self) -> datetime:
        """When what it tells happened."""
        return self.about.at if self.about else self.created_at


async def claim(
    raw: Any, now: datetime, busy: Mapping[str, int], own: Collection[str], lease: timedelta
) -> list[Claimed]:
    """Due deliveries, of each endpoint as many as its concurrency and rate have room for.

    busy: how many of each endpoint are on their way from here; own: their ids, which are not claimed again
    even when the clock says that their leases are over.
    """
    ready = {row["webhook_id"]: _endpoint(row, now) for row in await raw.fetch(READY, now)}
    if not ready:
        return []
    places = [endpoint.places for endpoint in ready.values()]
    held = [busy.get(webhook_id, 0) for webhook_id in ready]
    allowed = [endpoint.allowed_at(now) for endpoint in ready.values()]
    rows = await raw.fetch(CLAIM, now, list(ready), places, held, allowed, list(own), now + lease)
    await _pace(raw, ready, Counter(row["webhook_id"] for row in rows))
    versions = await _versions(raw, {(row["alert_id"], row["version"]) for row in rows if row["alert_id"]})
    return [
        _claimed(row, ready[row["webhook_id"]], versions.get((row["alert_id"], row["version"])), now)
        for row in rows
    ]


async def _pace(raw: Any, ready: dict[str, Endpoint], claimed: Counter[str]) -> None:
    """Write down how much of its rate each endpoint has used up."""
    used = [
        (webhook_id, endpoint.paced_until + timedelta(seconds=claimed[webhook_id] / endpoint.rate))
        for webhook_id, endpoint in ready.items()
        if endpoint.rate and claimed[webhook_id]
    ]
    if used:
        await raw.executemany(PACED, used)


async def _versions(raw: Any, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], Version]:
    """The versions of alerts that are spoken of, each read once however many endpoints hear of it."""
    if not wanted:
        return {}
    rows = await raw.fetch(BODIES, *map(list, zip(*wanted, strict=True)))
    return {
        (row["alert_id"], row["version"]): Version(
            decode_alert(row["body"]), row["version"], row["changed_at"], row["detected_at"]
        )
        for row in rows
    }


def _endpoint(row: Any, now: datetime) -> Endpoint:
    until = row["old_secret_until"]
    return Endpoint(
        webhook_id=row["webhook_id"],
        url=row["url"],
        full=row["payload"] == "full",
        secret=row["secret"],
        old_secret=row["old_secret"] if until and until > now else None,
        headers=row["headers"],
        places=SLOWED_PLACES if row["slowed"] else row["concurrency"],
        rate=row["rate"],
        paced_until=max(row["paced_until"] or now - BURST, now - BURST),
    )


def _claimed(row: Any, endpoint: Endpoint, about: Version | None, now: datetime) -> Claimed:
    return Claimed(
        delivery_id=row["delivery_id"],
        endpoint=endpoint,
        event=row["event"],
        sequence=row["sequence"],
        attempt=row["tries"],
        turn=row["tries"] - row["tried_before"],
        claimed_at=now,
        created_at=row["created_at"],
        request_id=row["request_id"],
        about=about,
        data=row["data"],
    )
