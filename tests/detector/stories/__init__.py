"""The cases of the rules, told as events: a module a rule, named by its id, with `STORIES`.

`tests/detector/test_stories.py` takes up every module of this package by itself: it tells each story as it
stands, in any order, with repeats, through packed memories, and with one event cancelled, corrected or taken
back. A module whose stories are about several rule ids, or one with a name of its own, says so in `RULES`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from schemas.entry import Entry
from schemas.registry import Registry
from tests.support.entries import EMPTY, entries

Found = tuple[str, int, str | None]
"""(rule, severity, amount in decimal yuan; None: whatever it is)."""


@dataclass(frozen=True)
class Story:
    """What happened, and what the rule says to it.

    name: a sentence. events: what tests.support.entries makes: events, lists of them, ready entries.
    expects: the findings that stand at the end, in any order; none: the rule is silent.
    """

    name: str
    events: list[Any]
    registry: Registry = EMPTY
    expects: list[Found] = field(default_factory=list)

    @property
    def entries(self) -> list[Entry]:
        """The story as it stands in the inbox."""
        return entries(*self.events)

    @property
    def told(self) -> list[dict[str, Any]]:
        """Its events, without the registry's records of persons."""
        return list(_flat(self.events))


def all_stories() -> Iterator[tuple[str, frozenset[str], Story]]:
    """(module, ids of its rules, story) of the whole package, by module."""
    for module_info in sorted(iter_modules(__path__), key=lambda item: item.name):
        module = import_module(f"{__name__}.{module_info.name}")
        rules = frozenset(getattr(module, "RULES", (_id_of(module_info.name),)))
        for story in module.STORIES:
            yield module_info.name, rules, story


def _id_of(module: str) -> str:
    """The rule's id: "a07b" is A07b."""
    return module[0].upper() + module[1:]


def _flat(events: list[Any]) -> Iterator[dict[str, Any]]:
    for one in events:
        if isinstance(one, list):
            yield from _flat(one)
        elif not isinstance(one, Entry):
            yield one
