"""The embedded runtime's look at all memories for those that are over: page by page, by their keys.

Its place is not stored: a process that begins looks at all of them anew, and to drop one twice is the same as
once.
"""

import asyncpg

from services.runtime.sweeping import Sweeps

KEYS = """
SELECT key FROM memory_cell WHERE cell = '' AND key > $1::text AND key ^@ $2::text ORDER BY key LIMIT $3
"""
DROP = "DELETE FROM memory_cell WHERE key = ANY($1::text[])"


class Sweeping:
    """The place in the row of keys that begin with `prefix`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._after: str | None = None
        self._sweeps = Sweeps()

    def is_on(self, as_of: int) -> bool:
        """Whether there is anything to look at."""
        if self._after is None and self._sweeps.begins(as_of):
            self._after = self._prefix
        return self._after is not None

    async def page(self, connection: asyncpg.Connection, size: int) -> list[str]:
        """The next keys; none at the end."""
        keys = [row["key"] for row in await connection.fetch(KEYS, self._after, self._prefix, size)]
        self._after = keys[-1] if keys else None
        return keys
