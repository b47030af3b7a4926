"""Where judging anew stands after a change of reference data: stored, so that it goes on after a restart.

It takes the memories page by page, by their keys; its place moves in the transaction of what the page led
to. A memory that comes meanwhile is judged by the new data from its first message, wherever its key lies.
A further change of the data begins anew.
"""

from collections.abc import Sequence

import asyncpg

LOAD = "SELECT after FROM rejudging"
# What was announced later is what stands in the tables, and is judged by; so is the greater version.
BEGIN = """
INSERT INTO rejudging (version, after, done, total, began_at)
SELECT $1, '', 0, count(*), now() FROM memory_cell WHERE cell = ''
ON CONFLICT (one) DO UPDATE SET version = greatest(rejudging.version, excluded.version), after = '',
    done = 0, total = excluded.total
"""
KEYS = "SELECT key FROM memory_cell WHERE cell = '' AND key > $1 ORDER BY key LIMIT $2"
MOVE = "UPDATE rejudging SET after = $1, done = done + $2"
END = "DELETE FROM rejudging"


class Rejudging:
    """The place in the row of keys. `after`: the last key done; None when there is nothing to judge anew."""

    def __init__(self) -> None:
        self.after: str | None = None

    async def load(self, connection: asyncpg.Connection) -> None:
        """Go on where it was left."""
        self.after = await connection.fetchval(LOAD)

    async def begin(self, connection: asyncpg.Connection, version: int) -> None:
        """Judge all memories anew, by this version; in the caller's transaction, `started` after it."""
        await connection.execute(BEGIN, version)

    def started(self) -> None:
        """What `begin` wrote is committed."""
        self.after = ""

    async def page(self, connection: asyncpg.Connection, size: int) -> list[str]:
        """The next keys; none at the end."""
        return [row["key"] for row in await connection.fetch(KEYS, self.after, size)]

    async def move(self, connection: asyncpg.Connection, keys: Sequence[str]) -> None:
        """These are done, in the caller's transaction; `moved` after it."""
        if keys:
            await connection.execute(MOVE, keys[-1], len(keys))
        else:
            await connection.execute(END)

    def moved(self, keys: Sequence[str]) -> None:
        """What `move` wrote is committed."""
        self.after = keys[-1] if keys else None
