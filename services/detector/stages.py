"""The data's way through the detector, declared: what each stage reads, remembers and says.

events ──▶ PersonStage (key: pseudonym) ──▶ crossings ──▶ SharedStage (key: of a terminal's day, a card's, …)
                 └──────────▶ alerts ◀───────────────────────────┘
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from schemas.entry import Entry, Envelope
from schemas.event import decode_event
from schemas.finding import AlertMessage, DefectMessage, Origin
from schemas.moments import DAY, SECOND, Calendar
from schemas.registry import Registry
from schemas.topics import ALERTS, CROSSINGS, EVENTS
from services.detector.defects import PLACEHOLDER, WORDS, Defect, shares_of
from services.detector.facts import HISTORICAL, Fact, Kind
from services.detector.history import Change
from services.detector.judge import Bench, PersonJudge, SharedJudge, Verdict
from services.detector.memory import PersonMemory
from services.detector.profiling import Costs
from services.detector.reading import read_entry
from services.detector.rulebook import rules_hash
from services.detector.rules import RULES
from services.detector.screening import screening_of, to_screen
from services.detector.shared.ageing import Ageing
from services.detector.shared.history import SharedHistory
from services.detector.shared.keys import MARKS
from services.detector.shared.registers import Register
from services.detector.shared.sending import Sender
from services.detector.shared.stock import moved, passed_on
from services.detector.stocktaking import stock_of
from services.detector.taken_back import is_silent, may_stand_otherwise, taken_back, under_alert
from services.detector.versions import identity
from services.detector.view import PersonView
from services.runtime.ports import Emission
from services.settings import Settings

NO_ORIGIN = Origin()


class Crossing(Struct, array_like=True):
    """A register on its way to a shared key, and the event that moved it; as_of: the event's, or 0."""

    register: Register
    origin: Origin
    as_of: int = 0


class Crossings(Struct, array_like=True, tag="crossings"):
    """What one sitting sends to the shared keys of one partition, by key: one Kafka record."""

    crossings: list[tuple[str, Crossing]]
    log_id: str = ""


decode_crossing = msgspec.msgpack.Decoder(Crossing).decode
encode_crossing = msgspec.msgpack.Encoder().encode
decode_crossings = msgspec.msgpack.Decoder(Crossings | Envelope).decode
encode_crossings = msgspec.msgpack.Encoder().encode


class PersonStage:
    """Entries of one person in, alerts and crossings out."""

    topic = EVENTS

    def __init__(self, bench: Bench, registry: Registry) -> None:
        self.bench = bench
        self.use(registry)

    def use(self, registry: Registry) -> None:
        """Judge by this registry from now on."""
        self.registry = registry
        self.judge = PersonJudge(self.bench, registry)
        self._rules_hash = rules_hash(self.bench.rules, registry)
        kinds = {rule.key for rule in self.bench.rules}
        self._sender = Sender(kinds, registry, self.bench.calendar)
        self._follows_packs = "trace_code" in kinds

    def fresh(self, key: str) -> PersonMemory:
        return PersonMemory(key)

    def restore(self, key: str, cells: Iterable[tuple[str, bytes]]) -> PersonMemory:
        return PersonMemory.restore(key, cells)

    def unpack(self, key: str, packed: bytes) -> PersonMemory:
        return PersonMemory.unpack(key, packed)

    def pack(self, memory: PersonMemory) -> bytes:
        return memory.pack()

    def remembers(self, memory: object) -> bool:
        """Whether a memory is one of this stage's."""
        return isinstance(memory, PersonMemory)

    def is_too_late(self, entry: Entry) -> bool:
        """Whether an event lies further behind as_of than anything is kept (contract, section 3)."""
        retention = self.bench.retention
        return (
            retention is not None
            and entry.kind == "event"
            and not entry.historical
            and entry.occurred_at < entry.as_of - retention
        )

    def step(self, memory: PersonMemory, message: Entry) -> list[Emission]:
        """Judge one entry. A late one must have been kept out by `is_too_late`."""
        return self.told(memory, message, read_entry(message, self.bench.calendar))

    def told(self, memory: PersonMemory, entry: Entry, fact: Fact | None) -> list[Emission]:
        """Judge one entry whose fact has been read; None is stock's."""
        origin = Origin(entry.request_id, entry.received_at, entry.seq)
        if fact is None:
            return self._of_stock(entry, origin)
        return self.take(memory, fact, origin, entry.as_of)

    def take(self, memory: PersonMemory, fact: Fact, origin: Origin, as_of: int) -> list[Emission]:
        """Judge one fact."""
        silent = is_silent(memory)
        taken = self.judge.take(memory, fact)
        if taken is None:
            return []
        changes, verdicts = taken
        emissions = _crossings(self._sender.changed(memory, changes), origin, as_of)
        if verdicts:
            emissions += spoken(memory, verdicts, origin)
        if self.bench.screens:
            self._note_due(memory, fact, changes, verdicts)
            self._note_taken_back(memory, fact, as_of, every=is_silent(memory) != silent)
        if self.judge.has_aged(memory, as_of):
            # What is forgotten now was judged all the same.
            emissions += self.screenings(memory)
            self.judge.forget(memory, as_of)
        return emissions

    def _of_stock(self, entry: Entry, origin: Origin) -> list[Emission]:
        """What stock says: it is nobody's; it is told to rules over months, and goes on to its packs."""
        event, calendar = decode_event(entry.body), self.bench.calendar
        message = stock_of(event, calendar, historical=entry.historical)
        told = [] if message is None else [Emission(ALERTS, entry.key, message)]
        if not self._follows_packs:
            return told
        moves = moved(event, calendar, historical=entry.historical)
        return told + _crossings(moves, origin, entry.as_of)

    def rejudge(self, memory: PersonMemory, as_of: int = 0) -> list[Emission]:
        """Judge the whole person again, and say all that the registry may have kept from crossing."""
        memory.forget_made()
        verdicts = self.judge.whole(memory)
        if verdicts:
            memory.turns += 1
        emissions = _crossings(self._sender.again(memory), NO_ORIGIN, as_of)
        emissions += spoken(memory, verdicts, NO_ORIGIN)
        if self.bench.screens:
            self._note_all_due(memory)
            self._leave_sealed(memory, as_of)
        return emissions

    def whole(self, memory: PersonMemory) -> list[Emission]:
        """Judge a person of whom nothing was said yet."""
        return spoken(memory, self.judge.whole(memory), NO_ORIGIN)

    def registers(self, memory: PersonMemory) -> list[tuple[str, Register]]:
        """All that a person says at shared keys, where nothing was said yet."""
        return self._sender.whole(memory)

    def screenings(self, memory: PersonMemory) -> list[Emission]:
        """Of every settlement that came, or is judged otherwise than before, that and how it was judged.

        To be asked for once a sitting is over: what several events alter is said once.
        """
        if not memory.due:
            return []
        due, memory.due = memory.due, {}
        view = PersonView(memory, self.registry, self.bench.calendar)
        stood = under_alert(self.judge, memory, due)
        return [
            Emission(ALERTS, memory.key, screening_of(memory, view, fact, self._rules_hash, stood))
            for fact in due.values()
        ]

    def all_screenings(self, memory: PersonMemory) -> list[Emission]:
        """Of every settlement that is remembered."""
        self._note_all_due(memory)
        return self.screenings(memory)

    def _note_due(
        self, memory: PersonMemory, fact: Fact, changes: list[Change], verdicts: list[Verdict]
    ) -> None:
        """Note what the coming of a fact alters: by its encounter, its person, or what was found."""
        if fact.kind == Kind.PERSON:
            self._note_all_due(memory)
            return
        for altered in to_screen(fact, changes):
            memory.due[identity(altered)] = altered
        named = {
            member for verdict in verdicts if verdict.said is not None for member in verdict.said.members
        }
        named.difference_update(change.ref for change in changes)
        if named:
            others = [Change(ref, [], memory.encounter(ref)) for ref in sorted(named)]
            for altered in to_screen(fact, others):
                if altered is not fact:
                    memory.due[identity(altered)] = altered

    def _note_taken_back(self, memory: PersonMemory, fact: Fact, as_of: int, *, every: bool) -> None:
        """Note settlements taken back that may have stood under an alert otherwise than was said. every: not
        only those that the fact may have a part in."""
        if fact.kind == Kind.PERSON:
            self._leave_sealed(memory, as_of)
            return
        for other in may_stand_otherwise(memory, None if every else fact):
            if not self._is_sealed(other, as_of):
                memory.due.setdefault(identity(other), other)

    def _leave_sealed(self, memory: PersonMemory, as_of: int) -> None:
        """Say nothing anew of settlements taken back whose surroundings may be forgotten by now."""
        for one in taken_back(memory):
            if self._is_sealed(one.fact, as_of):
                memory.due.pop(one.name, None)

    def _is_sealed(self, fact: Fact, as_of: int) -> bool:
        retention = self.bench.retention
        return (
            retention is not None
            and not fact.flags & HISTORICAL
            and max(fact.at, fact.end) < as_of - retention
        )

    def _note_all_due(self, memory: PersonMemory) -> None:
        known = next(iter((*memory.facts, *memory.idle)), None)
        if known is not None:
            for fact in to_screen(known, [Change(("", ""), memory.idle, memory.facts)]):
                memory.due[identity(fact)] = fact


class SharedStage:
    """Registers of one shared key in, alerts out; a stock movement's go on to its packs."""

    topic = CROSSINGS

    def __init__(self, bench: Bench, registry: Registry) -> None:
        self.bench = bench
        self.use(registry)

    def use(self, registry: Registry) -> None:
        """Judge by this registry from now on."""
        self.judge = SharedJudge(self.bench, registry)
        self.ageing = Ageing(self.bench.horizon, self.bench.calendar)

    def fresh(self, key: str) -> SharedHistory:
        return SharedHistory(key)

    def restore(self, key: str, cells: Iterable[tuple[str, bytes]]) -> SharedHistory:
        return SharedHistory.restore(key, cells)

    def unpack(self, key: str, packed: bytes) -> SharedHistory:
        return SharedHistory.unpack(key, packed)

    def pack(self, memory: SharedHistory) -> bytes:
        return memory.pack()

    def step(self, memory: SharedHistory, message: Crossing) -> list[Emission]:
        """Judge one register."""
        if self.ageing.is_too_late(memory, message.register, message.as_of):
            return []
        if not memory.turns:
            # A key may be dropped and come again: what it says then must count as later.
            memory.turns = message.as_of // SECOND
        verdicts = self.judge.take(memory, message.register)
        if verdicts is None:
            return []
        if memory.key.startswith(MARKS["stock"]):
            return _crossings(passed_on(memory), message.origin, message.as_of)
        return spoken(memory, verdicts, message.origin)

    def rejudge(self, memory: SharedHistory, as_of: int = 0) -> list[Emission]:
        """Judge the whole key again."""
        verdicts = self.judge.whole(memory)
        if verdicts:
            memory.turns += 1
        return spoken(memory, verdicts, NO_ORIGIN)


def _crossings(registers: Iterable[tuple[str, Register]], origin: Origin, as_of: int) -> list[Emission]:
    return [Emission(CROSSINGS, key, Crossing(register, origin, as_of)) for key, register in registers]


def spoken(memory: PersonMemory | SharedHistory, verdicts: list[Verdict], origin: Origin) -> list[Emission]:
    """Verdicts as messages on the alerts topic."""
    return [Emission(ALERTS, memory.key, _message(memory, verdict, origin)) for verdict in verdicts]


def _message(
    memory: PersonMemory | SharedHistory, verdict: Verdict, origin: Origin
) -> AlertMessage | DefectMessage:
    content, said = verdict.content, verdict.said
    if isinstance(content, Defect) or (content is None and said is not None and said.defect):
        return _defect(memory, verdict.finding_id, content, origin)
    return AlertMessage(
        key=memory.key,
        revision=memory.turns,
        alert_id=verdict.finding_id,
        status="withdrawn" if content is None else "open",
        alert=content,
        origin=origin,
    )


def _defect(
    memory: PersonMemory | SharedHistory, defect_id: str, defect: Defect | None, origin: Origin
) -> DefectMessage:
    mended = defect is None
    return DefectMessage(
        key=memory.key,
        revision=memory.turns,
        defect_id=defect_id,
        open=not mended,
        institution_id="" if mended else defect.institution,
        event_id="" if mended else defect.event,
        code="" if mended else defect.code,
        path="" if mended else defect.path,
        message=WORDS["placeholder_person"] if mended else defect.words,
        origin=origin,
        shares=shares_of(memory) if not mended and defect.code == PLACEHOLDER else [],
    )


@dataclass(frozen=True)
class Pipeline:
    """Both stages over one bench."""

    person: PersonStage
    shared: SharedStage

    def use(self, registry: Registry) -> None:
        """Judge by this registry from now on."""
        self.person.use(registry)
        self.shared.use(registry)


def make_pipeline(
    settings: Settings,
    registry: Registry,
    *,
    keep_all: bool = False,
    rules: frozenset[str] | None = None,
    screens: bool = True,
    costs: Costs | None = None,
) -> Pipeline:
    """The stages as settings say.

    keep_all: nothing is too late and nothing is forgotten (replay). rules: only these ids (None: all).
    screens: say of every settlement that it was judged. costs: where what each rule costs is noted.
    """
    bench = Bench(
        rules=tuple(rule for rule in RULES if rules is None or rule.id in rules),
        calendar=Calendar(settings.timezone),
        facts_limit=settings.person_facts_limit,
        lateness=None if keep_all else settings.lateness_days * DAY,
        screens=screens,
        costs=costs,
    )
    return Pipeline(PersonStage(bench, registry), SharedStage(bench, registry))
