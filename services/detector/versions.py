"""Versions and cancellations: of several facts about one thing, which one counts.

Of several versions of one thing the greatest (recorded_at, event_id) that no cancellation removes is live.
All functions here are functions of sets of facts: the order of arrival leaves no trace.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas.entry import PERSONS_AT_MOST
from services.detector.facts import AT_DAY, FOREIGN, LINED, NEGATIVE, SETTLEMENTS, Fact, Kind

Name = tuple[str, str, str]
"""A thing: its type, the institution, the id by which a cancellation would call it."""

NOTHING_NEGATIVE: frozenset = frozenset(("nothing negative",))
"""Offsets of a history without refunds, so that most histories ask once."""


def identity(fact: Fact) -> tuple[str, str, str]:
    """What a fact is a version of (contract, section 2)."""
    kind = fact.kind
    if kind in SETTLEMENTS:
        return ("settlement", fact.institution, fact.id)
    if kind == Kind.ADMISSION:
        return ("admission", fact.institution, fact.id)
    if kind == Kind.DISCHARGE:
        return ("discharge", fact.institution, fact.id)
    return (_TYPE_NAMES[kind], fact.institution, fact.event)


_TYPE_NAMES = {
    Kind.FEE_LINES: "fee_lines",
    Kind.IDENTITY_CHECK: "identity_check",
    Kind.INSPECTION: "inspection",
    Kind.CANCELLATION: "cancellation",
}


class Resolved(NamedTuple):
    """Facts of one person and, `foreign`, of others. live: what counts here. idle: this person's versions
    that do not, and cancellations. elsewhere: foreign facts with lines that count under another person."""

    live: list[Fact]
    idle: list[Fact]
    foreign: list[Fact]
    elsewhere: list[Fact]


def resolve(everything: list[Fact]) -> Resolved:
    """Of each thing the greatest version that no live cancellation removes, whoever the person is.

    A cancellation removes what was recorded up to its own record, or the one event it names. It can be
    cancelled itself, by a later one; taking cancellations from the latest back keeps that well-founded.
    """
    foreign = [fact for fact in everything if fact.flags & FOREIGN]
    if not foreign:
        best, idle = _best(everything)
        return Resolved(list(best.values()), idle, [], [])
    crowds = crowded(foreign)
    own = [fact for fact in everything if not fact.flags & FOREIGN]
    best, others = _best([*own, *heard(foreign, crowds)])
    return Resolved(
        [fact for fact in best.values() if not fact.flags & FOREIGN],
        [fact for fact in others if not fact.flags & FOREIGN],
        foreign,
        [
            fact
            for fact in best.values()
            if fact.flags & FOREIGN and (lines := _lines_of(fact)) and crowds.isdisjoint(lines)
        ],
    )


def crowded(foreign: Iterable[Fact]) -> frozenset[Name]:
    """Things that too many persons share: their ids are placeholders and bind nobody to anybody else."""
    owners: dict[Name, set[str]] = {}
    for fact in foreign:
        for name in names(fact):
            owners.setdefault(name, set()).add(fact.detail.owner)
    return frozenset(name for name, known in owners.items() if len(known) >= PERSONS_AT_MOST)


def heard(foreign: Iterable[Fact], crowds: frozenset[Name]) -> list[Fact]:
    """Foreign facts less those about things that too many share."""
    return [fact for fact in foreign if names(fact)[0] not in crowds]


def names(fact: Fact) -> list[Name]:
    """All things that a fact speaks of: first what it is a version of, or what it cancels."""
    if fact.kind == Kind.CANCELLATION:
        return [(fact.detail.cancels_type, fact.institution, fact.id), identity(fact)]
    if fact.kind in SETTLEMENTS:
        return [identity(fact), *_lines_of(fact)]
    return [_called(fact)]


def _lines_of(fact: Fact) -> list[Name]:
    """The lines of its encounter, where it tells any, or may take back an event that told them."""
    if fact.kind == Kind.FEE_LINES or (fact.kind in SETTLEMENTS and fact.flags & (LINED | NEGATIVE)):
        return [("fee_lines", fact.institution, fact.encounter)]
    return []


def _best(everything: list[Fact]) -> tuple[dict[Name, Fact], list[Fact]]:
    """(what counts, by what it is a version of; all the rest)."""
    cancellations = [fact for fact in everything if fact.kind == Kind.CANCELLATION]
    cancelling: dict[tuple[str, str, str], list[Fact]] = {}
    for cancellation in standing(cancellations):
        name = (cancellation.detail.cancels_type, cancellation.institution, cancellation.id)
        cancelling.setdefault(name, []).append(cancellation)
    best: dict[tuple[str, str, str], Fact] = {}
    idle = list(cancellations)
    for fact in everything:
        if fact.kind == Kind.CANCELLATION:
            continue
        name = identity(fact)
        if cancelling and any(
            removes(cancellation, fact) for cancellation in cancelling.get(_called(fact), ())
        ):
            idle.append(fact)
            continue
        other = best.get(name)
        if other is None:
            best[name] = fact
        elif (other.recorded, other.event) < (fact.recorded, fact.event):
            best[name] = fact
            idle.append(other)
        else:
            idle.append(fact)
    return best, idle


def standing(cancellations: list[Fact]) -> list[Fact]:
    """Cancellations that no later cancellation takes back, latest first."""
    kept: list[Fact] = []
    taking_back: dict[tuple[str, str], list[Fact]] = {}
    for fact in sorted(cancellations, key=_version, reverse=True):
        if any(removes(later, fact) for later in taking_back.get(name_of(fact), ())):
            continue
        kept.append(fact)
        if fact.detail.cancels_type == "cancellation":
            taking_back.setdefault((fact.institution, fact.id), []).append(fact)
    return kept


def offsets_among(facts: Sequence[Fact]) -> frozenset[tuple[str, str]]:
    """(institution, event) of settlements that a negative mirror takes back, and of those mirrors."""
    if not _mirrors(facts):
        return NOTHING_NEGATIVE
    return frozenset(name_of(fact) for pair in mirrored_among(facts) for fact in pair)


def mirrored_among(facts: Sequence[Fact]) -> list[tuple[Fact, Fact]]:
    """Negative mirrors, each with the settlement that it takes back.

    A mirror takes back one settlement: of its encounter and its total, the latest not recorded after it.
    What is settled again afterwards stands.
    """
    pairs: list[tuple[Fact, Fact]] = []
    taken: set[tuple[str, str]] = set()
    for mirror in sorted(_mirrors(facts), key=_version):
        recorded = mirror.recorded
        known = [
            fact
            for fact in facts
            if fact.total == -mirror.total
            and fact.kind in SETTLEMENTS
            and fact.encounter == mirror.encounter
            and fact.institution == mirror.institution
            and name_of(fact) not in taken
            and (fact.recorded <= recorded or mirror.flags & AT_DAY)
        ]
        if known:
            settled = max(known, key=_version)
            taken.update((name_of(mirror), name_of(settled)))
            pairs.append((mirror, settled))
    return pairs


def _mirrors(facts: Sequence[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.total < 0 and fact.kind in SETTLEMENTS]


def removes(cancellation: Fact, fact: Fact) -> bool:
    """Whether a cancellation removes a fact as a whole. Single lines are the view's business."""
    detail = cancellation.detail
    if cancellation.institution != fact.institution:
        return False
    type_name, _institution, name = identity(fact)
    if detail.cancels_type != type_name:
        return False
    if type_name == "fee_lines":
        named = cancellation.id == fact.encounter and detail.cancels_line in ("", "*")
    else:
        named = cancellation.id == name
    if not named:
        return False
    if detail.cancels_event:
        return detail.cancels_event == fact.event
    return fact.recorded <= cancellation.recorded


def cell_name(institution: str, id: str) -> str:
    """Name of a cell; ids may hold any character, so a length goes first (and no mark of other cells)."""
    return f"{len(institution)}:{institution}{id}"


def _version(fact: Fact) -> tuple[int, str]:
    return (fact.recorded, fact.event)


def _called(fact: Fact) -> tuple[str, str, str]:
    """By which name a cancellation would call a fact."""
    type_name, institution, id = identity(fact)
    return (type_name, institution, fact.encounter if type_name == "fee_lines" else id)


def name_of(fact: Fact) -> tuple[str, str]:
    """What names a fact itself: its event."""
    return (fact.institution, fact.event)
