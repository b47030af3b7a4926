"""The folded past of a history: closed, quiet facts in one packed piece that most events never open.

What comes is mostly news: it touches the last days and an encounter of its own. For that the past needs
only to say what it does not hold: no name of the newcomer, nothing open, nothing that ends near it.
"""

from collections.abc import Iterable
from zlib import crc32

import msgspec
from msgspec import Struct

from schemas.moments import DAY
from services.detector.facts import MID_STAY, STAY_KINDS, Fact, Kind

NEAR = 3 * DAY
"""Folded facts end at least this long before the newest one; no rule joins a plain newcomer to what lies
further back, unless it is a stay, and stays that are open are not folded."""
OPEN = 1 << 62


class Past(Struct, array_like=True, gc=False):
    """Folded facts, packed. names: marks of their events, ids and encounters. end: latest moment any of
    them reaches. first: earliest moment."""

    packed: msgspec.Raw
    names: bytes
    count: int
    first: int
    end: int

    def may_hold(self, institution: str, *names: str) -> bool:
        """Whether a folded fact may carry one of these names; false alarms only cost time."""
        marks = self.names
        return any(mark(institution, name) in marks for name in names)


_decode = msgspec.msgpack.Decoder(list[Fact]).decode
_encode = msgspec.msgpack.Encoder().encode


def mark(institution: str, name: str) -> bytes:
    """Four bytes for a name of an institution."""
    return crc32(name.encode(), crc32(institution.encode())).to_bytes(4)


def unfold(past: Past) -> list[Fact]:
    """The folded facts."""
    return _decode(past.packed)


def fold(facts: list[Fact]) -> tuple[Past | None, list[Fact]]:
    """(the past, what stays at hand) of live facts in order of time."""
    if any(fact.total < 0 for fact in facts):
        return None, facts
    horizon = facts[-1].at - NEAR
    ends = _ends(facts)
    old = [fact for fact, end in zip(facts, ends, strict=True) if end < horizon]
    if not old:
        return None, facts
    names = b"".join(
        mark(fact.institution, name) for fact in old for name in (fact.event, fact.id, fact.encounter)
    )
    past = Past(
        msgspec.Raw(_encode(old)), names, len(old), old[0].at, max(end for end in ends if end < horizon)
    )
    return past, [fact for fact, end in zip(facts, ends, strict=True) if end >= horizon]


def _ends(facts: list[Fact]) -> list[int]:
    """Until when each fact may matter: of a stay's facts until it closed, OPEN while it has not."""
    closed = _closings(fact for fact in facts if fact.kind in STAY_KINDS)
    return [
        max(fact.at, fact.end, closed[fact.institution, fact.encounter])
        if fact.kind in STAY_KINDS
        else max(fact.at, fact.end)
        for fact in facts
    ]


def _closings(facts: Iterable[Fact]) -> dict[tuple[str, str], int]:
    closed: dict[tuple[str, str], int] = {}
    ended: dict[tuple[str, str], int] = {}
    for fact in facts:
        ref = (fact.institution, fact.encounter)
        closed.setdefault(ref, OPEN)
        if fact.kind == Kind.DISCHARGE:
            closed[ref] = fact.at
        elif fact.end and not fact.flags & MID_STAY:
            ended[ref] = max(fact.end, ended.get(ref, 0))
    for ref, end in ended.items():
        closed[ref] = end if closed[ref] == OPEN else max(closed[ref], end)
    return closed
