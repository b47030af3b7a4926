"""Parts of a history judged in bulk and brought together: what persons hear of each other, what crosses to
shared keys, and what is judged of months."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

from schemas.registry import Registry
from services.detector.facts import Fact
from services.detector.namesakes import Namesakes
from services.detector.periods.baselines import USUAL_CROWDS
from services.detector.periods.duck import ScreenedHistory
from services.detector.standing import Standing, asked_of_months, compared_with, publish


class Parts(Protocol):
    """Where the parts are (`bulk.Bulk`): in this process or in others (`runtime.crew.Crew`)."""

    def __len__(self) -> int: ...

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """What each answers, in order."""
        ...

    def ask_each(self, method: str, arguments: Sequence[tuple]) -> list[Any]:
        """The same, each asked with arguments of its own."""
        ...


def judge_parts(parts: Parts) -> Standing:
    """What stands once all persons and shared keys that the parts gathered are judged."""
    _exchange(parts)
    letters = parts.ask("judge")
    parts.ask_each("judge_shared", [([out[part] for out in letters],) for part in range(len(parts))])
    del letters
    standing = Standing()
    _hear(parts, standing)
    return standing


def judge_months(
    parts: Parts, standing: Standing, registry: Registry, rules: frozenset[str] | None, rows: Path
) -> None:
    """Judge the months, and again the terminals that what is usual concerns. rows: the folder of the files to
    which the parts tell settlements."""
    asked = asked_of_months(rules)
    if USUAL_CROWDS in asked:
        crowded = set().union(*parts.ask("crowded"))
        if crowded:
            parts.ask("screen", compared_with(crowded, registry))
        else:
            # Where there is no crowd nothing is compared with what is usual.
            asked.remove(USUAL_CROWDS)
    if not asked:
        return
    history = ScreenedHistory((), registry, standing.stock.values(), sorted(rows.iterdir()))
    published = publish(registry, standing.judge_months(asked, history))
    if published is not None:
        parts.ask("judge_again", published)
        _hear(parts, standing)


def _exchange(parts: Parts) -> None:
    """Tell persons what stands of their things under others."""
    namesakes = Namesakes()
    for noted in parts.ask("noted"):
        namesakes.join(noted)

    def facts_of(keys: Collection[str]) -> dict[str, list[Fact]]:
        return {key: facts for found in parts.ask("facts_of", keys) for key, facts in found.items()}

    told = list(namesakes.exchange(facts_of))
    if told:
        parts.ask("hear", told)


def _hear(parts: Parts, standing: Standing) -> None:
    for said in parts.ask("tell"):
        for message in said:
            standing.hear(message)
