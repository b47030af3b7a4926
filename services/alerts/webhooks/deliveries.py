"""What was and is to be delivered to an endpoint: listed, each with its tries, and sent anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.finding import Origin
from services.alerts.ledger import Change, decode_alert
from services.alerts.webhooks import book, outbox

RECOVERED_AT_ONCE = 10_000

COLUMNS = """
    d.delivery_id, d.born, d.event, d.alert_id, d.version, d.sequence, d.state, d.tries, d.created_at,
    d.next_at, d.last_try_at, t.status AS last_status, t.error AS last_error, t.response AS last_response
"""
LAST_TRY = "LEFT JOIN webhook_try t ON t.delivery_id = d.delivery_id AND t.attempt = d.tries"
PAGE = f"""
    SELECT {COLUMNS} FROM webhook_delivery d {LAST_TRY}
    WHERE d.webhook_id = $1 AND ($2::bigint IS NULL OR d.born < $2)
        AND (cardinality($3::text[]) = 0 OR d.state = ANY($3))
        AND (cardinality($4::text[]) = 0 OR d.event = ANY($4))
        AND ($5::timestamptz IS NULL OR d.created_at >= $5)
    ORDER BY d.born DESC LIMIT $6
"""  # noqa: S608 - names of columns only
ONE = f"""
    SELECT {COLUMNS} FROM webhook_delivery d {LAST_TRY} WHERE d.webhook_id = $1 AND d.delivery_id = $2
"""  # noqa: S608
TRIES = "SELECT * FROM webhook_try WHERE delivery_id = $1 ORDER BY attempt"
REDELIVER = """
    UPDATE webhook_delivery SET state = 'pending', tried_before = tries, next_at = $3, coalescing = false,
        lease_until = NULL
    WHERE webhook_id = $1 AND delivery_id = $2 RETURNING delivery_id
"""
RETRY_FAILED = """
    UPDATE webhook_delivery SET state = 'pending', tried_before = tries, next_at = $3
    WHERE webhook_id = $1 AND state <> 'delivered' AND NOT coalescing AND lease_until IS NULL
        AND created_at >= $2
"""
MISSED = """
    SELECT v.change, v.alert_id, v.version, v.event, v.body, v.changed_at
    FROM alert a JOIN alert_version v ON v.alert_id = a.alert_id AND v.version = a.version
    WHERE v.changed_at >= $2 AND v.change > $4 AND NOT a.historical AND NOT a.shadow AND NOT EXISTS (
        SELECT 1 FROM webhook_delivery d
        WHERE d.webhook_id = $1 AND d.alert_id = v.alert_id AND d.version >= v.version)
    ORDER BY v.change LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries; empty means any. since: made at or after."""

    states: Sequence[str] = ()
    events: Sequence[str] = ()
    since: datetime | None = None


async def page(raw: Any, webhook_id: str, wanted: Wanted, after: int | None, limit: int) -> list[Any]:
    """Deliveries of an endpoint, newest first, each with what its last try led to."""
    return await raw.fetch(
        PAGE, webhook_id, after, list(wanted.states), list(wanted.events), wanted.since, limit
    )


async def one(raw: Any, webhook_id: str, delivery_id: str) -> Any:
    """One delivery, or None."""
    return await raw.fetchrow(ONE, webhook_id, delivery_id)


async def tries(raw: Any, delivery_id: str) -> list[Any]:
    """Every try of a delivery, first to last."""
    return await raw.fetch(TRIES, delivery_id)


async def redeliver(raw: Any, webhook_id: str, delivery_id: str, now: datetime) -> bool:
    """Try a delivery again from the start, under its old id; after a try that is on its way. False when there
    is none."""
    if await raw.fetchval(REDELIVER, webhook_id, delivery_id, now) is None:
        return False
    await raw.execute(f"NOTIFY {outbox.CHANNEL}")
    return True


async def recover(raw: Any, webhook_id: str, since: datetime, now: datetime) -> tuple[int, bool]:
    """Switch an endpoint on again and tell it what it missed: deliveries that failed, and the last word on
    alerts that changed while it was off or did not exist. Returns (how many, whether there is more: after
    10,000 alerts a further call goes on)."""
    await book.switch_on(raw, webhook_id)
    again = int((await raw.execute(RETRY_FAILED, webhook_id, since, now)).split()[-1])
    (endpoint,) = [one for one in await outbox.subscriptions(raw) if one.webhook_id == webhook_id]
    found, place = 0, 0
    while found < RECOVERED_AT_ONCE:
        rows = await raw.fetch(MISSED, webhook_id, since, RECOVERED_AT_ONCE, place)
        changes = [_change(row) for row in rows]
        places = await outbox.places_of(raw, [endpoint], changes, now)
        missed = [one for one in changes if endpoint.wants(one, places)]
        await outbox.insert(raw, [outbox.missed(endpoint, one, now) for one in missed], now)
        found += len(missed)
        if len(rows) < RECOVERED_AT_ONCE:
            return again + found, False
        place = rows[-1]["change"]
    return again + found, True


def _change(row: Any) -> Change:
    alert = decode_alert(row["body"])
    return Change(
        row["change"], row["alert_id"], row["version"], row["event"], alert, row["changed_at"], Origin()
    )
