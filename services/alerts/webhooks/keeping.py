"""Keeping house in the outbox: forgetting, how long the oldest waits, and a clock that was set back."""

from datetime import datetime, timedelta
from typing import Any

from services.alerts.webhooks.health import LONGEST_RETRY_AFTER
from services.alerts.webhooks.outbox import COALESCE

FORGOTTEN_AT_ONCE = 1_000
"""Of each endpoint."""

FORGET = """
    WITH old AS MATERIALIZED (
        SELECT d.delivery_id FROM webhook w CROSS JOIN LATERAL (
            SELECT delivery_id, created_at, lease_until, state FROM webhook_delivery q
            WHERE q.webhook_id = w.webhook_id ORDER BY q.born LIMIT $2
        ) d WHERE d.created_at < $1 AND d.lease_until IS NULL
            AND (d.state <> 'pending' OR w.disabled_at < $1)
    )
    DELETE FROM webhook_delivery d USING old WHERE d.delivery_id = old.delivery_id
"""
OLDEST = """
    SELECT min(due.next_at) FROM webhook w CROSS JOIN LATERAL (
        SELECT q.next_at FROM webhook_delivery q
        WHERE q.webhook_id = w.webhook_id AND q.state = 'pending' ORDER BY q.next_at, q.born LIMIT 1
    ) due WHERE w.disabled_at IS NULL
"""
SET_BACK = """
    UPDATE webhook_delivery SET lease_until = CASE WHEN lease_until > $2 THEN $2 ELSE lease_until END,
        last_try_at = CASE WHEN last_try_at > $1 THEN $1 ELSE last_try_at END,
        next_at = $1 + CASE WHEN tries > tried_before THEN next_at - last_try_at
                            WHEN coalescing THEN $3 ELSE interval '0' END
    WHERE state = 'pending' AND coalesce(last_try_at, created_at) > $1
"""
SET_BACK_ENDPOINTS = """
    UPDATE webhook SET paced_until = CASE WHEN paced_until > $1 THEN $1 ELSE paced_until END,
        failing_since = CASE WHEN failing_since > $1 THEN $1 ELSE failing_since END,
        throttled_until = CASE WHEN throttled_until > $2 THEN $2 ELSE throttled_until END
    WHERE greatest(paced_until, failing_since, throttled_until) > $1
"""


async def forget(raw: Any, before: datetime) -> int:
    """Delete the oldest deliveries that are older than that, with their tries: what waits, only of an
    endpoint that was switched off so long. Returns how many; 0 when there are no more."""
    return int((await raw.execute(FORGET, before, FORGOTTEN_AT_ONCE)).split()[-1])


async def oldest_age(raw: Any, now: datetime) -> float:
    """Seconds for which the oldest due delivery has waited; 0 when nothing is due."""
    oldest = await raw.fetchval(OLDEST)
    return max((now - oldest).total_seconds(), 0.0) if oldest else 0.0


async def set_back(raw: Any, now: datetime, lease: timedelta) -> None:
    """The clock shows less than it did: what was put off until a time that is now far ahead waits no longer
    than was meant. Doing it twice is the same as once."""
    longest = now + timedelta(seconds=LONGEST_RETRY_AFTER)
    await raw.execute(SET_BACK_ENDPOINTS, now, longest)
    await raw.execute(SET_BACK, now, now + lease, COALESCE)
