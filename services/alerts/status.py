"""How far the system has come: accepted, judged, stored, and what lies between.

All numbers that are compared come from one statement, hence from one snapshot of the database: what is
judged there was accepted there, so a lag of 0 means that everything accepted so far is judged and stored.

Where a relay runs, only its log counts (`relay.log_id`, '' where none ever ran); what the inbox had forgotten
before that log began was judged in an earlier one. Records that count in no sum, such as the word that the
registry changed, show by their offsets: all that was sent must be judged.

Judging anew after a change of the registry is part of the lag, so that the law holds at 0. In one process it
is counted in memories (persons, and terminals by day); on Kafka in partitions, for a partition lets the word
that the registry changed go when it has judged all its memories anew.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas import moments
from services.alerts import metrics
from services.runtime.clock import Clock
from services.runtime.database import driver
from services.runtime.logs import log

OLDEST_WITHIN = 20_000
WATCH_SECONDS = 5.0

NUMBERS = """
    WITH inbox AS (
        SELECT coalesce(sum(entries), 0)::bigint AS entries, coalesce(sum(events), 0)::bigint AS events,
               coalesce(max(as_of), 0)::bigint AS as_of
        FROM inbox_totals
    ), mine AS (
        SELECT judged.* FROM judged JOIN relay USING (log_id)
    ), done AS (
        SELECT relay.trimmed_entries + coalesce(sum(entries), 0)::bigint AS entries,
               relay.trimmed_events + coalesce(sum(events), 0)::bigint AS events,
               coalesce(sum(too_late), 0)::bigint AS too_late
        FROM relay LEFT JOIN mine ON right(topic, 6) = 'events'
        GROUP BY relay.trimmed_entries, relay.trimmed_events
    ), sent AS (
        SELECT c.key::int AS partition, max(c.value::bigint) AS "offset"
        FROM mine j, jsonb_each_text(j.crossings::jsonb) c GROUP BY c.key
    ), unread AS (
        SELECT coalesce(sum(greatest(sent."offset" - coalesce(j."offset", -1), 0)), 0)::bigint AS records
        FROM sent LEFT JOIN mine j ON right(j.topic, 9) = 'crossings' AND j.partition = sent.partition
    ), relayed AS (
        SELECT coalesce(max(p.count), 0)::bigint AS entries FROM progress p WHERE p.name = 'relay'
    ), announced AS (
        SELECT coalesce(sum(greatest(s."offset" - coalesce(j."offset", -1), 0)), 0)::bigint AS records
        FROM relay_sent s LEFT JOIN mine j ON j.topic = s.topic AND j.partition = s.partition
    ), anew AS (
        SELECT r.version, r.done, greatest(r.total, r.done + 1) AS total, r.began_at
        FROM rejudging r, relay WHERE relay.log_id = ''
        UNION ALL
        SELECT relay.registry, count(*) FILTER (WHERE j."offset" >= s.announced), count(*), NULL
        FROM relay, relay_sent s LEFT JOIN mine j ON j.topic = s.topic AND j.partition = s.partition
        WHERE s.announced >= 0
        GROUP BY relay.registry HAVING count(*) > count(*) FILTER (WHERE j."offset" >= s.announced)
    )
    SELECT inbox.events AS accepted, done.events AS judged, inbox.entries - done.entries AS unjudged,
           unread.records AS crossings, done.too_late, inbox.as_of, ledger.stored, ledger.open,
           CASE WHEN relay.log_id = '' THEN 0
                ELSE greatest(inbox.entries - relayed.entries, announced.records) END AS underway,
           (SELECT count(*) FROM dead_letter WHERE retried_at IS NULL) AS dead_letters,
           (SELECT count(*) FROM period p, registry_version v
            WHERE p.changed > p.judged OR p.registry_version <> v.loaded) AS months_waiting,
           anew.version AS registry_version, anew.done, anew.total,
           (extract(epoch FROM anew.began_at) * 1000000)::bigint AS began_at
    FROM inbox, done, unread, relayed, announced, relay, alert_ledger ledger LEFT JOIN anew ON true
"""
OLDEST = """
    SELECT received_at FROM inbox WHERE (xid, seq) =
        (SELECT xid, seq FROM inbox ORDER BY xid DESC, seq DESC OFFSET $1 LIMIT 1)
"""


async def read(raw: Any, now: int) -> dict[str, Any]:
    """The status as outsiders read it. now: microseconds since 1970, for the age of the oldest unjudged.

    The age is that of the n-th newest entry when n are unjudged (of the 20,000th when there are more).
    """
    row = await raw.fetchrow(NUMBERS)
    rejudging = None
    if row["registry_version"] is not None:
        rejudging = {name: row[name] for name in ("registry_version", "done", "total")}
    return {
        "accepted": row["accepted"],
        "judged": row["judged"],
        "alerts_stored": row["stored"],
        "alerts_open": row["open"],
        "dead_letters": row["dead_letters"],
        "too_late": row["too_late"],
        "lag": await _lag(raw, row, now),
        "rejudging": rejudging,
        "months_waiting": row["months_waiting"],
        "as_of": moments.normal(row["as_of"]) if row["as_of"] else None,
    }


def waiting(told: Mapping[str, Any]) -> dict[str, Any]:
    """Of a status: how much of what was posted waits for its first judgement, and how long; its lag, but
    for what is only judged anew."""
    if told["rejudging"] and told["judged"] >= told["accepted"]:
        return {"events": 0, "seconds": 0.0}
    return told["lag"]


async def watch(engine: AsyncEngine, clock: Clock, every: float = WATCH_SECONDS) -> None:
    """Keep the gauges of lag and of months true until cancelled; while the database is away they stay as
    they were."""
    while True:
        try:
            async with driver(engine) as raw:
                found = await read(raw, clock())
            metrics.LAG_EVENTS.set(found["lag"]["events"])
            metrics.LAG_SECONDS.set(found["lag"]["seconds"])
            metrics.MONTHS_WAITING.set(found["months_waiting"])
        except (OSError, asyncpg.PostgresError, SQLAlchemyError):
            log.warning("lag_unknown")
        await asyncio.sleep(every)


async def _lag(raw: Any, row: Any, now: int) -> dict[str, Any]:
    unjudged = max(row["unjudged"], 0)
    behind = unjudged + row["crossings"] or row["underway"]
    if behind:
        since = await raw.fetchval(OLDEST, max(min(unjudged, OLDEST_WITHIN) - 1, 0))
    elif row["registry_version"] is not None:
        # All that came is judged, but not all of it by the registry as it is now.
        behind, since = row["total"] - row["done"], row["began_at"]
    else:
        return {"events": 0, "seconds": 0.0}
    return {"events": behind, "seconds": round(max(now - (since or now), 0) / moments.SECOND, 3)}
