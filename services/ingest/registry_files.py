"""Registry files as they come: CSV with a header or Parquet, each row checked, each fault with its line."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec

from schemas.registry import FILES, Place, Record
from services.ingest.refusals import translated
from services.runtime.errors import UserError

DATES = frozenset(
    ("birth_date", "insured_from", "insured_to", "effective_from", "from", "to", "death_date", "day")
)
IN_ORDER = (
    ("from_", "to"), ("insured_from", "insured_to"), ("birth_date", "death_date"), ("min_age", "max_age"),
)  # fmt: skip
"""Fields of which the second may not lie before the first."""
DIFFERENT = (("code", "other_code"), ("code", "component_code"))
SEPARATOR = "|"
"""Between the values of a cell that holds several."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FAULTS_AT_MOST = 100


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file, and where: `line` of the file (of a Parquet file: row, from 1)."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass
class ParsedFile:
    """A file's records, or its faults."""

    name: str
    table: str
    records: list[Record] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


Cells = dict[str, str]
Row = tuple[int, Cells | str]
"""Line, and the cells by their columns or what is wrong with the line."""


def parse_folder(folder: Path) -> list[ParsedFile]:
    """All registry files of a folder. Raises UserError when there is none."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    found = []
    for table in FILES:
        for path in (folder / f"{table}.csv", folder / f"{table}.parquet"):
            if path.is_file():
                found.append(parse_file(path, table))
    if not found:
        raise UserError(f"{folder}: none of {', '.join(f'{table}.csv' for table in FILES)} (or .parquet)")
    return found


def parse_file(path: Path, table: str) -> ParsedFile:
    """One file of a table."""
    parsed = ParsedFile(path.name, table)
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)
    return _parse(parsed, rows)


def parse_rows(name: str, table: str, rows: Iterator[Cells]) -> ParsedFile:
    """Rows from elsewhere (another format's reader), held to the same rules."""
    return _parse(ParsedFile(name, table), enumerate(rows, start=1))


def _parse(parsed: ParsedFile, rows: Iterator[Row]) -> ParsedFile:
    kind = FILES[parsed.table]
    seen: dict[Place, Record] = {}
    try:
        for line, cells in rows:
            fault = None
            try:
                if isinstance(cells, str):
                    raise ValueError(cells)
                record = _record(kind, cells)
                if seen.setdefault(record.place, record) != record:
                    fault = "the same id and date stood before with other values"
                parsed.records.append(record)
            except ValueError as error:
                fault = str(error)
            if fault:
                parsed.faults.append(Fault(parsed.name, line, fault))
            if len(parsed.faults) >= FAULTS_AT_MOST:
                break
    except _Unreadable as error:
        parsed.faults.append(Fault(parsed.name, error.line, str(error)))
    return parsed


class _Unreadable(Exception):
    """The file itself cannot be read further."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _record(kind: type[Record], cells: Cells) -> Record:
    filled = {name: cell.strip() for name, cell in cells.items() if cell and cell.strip()}
    for name in DATES.intersection(filled):
        _check_date(name, filled[name])
    for name, cell in filled.items():
        if not cell.isprintable():
            raise ValueError(f"{name}: control characters are not allowed")
    listed = {name: _values(filled[name]) for name in _lists(kind).intersection(filled)}
    try:
        record = msgspec.convert({**filled, **listed}, kind, strict=False)
    except msgspec.ValidationError as error:
        said = translated(str(error))
        raise ValueError(f"{said.path.lstrip('/')}: {said.message}") from None
    _check_sense(record)
    return record


@cache
def _lists(kind: type[Record]) -> frozenset[str]:
    """Columns whose cells hold several values."""
    return frozenset(
        one.encode_name for one in msgspec.structs.fields(kind) if get_origin(_bare(one.type)) is tuple
    )


def _bare(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _values(cell: str) -> list[str]:
    return [value.strip() for value in cell.split(SEPARATOR) if value.strip()]


def _check_sense(record: Record) -> None:
    """What no cell shows by itself: figures below zero, ends before their begins, a code beside itself."""
    for name, value in msgspec.structs.asdict(record).items():
        if isinstance(value, Decimal) and not (value.is_finite() and value >= 0):
            raise ValueError(f"{name}: expected a number of 0 or more")
    for first, second in IN_ORDER:
        begin, end = getattr(record, first, None), getattr(record, second, None)
        if begin is not None and end is not None and _is_before(end, begin):
            raise ValueError(f"{second}: lies before {first.rstrip('_')}")
    for first, second in DIFFERENT:
        if getattr(record, second, None) == getattr(record, first, ""):
            raise ValueError(f"{second}: is the same as {first}")


def _is_before(end: Any, begin: Any) -> bool:
    """Of a month only the month is compared: a person may die in the month of birth."""
    return end < (begin[: len(end)] if isinstance(end, str) else begin)


def _check_date(name: str, text: str) -> None:
    whole = f"{text}-01" if name == "death_date" and len(text) == 7 else text
    try:
        if not _DAY.fullmatch(whole):
            raise ValueError
        date.fromisoformat(whole)
    except ValueError:
        wanted = "YYYY-MM-DD or YYYY-MM" if name == "death_date" else "YYYY-MM-DD"
        raise ValueError(f"{name}: expected a date, {wanted}") from None


def _csv_rows(path: Path) -> Iterator[Row]:
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(header, path)
            line = reader.line_num + 1
            for cells in reader:
                if len(cells) == len(header):
                    yield line, dict(zip(header, cells, strict=True))
                elif cells:
                    yield line, f"{len(cells)} cells under {len(header)} columns"
                line = reader.line_num + 1
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise _Unreadable(line, reason) from None


def _check_header(header: list[str], path: Path) -> None:
    known = {one.encode_name: one for one in msgspec.structs.fields(FILES[path.stem])}
    for name in header:
        if name not in known:
            raise _Unreadable(1, f"there is no column {name!r}")
    if len(set(header)) < len(header):
        raise _Unreadable(1, "a column stands twice")
    missing = [name for name, one in known.items() if one.required and name not in header]
    if missing:
        raise _Unreadable(1, f"the column {missing[0]!r} is required")


def _parquet_rows(path: Path) -> Iterator[Row]:
    import duckdb

    try:
        table = duckdb.connect(":memory:").execute("SELECT * FROM read_parquet(?)", [str(path)])
        header = [column[0] for column in table.description]
        _check_header(header, path)
        for number, row in enumerate(iter(table.fetchone, None), start=1):
            cells = {name: _text(value) for name, value in zip(header, row, strict=True) if value is not None}
            yield number, cells
    except duckdb.Error as error:
        raise _Unreadable(1, f"not readable as Parquet ({type(error).__name__})") from None


def _text(value: object) -> str:
    if isinstance(value, list):
        return SEPARATOR.join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
