"""Screenings as rows: every settlement as it was judged, and the months that have changed by it.

A screening is named by institution, settlement (or admission) and person; of one key the greatest revision
of a log counts, so that storing twice is storing once. What says nothing new changes nothing and makes no
month wait: all may be said again after a change of the registry. Withdrawn ones stay, marked.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from schemas.screening import COLUMNS, ScreeningMessage, digest, row_of

_NAMES = ", ".join(COLUMNS)
_CHANGED = ", ".join(
    f"{name} = excluded.{name}"
    for name in (*COLUMNS, "epoch", "digest")
    if name not in ("institution_id", "name", "person")
)
INCOMING = "incoming_screening"
STAGE = f"""
    CREATE TEMP TABLE IF NOT EXISTS {INCOMING} (
        {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())}, digest bytea
    ) ON COMMIT DELETE ROWS
"""
PUT = f"""
    WITH known AS (
        SELECT (SELECT s.month FROM screening s
                WHERE s.institution_id = i.institution_id AND s.name = i.name AND s.person = i.person
                    AND s.digest <> i.digest) AS month
        FROM {INCOMING} i
    ), put AS (
        INSERT INTO screening ({_NAMES}, digest, epoch) SELECT {_NAMES}, digest, $1::text FROM {INCOMING}
        ON CONFLICT (institution_id, name, person) DO UPDATE SET {_CHANGED}
        WHERE screening.digest <> excluded.digest
            AND (screening.epoch <> excluded.epoch OR screening.revision <= excluded.revision)
        RETURNING month
    ), placed AS (
        INSERT INTO settled_place SELECT DISTINCT institution_id, region FROM {INCOMING}
        WHERE region <> '' ORDER BY institution_id, region ON CONFLICT DO NOTHING
    )
    SELECT month FROM put UNION SELECT month FROM known WHERE month IS NOT NULL
"""  # noqa: S608 - names of columns only
TOUCH = """
    INSERT INTO period (month, changed, first_changed_at, changed_at)
    SELECT month, 1, $2, $2 FROM unnest($1::text[]) AS t (month) ORDER BY month
    ON CONFLICT (month) DO UPDATE SET changed = period.changed + 1, changed_at = excluded.changed_at,
        first_changed_at = CASE WHEN period.changed > period.judged THEN period.first_changed_at
                                ELSE excluded.first_changed_at END
"""
COUNTS = """
    SELECT institution_id, care,
           count(*) FILTER (WHERE NOT withdrawn AND settlement_id <> '') AS settlements,
           count(*) FILTER (WHERE NOT withdrawn AND settlement_id = '') AS admissions,
           count(*) FILTER (WHERE withdrawn AND settlement_id <> '') AS withdrawn,
           coalesce(sum(versions) FILTER (WHERE settlement_id <> ''), 0)::bigint AS events,
           coalesce(sum(total) FILTER (WHERE NOT withdrawn), 0)::bigint AS total,
           coalesce(sum(fund) FILTER (WHERE NOT withdrawn), 0)::bigint AS fund,
           coalesce(sum(account) FILTER (WHERE NOT withdrawn), 0)::bigint AS account,
           coalesce(sum(family) FILTER (WHERE NOT withdrawn), 0)::bigint AS family
    FROM screening
    WHERE occurred_day >= $1 AND occurred_day < $2 AND ($3::text[] IS NULL OR institution_id = ANY($3))
    GROUP BY institution_id, care ORDER BY institution_id, care
"""
COUNTED = ("settlements", "admissions", "withdrawn", "events")
SUMMED = ("total", "fund", "account", "family")


async def store(raw: Any, messages: Sequence[ScreeningMessage], now: datetime, epoch: str) -> None:
    """Upsert screenings and mark their months, those of before too, in the caller's transaction; a smaller
    revision of the same log is a late repeat."""
    last: dict[tuple[str, str, str], ScreeningMessage] = {}
    for message in messages:
        place = (message.institution_id, message.name, message.key)
        known = last.get(place)
        if known is None or message.revision >= known.revision:
            last[place] = message
    if not last:
        return
    # Copied, for the driver asks of each element of an array whether it is one itself: with fifty columns
    # that takes longer than all else.
    rows = [(*row_of(message), digest(message)) for message in last.values()]
    await raw.execute(STAGE)
    await raw.copy_records_to_table(INCOMING, records=rows, columns=(*COLUMNS, "digest"))
    months = [row["month"] for row in await raw.fetch(PUT, epoch)]
    if months:
        await raw.execute(TOUCH, months, now)


async def counts(raw: Any, month: str, institutions: Sequence[str] = ()) -> dict[str, Any]:
    """What was screened of a month ("YYYY-MM", by `occurred_at` as the door counts it), by institution and
    care, and the totals: counts, and sums of what stands in decimal yuan."""
    begin, end = month_days(month)
    rows = await raw.fetch(COUNTS, begin, end, list(institutions) or None)
    totals = {name: sum(row[name] for row in rows) for name in (*COUNTED, *SUMMED)}
    return {
        "month": month,
        "items": [
            {"institution_id": row["institution_id"], "care": row["care"], **_figures(row)} for row in rows
        ],
        "totals": _figures(totals),
    }


def month_days(month: str) -> tuple[int, int]:
    """First day of a month and of the next, as ordinals."""
    first = date.fromisoformat(f"{month}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first.toordinal(), following.toordinal()


def _figures(row: Any) -> dict[str, Any]:
    return {
        **{name: row[name] for name in COUNTED},
        **{name: _yuan(row[name]) for name in SUMMED},
    }


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
