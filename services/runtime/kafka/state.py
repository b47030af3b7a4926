"""A table's partitions, read and written as such.

Faust finds the partition of a table access in the event that the running task took from its stream, and
sends one changelog record an access through three layers. Here the partition is said, and the changes of a
whole sitting go together: their changelog records to the producer, one write to RocksDB. What Faust does
with a table stays as it is: recovery, assignment, and the commit that waits for the changelog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import rocksdict
from faust.types import TP

if TYPE_CHECKING:
    import asyncio

    import faust

    from services.runtime.kafka.app import GuardedApp


class PartitionedState:
    """Bytes by bytes, a partition at a time."""

    def __init__(self, app: GuardedApp, table: faust.Table) -> None:
        self._app = app
        self._table = table
        self._topic = table.changelog_topic.get_topic_name()

    def get(self, partition: int, key: bytes) -> bytes | None:
        """What a partition holds of a key."""
        return self._store._db_for_partition(partition).get(key)

    async def put(self, partition: int, changes: Mapping[bytes, bytes | None]) -> None:
        """Put all changes, None for what is gone. No offset is committed before the broker has acknowledged
        them."""
        if not changes:
            return
        buffer = self._app.producer.buffer
        await buffer.wait_until_ebb()
        batch = rocksdict.WriteBatch(raw_mode=True)
        sent = None
        for key, value in changes.items():
            sent = await self._app.producer.send(self._topic, key, value, partition, None, None)
            buffer.track(sent)
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        self._store._db_for_partition(partition).write(batch)
        # The last of them is acknowledged last: from there recovery may go on after a clean stop.
        sent.add_done_callback(partial(self._note, TP(self._topic, partition)))

    def keys(self, partition: int, prefix: bytes) -> Iterator[list[bytes]]:
        """All keys of a partition that begin so, by pages; what is put meanwhile may be among them."""
        last: bytes = prefix
        while True:
            page = self._page(partition, prefix, last)
            if not page:
                return
            yield page
            last = page[-1] + b"\0"

    def _page(self, partition: int, prefix: bytes, start: bytes, size: int = 200) -> list[bytes]:
        cursor = self._store._db_for_partition(partition).iter()
        cursor.seek(start)
        page: list[bytes] = []
        while len(page) < size and cursor.valid() and cursor.key().startswith(prefix):
            page.append(cursor.key())
            cursor.next()
        return page

    def _note(self, partition: TP, sent: asyncio.Future[Any]) -> None:
        open_here = partition.partition in self._store._dbs
        if open_here and not sent.cancelled() and sent.exception() is None:
            self._store.set_persisted_offset(partition, sent.result().offset)

    @property
    def _store(self) -> Any:
        return self._table.data
