"""Reading the inbox in commit order, without ever passing a row that is not yet committed.

Sequence numbers are drawn before the commit, so a later number may be visible while an earlier one is
not. Rows carry the id of their transaction; a reader takes rows of transactions below the oldest one
still open, in the order (xid, seq). What is skipped now comes later, at a greater position.

Transactions that promised to write no entry are not waited for: one that judges a month is open for a minute,
and nothing may wait for it. The promise is an advisory lock named by the transaction's id, so it ends when
the transaction does; whoever gave none, or gives it a moment late, is waited for.
"""

from typing import NamedTuple

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.entry import Entry
from services.ingest.namesakes import HAS_KIN, foreign_entries
from services.runtime.database import transaction
from services.runtime.logs import log

PROMISES = 0x51494E00
PROMISE = """
SELECT pg_advisory_xact_lock($1, (low - CASE WHEN low < 1::bigint << 31 THEN 0
                                                     ELSE 1::bigint << 32 END)::int)
FROM (SELECT pg_current_xact_id()::text::bigint & 4294967295 AS low) AS mine
"""
OLDEST = """
(SELECT coalesce(min(open.xid), pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
 FROM (SELECT xid::text::bigint AS xid FROM pg_snapshot_xip(pg_current_snapshot()) AS xid) AS open
 WHERE open.xid & 4294967295 NOT IN (
     SELECT objid::bigint FROM pg_locks
     WHERE locktype = 'advisory' AND classid = $4 AND objsubid = 2
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))
"""
"""The oldest transaction still open that may write an entry; what is not among the open ones of the snapshot
and above it was not begun when it was taken."""
READ = f"""
SELECT seq, kind, key, body, occurred_at, received_at, request_id, historical, xid, fact, also,
       {HAS_KIN} AS has_kin
FROM inbox i
WHERE (xid, seq) > ($1, $2) AND xid < {OLDEST}
ORDER BY xid, seq LIMIT $3
"""  # noqa: S608 - constants only
BEYOND = "SELECT EXISTS (SELECT FROM inbox WHERE (xid, seq) > ($1, $2))"
LOAD = "SELECT xid, seq, as_of, count FROM progress WHERE name = $1"
STORE = """
INSERT INTO progress (name, xid, seq, as_of, count) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET xid = excluded.xid, seq = excluded.seq, as_of = excluded.as_of,
    count = excluded.count, updated_at = now()
"""
IS_FOREIGN = """
SELECT greatest((SELECT max(xid) FROM inbox), (SELECT max(xid) FROM progress))
       >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""
SETTLE = """
WITH edge AS (
    SELECT coalesce(max(seq), 0) AS seq FROM inbox WHERE xid >= pg_current_xact_id()::text::bigint
), places AS MATERIALIZED (
    SELECT xid, seq FROM progress
), moved AS (
    UPDATE progress SET seq = (1::bigint << 62),
        xid = 1 + (SELECT count(*) FROM places WHERE (places.xid, places.seq) < (progress.xid, progress.seq))
)
UPDATE inbox SET xid = 1 + (
    SELECT count(*) FROM places
    WHERE inbox.seq > edge.seq OR (places.xid, places.seq) < (inbox.xid, inbox.seq)
) FROM edge
"""
"""What a reader has read stays read: entries are numbered by how many readers stand before them. Those above
the edge came after the restore."""


class Position(NamedTuple):
    """How far a reader has come: the last row taken, the greatest `occurred_at` and the number of
    entries up to it."""

    xid: int = 0
    seq: int = 0
    as_of: int = 0
    count: int = 0


START = Position()


async def read(
    connection: asyncpg.Connection, after: Position, limit: int, retention: int | None = None
) -> tuple[list[Entry], Position]:
    """Up to `limit` entries after a position, and the position after them.

    Between them stand foreign entries, which are no rows of their own: other persons hear of what concerns
    them too (`namesakes`). retention: microseconds behind as_of beyond which an event is too late.
    """
    rows = await connection.fetch(READ, after.xid, after.seq, limit, PROMISES)
    if not rows:
        return [], after
    as_of = after.as_of
    entries = []
    for seq, kind, key, body, occurred_at, received_at, request_id, historical, *_ in rows:
        entries.append(Entry(seq, kind, key, body, occurred_at, received_at, as_of, request_id, historical))
        if occurred_at > as_of:
            as_of = occurred_at
    asked = [(row, entry) for row, entry in zip(rows, entries, strict=True) if row["has_kin"]]
    if asked:
        foreign = await foreign_entries(connection, asked, retention)
        entries = [one for entry in entries for one in (*foreign.get(entry.seq, ()), entry)]
    return entries, Position(rows[-1]["xid"], rows[-1]["seq"], as_of, after.count + len(rows))


async def promise_no_entry(connection: asyncpg.Connection) -> None:
    """The transaction that the connection stands in will write no entry: readers need not wait for it."""
    await connection.execute(PROMISE, PROMISES)


async def hidden(connection: asyncpg.Connection, after: Position) -> bool:
    """Whether committed rows wait behind a transaction that is still open."""
    return await connection.fetchval(BEYOND, after.xid, after.seq)


async def load_position(connection: asyncpg.Connection, name: str) -> Position:
    """Where the reader `name` stands; the beginning when it never stored a position."""
    row = await connection.fetchrow(LOAD, name)
    return Position(*row) if row else START


async def is_foreign(connection: asyncpg.Connection) -> bool:
    """Whether rows or readers' positions were written by a server that had counted further than this one."""
    return bool(await connection.fetchval(IS_FOREIGN))


async def settle_after_restore(engine: AsyncEngine) -> None:
    """Before anything new is accepted. A database that was restored from a dump into another server counts
    transactions from that one's beginning: new entries would stand before what is read already, and never be
    read. What the old ids say of order is kept as read and unread, below every id to come."""
    async with transaction(engine) as connection:
        if not await is_foreign(connection):
            return
        await connection.execute("LOCK TABLE inbox, progress IN EXCLUSIVE MODE")
        await connection.execute(SETTLE)
    log.info("inbox_settled_after_restore")


async def store_position(connection: asyncpg.Connection, name: str, position: Position) -> None:
    """Keep where the reader `name` stands, in the caller's transaction."""
    await connection.execute(STORE, name, *position)
