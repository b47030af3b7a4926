"""What is remembered of a person: facts by identity; what counts is a view.

A history is a grow-only set of facts named by (institution, event_id). Of several versions of one thing
the greatest (recorded_at, event_id) that no cancellation removes is live. Adding a fact twice is the
same as once, and the order of adding leaves no trace: everything here is a function of the set.
"""

from bisect import insort
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

import msgspec
from msgspec import Struct

from schemas.moments import DAY
from schemas.registry import Person
from services.detector.facts import AT_DAY, SETTLEMENTS, Fact, Kind, Line
from services.detector.past import Past, fold, unfold

Ref = tuple[str, str]
"""(institution, encounter_id)."""

CODEC = 1


class Said(Struct, array_like=True, gc=False):
    """A finding that stands: the rule, the encounters it names, a digest of what was said."""

    rule: str
    members: list[Ref]
    digest: bytes
    defect: bool = False


class Change(NamedTuple):
    """An encounter before and after a fact came: its live facts.

    plain: the fact only joined them; no other version of it and no cancellation is known.
    """

    ref: Ref
    before: list[Fact]
    after: list[Fact]
    plain: bool = False


class Packed(Struct, array_like=True):
    """The one-piece form of a history."""

    codec: int
    turns: int
    suspended: bool
    facts: list[Fact]
    idle: list[Fact]
    said: dict[str, Said]
    record: Fact | None
    past: Past | None


_unpack = msgspec.msgpack.Decoder(Packed).decode
_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_fact = msgspec.msgpack.Decoder(Fact).decode
_said = msgspec.msgpack.Decoder(Said).decode
_head = msgspec.msgpack.Decoder(tuple[int, bool]).decode

TWO_DAYS = 2 * DAY
SAID_CELL = "!"
NOTHING_NEGATIVE: frozenset = frozenset(("nothing negative",))
"""Offsets of a history without refunds, so that most histories ask once."""
HEAD_CELL = ""


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


def _place(fact: Fact) -> tuple[int, str, str, str]:
    return (fact.at, fact.institution, fact.id, fact.event)


class PersonHistory:
    """Facts of one person.

    `facts` are live, in order of (time, institution, id); `idle` are cancellations and versions that do
    not count; `record` is the registry record, of several the last loaded; `said` the findings that stand.
    The packed form folds what is long over into a past; asking for `facts` opens it again.
    """

    __slots__ = (
        "_changed", "_offsets", "_past", "_recent", "idle", "key", "record", "said", "stays", "suspended",
        "turns",
    )  # fmt: skip

    fold_at: ClassVar[int] = 8
    """More facts at hand than this are folded when packed."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.turns = 0
        self.suspended = False
        self._recent: list[Fact] = []
        self._past: Past | None = None
        self.idle: list[Fact] = []
        self.record: Fact | None = None
        self.said: dict[str, Said] = {}
        self.stays: list | None = None
        """Cache of the view's stays; None when it must be made again."""
        self._offsets: frozenset | None = None
        self._changed: dict[str, bytes | None] = {}

    # -- facts ------------------------------------------------------------------------------------------

    @property
    def facts(self) -> list[Fact]:
        """All live facts, in order."""
        if self._past is not None:
            self._set([*unfold(self._past), *self._recent])
        return self._recent

    def near(self, moment: int) -> list[Fact]:
        """Live facts, in order, at least all that reach to within two days of a moment."""
        past = self._past
        return self._recent if past is not None and past.end < moment - TWO_DAYS else self.facts

    @property
    def count(self) -> int:
        """How many live facts there are."""
        return len(self._recent) + (self._past.count if self._past is not None else 0)

    @property
    def first(self) -> int:
        """The earliest moment of a live fact, +∞ without any."""
        moments = [fact.at for fact in self._recent[:1]]
        if self._past is not None:
            moments.append(self._past.first)
        return min(moments, default=1 << 62)

    def add(self, fact: Fact) -> list[Change] | None:
        """Put a fact into the set; None when it was there. The encounters it touches, before and after."""
        kind, institution, event, id, encounter = (
            fact.kind, fact.institution, fact.event, fact.id, fact.encounter,
        )  # fmt: skip
        if kind == Kind.PERSON:
            return self._add_record(fact)
        versioned = kind == Kind.CANCELLATION
        past = self._past
        if past is not None and (versioned or past.may_hold(institution, event, id, encounter)):
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
        self.turns += 1
        self._changed[_slot(fact)] = b"+"
        if versioned:
            return self._settle(fact)
        self._insert(fact)
        return [Change((institution, encounter), before, [*before, fact], plain=True)]

    def remove(self, fact: Fact, record: Fact | None) -> None:
        """Take a fact out again, as if it had never come (a rule raised on it); `record` stood before it."""
        self._changed.pop(_slot(fact), None)
        self.turns -= 1
        if fact.kind == Kind.PERSON:
            self.record = record
            if record is not None:
                self._changed[_slot(record)] = b"+"
            return
        everything = [
            other
            for other in (*self.facts, *self.idle)
            if not (other.event == fact.event and other.institution == fact.institution)
        ]
        self._resolve_all(everything)

    def drop(self, old: Iterable[Fact]) -> None:
        """Forget live facts that aged out, with their older versions, which must not count instead."""
        gone = {identity(fact): fact for fact in old}
        for fact in gone.values():
            self._take(fact)
            self._changed[_slot(fact)] = None
        for fact in [other for other in self.idle if identity(other) in gone]:
            self.idle.remove(fact)
            self._changed[_slot(fact)] = None

    def encounter(self, ref: Ref) -> list[Fact]:
        """Live facts of one encounter, in order."""
        past = self._past
        if past is None or past.may_hold(*ref):
            return _of(self.facts, ref)
        return _of(self._recent, ref)

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
        return _name(fact) in offsets

    @property
    def person(self) -> Person | None:
        """The person's registry record, where one is known."""
        return self.record.detail.person if self.record else None

    def standing_cancellations(self) -> list[Fact]:
        """Cancellations that no later one takes back."""
        return standing([fact for fact in self.idle if fact.kind == Kind.CANCELLATION])

    # -- what was said ----------------------------------------------------------------------------------

    def say(self, finding_id: str, said: Said | None) -> None:
        """Note that a finding stands, or (None) no longer does."""
        if said is None:
            self.said.pop(finding_id, None)
        else:
            self.said[finding_id] = said
        self._changed[SAID_CELL + finding_id] = b"+"

    # -- storing ----------------------------------------------------------------------------------------

    def changes(self) -> dict[str, bytes | None]:
        """Cells changed since the last call: a cell a fact, a cell a finding, one head."""
        if not self._changed:
            return {}
        changed, self._changed = self._changed, {}
        by_slot = {_slot(fact): fact for fact in self._everything()} if len(changed) > 2 else None
        cells: dict[str, bytes | None] = {HEAD_CELL: _encode((self.turns, self.suspended))}
        for cell in changed:
            if cell.startswith(SAID_CELL):
                said = self.said.get(cell[1:])
                cells[cell] = None if said is None else _encode(said)
            else:
                fact = by_slot.get(cell) if by_slot is not None else self._by_slot(cell)
                cells[cell] = None if fact is None else _encode(fact)
        return cells

    def pack(self) -> bytes:
        """The one-piece form."""
        if len(self._recent) > self.fold_at and not self.idle and not self.suspended:
            self._past, self._recent = fold(self.facts)
            self.stays = None
        return _encode(
            Packed(
                CODEC, self.turns, self.suspended, self._recent, self.idle, self.said, self.record, self._past
            )
        )

    @classmethod
    def unpack(cls, key: str, packed: bytes) -> "PersonHistory":
        """From the one-piece form. Raises msgspec.DecodeError on what this codec cannot read."""
        form = _unpack(packed)
        history = cls(key)
        history.turns, history.suspended = form.turns, form.suspended
        history._recent, history.idle, history.said = form.facts, form.idle, form.said
        history.record, history._past = form.record, form.past
        return history

    @classmethod
    def restore(cls, key: str, cells: Iterable[tuple[str, bytes]]) -> "PersonHistory":
        """From all cells, in any order."""
        history = cls(key)
        facts = []
        for cell, body in cells:
            if cell == HEAD_CELL:
                history.turns, history.suspended = _head(body)
            elif cell.startswith(SAID_CELL):
                history.said[cell[1:]] = _said(body)
            else:
                fact = _fact(body)
                if fact.kind == Kind.PERSON:
                    history.record = fact
                else:
                    facts.append(fact)
        history._resolve_all(facts)
        return history

    # -- inside -----------------------------------------------------------------------------------------

    def _everything(self) -> list[Fact]:
        record = [self.record] if self.record else []
        return [*self.facts, *self.idle, *record]

    def _by_slot(self, slot: str) -> Fact | None:
        return next((fact for fact in self._everything() if _slot(fact) == slot), None)

    def _add_record(self, fact: Fact) -> list[Change] | None:
        if self.record is not None:
            if _loaded(self.record) >= _loaded(fact):
                return None
            self._changed[_slot(self.record)] = None
        self.turns += 1
        self.record = fact
        self._changed[_slot(fact)] = b"+"
        return []

    def _set(self, facts: list[Fact]) -> None:
        """Have these live facts at hand, and no folded ones."""
        facts.sort(key=_place)
        self._recent, self._past = facts, None

    def _insert(self, fact: Fact) -> None:
        facts = self._recent
        if facts and _place(facts[-1]) > _place(fact):
            insort(facts, fact, key=_place)
        else:
            facts.append(fact)
        self._forget_views(fact)

    def _take(self, fact: Fact) -> None:
        for index, other in enumerate(self.facts):
            if other is fact:
                del self.facts[index]
                break
        self._forget_views(fact)

    def _forget_views(self, fact: Fact) -> None:
        refunds_are_about = fact.total < 0 or self._offsets is not NOTHING_NEGATIVE
        if fact.kind < Kind.VISIT or refunds_are_about:
            self.stays = None
        if refunds_are_about:
            self._offsets = None

    def _settle(self, fact: Fact) -> list[Change]:
        """The slow way: other versions or cancellations are about; find anew what is live."""
        before = {_name(other): other for other in self.facts}
        refs = {(other.institution, other.encounter) for other in self.versions(fact)}
        old = self.facts
        self._resolve_all([*self.facts, *self.idle, fact])
        after = {_name(other): other for other in self.facts}
        if fact.kind != Kind.CANCELLATION:
            refs.add((fact.institution, fact.encounter))
        elif fact.detail.cancels_type == "fee_lines":
            refs.add((fact.institution, fact.id))
        elif fact.detail.cancels_type == "cancellation":
            # Lines that a cancellation had removed may come back, though no fact moves.
            refs.update(
                (other.institution, other.id)
                for other in self.idle
                if other.kind == Kind.CANCELLATION and other.detail.cancels_type == "fee_lines"
            )
        for name in before.keys() ^ after.keys():
            moved = before.get(name) or after[name]
            refs.add((moved.institution, moved.encounter))
        return [Change(ref, _of(old, ref), self.encounter(ref)) for ref in sorted(refs)]

    def _resolve_all(self, everything: list[Fact]) -> None:
        """Split all facts into those that count and those that do not."""
        live, idle = resolve(everything)
        self._set(live)
        self.idle = idle
        self.stays = self._offsets = None


def resolve(everything: list[Fact]) -> tuple[list[Fact], list[Fact]]:
    """(live, idle): of each thing the greatest version that no live cancellation removes.

    A cancellation removes what was recorded up to its own record, or the one event it names. It can be
    cancelled itself, by a later one; taking cancellations from the latest back keeps that well-founded.
    """
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
    return list(best.values()), idle


def standing(cancellations: list[Fact]) -> list[Fact]:
    """Cancellations that no later cancellation takes back, latest first."""
    kept: list[Fact] = []
    taking_back: dict[tuple[str, str], list[Fact]] = {}
    for fact in sorted(cancellations, key=_version, reverse=True):
        if any(removes(later, fact) for later in taking_back.get(_name(fact), ())):
            continue
        kept.append(fact)
        if fact.detail.cancels_type == "cancellation":
            taking_back.setdefault((fact.institution, fact.id), []).append(fact)
    return kept


def offsets_among(facts: list[Fact]) -> frozenset[tuple[str, str]]:
    """(institution, event) of settlements that a negative mirror takes back, and of those mirrors.

    A mirror takes back one settlement: of its encounter and its total, the latest not recorded after it.
    What is settled again afterwards stands.
    """
    mirrors = [fact for fact in facts if fact.total < 0 and fact.kind in SETTLEMENTS]
    if not mirrors:
        return NOTHING_NEGATIVE
    taken: set[tuple[str, str]] = set()
    for mirror in sorted(mirrors, key=_version):
        recorded = mirror.recorded
        known = [
            fact
            for fact in facts
            if fact.total == -mirror.total
            and fact.kind in SETTLEMENTS
            and fact.encounter == mirror.encounter
            and fact.institution == mirror.institution
            and _name(fact) not in taken
            and (fact.recorded <= recorded or mirror.flags & AT_DAY)
        ]
        if known:
            taken.update((_name(mirror), _name(max(known, key=_version))))
    return frozenset(taken)


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


def live_lines(history: PersonHistory, ref: Ref) -> list[Line]:
    """Lines of an encounter, each once: the greatest version that no cancellation removes, refunds netted.

    Lines come with fee_lines events and inside settlements; the same line_id counts once.
    """
    cancellations = [
        fact
        for fact in history.standing_cancellations()
        if fact.detail.cancels_type == "fee_lines" and (fact.institution, fact.id) == ref
    ]
    best: dict[str, tuple[int, str, Line]] = {}
    for fact in history.encounter(ref):
        for line in fact.detail.lines or ():
            if any(_removes_line(cancellation, fact, line.id) for cancellation in cancellations):
                continue
            version = (fact.recorded, fact.event, line)
            if line.id not in best or best[line.id][:2] < version[:2]:
                best[line.id] = version
    return _net_of_refunds({line_id: version[2] for line_id, version in best.items()})


def _net_of_refunds(lines: dict[str, Line]) -> list[Line]:
    """Lines less what refunds take back of them, and less the refunds themselves (rules.md §0.4)."""
    back: dict[str, list[Line]] = {}
    for line in lines.values():
        if line.refunds in lines:
            back.setdefault(line.refunds, []).append(line)
    kept = [line for line in lines.values() if line.refunds not in lines]
    netted = [_less(line, back[line.id]) if line.id in back else line for line in kept]
    return [line for line in netted if line.id not in back or line.amount > 0]


def _less(line: Line, refunds: list[Line]) -> Line:
    """A line less its refunds; what they do not say of the covered part is taken from their amounts."""
    covered = line.covered
    if covered is not None:
        covered += sum(refund.amount if refund.covered is None else refund.covered for refund in refunds)
    amount = line.amount + sum(refund.amount for refund in refunds)
    return msgspec.structs.replace(line, amount=amount, covered=None if covered is None else max(0, covered))


def _removes_line(cancellation: Fact, carrier: Fact, line_id: str) -> bool:
    detail = cancellation.detail
    if detail.cancels_line not in (line_id, "*", ""):
        return False
    if detail.cancels_event:
        return detail.cancels_event == carrier.event
    return carrier.recorded <= cancellation.recorded


def _of(facts: list[Fact], ref: Ref) -> list[Fact]:
    institution, encounter = ref
    return [fact for fact in facts if fact.encounter == encounter and fact.institution == institution]


def _slot(fact: Fact) -> str:
    return cell_name(fact.institution, fact.event)


def cell_name(institution: str, id: str) -> str:
    """Name of a cell; ids may hold any character, so a length goes first (and no mark of other cells)."""
    return f"{len(institution)}:{institution}{id}"


def _version(fact: Fact) -> tuple[int, str]:
    return (fact.recorded, fact.event)


def _loaded(record: Fact) -> tuple[int, bytes]:
    """Order of registry records; two of one load are told apart by what they say, not by who came first."""
    return (record.recorded, bytes(record.packed))


def _called(fact: Fact) -> tuple[str, str, str]:
    """By which name a cancellation would call a fact."""
    type_name, institution, id = identity(fact)
    return (type_name, institution, fact.encounter if type_name == "fee_lines" else id)


def _name(fact: Fact) -> tuple[str, str]:
    return (fact.institution, fact.event)
