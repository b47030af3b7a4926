"""Who is told of what: a replay's own way to bring persons together under whose names one thing stands.

A running system asks its inbox (services.ingest.namesakes); here a few bytes a fact say which things are told
of several persons, and the facts themselves are in these persons' histories.
"""

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

from schemas.entry import PERSONS_AT_MOST
from services.detector.facts import FOREIGN, Fact, Kind, told_of
from services.detector.versions import Name, names

Found = dict[int, list[Fact]]
"""Facts of one person, by the numbers of the things they speak of."""


class Noted(NamedTuple):
    """What was noted: keys of persons; things by their numbers, and of each the place of its person's key."""

    persons: list[str]
    things: array
    owners: array


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
            self._things.append(_number(name))
            self._owners.append(owner)

    @property
    def noted(self) -> Noted:
        """What was noted so far."""
        return Noted([*self._persons], self._things, self._owners)

    def join(self, other: Noted) -> None:
        """Note what was noted elsewhere, of other persons."""
        first = len(self._persons)
        self._persons.update((key, first + place) for place, key in enumerate(other.persons))
        self._things += other.things
        self._owners.extend(first + owner for owner in other.owners)

    def exchange(
        self, facts_of: Callable[[Collection[str]], Mapping[str, Iterable[Fact]]]
    ) -> Iterator[tuple[str, Fact]]:
        """(key, foreign fact) of all that the persons who share a thing have to hear. facts_of: all own facts
        of some persons, by their keys; it is asked once, where anything is shared at all."""
        shared = self._shared()
        if not shared:
            return
        keys = list(self._persons)
        asked = {owner for owners in shared.values() for owner in _asked(owners)}
        facts = facts_of([keys[owner] for owner in sorted(asked)])
        found = {owner: _found(facts[keys[owner]]) for owner in asked}
        seen: set[int] = set()
        for thing, owners in shared.items():
            if thing in seen:
                continue
            if len(owners) > PERSONS_AT_MOST:
                yield from _of_a_crowd(thing, owners, keys, found)
                continue
            told = _together(thing, shared, seen, found)
            for owner, known in told.items():
                for fact in known.values():
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
    first: int, shared: dict[int, set[int]], seen: set[int], found: dict[int, Found]
) -> dict[int, dict[tuple[str, str], Fact]]:
    """By person: the facts about a thing, about what else these speak of, and so on."""
    told: dict[int, dict[tuple[str, str], Fact]] = {}
    open_ends = [(first, owner) for owner in shared[first]]
    seen.add(first)
    while open_ends:
        thing, owner = open_ends.pop()
        for fact in found[owner].get(thing, ()):
            told.setdefault(owner, {})[fact.institution, fact.event] = fact
            for further in map(_number, names(fact)):
                others = shared.get(further, {owner})
                if further not in seen and len(others) <= PERSONS_AT_MOST:
                    seen.add(further)
                    open_ends += [(further, other) for other in others]
    return told


def _asked(owners: set[int]) -> list[int]:
    """Whose facts have to be looked at, of the persons who share a thing: of a crowd few."""
    return sorted(owners)[: PERSONS_AT_MOST + 1]


def _of_a_crowd(
    thing: int, owners: set[int], keys: list[str], found: dict[int, Found]
) -> Iterator[tuple[str, Fact]]:
    """To each of very many as many others as it takes to know that the id is a placeholder."""
    few = _asked(owners)
    samples = {owner: told_of(keys[owner], found[owner][thing][0]) for owner in few}
    for owner in sorted(owners):
        others = [other for other in few if other != owner][:PERSONS_AT_MOST]
        yield from ((keys[owner], samples[other]) for other in others)


def _found(facts: Iterable[Fact]) -> Found:
    found: Found = {}
    for fact in facts:
        for name in names(fact):
            found.setdefault(_number(name), []).append(fact)
    return found


def _number(name: Name) -> int:
    """The number of a thing, the same in every process."""
    digest = blake2b("\x1f".join(name).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
