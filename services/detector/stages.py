"""The data's way through the detector, declared: what each stage reads, remembers and says.

events ──▶ PersonStage (key: pseudonym) ──▶ crossings ──▶ TerminalStage (key: terminal and day)
                 └──────────▶ alerts ◀───────────────────────────┘
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from schemas.entry import Entry, Envelope
from schemas.finding import AlertMessage, DefectMessage, Origin
from schemas.moments import DAY, Calendar
from schemas.registry import Registry
from schemas.topics import ALERTS, CROSSINGS, EVENTS
from services.detector.defects import WORDS, Defect
from services.detector.facts import SETTLEMENTS, Fact, Kind
from services.detector.history import Change, PersonHistory
from services.detector.judge import Bench, PersonJudge, TerminalJudge, Verdict
from services.detector.reading import read_entry
from services.detector.rulebook import rules_hash
from services.detector.rules import RULES
from services.detector.screening import screening_of, to_screen
from services.detector.terminal import Register, TerminalHistory, first_register, registers_of
from services.detector.view import PersonView
from services.runtime.ports import Emission
from services.settings import Settings

HAS_MAIN_COUNTERS = frozenset(("hospital", "township", "community"))
"""Kinds of institutions whose counters serve many: their terminals are not followed (rules.md B01)."""

NO_ORIGIN = Origin()


class Crossing(Struct, array_like=True):
    """A register on its way to a terminal, and the event that moved it."""

    register: Register
    origin: Origin


class Crossings(Struct, array_like=True, tag="crossings"):
    """What one sitting sends to the terminals of one partition, by terminal key: one Kafka record."""

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

    def fresh(self, key: str) -> PersonHistory:
        return PersonHistory(key)

    def restore(self, key: str, cells: Iterable[tuple[str, bytes]]) -> PersonHistory:
        return PersonHistory.restore(key, cells)

    def unpack(self, key: str, packed: bytes) -> PersonHistory:
        return PersonHistory.unpack(key, packed)

    def pack(self, memory: PersonHistory) -> bytes:
        return memory.pack()

    def remembers(self, memory: object) -> bool:
        """Whether a memory is one of this stage's."""
        return isinstance(memory, PersonHistory)

    def is_too_late(self, entry: Entry) -> bool:
        """Whether an event lies further behind as_of than anything is kept (contract, section 3)."""
        retention = self.bench.retention
        return (
            retention is not None
            and entry.kind == "event"
            and not entry.historical
            and entry.occurred_at < entry.as_of - retention
        )

    def step(self, memory: PersonHistory, message: Entry) -> list[Emission]:
        """Judge one entry. A late one must have been kept out by `is_too_late`."""
        fact = read_entry(message, self.bench.calendar)
        if fact is None:
            return []
        origin = Origin(message.request_id, message.received_at, message.seq)
        return self.take(memory, fact, origin, message.as_of)

    def take(self, memory: PersonHistory, fact: Fact, origin: Origin, as_of: int) -> list[Emission]:
        """Judge one fact."""
        taken = self.judge.take(memory, fact)
        if taken is None:
            return []
        changes, verdicts = taken
        emissions = self._crossings(memory, changes, origin)
        if verdicts:
            emissions += spoken(memory, verdicts, origin)
        if self.bench.screens:
            emissions += self._screenings(memory, fact, changes, verdicts)
        self.judge.forget(memory, as_of)
        return emissions

    def rejudge(self, memory: PersonHistory) -> list[Emission]:
        """Judge the whole person again and say all that crosses."""
        verdicts = self.judge.whole(memory)
        if verdicts:
            memory.turns += 1
        everything = [Change(("", ""), memory.idle, memory.facts)]
        emissions = self._crossings(memory, everything, NO_ORIGIN) + spoken(memory, verdicts, NO_ORIGIN)
        if self.bench.screens:
            known = next(iter((*memory.facts, *memory.idle)), None)
            emissions += self._screened(memory, to_screen(known, everything) if known else [])
        return emissions

    def _screenings(
        self, memory: PersonHistory, fact: Fact, changes: list[Change], verdicts: list[Verdict]
    ) -> list[Emission]:
        """Screenings that the coming of a fact alters: by its encounter, its person, or what was found."""
        if fact.kind == Kind.PERSON:
            changes = [Change(("", ""), memory.idle, memory.facts)]
        due = to_screen(fact, changes)
        named = {
            member for verdict in verdicts if verdict.said is not None for member in verdict.said.members
        }
        named.difference_update(change.ref for change in changes)
        if named:
            others = [Change(ref, [], memory.encounter(ref)) for ref in sorted(named)]
            due += [other for other in to_screen(fact, others) if other is not fact]
        return self._screened(memory, due)

    def _screened(self, memory: PersonHistory, facts: Iterable[Fact]) -> list[Emission]:
        view = PersonView(memory, self.registry, self.bench.calendar)
        return [
            Emission(ALERTS, memory.key, screening_of(memory, view, fact, self._rules_hash)) for fact in facts
        ]

    def _crossings(self, memory: PersonHistory, changes: list[Change], origin: Origin) -> list[Emission]:
        emissions = []
        sent: set[tuple[str, str]] = set()
        for change in changes:
            for fact in (*change.after, *change.before):
                if fact.kind not in SETTLEMENTS:
                    continue
                name = (fact.institution, fact.id)
                if name in sent or not self._is_followed(fact):
                    continue
                sent.add(name)
                registers = first_register if change.plain and not change.before else registers_of
                for key, register in registers(memory, fact, self.bench.calendar):
                    emissions.append(Emission(CROSSINGS, key, Crossing(register, origin)))
        return emissions

    def _is_followed(self, fact: Fact) -> bool:
        known = self.registry.institution(fact.institution)
        if known is not None and known.effective_from:
            day = self.bench.calendar.date_text(self.bench.calendar.day(fact.at))
            known = self.registry.institution(fact.institution, day)
        return known is None or known.kind not in HAS_MAIN_COUNTERS


class TerminalStage:
    """Registers of one terminal's day in, alerts out."""

    topic = CROSSINGS

    def __init__(self, bench: Bench, registry: Registry) -> None:
        self.bench = bench
        self.use(registry)

    def use(self, registry: Registry) -> None:
        """Judge by this registry from now on."""
        self.judge = TerminalJudge(self.bench, registry)

    def fresh(self, key: str) -> TerminalHistory:
        return TerminalHistory(key)

    def restore(self, key: str, cells: Iterable[tuple[str, bytes]]) -> TerminalHistory:
        return TerminalHistory.restore(key, cells)

    def unpack(self, key: str, packed: bytes) -> TerminalHistory:
        return TerminalHistory.unpack(key, packed)

    def pack(self, memory: TerminalHistory) -> bytes:
        return memory.pack()

    def step(self, memory: TerminalHistory, message: Crossing) -> list[Emission]:
        """Judge one register."""
        verdicts = self.judge.take(memory, message.register)
        return spoken(memory, verdicts, message.origin) if verdicts else []

    def rejudge(self, memory: TerminalHistory) -> list[Emission]:
        """Judge the whole day again."""
        verdicts = self.judge.whole(memory)
        if verdicts:
            memory.turns += 1
        return spoken(memory, verdicts, NO_ORIGIN)


def spoken(
    memory: PersonHistory | TerminalHistory, verdicts: list[Verdict], origin: Origin
) -> list[Emission]:
    """Verdicts as messages on the alerts topic."""
    return [Emission(ALERTS, memory.key, _message(memory, verdict, origin)) for verdict in verdicts]


def _message(
    memory: PersonHistory | TerminalHistory, verdict: Verdict, origin: Origin
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
    memory: PersonHistory | TerminalHistory, defect_id: str, defect: Defect | None, origin: Origin
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
    )


@dataclass(frozen=True)
class Pipeline:
    """Both stages over one bench."""

    person: PersonStage
    terminal: TerminalStage

    def use(self, registry: Registry) -> None:
        """Judge by this registry from now on."""
        self.person.use(registry)
        self.terminal.use(registry)


def make_pipeline(
    settings: Settings,
    registry: Registry,
    *,
    keep_all: bool = False,
    rules: frozenset[str] | None = None,
    screens: bool = True,
) -> Pipeline:
    """The stages as settings say.

    keep_all: nothing is too late and nothing is forgotten (replay). rules: only these ids (None: all).
    screens: say of every settlement that it was judged.
    """
    bench = Bench(
        rules=tuple(rule for rule in RULES if rules is None or rule.id in rules),
        calendar=Calendar(settings.timezone),
        facts_limit=settings.person_facts_limit,
        lateness=None if keep_all else settings.lateness_days * DAY,
        screens=screens,
    )
    return Pipeline(PersonStage(bench, registry), TerminalStage(bench, registry))
