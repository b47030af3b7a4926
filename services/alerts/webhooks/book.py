"""The book of endpoints: who is told, with which filter, on which terms, and who switched it on or off."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from services.alerts.webhooks import headers, notices, outbox, settling, signing

MOST = 100
OLD_SECRET_FOR = timedelta(hours=24)

SET = (
    "url", "events", "institutions", "rules", "min_severity", "regions", "payload", "description", "rate",
    "concurrency",
)  # fmt: skip
"""Columns that may be set as they are."""

PUT = """
    WITH made AS (
        INSERT INTO webhook (webhook_id, secret, headers, created_by, created_at, url, events, institutions,
                             rules, min_severity, regions, payload, description, rate, concurrency)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
        WHERE (SELECT count(*) FROM webhook) < $16
        RETURNING *
    ), counter AS (INSERT INTO webhook_counter (webhook_id) SELECT webhook_id FROM made)
    SELECT * FROM made
"""
CHANGE = """
    UPDATE webhook SET headers = $2, url = $3, events = $4, institutions = $5, rules = $6, min_severity = $7,
        regions = $8, payload = $9, description = $10, rate = $11, concurrency = $12
    WHERE webhook_id = $1 RETURNING *
"""
SWITCH_ON = """
    UPDATE webhook SET disabled_at = NULL, disabled_reason = NULL, disabled_by = NULL, disabled_note = '',
        failing_since = NULL, slowed = 0, throttled_until = NULL
    WHERE webhook_id = $1 RETURNING *
"""


async def create(
    raw: Any, sealing: bytes, given: Mapping[str, Any], own_headers: Mapping[str, str], by: str, now: datetime
) -> tuple[Any, str] | None:
    """A new endpoint: (its row, its secret); None when there are 100 already. given: a value for each of
    `SET`."""
    webhook_id, secret = f"wh_{secrets.token_hex(12)}", signing.new_secret()
    row = await raw.fetchrow(
        PUT,
        webhook_id,
        signing.seal(sealing, webhook_id, secret),
        headers.seal(sealing, webhook_id, own_headers),
        by,
        now,
        *(given[name] for name in SET),
        MOST,
    )
    return (row, secret) if row is not None else None


async def everything(raw: Any) -> list[Any]:
    """All endpoints, oldest first."""
    return await raw.fetch("SELECT * FROM webhook ORDER BY created_at, webhook_id")


async def one(raw: Any, webhook_id: str) -> Any:
    """One endpoint's row, or None."""
    return await raw.fetchrow("SELECT * FROM webhook WHERE webhook_id = $1", webhook_id)


async def change(
    raw: Any, sealing: bytes, row: Any, given: Mapping[str, Any], own_headers: Mapping[str, str | None]
) -> Any:
    """Set some of `SET` and of its headers; returns the row as it then stands.

    An endpoint that moves to another host leaves its credentials behind unless they are given anew: who may
    change the address must not learn by it what another entrusted to the old host.
    """
    values = {name: given.get(name, row[name]) for name in SET}
    known = headers.unseal(sealing, row["webhook_id"], row["headers"])
    if _origin(values["url"]) != _origin(row["url"]):
        known = headers.without_credentials(known)
    sealed = headers.seal(sealing, row["webhook_id"], headers.merged(known, own_headers))
    return await raw.fetchrow(CHANGE, row["webhook_id"], sealed, *values.values())


async def locked(raw: Any, webhook_id: str) -> Any:
    """One endpoint's row for a change of it, or None; others who change it wait."""
    return await raw.fetchrow("SELECT * FROM webhook WHERE webhook_id = $1 FOR NO KEY UPDATE", webhook_id)


async def switch_on(raw: Any, webhook_id: str) -> Any:
    """Deliver to it again; what waited for it goes out. Returns its row."""
    row = await raw.fetchrow(SWITCH_ON, webhook_id)
    await raw.execute(f"NOTIFY {outbox.CHANNEL}")
    return row


async def switch_off(raw: Any, webhook_id: str, by: str, note: str, public_url: str, now: datetime) -> Any:
    """Deliver nothing more to it until it is switched on again, and tell the others. Returns its row; one
    that was off already stays as it is."""
    row = await raw.fetchrow(settling.SWITCH_OFF, webhook_id, now, "by_hand", by, note)
    if row is None:
        return await one(raw, webhook_id)
    await notices.tell_disabled(raw, [row], public_url, now)
    return row


async def delete(raw: Any, webhook_id: str) -> bool:
    """Forget an endpoint and its deliveries; False when there is none. The counter goes first, in the order
    in which deliveries are numbered and put."""
    await raw.execute("DELETE FROM webhook_counter WHERE webhook_id = $1", webhook_id)
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


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port
