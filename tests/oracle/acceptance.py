"""Tiny hand-made counties for the oracle: events and registry rows as files, and what it finds in them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.oracle.county_sql import CountyOracle, Row


class Asking:
    """Asks one rule about events (dicts, or lists of them) and registry rows, by table name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, rule: str, *events: Any, **tables: list[dict[str, Any]]) -> list[Row]:
        """What the rule finds; figures other than the catalogue's go by their names in lower case."""
        figures = {name: value for name, value in tables.items() if not isinstance(value, list)}
        rows = {name: value for name, value in tables.items() if isinstance(value, list)}
        for old in self.folder.iterdir():
            old.unlink()
        with (self.folder / "events.ndjson").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in flat(events))
        for name, records in rows.items():
            self._write(name, records)
        return CountyOracle(self.folder, [rule], **figures).found(rule)

    def _write(self, name: str, records: list[dict[str, Any]]) -> None:
        columns = list(dict.fromkeys(column for record in records for column in record))
        with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(records)


Ask = Callable[..., list[Row]]


def flat(stories: Any) -> list[dict[str, Any]]:
    """All events of nested stories."""
    events: list[dict[str, Any]] = []
    for story in stories:
        events.extend(flat(story) if isinstance(story, list | tuple) else [story])
    return events
