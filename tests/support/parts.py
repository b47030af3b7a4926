"""Parts of a history in one process, for tests of what they do together."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from schemas.entry import Entry
from schemas.registry import Registry
from services.detector.bulk import Bulk, part_of
from services.detector.parts import judge_months, judge_parts
from services.detector.standing import NotJudged, Standing
from services.settings import Settings


class PartsHere:
    """The parts of a history, asked one after another."""

    def __init__(self, parts: Sequence[Bulk]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts)

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        return self.ask_each(method, [arguments] * len(self))

    def ask_each(self, method: str, arguments: Sequence[tuple]) -> list[Any]:
        return [getattr(part, method)(*given) for part, given in zip(self.parts, arguments, strict=True)]


def in_bulk(
    story: Iterable[Entry],
    known: Registry,
    rules: Iterable[str] | None,
    folder: Path,
    size: int = 3,
    months: bool = False,
    **knobs: Any,
) -> tuple[Standing, list[NotJudged]]:
    """What stands of a story that is judged in so many parts, and what was not judged. months: by its months
    too."""
    chosen = None if rules is None else frozenset(rules)
    parts = [
        Bulk(Settings(**knobs), known, chosen, rows=folder / f"{number}.ndjson", parts=size)
        for number in range(size)
    ]
    for one in story:
        parts[part_of(one.key, size)].take(one)
    together = PartsHere(parts)
    standing = judge_parts(together)
    if months:
        judge_months(together, standing, known, chosen, folder)
    return standing, [one for part in parts for one in part.failed]
