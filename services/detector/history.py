"""The facts of a person: a set of facts by identity, of which what counts is a view.

A history is a grow-only set of facts named by (institution, event_id). Adding a fact twice is the same as
once, and the order of adding leaves no trace: everything here is a function of the set.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from services.detector.facts import FOREIGN, Fact, Kind
from services.detector.live import LiveFacts, Ref, place_of
from services.detector.versions import (
    NOTHING_NEGATIVE,
    cell_name,
    crowded,
    heard,
    identity,
    name_of,
    offsets_among,
    resolve,
    standing,
)


class Change(NamedTuple):
    """An encounter before and after a fact came: its live facts.

    plain: the fact only joined them; no other version of it and no cancellation is known.
    """

    ref: Ref
    before: list[Fact]
    after: list[Fact]
    plain: bool = False


class PersonHistory(LiveFacts):
    """Facts of one person.

    `facts` are live; `idle` are cancellations and versions that do not count; `foreign` are facts of other
    persons about things that are told of this one too, `elsewhere` those of them that count there; `records`
    are registry records by name, of each the last loaded; `turns` counts what the history has learnt.
    """

    __slots__ = (
        "_changed", "_made", "_offsets", "ages_at", "elsewhere", "foreign",
        "idle", "key", "records", "stays", "turns",
    )  # fmt: skip

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.turns = 0
        self.idle: list[Fact] = []
        self.foreign: list[Fact] = []
        self.elsewhere: list[Fact] = []
        self.records: dict[str, Fact] = {}
        self.stays: list | None = None
        """Cache of the view's stays; None when it must be made again."""
        self.ages_at = 0
        """Moment from which a fact may age out that did not before; noted by who looked, never stored."""
        self._made: dict[tuple, Any] = {}
        self._offsets: frozenset | None = None
        self._changed: dict[str, None] = {}
        """Cells that are to be stored anew, in the order of their changing."""

    def add(self, fact: Fact) -> list[Change] | None:
        """Put a fact into the set; None when it was there. The encounters it touches, before and after."""
        kind, institution, event, id, encounter = (
            fact.kind, fact.institution, fact.event, fact.id, fact.encounter,
        )  # fmt: skip
        if kind == Kind.PERSON:
            return self._add_record(fact)
        versioned = kind == Kind.CANCELLATION or bool(fact.flags & FOREIGN)
        past = self._past
        if past is not None and (versioned or self._past_holds(institution, event, id, encounter)):
            self._set(self.facts)
        before = []
        for other in self._recent:
            if other.institution != institution:
                continue
            if other.event == event:
                return None
            if other.encounter == encounter:
                before.append(other)
            if other.id == id and not versioned:
                versioned = identity(other) == identity(fact)
        for other in self.idle:
            if other.institution == institution:
                if other.event == event:
                    return None
                # A cancellation, or a version that does not count, may be about the same thing.
                versioned = versioned or other.id in (id, encounter, event)
        for other in self.foreign:
            if other.institution == institution:
                if other.event == event:
                    return None
                versioned = versioned or other.id in (id, encounter, event)
        self.turns += 1
        self._changed[cell_name(institution, event)] = None
        if versioned:
            return self._settle(fact)
        self._insert(fact)
        after = [*before, fact]
        if before:
            after.sort(key=place_of)
        return [Change((institution, encounter), before, after, plain=True)]

    def remove(self, fact: Fact, record: Fact | None) -> None:
        """Take a fact out again, as if it had never come (a rule raised on it); `record` stood before it."""
        self._changed.pop(cell_of(fact), None)
        self.turns -= 1
        if fact.kind == Kind.PERSON:
            if record is None:
                del self.records[fact.id]
            else:
                self.records[fact.id] = record
                self._changed[cell_of(record)] = None
            return
        everything = [
            other
            for other in (*self.facts, *self.idle, *self.foreign)
            if not (other.event == fact.event and other.institution == fact.institution)
        ]
        self._resolve_all(everything)

    def drop(self, old: Iterable[Fact]) -> None:
        """Forget live facts that aged out, with their older versions, which must not count instead."""
        gone = {identity(fact): fact for fact in old}
        self._set([fact for fact in self.facts if identity(fact) not in gone])
        self.stays = self._offsets = None
        for fact in gone.values():
            self._changed[cell_of(fact)] = None
        for fact in [other for other in (*self.idle, *self.foreign) if identity(other) in gone]:
            (self.foreign if fact.flags & FOREIGN else self.idle).remove(fact)
            self._changed[cell_of(fact)] = None

    def made(self, what: str, ref: Ref, make: Callable[[], Any]) -> Any:
        """What can be made of an encounter's facts and the cancellations alone, kept until either changes."""
        known = self._made.get((ref, what))
        if known is None:
            if not self._made:
                _remember(self)
            known = self._made[ref, what] = make()
        return known

    def forget_made(self) -> None:
        """Let go of all that was made."""
        self._made.clear()

    def versions(self, fact: Fact) -> list[Fact]:
        """All versions known of what a fact is a version of, live or not."""
        name = identity(fact)
        return [other for other in (*self.facts, *self.idle) if identity(other) == name]

    def is_offset(self, fact: Fact) -> bool:
        """Whether a settlement and a negative mirror of the same encounter take each other back whole
        (rules.md §0.5)."""
        offsets = self._offsets
        if offsets is None:
            # A past with refunds is never folded, and what comes to a folded encounter opens it.
            offsets = self._offsets = offsets_among(self._recent)
        if offsets is NOTHING_NEGATIVE:
            return False
        return name_of(fact) in offsets

    @property
    def has_refunds(self) -> bool:
        """Whether any settlement is negative."""
        if self._offsets is None:
            self._offsets = offsets_among(self._recent)
        return self._offsets is not NOTHING_NEGATIVE

    def standing_cancellations(self) -> list[Fact]:
        """Cancellations that no later one takes back, whoever they were posted for."""
        known = [*self.idle, *heard(self.foreign, crowded(self.foreign))] if self.foreign else self.idle
        return standing([fact for fact in known if fact.kind == Kind.CANCELLATION])

    # -- inside -----------------------------------------------------------------------------------------

    def _add_record(self, fact: Fact) -> list[Change] | None:
        known = self.records.get(fact.id)
        if known is not None:
            if _loaded(known) >= _loaded(fact):
                return None
            self._changed[cell_of(known)] = None
        self.turns += 1
        self.records[fact.id] = fact
        self._changed[cell_of(fact)] = None
        return []

    def _set(self, facts: list[Fact]) -> None:
        """Have these live facts at hand, and no folded ones."""
        self._hold(facts)
        self._made.clear()

    def _insert(self, fact: Fact) -> None:
        self._put(fact)
        if fact.at < self.ages_at:
            self.ages_at = fact.at
        if self._made:
            ref = (fact.institution, fact.encounter)
            for name in [name for name in self._made if name[0] == ref]:
                del self._made[name]
        refunds_are_about = fact.total < 0 or self._offsets is not NOTHING_NEGATIVE
        if fact.kind < Kind.VISIT or refunds_are_about:
            self.stays = None
        if refunds_are_about:
            self._offsets = None

    def _settle(self, fact: Fact) -> list[Change]:
        """The slow way: other versions or cancellations are about; find anew what is live."""
        before = {name_of(other): other for other in self.facts}
        refs = {(other.institution, other.encounter) for other in self.versions(fact)}
        old, elsewhere = self.facts, {name_of(other): other for other in self.elsewhere}
        self._resolve_all([*self.facts, *self.idle, *self.foreign, fact])
        after = {name_of(other): other for other in self.facts}
        if fact.kind != Kind.CANCELLATION:
            refs.add((fact.institution, fact.encounter))
        elif fact.detail.cancels_type == "fee_lines":
            refs.add((fact.institution, fact.id))
        elif fact.detail.cancels_type == "cancellation":
            # Lines that a cancellation had removed may come back, though no fact moves.
            refs.update(
                (other.institution, other.id)
                for other in (*self.idle, *self.foreign)
                if other.kind == Kind.CANCELLATION and other.detail.cancels_type == "fee_lines"
            )
        for name in before.keys() ^ after.keys():
            moved = before.get(name) or after[name]
            refs.add((moved.institution, moved.encounter))
        # Lines that count under another person do not count here.
        for name in elsewhere.keys() ^ (now := {name_of(other): other for other in self.elsewhere}).keys():
            moved = elsewhere.get(name) or now[name]
            refs.add((moved.institution, moved.encounter))
        return [Change(ref, _of(old, ref), _of(self.facts, ref)) for ref in sorted(refs)]

    def _resolve_all(self, everything: list[Fact]) -> None:
        """Split all facts into those that count and those that do not."""
        live, self.idle, self.foreign, self.elsewhere = resolve(everything)
        self._set(live)
        self.ages_at = 0
        self.stays = self._offsets = None


_remembering: list[PersonHistory] = []
REMEMBERING_AT_MOST = 4_000
"""Histories that keep what was made of their facts."""


def _remember(history: PersonHistory) -> None:
    if len(_remembering) >= REMEMBERING_AT_MOST:
        forget_all_made()
    _remembering.append(history)


def forget_all_made() -> None:
    """Let go of all that was made of any history."""
    for history in _remembering:
        history.forget_made()
    _remembering.clear()


def _of(facts: list[Fact], ref: Ref) -> list[Fact]:
    institution, encounter = ref
    return [fact for fact in facts if fact.encounter == encounter and fact.institution == institution]


def cell_of(fact: Fact) -> str:
    """Name of the cell that stores a fact."""
    return cell_name(fact.institution, fact.event)


def _loaded(record: Fact) -> tuple[int, bytes]:
    """Order of registry records; two of one load are told apart by what they say, not by who came first."""
    return (record.recorded, bytes(record.packed))
