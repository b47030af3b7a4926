"""Who is told of what: a replay's own way to bring persons together under whose names one thing stands.

A running system asks its inbox (services.ingest.namesakes); here a few bytes a fact say which things are told
of several persons, and the facts themselves are in these persons' histories.
"""

from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise

from schemas.entry import PERSONS_AT_MOST
from services.detector.facts import FOREIGN, Fact, Kind, told_of
from services.detector.history import PersonHistory
from services.detector.versions import names

Found = dict[int, list[Fact]]
"""Facts of one person, by the numbers of the things they speak of."""


class Namesakes:
    """Notes facts as they come; `exchange` gives what persons have to hear of each other.

    Things go by their hashes. Two that share one are brought together for nothing, for histories compare the
    ids themselves.
    """

    def __init__(self) -> None:
        self._persons: dict[str, int] = {}
        self._things = array("q")
        self._owners = array("L")

    def note(self, key: str, fact: Fact) -> None:
        """A fact was told of a person."""
        if fact.kind == Kind.PERSON or fact.flags & FOREIGN:
            return
        owner = self._persons.setdefault(key, len(self._persons))
        for name in names(fact):
            self._things.append(hash(name))
            self._owners.append(owner)

    def exchange(self, history_of: Callable[[str], PersonHistory]) -> Iterator[tuple[str, Fact]]:
        """(key, foreign fact) of all that the persons who share a thing have to hear."""
        shared = self._shared()
        keys = list(self._persons)
        seen: set[int] = set()
        for thing, owners in shared.items():
            if thing in seen:
                continue
            if len(owners) > PERSONS_AT_MOST:
                yield from _of_a_crowd(thing, sorted(owners), keys, history_of)
                continue
            told = _together(thing, shared, seen, lambda owner: _found(history_of(keys[owner])))
            for owner, facts in told.items():
                for fact in facts.values():
                    foreign = told_of(keys[owner], fact)
                    yield from ((keys[other], foreign) for other in told if other != owner)

    def _shared(self) -> dict[int, set[int]]:
        """Things that are told of several persons, with who they are."""
        ordered = sorted(self._things)
        repeated = {one for one, other in pairwise(ordered) if one == other}
        owners: dict[int, set[int]] = {}
        for thing, owner in zip(self._things, self._owners, strict=True):
            if thing in repeated:
                owners.setdefault(thing, set()).add(owner)
        return {thing: known for thing, known in owners.items() if len(known) > 1}


def _together(
    first: int, shared: dict[int, set[int]], seen: set[int], found_of: Callable[[int], Found]
) -> dict[int, dict[tuple[str, str], Fact]]:
    """By person: the facts about a thing, about what else these speak of, and so on."""
    told: dict[int, dict[tuple[str, str], Fact]] = {}
    found: dict[int, Found] = {}
    open_ends = [(first, owner) for owner in shared[first]]
    seen.add(first)
    while open_ends:
        thing, owner = open_ends.pop()
        if owner not in found:
            found[owner] = found_of(owner)
        for fact in found[owner].get(thing, ()):
            told.setdefault(owner, {})[fact.institution, fact.event] = fact
            for further in map(hash, names(fact)):
                others = shared.get(further, {owner})
                if further not in seen and len(others) <= PERSONS_AT_MOST:
                    seen.add(further)
                    open_ends += [(further, other) for other in others]
    return told


def _of_a_crowd(
    thing: int, owners: list[int], keys: list[str], history_of: Callable[[str], PersonHistory]
) -> Iterator[tuple[str, Fact]]:
    """To each of very many as many others as it takes to know that the id is a placeholder."""
    few = owners[: PERSONS_AT_MOST + 1]
    samples = {owner: told_of(keys[owner], _found(history_of(keys[owner]))[thing][0]) for owner in few}
    for owner in owners:
        others = [other for other in few if other != owner][:PERSONS_AT_MOST]
        yield from ((keys[owner], samples[other]) for other in others)


def _found(history: PersonHistory) -> Found:
    found: Found = {}
    for fact in (*history.facts, *history.idle):
        for name in names(fact):
            found.setdefault(hash(name), []).append(fact)
    return found
