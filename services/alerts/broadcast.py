"""Changes of alerts, told to everybody who reads along: one look into the database serves all readers.

Changes are numbered without gaps, in the order of commits (`alert_ledger`). A reader has a place in that row
of numbers: at first it is brought up to date from the ring of the latest changes, or from the database where
it was away for longer; from then on it is told with all others. No step is awaited between the last look
and joining the others, so nothing is missed and nothing is told twice. What a reader does not take in time is
not kept for it: it is let go, and comes back with the number it has seen.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from itertools import chain, islice, pairwise
from typing import Any, Literal

import msgspec

from services.alerts import metrics, regions, users
from services.alerts.ledger import Event, as_seen, decode_alert
from services.alerts.reading import Wanted, fields
from services.alerts.users import User
from services.runtime import database
from services.runtime.errors import Unavailable, is_database_away
from services.runtime.listening import listen
from services.runtime.logs import log

CHANNEL = "qingfeng_alerts"
GATHER_SECONDS = 0.05
"""Looks are at least so far apart: what is stored meanwhile is told together."""
IDLE_SECONDS = 1.0
AWAY_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
REVISIT_SECONDS = 20.0
"""How often it is asked whether readers may still read."""
LONGEST_SECONDS = 3_600.0
"""After so long a reader is sent back to the door: what let it in (a session, a token) is looked at anew."""
ROWS = 200
RING = 2_000
MOST_WAITING = 1 << 20
"""Bytes that may wait for a reader that is slower than the changes come."""
MOST_BEHIND = 100_000
"""Changes that a reader may have missed and still be told."""
CATCHING_UP_AT_ONCE = 2

HEAD = "SELECT change FROM alert_ledger"
KNOWN = "SELECT EXISTS (SELECT FROM alert_version WHERE change = $1)"
PAGE = """
    SELECT v.change, v.event, v.version, v.body, v.changed_at, a.detected_at, b.body AS before
    FROM alert_version v JOIN alert a USING (alert_id)
    LEFT JOIN alert_version b ON b.alert_id = v.alert_id AND b.version = v.version - 1
    WHERE v.change > $1 ORDER BY v.change LIMIT $2
"""

End = Literal["slow", "access", "forgotten", "renewal", "closing"]
encode = msgspec.json.Encoder().encode


class Side(msgspec.Struct):
    """What filters ask of an alert as it is or was. regions: where it plays."""

    status: str
    rule: str
    severity: int
    institutions: list[str]
    settlements: list[str] = []
    shadow: bool = False
    regions: frozenset[str] = frozenset()


decode_side = msgspec.json.Decoder(Side).decode


class Told(msgspec.Struct, frozen=True):
    """One change. frames: what readers of alerts in force see of it, and readers of those on trial; None:
    nothing. sides: the alert as it is and as it was, for the filters."""

    number: int
    frames: tuple[bytes | None, bytes | None]
    sides: tuple[Side, ...]

    def frame(self, wanted: Wanted) -> bytes | None:
        """The change for such a reader: of what comes into the list it asks for, changes in it or leaves."""
        frame = self.frames[wanted.shadow]
        return frame if frame is not None and any(map(wanted.holds, self.sides)) else None


class Reader:
    """One who reads along. position: the number up to which everything was handed over."""

    def __init__(self, user: User, wanted: Wanted, position: int = 0) -> None:
        self.user, self.wanted, self.position = user, wanted, position
        self.told = position
        self.ended: End | None = None
        self.since = time.monotonic()
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._wake = asyncio.Event()

    def push(self, chunk: bytes, number: int) -> None:
        """Hand over changes up to `number`; a reader with too much before it is let go."""
        self.position = number
        if not chunk or self.ended:
            return
        self._bytes += len(chunk)
        if self._waiting and self._bytes > MOST_WAITING:
            self.end("slow")
            return
        self.told = number
        self._waiting.append(chunk)
        self._wake.set()

    def end(self, reason: End) -> None:
        """Nothing more is told; what waits is thrown away."""
        if self.ended is None:
            self.ended = reason
            self._waiting.clear()
            self._wake.set()

    async def take(self) -> bytes:
        """What waits, as soon as something does; a heartbeat after a while of silence, with the number that
        was passed by without anything to tell."""
        if not self._waiting and not self.ended:
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._wake.wait()
        if self.ended:
            return b""
        if not self._waiting:
            return self._heartbeat()
        chunk = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return chunk

    def _heartbeat(self) -> bytes:
        if self.position == self.told:
            return b": heartbeat\n\n"
        self.told = self.position
        return b": heartbeat\nid: %d\n\n" % self.told


class Broadcast:
    """Tells the readers of a process. `run` beside the application; `close` before it ends."""

    def __init__(self, engine: Any, most_readers: int) -> None:
        self._engine, self._most = engine, most_readers
        self._readers: set[Reader] = set()
        self._live: dict[Wanted, set[Reader]] = {}
        self._ring: deque[Told] = deque(maxlen=RING)
        self._seen: int | None = None
        """The number up to which live readers were told; None while nobody reads."""
        self._wake = asyncio.Event()
        self._few = asyncio.Semaphore(CATCHING_UP_AT_ONCE)
        self._closing = False

    async def run(self) -> None:
        """Tell until cancelled; without a database, wait for it."""
        beside = [
            asyncio.create_task(listen(self._engine, CHANNEL, self._wake.set)),
            asyncio.create_task(self._revisit_forever()),
        ]
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._wake.wait()
                self._wake.clear()
                await self._guarded(self._turn())
                await asyncio.sleep(GATHER_SECONDS)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            self.close()

    def close(self) -> None:
        """Let everybody go, and nobody in any more."""
        self._closing = True
        self._end_all("closing")

    async def join(self, user: User, wanted: Wanted, after: int | None) -> Reader | None:
        """A reader of what comes after a number (None: from now on); None where that is not known any more.

        Raises Unavailable when there is no place, and what the database raises. The caller follows, then
        leaves.
        """
        if self._closing or len(self._readers) >= self._most:
            raise Unavailable("too many read along just now", retry_after=5.0)
        reader = Reader(user, wanted)
        self._readers.add(reader)
        try:
            async with database.driver(self._engine) as raw:
                head = await raw.fetchval(HEAD)
                known = after is None or await _is_known(raw, after, head)
        except BaseException:
            self._readers.discard(reader)
            raise
        if not known:
            self._readers.discard(reader)
            return None
        if self._seen is None:
            self._seen = head
        reader.position = reader.told = self._seen if after is None else after
        metrics.STREAM_READERS.set(len(self._readers))
        return reader

    async def follow(self, reader: Reader) -> AsyncIterator[bytes]:
        """All that the reader is told, until it is let go (`reader.ended` says why)."""
        async with contextlib.aclosing(self._catch_up(reader)) as missed:
            async for chunk in missed:
                yield chunk
        while not reader.ended:
            yield await reader.take()

    def leave(self, reader: Reader) -> None:
        """Give the reader's place away; harmless when done twice."""
        if reader not in self._readers:
            return
        self._readers.remove(reader)
        others = self._live.get(reader.wanted, set())
        others.discard(reader)
        if not others:
            self._live.pop(reader.wanted, None)
        metrics.STREAM_READERS.set(len(self._readers))
        if reader.ended:
            metrics.STREAM_ENDED.labels(reader.ended).inc()

    async def _catch_up(self, reader: Reader) -> AsyncIterator[bytes]:
        """What the reader missed, as fast as it takes it; at the end it is one of the others."""
        while not reader.ended and self._seen is not None and reader.position < self._seen:
            changes = await self._missed(reader.position)
            if not changes:
                reader.end("forgotten")
                return
            reader.position = changes[-1].number
            if chunk := _chunk(changes, reader.wanted):
                reader.told = reader.position
                yield chunk
        if not reader.ended:
            self._live.setdefault(reader.wanted, set()).add(reader)

    async def _missed(self, after: int) -> Sequence[Told]:
        """Changes that follow upon a number; none where they are forgotten."""
        begin = self._seen - len(self._ring) if self._seen is not None else after
        if after >= begin:
            return list(islice(self._ring, after - begin, after - begin + ROWS))
        async with self._few:
            return await self._page(after)

    async def _turn(self) -> None:
        """Tell all readers what is new."""
        if not self._readers:
            self._seen = None
            self._ring.clear()
        while (seen := self._seen) is not None:
            changes = await self._page(seen)
            if changes and seen == self._seen:
                self._tell(changes)
            if len(changes) < ROWS:
                return

    async def _page(self, after: int) -> list[Told]:
        """Changes after a number, in order, up to a gap; none where the next is forgotten."""
        async with database.driver(self._engine) as raw:
            rows = await raw.fetch(PAGE, after, ROWS)
            sides = [_sides(row) for row in rows]
            if rows:
                await _place(raw, list(chain.from_iterable(sides)), rows[-1]["changed_at"])
        numbers = [after, *(row["change"] for row in rows)]
        whole = next(
            (place for place, (one, two) in enumerate(pairwise(numbers)) if two != one + 1), len(rows)
        )
        return list(map(_told, rows[:whole], sides))

    def _tell(self, changes: Sequence[Told]) -> None:
        before, number = self._seen, changes[-1].number
        self._seen = number
        self._ring.extend(changes)
        for wanted, readers in self._live.items():
            chunk = _chunk(changes, wanted)
            for reader in readers:
                own = chunk if reader.position == before else _chunk(_after(changes, reader), reader.wanted)
                reader.push(own, max(number, reader.position))

    async def _revisit_forever(self) -> None:
        while True:
            await asyncio.sleep(REVISIT_SECONDS)
            await self._guarded(self._revisit())

    async def _revisit(self) -> None:
        """Let go who may not read any more, and everybody when the row of changes is another's."""
        now = time.monotonic()
        for reader in self._readers:
            if now - reader.since > LONGEST_SECONDS:
                reader.end("renewal")
        if not self._readers:
            return
        async with database.driver(self._engine) as raw:
            head = await raw.fetchval(HEAD)
            still = await users.still(raw, {reader.user for reader in self._readers})
        for reader in self._readers:
            if reader.user not in still:
                reader.end("access")
        if self._seen is not None and head < self._seen:
            self._end_all("forgotten")
            self._seen = head
            self._ring.clear()

    async def _guarded(self, work: Any) -> None:
        try:
            await work
        except Exception as error:
            if not is_database_away(error):
                log.error("stream_turn_failed", error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)

    def _end_all(self, reason: End) -> None:
        for reader in self._readers:
            reader.end(reason)


async def _is_known(raw: Any, after: int, head: int) -> bool:
    """Whether everything after this number can still be told."""
    if after == head:
        return True
    return head - MOST_BEHIND <= after < head and await raw.fetchval(KNOWN, after + 1)


def _after(changes: Sequence[Told], reader: Reader) -> list[Told]:
    return [change for change in changes if change.number > reader.position]


def _chunk(changes: Sequence[Told], wanted: Wanted) -> bytes:
    return b"".join(frame for change in changes if (frame := change.frame(wanted)) is not None)


def _sides(row: Any) -> tuple[Side, ...]:
    """The alert as it is and, if it was there before, as it was."""
    return tuple(decode_side(body) for body in (row["body"], row["before"]) if body is not None)


async def _place(raw: Any, sides: Sequence[Side], now: datetime) -> None:
    """Say of each where it plays, by the registry as it is in force."""
    places = await regions.look_up(raw, sides, now)
    for side in sides:
        side.regions = frozenset(places.of(side))


def _told(row: Any, sides: tuple[Side, ...]) -> Told:
    shown = fields(decode_alert(row["body"]), row["version"], row["detected_at"])
    now, before = (*sides, None)[:2]

    def frame(trial: bool) -> bytes | None:
        event = as_seen(row["event"], now, before, trial)
        return _frame(row["change"], event, shown) if event is not None else None

    return Told(row["change"], (frame(False), frame(True)), sides)


def _frame(number: int, event: Event, shown: dict[str, Any]) -> bytes:
    if event == "alert.withdrawn":
        # What goes over to the rules on trial, or comes back from them, is withdrawn for those it leaves.
        shown = {**shown, "status": "withdrawn"}
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, event.encode(), encode(shown))
