"""How far judgement has come: for each partition of a log the last offset whose results are stored.

A judged message counts only beyond the stored offset, and a numbered record only beyond the stored number,
so a repeat never counts twice, neither one of the detector nor one of the relay. A log of another identity
(the broker lost everything) begins again: its relay sends anew what the inbox still holds.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.finding import JudgedMessage

LOAD = """
    SELECT topic, partition, log_id, "offset", entries, events, too_late, as_of, last_seq, crossings
    FROM judged WHERE (topic, partition) IN (SELECT * FROM unnest($1::text[], $2::int[])) FOR UPDATE
"""
PUT = """
    INSERT INTO judged (topic, partition, log_id, "offset", entries, events, too_late, as_of, last_seq,
                        crossings)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (topic, partition) DO UPDATE SET log_id = excluded.log_id, "offset" = excluded."offset",
        entries = excluded.entries, events = excluded.events, too_late = excluded.too_late,
        as_of = excluded.as_of, last_seq = excluded.last_seq, crossings = excluded.crossings
"""


class Mark(msgspec.Struct):
    """One partition's place. crossings: partition of the crossings topic → greatest offset sent to it."""

    log_id: str
    offset: int = -1
    entries: int = 0
    events: int = 0
    too_late: int = 0
    as_of: int = 0
    last_seq: int = 0
    crossings: dict[int, int] = {}

    def take(self, message: JudgedMessage, log_id: str) -> bool:
        """Count a message in; False for one that was counted before."""
        if log_id != self.log_id:
            self._begin_anew(log_id)
        if message.offset <= self.offset or (message.log_id and message.log_id != log_id):
            return False
        self.offset = message.offset
        if not message.last_seq or message.last_seq > self.last_seq:
            self.entries += message.entries
            self.events += message.events
            self.too_late += message.too_late
            # A record without a number says nothing about those that have one.
            self.last_seq = max(self.last_seq, message.last_seq)
        self.as_of = max(self.as_of, message.as_of)
        for partition, offset in message.crossings.items():
            self.crossings[partition] = max(self.crossings.get(partition, -1), offset)
        return True

    def _begin_anew(self, log_id: str) -> None:
        self.log_id, self.offset, self.last_seq, self.crossings = log_id, -1, 0, {}
        self.entries = self.events = self.too_late = 0


async def store(raw: Any, messages: Sequence[JudgedMessage], log_id: str) -> None:
    """Move the marks forward, in the transaction of the asyncpg connection `raw`."""
    if not messages:
        return
    places = {(message.topic, message.partition) for message in messages}
    marks = await _load(raw, sorted(places))
    moved = set()
    for message in messages:
        place = message.topic, message.partition
        if marks.setdefault(place, Mark(log_id)).take(message, log_id):
            moved.add(place)
    await raw.executemany(PUT, [_row(place, marks[place]) for place in sorted(moved)])


async def _load(raw: Any, places: list[tuple[str, int]]) -> dict[tuple[str, int], Mark]:
    topics, partitions = map(list, zip(*places, strict=True))
    return {
        (row["topic"], row["partition"]): Mark(
            row["log_id"],
            row["offset"],
            row["entries"],
            row["events"],
            row["too_late"],
            row["as_of"],
            row["last_seq"],
            msgspec.json.decode(row["crossings"], type=dict[int, int]),
        )
        for row in await raw.fetch(LOAD, topics, partitions)
    }


def _row(place: tuple[str, int], mark: Mark) -> tuple:
    return (
        *place,
        mark.log_id,
        mark.offset,
        mark.entries,
        mark.events,
        mark.too_late,
        mark.as_of,
        mark.last_seq,
        msgspec.json.encode(mark.crossings).decode(),
    )
