"""One process's part of a replay: the door and the judge over the persons that it owns.

Every part goes through the whole history and takes what is of its persons: to find that out costs a few
microseconds an event, admitting and judging it a hundred times as much. Where nobody is named, or nothing can
be read, the first part takes it.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from schemas.entry import Entry
from schemas.event import AnyEvent
from schemas.moments import Calendar
from schemas.registry import PersonRecord, Record, Registry, encode_record, person_of
from services.detector.bulk import Bulk, part_of
from services.detector.profiling import Cost, Costs
from services.detector.standing import NotJudged
from services.histories import Events
from services.ingest.admission import Admission
from services.ingest.pseudonyms import Pseudonyms, normalised
from services.ingest.refusals import Refused
from services.ingest.registry import hide, whole_tables
from services.runtime.clock import system_clock
from services.runtime.secrets import existing_secret
from services.settings import Settings

DOCUMENTED_KEY = sha256(b"qingfeng replay without a key").digest()
"""The fixed key of replays where no system's key is at hand, so that two replays agree on pseudonyms."""
WATCHED = 1_000
"""A watch is told each time so many events are gone through, or persons judged."""
Name = tuple[str, str]
"""(institution, event id)."""


class Watch(Protocol):
    """Is told how far a replay has come."""

    def __call__(self, what: str, done: int, total: int) -> None: ...


class _Cancels(msgspec.Struct):
    """What a cancellation speaks of."""

    type: str = ""


class _Whose(msgspec.Struct):
    """What tells whose an event is."""

    institution_id: str = ""
    person_id: str | None = None
    cancels: _Cancels | None = None


_whose = msgspec.json.Decoder(_Whose).decode


def owner_of(text: bytes, parts: int) -> int:
    """The part that owns an event: by its person; stock, and what takes it back, by its institution."""
    try:
        whose = _whose(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return 0
    is_of_stock = whose.cancels is not None and whose.cancels.type == "stock"
    if whose.person_id is None or is_of_stock:
        return part_of(whose.institution_id, parts)
    return part_of(normalised(whose.person_id), parts)


@dataclass
class Door:
    """Events as institutions write them in, entries out; what is refused or comes again is counted.

    refused: (number in the history, place for messages, why). again: names that came again, with the hash of
    what they said.
    """

    admission: Admission
    pseudonyms: Pseudonyms
    now: int
    refused: list[tuple[int, str, Refused]] = field(default_factory=list)
    again: list[tuple[Name, bytes]] = field(default_factory=list)
    _taken: dict[Name, bytes] = field(default_factory=dict)
    _numbers: array = field(default_factory=lambda: array("Q"))
    _lost: set[Name] = field(default_factory=set)

    @classmethod
    def of(cls, settings: Settings) -> "Door":
        """The door as the settings and the data folder make it."""
        key = existing_secret(settings.data_dir, "pseudonym-key", settings.pseudonym_key) or DOCUMENTED_KEY
        pseudonyms = Pseudonyms(key)
        return cls(Admission(Calendar(settings.timezone), pseudonyms), pseudonyms, system_clock())

    def admit(self, events: Iterable[tuple[int, tuple[str, bytes]]]) -> Iterator[tuple[Entry, AnyEvent]]:
        """Entries of (number, (place for messages, JSON text)), with the events in their normal form; each
        event once."""
        for number, (place, text) in events:
            admitted = self.admission.admit(text, self.now)
            if isinstance(admitted, Refused):
                self.refused.append((number, place, admitted))
                continue
            event, row = admitted
            name = (row.institution_id, row.event_id)
            if name in self._taken:
                self.again.append((name, row.content_hash))
                continue
            self._taken[name] = row.content_hash
            self._numbers.append(number)
            yield Entry(number, "event", row.key, row.body, row.occurred_at, 0, 0), event

    def registry(self, records: Iterable[Record]) -> Registry:
        """Registry rows that travel as a whole, pseudonymised."""
        # Of persons' rows nothing but their table is told here.
        shown = (one if person_of(one) else hide(one, self.pseudonyms)[0] for one in records)
        return Registry(whole_tables(shown), 1)

    def persons(self, records: Iterable[Record]) -> Iterator[Entry]:
        """Registry rows about one person each, as entries."""
        for record in records:
            hidden = hide(record, self.pseudonyms)[0]
            body = encode_record(PersonRecord(hidden, 1, hidden.TABLE))  # type: ignore[arg-type]
            yield Entry(0, "person", person_of(hidden) or "", body, 0, 0, 0)

    def names(self) -> array:
        """The names of what came in, as 64-bit hashes."""
        hashes = (blake2b("\x1f".join(name).encode(), digest_size=8).digest() for name in self._taken)
        return array("Q", map(int.from_bytes, hashes))

    def numbers_of(self, hashes: Set[int]) -> dict[Name, int]:
        """Of the names with some hashes, the numbers of the events that came in by them."""
        told = zip(self._taken, self._numbers, self.names(), strict=True)
        return {name: number for name, number, hashed in told if hashed in hashes}

    def lose(self, names: Set[Name]) -> None:
        """Other persons' events of these names were first: those that came in here conflict with them."""
        self._lost |= names

    @property
    def conflicts(self) -> int:
        """How many events came again under a name that says something else."""
        others = sum(name in self._lost or self._taken[name] != content for name, content in self.again)
        return len(self._lost) + others

    @property
    def duplicates(self) -> int:
        """How many events came again as they were."""
        return len(self._lost) + len(self.again) - self.conflicts


class Ended(NamedTuple):
    """What a part has to tell once all is judged."""

    entries: int
    failed: list[NotJudged]
    refused: list[tuple[int, str, Refused]]
    duplicates: int
    conflicts: int
    costs: dict[str, Cost]


class Part(Bulk):
    """The part with a number. events: of the whole history; persons: all registry rows about one person."""

    def __init__(
        self,
        number: int,
        *,
        settings: Settings,
        registry: Registry,
        rules: frozenset[str] | None,
        events: Events,
        persons: Sequence[Record],
        parts: int,
        folder: Path,
        profiled: bool,
    ) -> None:
        self._costs = Costs()
        rows = folder / f"{number}.ndjson"
        super().__init__(
            settings, registry, rules, rows=rows, parts=parts, costs=self._costs if profiled else None
        )
        self.door = Door.of(settings)
        self.watch: Watch | None = None
        self._number = number
        self._events = events
        self._persons = persons

    def read(self) -> array:
        """Take in what is of this part; names as `Door.names`, where there are other parts."""
        for entry in self.door.persons(self._own_persons()):
            self.take(entry)
        for entry, event in self.door.admit(self._own_events()):
            self.take(entry, event)
        return self.door.names() if self.parts > 1 else array("Q")

    def numbers_of(self, hashes: Set[int]) -> dict[Name, int]:
        """As `Door.numbers_of`."""
        return self.door.numbers_of(hashes)

    def lose(self, names: Set[Name]) -> None:
        """Take events back that another part took first."""
        if names:
            self.door.lose(names)
            self.drop(names)

    def end(self) -> Ended:
        """All that is left to tell."""
        door = self.door
        return Ended(
            self.entries, self.failed, door.refused, door.duplicates, door.conflicts, dict(self._costs)
        )

    def judged(self, done: int, total: int) -> None:
        """Tell the watch."""
        if self.watch is not None and done % WATCHED == 0:
            self.watch("judging", done, total)

    def _own_persons(self) -> Iterator[Record]:
        return (
            record
            for record in self._persons
            if self.parts == 1 or part_of(normalised(person_of(record) or ""), self.parts) == self._number
        )

    def _own_events(self) -> Iterator[tuple[int, tuple[str, bytes]]]:
        total = len(self._events)
        for number, event in enumerate(self._events):
            if self.watch is not None and number % WATCHED == 0:
                self.watch("reading", number, total)
            if self.parts == 1 or owner_of(event[1], self.parts) == self._number:
                yield number, event
