"""History through the door and the judge in one process: what `replay`, `demo --score` and the bench share.

This is wiring: admission is ingest's, judgement the detector's, and only here do they meet.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from schemas.entry import Entry
from schemas.moments import Calendar
from schemas.registry import Person, PersonRecord, Record, Registry, encode_record, person_of
from services.detector.profiling import Costs
from services.detector.replay import Replay
from services.formats import desynpuf
from services.ingest.admission import Admission
from services.ingest.pseudonyms import Pseudonyms
from services.ingest.refusals import Refused
from services.ingest.registry import hide, whole_tables
from services.runtime.clock import system_clock
from services.runtime.errors import UserError
from services.runtime.secrets import existing_secret
from services.settings import Settings

DOCUMENTED_KEY = hashlib.sha256(b"qingfeng replay without a key").digest()
"""The fixed key of replays where no system's key is at hand, so that two replays agree on pseudonyms."""

FORMATS = ("qingfeng", "desynpuf")


@dataclass
class Door:
    """Events as institutions write them in, entries out; what is refused or doubled is counted."""

    admission: Admission
    pseudonyms: Pseudonyms
    now: int
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    duplicates: int = 0
    conflicts: int = 0
    _seen: dict[tuple[str, str], bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> "Door":
        """The door as the settings and the data folder make it."""
        key = existing_secret(settings.data_dir, "pseudonym-key", settings.pseudonym_key) or DOCUMENTED_KEY
        pseudonyms = Pseudonyms(key)
        return cls(Admission(Calendar(settings.timezone), pseudonyms), pseudonyms, system_clock())

    def admit(self, events: Iterable[tuple[str, bytes]]) -> Iterator[Entry]:
        """Entries of (place for messages, JSON text), each event once."""
        for place, text in events:
            row = self.admission.judge(text, self.now)
            if isinstance(row, Refused):
                self.refused.append((place, row))
                continue
            name = (row.institution_id, row.event_id)
            known = self._seen.get(name)
            if known is not None:
                self.duplicates += known == row.content_hash
                self.conflicts += known != row.content_hash
                continue
            self._seen[name] = row.content_hash
            yield Entry(len(self._seen), "event", row.key, row.body, row.occurred_at, 0, 0)

    def registry(self, records: Iterable[Record]) -> tuple[Registry, list[Entry]]:
        """Registry rows, pseudonymised: what travels as a whole, and the entries of single persons."""
        hidden = [hide(record, self.pseudonyms)[0] for record in records]
        persons = ((person_of(record), record) for record in hidden)
        entries = [
            Entry(0, "person", person, encode_record(PersonRecord(record, 1, record.TABLE)), 0, 0, 0)  # type: ignore[arg-type]
            for person, record in persons
            if person is not None
        ]
        return Registry(whole_tables(hidden), 1), entries


def read_history(paths: list[Path], form: str) -> tuple[list[tuple[str, bytes]], list[Person], int]:
    """(events as (place, JSON text), person records the history brings along, bytes read).

    Raises UserError for what cannot be read.
    """
    if form == "desynpuf":
        return _read_desynpuf(paths)
    if form != "qingfeng":
        raise UserError(f"--format: one of {', '.join(FORMATS)}; {form!r} cannot be read yet")
    events = []
    size = 0
    for path in _files(paths):
        try:
            with path.open("rb") as file:
                for place, line in _lines(path, file):
                    events.append((place, line))
                    size += len(line)
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from error
    return events, [], size


def run(
    settings: Settings,
    events: Iterable[tuple[str, bytes]],
    known: Iterable[Record] = (),
    *,
    rules: frozenset[str] | None = None,
    shuffle: int | None = None,
    watch: Any = None,
    costs: Costs | None = None,
) -> tuple[Replay, Door]:
    """Judge a history by registry rows; `watch(count)` is told of entries done. shuffle: a seed for the
    order."""
    door = Door.of(settings)
    registry, persons = door.registry(known)
    replay = Replay(settings, registry, rules, costs)
    entries: Iterable[Entry] = _chained(persons, door.admit(events))
    if shuffle is not None:
        mixed = list(entries)
        random.Random(shuffle).shuffle(mixed)
        entries = mixed
    replay.feed(_watched(entries, watch) if watch else entries)
    replay.finish()
    return replay, door


def _chained(*parts: Iterable[Entry]) -> Iterator[Entry]:
    for part in parts:
        yield from part


def _watched(entries: Iterable[Entry], watch: Any) -> Iterator[Entry]:
    for number, entry in enumerate(entries, 1):
        if number % 1_000 == 0:
            watch(number)
        yield entry


def _read_desynpuf(paths: list[Path]) -> tuple[list[tuple[str, bytes]], list[Person], int]:
    events: list[tuple[str, bytes]] = []
    persons: list[Person] = []
    for folder in paths:
        try:
            claims = desynpuf.read_claims(folder)
            known = {claim["person_id"] for claim in claims}
            persons += [
                msgspec.convert(record, Person)
                for record in desynpuf.read_persons(folder)
                if record["person_id"] in known
            ]
        except FileNotFoundError as error:
            raise UserError(f"{error.filename}: no such file; --format desynpuf takes the folder") from error
        except (OSError, KeyError, ValueError) as error:
            raise UserError(f"{folder}: not DE-SynPUF as expected ({error})") from error
        events += [(f"claim {claim['event_id']}", msgspec.json.encode(claim)) for claim in claims]
    return events, persons, sum(len(text) for _, text in events)


def _files(paths: list[Path]) -> list[Path]:
    """Files named, and the NDJSON files of folders named, by name."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(item for item in path.iterdir() if item.suffix in (".ndjson", ".jsonl"))
            # A demo county's labels lie beside its events and are none.
            found = [item for item in found if item.name != "labels.jsonl"]
            if not found:
                raise UserError(f"{path}: no .ndjson file in this folder")
            files += found
        elif path.exists():
            files.append(path)
        else:
            raise UserError(f"{path}: no such file")
    return files


def _lines(path: Path, file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield f"{path.name}:{number}", line
