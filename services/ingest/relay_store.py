"""Where the relay stands, in the database: its position, what it sent last, what it is about to send.

Position and greatest acknowledged offsets move in one transaction. What is about to be sent is written
before it is: a batch whose sending was cut short is then read and cut exactly as it was, so each record
goes out again under its number and is counted once.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import asyncpg

from services.ingest.reader import START, Position, load_position, store_position

READER = "relay"
LOCK = 0x51494E52

LOAD = "SELECT log_id, registry, intended, chunk FROM relay"
LOAD_SENT = 'SELECT topic, partition, "offset", number, announced FROM relay_sent'
STORE = "UPDATE relay SET registry = $1, intended = $2, chunk = $3"
STORE_SENT = """
INSERT INTO relay_sent (topic, partition, "offset", number, announced)
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[])
ON CONFLICT (topic, partition) DO UPDATE SET "offset" = excluded."offset", number = excluded.number,
    announced = excluded.announced
"""
TRIMMED = """
SELECT coalesce(sum(entries), 0)::bigint - (SELECT count(*) FROM inbox),
       coalesce(sum(events), 0)::bigint - (SELECT count(*) FROM inbox WHERE kind = 'event')
FROM inbox_totals
"""
BEGIN = """
UPDATE relay SET log_id = $1, registry = -1, intended = $2, chunk = 0, trimmed_entries = $2,
    trimmed_events = $3
"""
RECORDS = """
SELECT "table", id, effective_from, version, body FROM registry_record
WHERE version > $1 AND version <= $2 AND "table" = ANY($3::text[]) ORDER BY version
"""
REGISTRY_VERSION = "SELECT version FROM registry_version"


class Sent(NamedTuple):
    """The last record acknowledged of a partition: its offset, and its number by our count. announced: offset
    of the last that said that the registry changed."""

    offset: int = -1
    number: int = 0
    announced: int = -1


@dataclass
class State:
    """log_id: identity of the log all this is about. registry: version published, -1 none. intended: entries,
    by the position's count, that the batch in hand reaches; chunk: entries in one of its records."""

    log_id: str = ""
    position: Position = START
    registry: int = -1
    intended: int = 0
    chunk: int = 0
    sent: dict[tuple[str, int], Sent] = field(default_factory=dict)


async def load(connection: asyncpg.Connection) -> State:
    """Where the relay stands."""
    row = await connection.fetchrow(LOAD)
    sent = {
        (topic, partition): Sent(offset, number, announced)
        for topic, partition, offset, number, announced in await connection.fetch(LOAD_SENT)
    }
    position = await load_position(connection, READER)
    return State(row["log_id"], position, row["registry"], row["intended"], row["chunk"], sent)


async def begin(connection: asyncpg.Connection, log_id: str) -> None:
    """A new log: everything the inbox still holds is sent to it, from the beginning."""
    async with connection.transaction():
        # What is accepted meanwhile would be counted in one of the two numbers and not in the other.
        await connection.execute("LOCK TABLE inbox, inbox_totals IN SHARE MODE")
        entries, events = await connection.fetchrow(TRIMMED)
        await connection.execute(BEGIN, log_id, entries, events)
        await connection.execute("DELETE FROM relay_sent")
        await store_position(connection, READER, START._replace(count=entries))


async def store(connection: asyncpg.Connection, state: State) -> None:
    """Keep the state."""
    places = list(state.sent.items())
    async with connection.transaction():
        await connection.execute(STORE, state.registry, state.intended, state.chunk)
        await connection.execute(
            STORE_SENT,
            [topic for (topic, _), _ in places],
            [partition for (_, partition), _ in places],
            [sent.offset for _, sent in places],
            [sent.number for _, sent in places],
            [sent.announced for _, sent in places],
        )
        await store_position(connection, READER, state.position)
