"""Histories as files hold them: what `replay` and `demo --score` read."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from schemas.registry import Person
from services.formats import desynpuf
from services.runtime.errors import UserError

FORMATS = ("qingfeng", "desynpuf")
CHUNK = 1 << 20


class Events(Protocol):
    """Events as (place for messages, JSON text), which can be gone through several times."""

    def __iter__(self) -> Iterator[tuple[str, bytes]]: ...

    def __len__(self) -> int: ...


class Lines:
    """Events of NDJSON files, read anew each time they are gone through: no text stays in memory."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        self._count = sum(map(_count, files))

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return chain.from_iterable(map(_lines, self._files))

    def __len__(self) -> int:
        """How many lines there are, empty ones counted."""
        return self._count


def read_history(paths: list[Path], form: str = "qingfeng") -> tuple[Events, list[Person]]:
    """(events, person records the history brings along). Raises UserError for what cannot be read."""
    if form == "desynpuf":
        return _read_desynpuf(paths)
    if form != "qingfeng":
        raise UserError(f"--format: one of {', '.join(FORMATS)}; {form!r} cannot be read yet")
    files = _files(paths)
    if all(path.is_file() for path in files):
        return Lines(files), []
    # A pipe can be read once.
    return list(chain.from_iterable(map(_lines, files))), []


def _read_desynpuf(paths: list[Path]) -> tuple[Events, list[Person]]:
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
    return events, persons


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


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    with _readable(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"{path.name}:{number}", line


def _count(path: Path) -> int:
    with _readable(path) as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(CHUNK), b"")) + 1


@contextmanager
def _readable(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
