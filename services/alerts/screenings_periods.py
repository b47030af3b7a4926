"""Months that have changed since their rules were run, and what those rules last said.

A month is due when nothing has changed for a moment, and the last run is long enough ago for its length; or
when a change has waited for an hour. So rules over months run at most hourly while settlements keep coming,
and soon after they stop. A registry of another version makes every month due.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

QUIET = timedelta(seconds=2)
WAITS_AT_MOST = timedelta(hours=1)
REST = 10
"""Times its own length that a run is not repeated: at most a tenth of the time goes into it."""

DUE = """
    SELECT month, changed FROM period
    WHERE (changed > judged OR registry_version <> $1)
      AND (first_changed_at <= $2::timestamptz - $4::interval
           OR changed_at <= $2::timestamptz - $3::interval
              AND (judged_at IS NULL OR judged_at <= $2::timestamptz - make_interval(secs => $5 * seconds)))
    ORDER BY month
"""
MARK = """
    UPDATE period SET judged = $2, registry_version = $3, first_changed_at = $4, judged_at = $5, seconds = $6
    WHERE month = $1
"""
ASK_AGAIN = "UPDATE period SET registry_version = -1 WHERE month = ANY($1::text[])"
SPOKEN = """
    SELECT alert_id, revision, status, body FROM alert_voice WHERE key = $1 AND key LIKE 'period:%'
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A month to be judged, and how often it had changed when that was asked."""

    month: str
    changed: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run over all months that were due: from when to when, and how long it judged, without its waiting."""

    began: datetime
    ended: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a rule last said of a month: JSON of the alerts that stand by id, and its next revision."""

    stand: dict[str, bytes]
    next_revision: int


async def due(raw: Any, registry_version: int, now: datetime) -> list[Due]:
    """The months to be judged now, in order."""
    rows = await raw.fetch(DUE, registry_version, now, QUIET, WAITS_AT_MOST, float(REST))
    return [Due(row["month"], row["changed"]) for row in rows]


async def known(raw: Any) -> list[str]:
    """All months in which something was ever screened."""
    return [row["month"] for row in await raw.fetch("SELECT month FROM period")]


async def mark(raw: Any, judged: Due, registry_version: int, run: Run) -> None:
    """Note that a month was judged as it stood when the run began; what changed since makes it due again."""
    await raw.execute(MARK, judged.month, judged.changed, registry_version, run.began, run.ended, run.seconds)


async def ask_again(raw: Any, months: Sequence[str]) -> None:
    """Have months judged again, though nothing of them has changed."""
    await raw.execute(ASK_AGAIN, list(months))


async def spoken(raw: Any, key: str) -> Spoken:
    """What stands of a key's words."""
    rows = await raw.fetch(SPOKEN, key)
    stand = {row["alert_id"]: row["body"].encode() for row in rows if row["status"] == "open"}
    return Spoken(stand, max((row["revision"] for row in rows), default=0) + 1)
