"""History through the inbox: events of files in time order, marked historical, resumable.

The files' events are spooled as lines of JSON and put in order by their time alone, so that memory holds
some 100 bytes an event. What is in the inbox already is a duplicate, so running again goes on where the
last run ended.
"""

import asyncio
import gzip
import mmap
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from schemas.moments import Calendar
from services.ingest.admission import Admission
from services.ingest.backlog import Backlog
from services.ingest.inbox import Inbox
from services.ingest.refusals import Refused
from services.ingest.rows import Outcome, Row
from services.runtime.errors import Unavailable, UserError

BATCH = 500
IN_FLIGHT = 4
FAULTS_KEPT = 20
PATIENCE_SECONDS = 60.0


class _When(msgspec.Struct):
    occurred_at: Any = None


_decode_when = msgspec.json.Decoder(_When).decode
_encode = msgspec.json.Encoder(decimal_format="string").encode


@dataclass
class Report:
    """What an import did. faults: the first of the refused, as "source:line: code path"."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, place: str, code: str, path: str) -> None:
        """One more event was refused."""
        self.rejected += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(f"{place}: {code} {path}".rstrip())


class Spool:
    """Events as lines of JSON in a temporary file, with the order of their times."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the spool
        self._lines: list[tuple[int, int, int, str, int]] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._lines)

    def add_file(self, path: Path) -> None:
        """NDJSON, plain or .gz. Raises UserError when it cannot be read."""
        try:
            with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        self._add(line.strip(), path.name, number)
        except (OSError, EOFError) as error:
            raise UserError(f"{path}: {error}") from error

    def add_events(self, name: str, events: Iterable[dict[str, Any]]) -> None:
        """Events of another format's reader."""
        for number, event in enumerate(events, start=1):
            self._add(_encode(event), name, number)

    def in_order(self) -> Iterator[tuple[bytes, str]]:
        """(JSON, "source:line") by time; what has no readable time comes first."""
        if not self._lines:
            return
        self._file.flush()
        self._lines.sort()
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            for _, begin, length, name, number in self._lines:
                yield text[begin : begin + length], f"{name}:{number}"

    def _add(self, line: bytes, name: str, number: int) -> None:
        self._file.write(line)
        self._lines.append((self._when(line), self._size, len(line), name, number))
        self._size += len(line)

    def _when(self, line: bytes) -> int:
        try:
            return self._calendar.read(_decode_when(line).occurred_at.upper())[0]
        except (
            msgspec.MsgspecError,
            UnicodeError,
            RecursionError,
            ValueError,
            AttributeError,
            OverflowError,
        ):
            return 0


class Import:
    """Puts a spool through the door. `advance(n)` hears that n more events are done."""

    def __init__(
        self, admission: Admission, inbox: Inbox, backlog: Backlog, advance: Callable[[int], None]
    ) -> None:
        self._admission = admission
        self._inbox = inbox
        self._backlog = backlog
        self._advance = advance
        self._flights: set[asyncio.Task[None]] = set()
        self.report = Report()

    async def run(self, spool: Spool, now: int) -> Report:
        """All events, waiting whenever the inbox is full; `now` in microseconds since 1970.

        Raises UserError when the inbox stays full, for nobody judges, or the database stays away.
        """
        batch: list[tuple[Row, str]] = []
        seen = 0
        for line, place in spool.in_order():
            judged = self._admission.judge(line, now)
            seen += 1
            if isinstance(judged, Refused):
                self.report.fault(place, judged.errors[0].code, judged.errors[0].path)
            else:
                batch.append((judged, place))
            if seen >= BATCH:
                await self._send(batch, seen)
                batch, seen = [], 0
        await self._send(batch, seen)
        while self._flights:
            await self._land()
        return self.report

    async def _send(self, batch: list[tuple[Row, str]], seen: int) -> None:
        await _wait_for_room(self._backlog)
        self._flights.add(asyncio.create_task(self._store(batch, seen)))
        if len(self._flights) >= IN_FLIGHT:
            await self._land()

    async def _land(self) -> None:
        done, self._flights = await asyncio.wait(self._flights, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _store(self, batch: list[tuple[Row, str]], seen: int) -> None:
        outcomes = await _append(self._inbox, [row for row, _ in batch])
        for outcome, (_, place) in zip(outcomes, batch, strict=True):
            if outcome == "conflict":
                self.report.fault(place, "conflict", "/event_id")
        self.report.accepted += outcomes.count("accepted")
        self.report.duplicates += outcomes.count("duplicate")
        self._advance(seen)


async def _append(inbox: Inbox, rows: list[Row]) -> list[Outcome]:
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while rows:
        try:
            return await inbox.append(rows, "import", historical=True)
        except Unavailable as error:
            if asyncio.get_running_loop().time() > deadline:
                raise UserError(f"{error.reason}; run the import again to go on") from error
            await asyncio.sleep(error.retry_after)
    return []


async def _wait_for_room(backlog: Backlog) -> None:
    """Until the reader has made room; a reader that makes none for a minute is not running."""
    waited = 0.0
    last = backlog.rows
    while reason := backlog.full():
        await asyncio.sleep(0.5)
        waited = 0.0 if backlog.rows < last else waited + 0.5
        last = backlog.rows
        if waited > PATIENCE_SECONDS:
            raise UserError(f"{reason}; start the system and run the import again to go on")
