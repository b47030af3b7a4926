"""Files of the county: newline-delimited JSON and CSV with a header."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from services.demo.labels import Label
from services.demo.registry import Row

_encode = msgspec.json.Encoder().encode


def write_events(path: Path, events: Iterable[dict[str, Any]]) -> None:
    """One event a line, in arrival order."""
    _write_lines(path, events)


def write_labels(path: Path, labels: Iterable[Label]) -> None:
    """One label a line."""
    _write_lines(path, labels)


def read_labels(path: Path) -> list[Label]:
    """The labels that `write_labels` wrote."""
    decode = msgspec.json.Decoder(Label).decode
    return [decode(line) for line in path.read_bytes().splitlines() if line]


def write_table(path: Path, rows: list[Row]) -> None:
    """Rows of one registry file; the columns are those of the first row."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_lines(path: Path, items: Iterable[Any]) -> None:
    with path.open("wb") as file:
        file.writelines(_encode(item) + b"\n" for item in items)
