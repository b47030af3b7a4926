"""What is remembered of a terminal on one local day: swipes, as registers sent by persons' histories.

A register is (fact id, revision, body or nothing); the greatest revision is kept, so sending it again
or late changes nothing.
"""

from bisect import insort
from collections.abc import Iterable
from functools import cached_property
from typing import Self

import msgspec
from msgspec import Struct

from schemas.moments import MINUTE, Calendar
from schemas.registry import Registry
from services.detector.facts import AT_DAY, BACKFILLED, HISTORICAL, SETTLEMENTS, Fact, Kind, yuan
from services.detector.history import CODEC, HEAD_CELL, SAID_CELL, PersonHistory, Said
from services.detector.versions import cell_name

WINDOW = 10 * MINUTE


class Swipe(Struct, array_like=True, gc=False):
    """A settlement at a terminal; `person` is a pseudonym, total and fund are fen."""

    settlement: str
    encounter: str
    person: str
    at: int
    med_type: str
    total: int
    fund: int
    card: str
    historical: bool = False


class Register(Struct, array_like=True, gc=False):
    """What a person's history says of one settlement; None: not (any longer) at this terminal."""

    name: str
    revision: int
    swipe: Swipe | None


class Packed(Struct, array_like=True):
    """The one-piece form of a terminal's day."""

    codec: int
    turns: int
    registers: list[Register]
    said: dict[str, Said]


_unpack = msgspec.msgpack.Decoder(Packed).decode
_encode = msgspec.msgpack.Encoder().encode
_register = msgspec.msgpack.Decoder(Register).decode
_said = msgspec.msgpack.Decoder(Said).decode
_head = msgspec.msgpack.Decoder(int).decode


def terminal_key(institution: str, device: str, day: int) -> str:
    """Key of a terminal's day; names may hold any character, so lengths go first."""
    return f"{len(institution)}:{institution}{len(device)}:{device}{day}"


def read_key(key: str) -> tuple[str, str, int]:
    """(institution, device, day) of a terminal key."""
    parts = []
    for _ in range(2):
        length, rest = key.split(":", 1)
        parts.append(rest[: int(length)])
        key = rest[int(length) :]
    return parts[0], parts[1], int(key)


class TerminalHistory:
    """Swipes of one terminal on one day, and the findings that stand."""

    __slots__ = ("_changed", "_swipes", "key", "registers", "said", "turns")

    def __init__(self, key: str) -> None:
        self.key = key
        self.turns = 0
        self.registers: dict[str, Register] = {}
        self.said: dict[str, Said] = {}
        self._swipes: list[Swipe] | None = None
        self._changed: set[str] = set()

    @property
    def swipes(self) -> list[Swipe]:
        """Live swipes in order of (time, settlement)."""
        if self._swipes is None:
            live = (register.swipe for register in self.registers.values() if register.swipe)
            self._swipes = sorted(live, key=_place)
        return self._swipes

    def put(self, register: Register) -> Register | None:
        """Keep the register if it is greater than the one known; the one known before it, for `undo`.

        Raises LookupError when nothing changed.
        """
        known = self.registers.get(register.name)
        if known is not None and known.revision >= register.revision:
            raise LookupError(register.name)
        self._set(register, known)
        self.turns += 1
        return known

    def undo(self, register: Register, known: Register | None) -> None:
        """As if the register had not come."""
        if known is None:
            del self.registers[register.name]
            self._swipes = None
        else:
            self._set(known, register)
        if known is None:
            self._changed.discard(register.name)
        self.turns -= 1

    def say(self, finding_id: str, said: Said | None) -> None:
        """Note that a finding stands, or (None) no longer does."""
        if said is None:
            self.said.pop(finding_id, None)
        else:
            self.said[finding_id] = said
        self._changed.add(SAID_CELL + finding_id)

    def changes(self) -> dict[str, bytes | None]:
        """Cells changed since the last call."""
        if not self._changed:
            return {}
        changed, self._changed = self._changed, set()
        cells: dict[str, bytes | None] = {HEAD_CELL: _encode(self.turns)}
        for cell in changed:
            source = self.said.get(cell[1:]) if cell.startswith(SAID_CELL) else self.registers.get(cell)
            cells[cell] = None if source is None else _encode(source)
        return cells

    def pack(self) -> bytes:
        """The one-piece form."""
        return _encode(Packed(CODEC, self.turns, list(self.registers.values()), self.said))

    @classmethod
    def unpack(cls, key: str, packed: bytes) -> Self:
        """From the one-piece form."""
        form = _unpack(packed)
        history = cls(key)
        history.turns, history.said = form.turns, form.said
        history.registers = {register.name: register for register in form.registers}
        return history

    @classmethod
    def restore(cls, key: str, cells: Iterable[tuple[str, bytes]]) -> Self:
        """From all cells, in any order."""
        history = cls(key)
        for cell, body in cells:
            if cell == HEAD_CELL:
                history.turns = _head(body)
            elif cell.startswith(SAID_CELL):
                history.said[cell[1:]] = _said(body)
            else:
                register = _register(body)
                history.registers[register.name] = register
        return history

    def _set(self, register: Register, known: Register | None) -> None:
        self.registers[register.name] = register
        self._changed.add(register.name)
        if self._swipes is None or (known is not None and known.swipe is not None):
            self._swipes = None
        elif register.swipe is not None:
            insort(self._swipes, register.swipe, key=_place)


class TerminalView:
    """A terminal's day as rules see it."""

    def __init__(
        self, history: TerminalHistory, registry: Registry, calendar: Calendar, around: int | None = None
    ) -> None:
        self.history = history
        self.registry = registry
        self.calendar = calendar
        self._around = around

    @cached_property
    def _place(self) -> tuple[str, str, int]:
        return read_key(self.history.key)

    @property
    def institution_id(self) -> str:
        """Where the terminal stands."""
        return self._place[0]

    @property
    def device(self) -> str:
        """Its device, else operator."""
        return self._place[1]

    @property
    def day(self) -> int:
        """The local day, as an ordinal."""
        return self._place[2]

    @property
    def swipes(self) -> list[Swipe]:
        """Live swipes in order."""
        return self.history.swipes

    @property
    def kind(self) -> str | None:
        """Kind of the institution: the registry's word, else pharmacy where all swipes are (41)."""
        known = self.registry.institution(self.institution_id, self.calendar.date_text(self.day))
        if known is not None and known.kind:
            return known.kind
        return "pharmacy" if all(swipe.med_type.startswith("41") for swipe in self.swipes) else None

    def maybe_crowded(self, persons: int) -> bool:
        """False when neither what changed nor what was said makes a crowd possible: a cheap way out."""
        if self._around is None or self.history.said:
            return True
        near = {swipe.person for swipe in self.swipes if abs(swipe.at - self._around) <= WINDOW}
        return len(near) >= persons

    def swipe_evidence(self, swipe: Swipe) -> dict:
        """A swipe as evidence."""
        return {
            "at": self.calendar.text(swipe.at),
            "person": swipe.person,
            "settlement": swipe.settlement,
            "total": yuan(swipe.total),
            "fund": yuan(swipe.fund),
            "card": swipe.card or None,
        }


def registers_of(history: PersonHistory, fact: Fact, calendar: Calendar) -> list[tuple[str, Register]]:
    """(terminal key, register) of every terminal that any version of a settlement names.

    The revision counts what may bear on it, live or not: all versions of settlements that were ever of
    its encounters, and cancellations of its institution. So it grows with the set, whatever its order.
    """
    versions = history.versions(fact)
    encounters = {version.encounter for version in versions}
    known = [other for other in (*history.facts, *history.idle) if other.institution == fact.institution]
    bearing = {fact.id, *(other.id for other in known if other.encounter in encounters)}
    revision = sum(
        other.kind == Kind.CANCELLATION or (other.kind in SETTLEMENTS and other.id in bearing)
        for other in known
    )
    live = next((other for other in versions if any(other is item for item in history.facts)), None)
    registers: dict[str, Swipe | None] = {}
    for version in versions:
        device = version.device
        if version.kind in SETTLEMENTS and device:
            registers[terminal_key(version.institution, device, calendar.day(version.at))] = None
    device = live.device if live is not None else ""
    if live is not None and device and _counts(live) and not history.is_offset(live):
        key = terminal_key(live.institution, device, calendar.day(live.at))
        registers[key] = swipe_of(history.key, live)
    name = register_name(history, fact)
    return [(key, Register(name, revision, swipe)) for key, swipe in registers.items()]


def first_register(history: PersonHistory, fact: Fact, calendar: Calendar) -> list[tuple[str, Register]]:
    """As `registers_of`, for a settlement that nothing else is known of: no version, nothing cancelled."""
    device = fact.device
    if not device:
        return []
    key = terminal_key(fact.institution, device, calendar.day(fact.at))
    swipe = swipe_of(history.key, fact) if _counts(fact) else None
    return [(key, Register(register_name(history, fact), 1, swipe))]


def register_name(history: PersonHistory, fact: Fact) -> str:
    """Name of a settlement's register: two persons under one settlement id do not overwrite each other."""
    return cell_name(fact.institution, fact.id) + f"|{history.key}"


def swipe_of(person: str, fact: Fact) -> Swipe:
    """A settlement as its terminal sees it."""
    return Swipe(
        fact.id, fact.encounter, person, fact.at, fact.med_type, fact.total, fact.fund, fact.card,
        bool(fact.flags & HISTORICAL),
    )  # fmt: skip


def _counts(fact: Fact) -> bool:
    """Burst rules take visits by the clock that were not entered afterwards (rules.md §0.5 (5))."""
    return not fact.flags & (AT_DAY | BACKFILLED) and fact.total >= 0


def _place(swipe: Swipe) -> tuple[int, str, str]:
    return (swipe.at, swipe.settlement, swipe.person)
