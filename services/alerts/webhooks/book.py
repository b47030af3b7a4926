"""The book of endpoints: who is told, with which filter, and what was delivered."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from schemas.finding import Origin
from services.alerts.ledger import Change, decode_alert
from services.alerts.webhooks import outbox, signing

MOST = 100
OLD_SECRET_FOR = timedelta(hours=24)
RECOVERED_AT_ONCE = 10_000

PUT = """
    INSERT INTO webhook (webhook_id, url, events, institutions, rules, min_severity, payload, secret,
                         created_by, created_at)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE (SELECT count(*) FROM webhook) < $11
    RETURNING *
"""
DELIVERIES = """
    SELECT * FROM webhook_delivery WHERE webhook_id = $1 AND ($2::bigint IS NULL OR born < $2)
    ORDER BY born DESC LIMIT $3
"""
REDELIVER = """
    UPDATE webhook_delivery SET state = 'pending', tries = 0, next_at = $3, coalescing = false
    WHERE webhook_id = $1 AND delivery_id = $2 RETURNING delivery_id
"""
RETRY_FAILED = """
    UPDATE webhook_delivery SET state = 'pending', tries = 0, next_at = $3
    WHERE webhook_id = $1 AND state <> 'delivered' AND NOT coalescing AND created_at >= $2
"""
MISSED = """
    SELECT v.change, v.alert_id, v.version, v.event, v.body, v.changed_at
    FROM alert a JOIN alert_version v ON v.alert_id = a.alert_id AND v.version = a.version
    WHERE v.changed_at >= $2 AND NOT a.historical AND NOT a.shadow AND NOT EXISTS (
        SELECT 1 FROM webhook_delivery d
        WHERE d.webhook_id = $1 AND d.alert_id = v.alert_id AND d.version >= v.version)
    ORDER BY v.change LIMIT $3
"""


async def create(
    raw: Any, sealing: bytes, *, url: str, events: Sequence[str], institutions: Sequence[str],
    rules: Sequence[str], min_severity: int, payload: str, by: str, now: datetime,
) -> tuple[Any, str] | None:  # fmt: skip
    """A new endpoint: (its row, its secret); None when there are 100 already."""
    webhook_id, secret = f"wh_{secrets.token_hex(12)}", signing.new_secret()
    sealed = signing.seal(sealing, webhook_id, secret)
    row = await raw.fetchrow(
        PUT,
        webhook_id,
        url,
        list(events),
        list(institutions),
        list(rules),
        min_severity,
        payload,
        sealed,
        by,
        now,
        MOST,
    )
    return (row, secret) if row is not None else None


async def everything(raw: Any) -> list[Any]:
    """All endpoints, oldest first."""
    return await raw.fetch("SELECT * FROM webhook ORDER BY created_at, webhook_id")


async def one(raw: Any, webhook_id: str) -> Any:
    """One endpoint's row, or None."""
    return await raw.fetchrow("SELECT * FROM webhook WHERE webhook_id = $1", webhook_id)


async def delete(raw: Any, webhook_id: str) -> bool:
    """Forget an endpoint and its deliveries; False when there is none."""
    gone = "DELETE FROM webhook WHERE webhook_id = $1 RETURNING webhook_id"
    return await raw.fetchval(gone, webhook_id) is not None


async def rotate(raw: Any, sealing: bytes, webhook_id: str, now: datetime) -> str | None:
    """A new secret; the old one signs beside it for 24 hours. None when there is no such endpoint."""
    secret = signing.new_secret()
    done = await raw.fetchval(
        "UPDATE webhook SET old_secret = secret, old_secret_until = $3, secret = $2 WHERE webhook_id = $1"
        " RETURNING webhook_id",
        webhook_id,
        signing.seal(sealing, webhook_id, secret),
        now + OLD_SECRET_FOR,
    )
    return secret if done is not None else None


async def deliveries(raw: Any, webhook_id: str, after: int | None, limit: int) -> list[Any]:
    """Deliveries of an endpoint, newest first."""
    return await raw.fetch(DELIVERIES, webhook_id, after, limit)


async def redeliver(raw: Any, webhook_id: str, delivery_id: str, now: datetime) -> bool:
    """Try a delivery again from the start, under its old id; False when there is none."""
    if await raw.fetchval(REDELIVER, webhook_id, delivery_id, now) is None:
        return False
    await raw.execute(f"NOTIFY {outbox.CHANNEL}")
    return True


async def recover(raw: Any, webhook_id: str, since: datetime, now: datetime) -> int:
    """Switch an endpoint on again and tell it what it missed: deliveries that failed, and the last word
    on alerts that changed while it was off or did not exist (10,000 at most). Returns how many."""
    switched_on = "UPDATE webhook SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL"
    await raw.execute(f"{switched_on} WHERE webhook_id = $1", webhook_id)
    again = int((await raw.execute(RETRY_FAILED, webhook_id, since, now)).split()[-1])
    (endpoint,) = [one for one in await outbox.subscriptions(raw) if one.webhook_id == webhook_id]
    missed = [_change(row) for row in await raw.fetch(MISSED, webhook_id, since, RECOVERED_AT_ONCE)]
    rows = [outbox.row(endpoint, change, now) for change in missed if endpoint.wants(change)]
    await outbox.insert(raw, rows, now)
    await raw.execute(f"NOTIFY {outbox.CHANNEL}")
    return again + len(rows)


def _change(row: Any) -> Change:
    alert = decode_alert(row["body"])
    return Change(
        row["change"], row["alert_id"], row["version"], row["event"], alert, row["changed_at"], Origin()
    )
