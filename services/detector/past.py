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
MARK = 3
"""Bytes of a name's mark: some hundred of them raise one false alarm in some hundred thousand asked."""

BYTES, LIST = b"\xc6", b"\xdd"
"""MessagePack's marks of bytes and of an array, each with four more for its length: the only ones used here,
so that pieces can be joined."""
HEADER = 5


class Past(Struct, array_like=True, gc=False):
    """Folded facts. packed: bytes, so that whoever reads the memory need not walk through them; up to form 4
    the list of facts itself. names: marks of their events, ids and encounters. end: latest moment any of
    them reaches. first: earliest moment."""

    packed: msgspec.Raw
    names: bytes
    count: int
    first: int
    end: int

    def may_hold(self, institution: str, *names: str) -> bool:
        """Whether a folded fact may carry one of these names; false alarms only cost time."""
        marks = self.names
        seed = crc32(institution.encode())
        for name in names:  # noqa: SIM110 — a generator costs more than all that is done in it
            if crc32(name.encode(), seed).to_bytes(4)[:MARK] in marks:
                return True
        return False


_decode = msgspec.msgpack.Decoder(list[Fact]).decode
_encode = msgspec.msgpack.Encoder().encode


def unfold(past: Past) -> list[Fact]:
    """The folded facts."""
    return _decode(_list(past))


def _list(past: Past) -> memoryview:
    """The packed list of facts."""
    packed = memoryview(past.packed)
    return packed[HEADER:] if packed[:1] == BYTES else packed


def fold(past: Past | None, recent: list[Fact]) -> tuple[Past | None, list[Fact]]:
    """(the past, what stays at hand) of the past so far and the facts at hand, in order of time.

    Refunds are not folded, nor anything beside them; neither is an encounter of which a part stays.
    """
    if any(fact.total < 0 for fact in recent):
        return past, recent
    horizon = recent[-1].at - NEAR
    ends = _ends(recent)
    old = [fact for fact, end in zip(recent, ends, strict=True) if end < horizon]
    if not old:
        return past, recent
    names = bytearray(past.names if past is not None else b"")
    for fact in old:
        seed = crc32(fact.institution.encode())
        for name in {fact.event, fact.id, fact.encounter}:
            names += crc32(name.encode(), seed).to_bytes(4)[:MARK]
    packed = b"".join([_encode(fact) for fact in old])
    count, first, end = len(old), old[0].at, max(end for end in ends if end < horizon)
    if past is not None:
        packed = bytes(_list(past)[HEADER:]) + packed
        count, first, end = count + past.count, min(first, past.first), max(end, past.end)
    length = HEADER + len(packed)
    piece = msgspec.Raw(BYTES + length.to_bytes(4) + LIST + count.to_bytes(4) + packed)
    kept = [fact for fact, end in zip(recent, ends, strict=True) if end >= horizon]
    return Past(piece, bytes(names), count, first, end), kept


def _ends(facts: list[Fact]) -> list[int]:
    """Until when each fact may matter: of an encounter's facts until its stay closed, OPEN while it has
    not."""
    closed = _closings(fact for fact in facts if fact.kind in STAY_KINDS)
    if not closed:
        return [max(fact.at, fact.end) for fact in facts]
    return [max(fact.at, fact.end, closed.get((fact.institution, fact.encounter), 0)) for fact in facts]


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
