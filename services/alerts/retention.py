"""What the alerts service forgets, hour by hour: what nobody can mend or use any more.

Never forgotten: open alerts, dead letters that wait, persons that are suspended. A withdrawn alert that is
found again begins anew under its id.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from services.alerts.defects import PLACEHOLDER
from services.alerts.office import Office
from services.runtime.logs import log

ROWS_AT_ONCE = 2_000
EVERY_SECONDS = 3_600.0

LETTERS = """
    DELETE FROM dead_letter WHERE id IN (
        SELECT id FROM dead_letter WHERE retried_at < $1 ORDER BY id LIMIT $2)
"""
DEFECTS = f"""
    DELETE FROM data_defect WHERE born IN (
        SELECT born FROM data_defect WHERE changed_at < $1 AND NOT (open AND code = '{PLACEHOLDER}')
        ORDER BY changed_at LIMIT $2)
"""  # noqa: S608 - a constant of ours
LOCK_LEDGER = "SELECT change FROM alert_ledger FOR UPDATE"
ALERTS = """
    DELETE FROM alert WHERE alert_id IN (
        SELECT alert_id FROM alert WHERE status = 'withdrawn' AND changed_at < $1
        ORDER BY changed_at LIMIT $2)
    RETURNING alert_id
"""
VOICES = "DELETE FROM alert_voice WHERE alert_id = ANY($1::text[])"
VERSIONS = "DELETE FROM alert_version WHERE alert_id = ANY($1::text[])"
LEDGER = "UPDATE alert_ledger SET stored = stored - $1"

Job = Callable[[Any, datetime], Awaitable[int]]
"""(connection in a transaction, what is older goes): forgets up to `ROWS_AT_ONCE`; how many it was."""


async def forget_letters(raw: Any, before: datetime) -> int:
    """Dead letters that went back into judgement before that."""
    return _count(await raw.execute(LETTERS, before, ROWS_AT_ONCE))


async def forget_defects(raw: Any, before: datetime) -> int:
    """Data defects that have not changed since, mended or not: their events are beyond correction."""
    return _count(await raw.execute(DEFECTS, before, ROWS_AT_ONCE))


async def forget_withdrawn(raw: Any, before: datetime) -> int:
    """Alerts that were withdrawn before that, with their histories."""
    # As intake does: nobody stores a change of an alert that is going.
    await raw.fetchval(LOCK_LEDGER)
    gone = [row["alert_id"] for row in await raw.fetch(ALERTS, before, ROWS_AT_ONCE)]
    if gone:
        await raw.execute(VOICES, gone)
        await raw.execute(VERSIONS, gone)
        await raw.execute(LEDGER, len(gone))
    return len(gone)


async def forget(office: Office) -> dict[str, int]:
    """Forget all that is due by the settings, page by page; how many rows of what."""
    settings, now = office.settings, office.now()
    jobs: tuple[tuple[str, Job, int], ...] = (
        ("dead_letters", forget_letters, settings.incident_retention_days),
        ("data_defects", forget_defects, settings.incident_retention_days),
        ("withdrawn_alerts", forget_withdrawn, settings.withdrawn_retention_days),
    )
    forgotten = {}
    for name, job, days in jobs:
        forgotten[name] = rows = await _all(office, job, now - timedelta(days=days))
        if rows:
            log.info(f"{name}_forgotten", count=rows)
    return forgotten


async def forget_forever(office: Office) -> None:
    """Forget every hour; what is away is no reason to stop."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with contextlib.suppress(Exception):
            await forget(office)


async def _all(office: Office, job: Job, before: datetime) -> int:
    forgotten = 0
    while True:
        async with office.transaction() as raw:
            rows = await job(raw, before)
        forgotten += rows
        if rows < ROWS_AT_ONCE:
            return forgotten


def _count(done: str) -> int:
    return int(done.rsplit(" ", 1)[-1])
