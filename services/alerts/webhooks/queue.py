"""The outbox as a queue: claiming what is due under a lease, and settling what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.finding import Alert
from services.alerts.ledger import decode_alert

KEEP = timedelta(days=30)
FAILING_FOR = timedelta(days=5)

CLAIM = """
    WITH due AS (
        SELECT d.delivery_id FROM webhook w
        LEFT JOIN unnest($2::text[], $3::int[]) AS b (webhook_id, busy) ON b.webhook_id = w.webhook_id
        CROSS JOIN LATERAL (
            SELECT delivery_id FROM webhook_delivery q
            WHERE q.webhook_id = w.webhook_id AND q.state = 'pending' AND q.next_at <= $1
                AND (q.lease_until IS NULL OR q.lease_until <= $1)
            ORDER BY q.next_at, q.born LIMIT greatest($4 - coalesce(b.busy, 0), 0) FOR UPDATE SKIP LOCKED
        ) d
        WHERE w.disabled_at IS NULL
    ), claimed AS (
        UPDATE webhook_delivery d SET lease_until = $5, tries = d.tries + 1, coalescing = false,
            last_try_at = $1
        FROM due WHERE d.delivery_id = due.delivery_id RETURNING d.*
    )
    SELECT c.delivery_id, c.webhook_id, c.event, c.tries, c.created_at, c.request_id, w.url, w.payload,
           w.secret, w.old_secret, w.old_secret_until, v.version, v.change, v.body, v.changed_at,
           a.detected_at
    FROM claimed c JOIN webhook w USING (webhook_id) JOIN alert a ON a.alert_id = c.alert_id
    JOIN alert_version v ON v.alert_id = c.alert_id AND v.version = c.version
"""
SETTLE = """
    UPDATE webhook_delivery SET state = $2, next_at = coalesce($3, next_at), lease_until = NULL,
        last_status = $4, last_error = $5, last_response = $6
    WHERE delivery_id = $1 AND state = 'pending'
"""
WELL = (
    "UPDATE webhook SET failing_since = NULL WHERE webhook_id = ANY($1::text[]) AND failing_since IS NOT NULL"
)
ILL = """
    UPDATE webhook SET failing_since = $2 WHERE webhook_id = ANY($1::text[]) AND failing_since IS NULL
"""
DISABLE = """
    UPDATE webhook SET disabled_at = $2, disabled_reason = CASE WHEN webhook_id = ANY($1::text[]) THEN 'gone'
        ELSE 'failing' END
    WHERE disabled_at IS NULL AND (webhook_id = ANY($1::text[]) OR failing_since < $3)
    RETURNING webhook_id, disabled_reason
"""
FORGET = "DELETE FROM webhook_delivery WHERE state <> 'pending' AND created_at < $1"
OLDEST = """
    SELECT min(d.next_at) FROM webhook_delivery d JOIN webhook w USING (webhook_id)
    WHERE d.state = 'pending' AND w.disabled_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One try that is ours until the lease ends. `tries` counts this one; `at`: when the change
    was stored."""

    delivery_id: str
    webhook_id: str
    event: str
    tries: int
    created_at: datetime
    request_id: str
    url: str
    full: bool
    secret: bytes
    old_secret: bytes | None
    version: int
    sequence: int
    alert: Alert
    at: datetime
    detected_at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a try. state: delivered, pending (again at `next_at`) or failed (no more tries)."""

    claimed: Claimed
    state: str
    status: int | None
    error: str
    response: str
    next_at: datetime | None = None
    gone: bool = False


async def claim(
    raw: Any, now: datetime, busy: dict[str, int], at_once: int, lease: timedelta
) -> list[Claimed]:
    """Due deliveries, per endpoint so many that no more than `at_once` are on their way; `busy` are now."""
    rows = await raw.fetch(CLAIM, now, list(busy), list(busy.values()), at_once, now + lease)
    return [_claimed(row, now) for row in rows]


async def settle(raw: Any, done: list[Settled], now: datetime) -> list[tuple[str, str]]:
    """Write down what came of tries. Returns the endpoints that were switched off: (id, reason)."""
    await raw.executemany(
        SETTLE,
        [
            (one.claimed.delivery_id, one.state, one.next_at, one.status, one.error or None, one.response)
            for one in done
        ],
    )
    well = {one.claimed.webhook_id for one in done if one.state == "delivered"}
    ill = {one.claimed.webhook_id for one in done} - well
    if well:
        await raw.execute(WELL, list(well))
    if not ill:
        return []
    await raw.execute(ILL, list(ill), now)
    gone = [one.claimed.webhook_id for one in done if one.gone]
    return [tuple(row) for row in await raw.fetch(DISABLE, gone, now, now - FAILING_FOR)]


async def forget(raw: Any, now: datetime) -> None:
    """Delete deliveries that were done with thirty days ago."""
    await raw.execute(FORGET, now - KEEP)


async def oldest_age(raw: Any, now: datetime) -> float:
    """Seconds for which the oldest due delivery has waited; 0 when nothing is due."""
    oldest = await raw.fetchval(OLDEST)
    return max((now - oldest).total_seconds(), 0.0) if oldest else 0.0


def _claimed(row: Any, now: datetime) -> Claimed:
    until = row["old_secret_until"]
    return Claimed(
        delivery_id=row["delivery_id"],
        webhook_id=row["webhook_id"],
        event=row["event"],
        tries=row["tries"],
        created_at=row["created_at"],
        request_id=row["request_id"],
        url=row["url"],
        full=row["payload"] == "full",
        secret=row["secret"],
        old_secret=row["old_secret"] if until and until > now else None,
        version=row["version"],
        sequence=row["change"],
        alert=decode_alert(row["body"]),
        at=row["changed_at"],
        detected_at=row["detected_at"],
    )
