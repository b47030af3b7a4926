"""What is remembered of a person: the facts, what was said of them, and the forms in which both are stored.

Stored are cells, one a fact and one a finding, of which a sitting rewrites those it changed; or one piece, in
which what is long over is folded into a past that is opened only when it is asked for.
"""

from collections.abc import Collection, Iterable
from typing import ClassVar

import msgspec
from msgspec import Struct

from services.detector.facts import Fact, Kind
from services.detector.history import PersonHistory, Ref, cell_of
from services.detector.past import Past, fold, unfold
from services.runtime.ports import NewerState

CODEC = 7
"""The mark of every stored form. It grows when an older program would lose what a newer one wrote; each
program reads all older forms. 2: before facts of other persons. 3: before planned returns, emptied accounts
and who treated. 4: before the past was bytes. 5: before few registers stood in one cell. 6: before
the past said where each fact ends."""
SAID_CELL = "!"
HEAD_CELL = ""


class Said(Struct, array_like=True, gc=False):
    """A finding that stands: the rule, the encounters it names, a digest of what was said."""

    rule: str
    members: list[Ref]
    digest: bytes
    defect: bool = False


class Head(Struct, array_like=True):
    """The cell of a memory itself; 2 is the mark of those that had none."""

    turns: int
    suspended: bool
    codec: int = 2


class Packed(Struct, array_like=True):
    """The one-piece form of a memory."""

    codec: int
    turns: int
    suspended: bool
    facts: list[Fact]
    idle: list[Fact]
    said: dict[str, Said]
    records: dict[str, Fact]
    past: Past | None
    foreign: list[Fact] = []


_unpack = msgspec.msgpack.Decoder(Packed).decode
_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_fact = msgspec.msgpack.Decoder(Fact).decode
_said = msgspec.msgpack.Decoder(Said).decode
_head = msgspec.msgpack.Decoder(Head).decode


def known(codec: int) -> None:
    """Raises NewerState for a form that this program does not know."""
    if codec > CODEC:
        raise NewerState(f"state of form {codec}, this program knows {CODEC}: upgrade it")


class PersonMemory(PersonHistory):
    """A person's history, and what was said of it.

    `said` are the findings that stand, by id; `suspended`: there are too many facts for one person.
    """

    __slots__ = ("_said_of", "due", "said", "suspended")

    fold_at: ClassVar[int] = 6
    """More facts at hand than this are folded when packed."""
    sought_at: ClassVar[int] = 32
    """More findings than this are found by their encounters, not by looking at each."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.suspended = False
        self.said: dict[str, Said] = {}
        self._said_of: dict[Ref, dict[str, set[str]]] = {}
        """Ids of findings by encounter and rule, once there are many; empty until they are asked for."""
        self.due: dict[tuple[str, str, str], Fact] = {}
        """Facts by identity that are to be screened; noted and said within one sitting, never stored."""

    def say(self, finding_id: str, said: Said | None) -> None:
        """Note that a finding stands, or (None) no longer does."""
        known = self.said.pop(finding_id, None) if said is None else self.said.get(finding_id)
        if said is not None:
            self.said[finding_id] = said
        if self._said_of:
            self._note_where(finding_id, known, said)
        self._changed[SAID_CELL + finding_id] = None

    def said_of(self, refs: Collection[Ref], rule: str) -> dict[str, Said]:
        """What a rule (of data defects: none, "") says of some encounters, by id of the finding."""
        if len(self.said) <= self.sought_at:
            return {
                finding_id: said
                for finding_id, said in self.said.items()
                if said.rule == rule and any(member in refs for member in said.members)
            }
        found = {finding_id for ref in refs for finding_id in self._sought(ref).get(rule, ())}
        return {finding_id: self.said[finding_id] for finding_id in sorted(found)}

    def alerts_of(self, ref: Ref) -> list[str]:
        """Ids of the standing findings that name an encounter, in order; data defects are none."""
        if len(self.said) <= self.sought_at:
            return sorted(
                finding_id
                for finding_id, said in self.said.items()
                if not said.defect and ref in said.members
            )
        return sorted(finding_id for rule, found in self._sought(ref).items() if rule for finding_id in found)

    def _sought(self, ref: Ref) -> dict[str, set[str]]:
        if not self._said_of:
            for finding_id, said in self.said.items():
                self._note_where(finding_id, None, said)
        return self._said_of.get(ref, {})

    def _note_where(self, finding_id: str, known: Said | None, said: Said | None) -> None:
        """Note under which encounters a finding is found, and no longer is."""
        if known is not None:
            for ref in known.members:
                self._said_of[ref][known.rule].discard(finding_id)
        if said is not None:
            for ref in said.members:
                self._said_of.setdefault(ref, {}).setdefault(said.rule, set()).add(finding_id)

    def changes(self) -> dict[str, bytes | None]:
        """Cells changed since the last call: a cell a fact, a cell a finding, one head."""
        if not self._changed:
            return {}
        changed, self._changed = self._changed, {}
        by_cell = {cell_of(fact): fact for fact in self._everything()} if len(changed) > 2 else None
        cells: dict[str, bytes | None] = {HEAD_CELL: _encode((self.turns, self.suspended, CODEC))}
        for cell in changed:
            if cell.startswith(SAID_CELL):
                said = self.said.get(cell[1:])
                cells[cell] = None if said is None else _encode(said)
            else:
                fact = by_cell.get(cell) if by_cell is not None else self._by_cell(cell)
                cells[cell] = None if fact is None else _encode(fact)
        return cells

    def pack(self) -> bytes:
        """The one-piece form."""
        if len(self._recent) > self.fold_at and not (self.idle or self.foreign or self.suspended):
            self._past, self._recent = fold(self._past, self._recent)
            self._all = None
        return _encode(
            Packed(
                CODEC,
                self.turns,
                self.suspended,
                self._recent,
                self.idle,
                self.said,
                self.records,
                self._past,
                self.foreign,
            )
        )

    @classmethod
    def unpack(cls, key: str, packed: bytes) -> "PersonMemory":
        """From the one-piece form. Raises NewerState, msgspec.DecodeError."""
        form = _unpack(packed)
        known(form.codec)
        memory = cls(key)
        memory.turns, memory.suspended = form.turns, form.suspended
        memory._recent, memory.idle, memory.said = form.facts, form.idle, form.said
        memory.records = form.records
        if form.past is None or form.past.ends:
            memory._past = form.past
        else:
            memory._set([*unfold(form.past), *form.facts])
        if form.foreign:
            memory._resolve_all([*form.facts, *form.idle, *form.foreign])
        return memory

    @classmethod
    def of(cls, key: str, facts: Iterable[Fact]) -> "PersonMemory":
        """From facts in the order in which they came, as if each had been added; of one event the first."""
        memory = cls(key)
        by_event: dict[Ref, Fact] = {}
        for fact in facts:
            if fact.kind == Kind.PERSON:
                memory.add(fact)
            else:
                by_event.setdefault((fact.institution, fact.event), fact)
        memory.turns += len(by_event)
        memory._resolve_all([*by_event.values()])
        return memory

    @classmethod
    def restore(cls, key: str, cells: Iterable[tuple[str, bytes]]) -> "PersonMemory":
        """From all cells, in any order."""
        memory = cls(key)
        facts = []
        for cell, body in cells:
            if cell == HEAD_CELL:
                head = _head(body)
                known(head.codec)
                memory.turns, memory.suspended = head.turns, head.suspended
            elif cell.startswith(SAID_CELL):
                memory.said[cell[1:]] = _said(body)
            else:
                fact = _fact(body)
                if fact.kind == Kind.PERSON:
                    memory.records[fact.id] = fact
                else:
                    facts.append(fact)
        memory._resolve_all(facts)
        return memory

    def _everything(self) -> list[Fact]:
        return [*self.facts, *self.idle, *self.foreign, *self.records.values()]

    def _by_cell(self, cell: str) -> Fact | None:
        last = self._recent[-1] if self._recent else None
        if last is not None and cell_of(last) == cell:
            return last
        return next((fact for fact in self._everything() if cell_of(fact) == cell), None)
