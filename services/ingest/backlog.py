"""How much waits in the inbox, and the word to refuse new events before it is too much.

What was accepted is never dropped; at the limit the door closes until the reader has caught up.
"""

import asyncio
import contextlib
import shutil
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from services.ingest.inbox import Inbox
from services.ingest.metrics import BACKLOG_BYTES, BACKLOG_ROWS, LIMIT_BYTES, LIMIT_ROWS, OLDEST_AGE
from services.runtime.clock import Clock, system_clock
from services.runtime.database import driver
from services.runtime.errors import Unavailable

REFRESH_SECONDS = 0.5
DISK_FREE_AT_LEAST = 0.10
BACK_IN_SECONDS = 5.0

STATE = """
SELECT t.entries, t.bytes, coalesce(p.count, 0) AS taken, (
    SELECT received_at FROM inbox WHERE (xid, seq) > (coalesce(p.xid, 0), coalesce(p.seq, 0))
    ORDER BY xid, seq LIMIT 1
) AS oldest
FROM (SELECT coalesce(sum(entries), 0)::bigint AS entries, coalesce(sum(bytes), 0)::bigint AS bytes
      FROM inbox_totals) t
LEFT JOIN progress p ON p.name = $1
"""


class Backlog:
    """Measured twice a second. rows, bytes: waiting now; oldest_seconds: how long the oldest has waited.

    reader: whose position counts (`embedded` or `relay`). disk: folder whose file system must keep 10 %
    free, None when the database is elsewhere.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        inbox: Inbox,
        *,
        reader: str,
        rows_at_most: int,
        mebibytes_at_most: int,
        disk: Path | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._reader = reader
        self._rows_at_most = rows_at_most
        self._bytes_at_most = mebibytes_at_most * 1024 * 1024
        LIMIT_ROWS.set(rows_at_most)
        LIMIT_BYTES.set(self._bytes_at_most)
        self._disk = disk
        self._clock = clock
        self._own_rows = self._own_bytes = 0
        self._disk_full = False
        self._measured_rows = self._measured_bytes = 0
        self.oldest_seconds = 0.0

    @property
    def rows(self) -> int:
        """Entries waiting, what this process added since the measurement included."""
        return self._measured_rows + self._inbox.accepted_rows - self._own_rows

    @property
    def bytes(self) -> int:
        """Bytes waiting, likewise."""
        return self._measured_bytes + self._inbox.accepted_bytes - self._own_bytes

    def refuse_when_full(self) -> None:
        """Raises Unavailable at a limit."""
        if reason := self.full():
            raise Unavailable(reason, BACK_IN_SECONDS)

    def full(self) -> str | None:
        """What limit is reached, in words; None when there is room."""
        if self._disk_full:
            return "less than 10 % of the disk is free"
        if self.rows >= self._rows_at_most or self.bytes >= self._bytes_at_most:
            return "the inbox is full: what was accepted waits to be judged"
        return None

    async def refresh(self) -> None:
        """Measure now."""
        own = self._inbox.accepted_rows, self._inbox.accepted_bytes
        async with driver(self._engine) as connection:
            state = await connection.fetchrow(STATE, self._reader)
        self._own_rows, self._own_bytes = own
        entries, size, taken, oldest = state
        self._measured_rows = max(0, entries - taken)
        self._measured_bytes = size * self._measured_rows // entries if entries else 0
        self.oldest_seconds = max(0.0, (self._clock() - oldest) / 1e6) if oldest else 0.0
        BACKLOG_ROWS.set(self._measured_rows)
        BACKLOG_BYTES.set(self._measured_bytes)
        OLDEST_AGE.set(self.oldest_seconds)

    async def watch(self) -> None:
        """Measure for ever; a database that is away is somebody else's word to say."""
        while True:
            self._look_at_disk()
            with contextlib.suppress(Exception):
                await self.refresh()
            await asyncio.sleep(REFRESH_SECONDS)

    def _look_at_disk(self) -> None:
        if self._disk is not None:
            with contextlib.suppress(OSError):
                usage = shutil.disk_usage(self._disk)
                self._disk_full = usage.free < DISK_FREE_AT_LEAST * (usage.used + usage.free)
