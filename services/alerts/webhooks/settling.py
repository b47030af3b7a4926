"""Settling: what came of tries is written down, each try is kept, and how the endpoints fare by it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.alerts.webhooks.health import Health, Outcome
from services.alerts.webhooks.queue import Claimed

ILL_OR_RECOVERED = """
    SELECT webhook_id, failing_since, slowed, throttled_until FROM webhook
    WHERE webhook_id = ANY($1::text[])
        OR (webhook_id = ANY($2::text[]) AND (failing_since IS NOT NULL OR slowed > 0))
    ORDER BY webhook_id FOR NO KEY UPDATE
"""
FARES = """
    UPDATE webhook SET failing_since = $2, slowed = $3, throttled_until = $4 WHERE webhook_id = $1
"""
SWITCH_OFF = """
    UPDATE webhook SET disabled_at = $2, disabled_reason = $3, disabled_by = $4, disabled_note = $5
    WHERE webhook_id = $1 AND disabled_at IS NULL RETURNING *
"""
SYSTEM = "system"
SETTLE = """
    WITH came AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[],
                             $6::int[], $7::int[], $8::text[], $9::text[])
            AS t (delivery_id, attempt, state, next_at, at, latency_ms, status, error, response)
    ), settled AS (
        -- A try that outlived its lease still counts when it was delivered; one from before the delivery was
        -- sent anew does not.
        UPDATE webhook_delivery d SET state = c.state, next_at = coalesce(c.next_at, d.next_at),
            lease_until = NULL
        FROM came c
        WHERE d.delivery_id = c.delivery_id AND d.state = 'pending' AND d.tried_before < c.attempt
            AND (c.state = 'delivered' OR (d.tries = c.attempt AND d.lease_until IS NOT NULL))
    )
    INSERT INTO webhook_try (delivery_id, attempt, at, latency_ms, status, error, response)
    SELECT c.delivery_id, c.attempt, c.at, c.latency_ms, c.status, c.error, c.response
    FROM came c JOIN webhook_delivery USING (delivery_id)
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a try. state: delivered, pending (again at `next_at`) or failed (no more tries).
    at: when it set out. retry_after: seconds the receiver asked for."""

    claimed: Claimed
    state: str
    at: datetime
    latency_ms: int
    status: int | None
    error: str
    response: str
    next_at: datetime | None = None
    retry_after: float | None = None

    @property
    def outcome(self) -> Outcome:
        """What it says of the endpoint."""
        return Outcome(self.claimed.claimed_at, self.status, self.state == "delivered", self.retry_after)


async def settle(raw: Any, done: list[Settled], now: datetime) -> list[Any]:
    """Write down what came of tries; twice is the same as once. Returns the rows of the endpoints that were
    switched off by it."""
    switched_off = await _judge_endpoints(raw, done, now)
    await raw.execute(SETTLE, *map(list, zip(*map(_came, done), strict=True)))
    return switched_off


async def _judge_endpoints(raw: Any, done: list[Settled], now: datetime) -> list[Any]:
    """Endpoints come before deliveries, in the order of their ids, as everywhere: nobody locks crosswise."""
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    for one in done:
        outcomes[one.claimed.endpoint.webhook_id].append(one.outcome)
    ill = [webhook_id for webhook_id, seen in outcomes.items() if not all(one.delivered for one in seen)]
    switched_off = []
    for row in await raw.fetch(ILL_OR_RECOVERED, ill, list(outcomes)):
        webhook_id, *stood = row.values()
        fares = Health(*stood).after(outcomes[webhook_id], now)
        await raw.execute(FARES, webhook_id, fares.failing_since, fares.slowed, fares.throttled_until)
        reason = fares.off(outcomes[webhook_id], now)
        if reason and (off := await raw.fetchrow(SWITCH_OFF, webhook_id, now, reason, SYSTEM, "")):
            switched_off.append(off)
    return switched_off


def _came(one: Settled) -> tuple:
    return (
        one.claimed.delivery_id,
        one.claimed.attempt,
        one.state,
        one.next_at,
        one.at,
        one.latency_ms,
        one.status,
        one.error or None,
        one.response,
    )
