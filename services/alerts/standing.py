"""What stands open, as gauges: counted in the database now and then, for no process knows it by itself."""

import asyncio
from typing import Any

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts import metrics
from services.runtime.database import driver
from services.runtime.logs import log

LOOK_SECONDS = 15.0
SEVERITIES = ("1", "2", "3")
HEALTHS = ("well", "slowed", "failing", "disabled")

OPEN = "SELECT severity::text, count(*) FROM alert WHERE status = 'open' AND NOT shadow GROUP BY severity"
INSTITUTIONS = """
    SELECT count(DISTINCT named.institution) FROM alert, unnest(institutions) AS named (institution)
    WHERE status = 'open' AND NOT shadow
"""
DEAD_LETTERS = "SELECT count(*) FROM dead_letter WHERE retried_at IS NULL"
ENDPOINTS = """
    SELECT CASE WHEN disabled_at IS NOT NULL THEN 'disabled' WHEN slowed > 0 THEN 'slowed'
                WHEN failing_since IS NOT NULL THEN 'failing' ELSE 'well' END AS health, count(*)
    FROM webhook GROUP BY health
"""
WAITING = """
    SELECT count(*) FROM (
        SELECT FROM webhook_delivery d JOIN webhook w USING (webhook_id)
        WHERE d.state = 'pending' AND w.disabled_at IS NULL LIMIT 100000
    ) waiting
"""


async def watch(engine: AsyncEngine, every: float = LOOK_SECONDS) -> None:
    """Keep the gauges true until cancelled; while the database is away they stay as they were."""
    while True:
        try:
            async with driver(engine) as raw:
                await _look(raw)
        except (OSError, asyncpg.PostgresError, SQLAlchemyError):
            log.warning("standing_unknown")
        await asyncio.sleep(every)


async def _look(raw: Any) -> None:
    standing = dict(map(tuple, await raw.fetch(OPEN)))
    for severity in SEVERITIES:
        metrics.OPEN.labels(severity).set(standing.get(severity, 0))
    faring = dict(map(tuple, await raw.fetch(ENDPOINTS)))
    for health in HEALTHS:
        metrics.ENDPOINTS.labels(health).set(faring.get(health, 0))
    metrics.INSTITUTIONS.set(await raw.fetchval(INSTITUTIONS))
    metrics.DEAD_LETTERS_WAITING.set(await raw.fetchval(DEAD_LETTERS))
    metrics.WAITING_DELIVERIES.set(await raw.fetchval(WAITING))
