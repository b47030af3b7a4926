"""What stands open, as gauges: counted in the database now and then, for no process knows it by itself."""

import asyncio

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts import metrics
from services.runtime.database import driver
from services.runtime.logs import log

LOOK_SECONDS = 15.0
SEVERITIES = (1, 2, 3)

OPEN = "SELECT severity, count(*) FROM alert WHERE status = 'open' AND NOT shadow GROUP BY severity"
INSTITUTIONS = """
    SELECT count(DISTINCT named.institution) FROM alert, unnest(institutions) AS named (institution)
    WHERE status = 'open' AND NOT shadow
"""


async def watch(engine: AsyncEngine, every: float = LOOK_SECONDS) -> None:
    """Keep the gauges true until cancelled; while the database is away they stay as they were."""
    while True:
        try:
            async with driver(engine) as raw:
                counted = dict(map(tuple, await raw.fetch(OPEN)))
                metrics.INSTITUTIONS.set(await raw.fetchval(INSTITUTIONS))
            for severity in SEVERITIES:
                metrics.OPEN.labels(str(severity)).set(counted.get(severity, 0))
        except (OSError, asyncpg.PostgresError, SQLAlchemyError):
            log.warning("standing_unknown")
        await asyncio.sleep(every)
