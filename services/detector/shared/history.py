"""What is remembered of one shared key: registers, and the findings that stand."""

from bisect import insort
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import msgspec
from msgspec import Struct

from services.detector.history import Ref
from services.detector.memory import CODEC, HEAD_CELL, SAID_CELL, Said, known
from services.detector.shared.registers import Register


class Told(NamedTuple):
    """An entry, and the register that tells it."""

    entry: Any
    register: Register

    @property
    def person(self) -> str:
        """Whose history tells it: a pseudonym."""
        return self.register.person

    @property
    def ref(self) -> Ref:
        """(institution, encounter)."""
        return (self.register.institution, self.register.encounter)


FEW = 2
"""Registers and findings that a memory's own cell holds: most keys never know more, and a cell is a row."""


class Head(Struct, array_like=True):
    """The cell of a memory itself that has others beside it. Those without a mark are plain integers."""

    turns: int
    codec: int


class Packed(Struct, array_like=True):
    """The one-piece form. has_others: whether what it holds stands in cells of their own."""

    codec: int
    turns: int
    registers: list[Register]
    said: dict[str, Said]
    has_others: bool = True


_unpack = msgspec.msgpack.Decoder(Packed).decode
_encode = msgspec.msgpack.Encoder().encode
_register = msgspec.msgpack.Decoder(Register).decode
_said = msgspec.msgpack.Decoder(Said).decode
_head = msgspec.msgpack.Decoder(int | Head).decode
_WHOLE = b"\x95"
"""How a `Packed` begins that is a memory's only cell: MessagePack's array of five."""


class SharedHistory:
    """Registers at one key by their names, and the findings that stand."""

    __slots__ = ("_changed", "_has_others", "_told", "key", "registers", "said", "turns")

    def __init__(self, key: str) -> None:
        self.key = key
        self.turns = 0
        self.registers: dict[str, Register] = {}
        self.said: dict[str, Said] = {}
        self._told: list[Told] | None = None
        self._changed: set[str] = set()
        self._has_others = False

    @property
    def told(self) -> list[Told]:
        """All entries, in order of their moments."""
        if self._told is None:
            entries = (
                Told(entry, register) for register in self.registers.values() for entry in register.entries
            )
            self._told = sorted(entries, key=_place)
        return self._told

    def put(self, register: Register) -> Register | None:
        """Keep the register if it is greater than the one known; the one known before it, for `undo`.

        Raises LookupError when nothing changed.
        """
        name = register.name
        known = self.registers.get(name)
        if known is not None and known.revision >= register.revision:
            raise LookupError(name)
        self._set(name, register, known)
        self.turns += 1
        return known

    def undo(self, register: Register, known: Register | None) -> None:
        """As if the register had not come."""
        name = register.name
        if known is None:
            del self.registers[name]
            self._told = None
            self._changed.discard(name)
        else:
            self._set(name, known, register)
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
        if not self._has_others:
            if len(self.registers) + len(self.said) <= FEW:
                return {HEAD_CELL: self.pack()}
            self._has_others = True
            changed = {*self.registers, *(SAID_CELL + finding_id for finding_id in self.said)}
        cells: dict[str, bytes | None] = {HEAD_CELL: _encode(Head(self.turns, CODEC))}
        for cell in changed:
            source = self.said.get(cell[1:]) if cell.startswith(SAID_CELL) else self.registers.get(cell)
            cells[cell] = None if source is None else _encode(source)
        return cells

    def pack(self) -> bytes:
        """The one-piece form."""
        return _encode(Packed(CODEC, self.turns, list(self.registers.values()), self.said, self._has_others))

    @classmethod
    def unpack(cls, key: str, packed: bytes) -> Self:
        """From the one-piece form."""
        form = _unpack(packed)
        known(form.codec)
        history = cls(key)
        history.turns, history.said = form.turns, form.said
        history.registers = {register.name: register for register in form.registers}
        history._has_others = form.has_others
        return history

    @classmethod
    def restore(cls, key: str, cells: Iterable[tuple[str, bytes]]) -> Self:
        """From all cells, in any order."""
        history = cls(key)
        history._has_others = True
        for cell, body in cells:
            if cell == HEAD_CELL:
                if body[:1] == _WHOLE:
                    return cls.unpack(key, body)
                history.turns = _turns(_head(body))
            elif cell.startswith(SAID_CELL):
                history.said[cell[1:]] = _said(body)
            else:
                history.registers[cell] = _register(body)
        return history

    def _set(self, name: str, register: Register, known: Register | None) -> None:
        self.registers[name] = register
        self._changed.add(name)
        if self._told is None or (known is not None and known.entries):
            self._told = None
        else:
            for entry in register.entries:
                insort(self._told, Told(entry, register), key=_place)


def _turns(head: int | Head) -> int:
    if isinstance(head, int):
        return head
    known(head.codec)
    return head.turns


def _place(told: Told) -> tuple[int, str, str, str, bool]:
    """By moment, then by who says it; what one register says of one moment stays in its order."""
    register = told.register
    return (told.entry.at, register.institution, register.encounter, register.person, register.own)
