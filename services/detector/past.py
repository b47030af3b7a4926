"""The folded past of a history: closed, quiet facts in one packed piece that most events never open.

What comes is mostly news: it touches the last days and an encounter of its own. For that the past needs
only to say what it does not hold: no name of the newcomer, nothing open, nothing that ends near it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import accumulate
from operator import or_
from struct import pack, unpack
from zlib import crc32

import msgspec
from msgspec import Struct

from schemas.moments import DAY
from services.detector.facts import LINED, MID_STAY, PROMPT, STAY_KINDS, Fact, Kind

NEAR = 3 * DAY
"""Folded facts end at least this long before the newest one; no rule joins a plain newcomer to what lies
further back, unless it is a stay, and stays that are open are not folded."""
OPEN = 1 << 62
MARK = 2
"""Bytes of a name's mark: some hundred of them raise one false alarm in five hundred asked."""
SHORT = 1 << 16
"""Pieces below this many bytes tell the ends of their facts in two bytes each, others in four."""

BYTES, LIST = b"\xc6", b"\xdd"
"""MessagePack's marks of bytes and of an array, each with four more for its length: the only ones used here,
so that pieces can be joined."""
HEADER = 5


class Past(Struct, array_like=True, gc=False):
    """Folded facts. packed: bytes, so that whoever reads the memory need not walk through them; up to form 4
    the list of facts itself. names: marks of their events, ids and encounters. end: latest moment any of
    them reaches. first: earliest moment. billed: latest moment that a line of theirs is of. ends: where each
    fact ends among those before it; nothing up to form 6, whose marks are longer. ordered: whether they stand
    in order of their moments. kinds: a bit for each kind of fact among them."""

    packed: msgspec.Raw
    names: bytes
    count: int
    first: int
    end: int
    billed: int = OPEN
    ends: bytes = b""
    ordered: bool = False
    kinds: int = 0

    def may_hold(self, institution: str, *names: str) -> bool:
        """Whether a folded fact may carry one of these names; false alarms only cost time."""
        marks = self.names
        seed = crc32(institution.encode())
        for name in names:
            mark = crc32(name.encode(), seed).to_bytes(4)[:MARK]
            place = marks.find(mark)
            while place >= 0:
                if place % MARK == 0:
                    return True
                place = marks.find(mark, place + 1)
        return False

    def places(self) -> tuple[int, ...]:
        """Where each fact ends, bytes after the first one's begin."""
        size = "H" if len(self.ends) == 2 * self.count else "I"
        return unpack(f">{self.count}{size}", self.ends)

    @property
    def is_plain(self) -> bool:
        """Whether they stand in order, and no lines among them came by themselves."""
        return self.ordered and not self.kinds & 1 << Kind.FEE_LINES

    def since(self, moment: int) -> list[Fact]:
        """Of folded facts that stand in order those of a moment or later, the latest first."""
        if self.end < moment:
            return []
        packed, found = memoryview(self.packed), []
        for place in self._spans(reversed(range(self.count))):
            fact = _decode_fact(packed[place])
            if fact.at < moment:
                break
            found.append(fact)
        return found

    def telling(self, texts: Iterable[bytes]) -> list[Fact]:
        """Folded facts whose packed form holds one of some texts, in the order of their folding: none but
        them is opened."""
        packed = bytes(self.packed)
        found: set[int] = set()
        ends: tuple[int, ...] = ()
        for text in texts:
            place = packed.find(text, 2 * HEADER)
            while place >= 0:
                ends = ends or self.places()
                number = bisect_right(ends, place - 2 * HEADER)
                found.add(number)
                place = packed.find(text, 2 * HEADER + ends[number])
        return [_decode_fact(packed[place]) for place in self._spans(sorted(found))]

    def _spans(self, numbers: Iterable[int]) -> Iterator[slice]:
        """Where facts stand, by their numbers."""
        ends = self.places()
        for number in numbers:
            yield slice(2 * HEADER + (ends[number - 1] if number else 0), 2 * HEADER + ends[number])


_decode = msgspec.msgpack.Decoder(list[Fact]).decode
_decode_fact = msgspec.msgpack.Decoder(Fact).decode
_encode = msgspec.msgpack.Encoder().encode


def unfold(past: Past) -> list[Fact]:
    """The folded facts."""
    packed = memoryview(past.packed)
    return _decode(packed[HEADER:] if packed[:1] == BYTES else packed)


def fold(past: Past | None, recent: list[Fact]) -> tuple[Past | None, list[Fact]]:
    """(the past, what stays at hand) of the past so far and the facts at hand, in order of time.

    Refunds are not folded, nor anything beside them; neither is an encounter of which a part stays.
    """
    if any(fact.total < 0 for fact in recent):
        return past, recent
    horizon = recent[-1].at - NEAR
    reached = _ends(recent)
    old = [fact for fact, end in zip(recent, reached, strict=True) if end < horizon]
    if not old:
        return past, recent
    names = bytearray()
    for fact in old:
        seed = crc32(fact.institution.encode())
        for name in {fact.event, fact.id, fact.encounter}:
            names += crc32(name.encode(), seed).to_bytes(4)[:MARK]
    pieces = [_encode(fact) for fact in old]
    ends = [*accumulate(map(len, pieces))]
    piece = Past(
        packed=_piece(pieces, len(pieces)),
        names=bytes(names),
        count=len(pieces),
        first=old[0].at,
        end=max(end for end in reached if end < horizon),
        billed=max(map(_billed, old)),
        ends=_written(ends),
        ordered=True,
        kinds=reduce(or_, (1 << fact.kind for fact in old)),
    )
    kept = [fact for fact, end in zip(recent, reached, strict=True) if end >= horizon]
    return piece if past is None else _joined(past, piece), kept


def _joined(past: Past, more: Past) -> Past:
    """A past and what is folded after it as one."""
    count = past.count + more.count
    before = memoryview(past.packed)[2 * HEADER :]
    ends = [*past.places(), *(len(before) + end for end in more.places())]
    return Past(
        packed=_piece([before, memoryview(more.packed)[2 * HEADER :]], count),
        names=past.names + more.names,
        count=count,
        first=min(past.first, more.first),
        end=max(past.end, more.end),
        billed=max(past.billed, more.billed),
        ends=_written(ends),
        # No fact of a past is of a later moment than its end.
        ordered=past.ordered and past.end <= more.first,
        kinds=past.kinds | more.kinds,
    )


def _piece(pieces: Sequence[bytes | memoryview], count: int) -> msgspec.Raw:
    """Packed facts as one packed list of so many facts."""
    length = HEADER + sum(map(len, pieces))
    head = BYTES + length.to_bytes(4) + LIST + count.to_bytes(4)
    return msgspec.Raw(b"".join([head, *pieces]))


def _written(ends: list[int]) -> bytes:
    """Where facts end, two bytes each where that will do."""
    return pack(f">{len(ends)}{'H' if ends[-1] < SHORT else 'I'}", *ends)


def _billed(fact: Fact) -> int:
    """The latest moment that a line of a fact is of, 0 without lines."""
    if not fact.flags & LINED:
        return 0
    if fact.flags & PROMPT:
        return max(fact.at, fact.end)
    return max((line.at or fact.at for line in fact.detail.lines or ()), default=fact.at)


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
