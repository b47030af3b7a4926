"""A small runtime for the laws: logs, durable cells, crashes, registry changes, and intake's memory.

It promises what the ports promise and nothing more: emissions may be sent twice, state may fall back to
its last put, one key's messages come in one order.
"""

import json
from collections import defaultdict

import msgspec

from schemas.entry import Entry
from schemas.finding import Alert, AlertMessage, DefectMessage
from schemas.registry import Registry
from schemas.screening import ScreeningMessage
from schemas.stock import StockMessage
from schemas.topics import ALERTS
from services.detector.judge import PersonJudge, SharedJudge
from services.detector.memory import PersonMemory
from services.detector.shared.history import SharedHistory
from services.detector.stages import (
    PersonStage,
    SharedStage,
    decode_crossing,
    encode_crossing,
    make_pipeline,
)
from services.runtime.ports import Emission
from services.settings import Settings


class Keyed:
    """One stage: its log, the memories of its keys, and how far their cells are durable."""

    def __init__(self, stage: PersonStage | SharedStage) -> None:
        self.stage = stage
        self.log: list[tuple[str, object]] = []
        self.memories: dict = {}
        self.cells: dict[str, dict[str, bytes]] = defaultdict(dict)
        self.position = self.put_position = 0

    def memory(self, key: str):
        """The memory of a key, restored from its cells."""
        if key not in self.memories:
            cells = self.cells.get(key)
            self.memories[key] = self.stage.restore(key, cells.items()) if cells else self.stage.fresh(key)
        return self.memories[key]

    def put(self) -> None:
        """Make all memories durable, with the position."""
        for key, memory in self.memories.items():
            for cell, body in memory.changes().items():
                if body is None:
                    self.cells[key].pop(cell, None)
                else:
                    self.cells[key][cell] = body
        self.put_position = self.position

    def crash(self) -> None:
        """Lose all that was not put; the log goes on from the position of the last put."""
        self.memories.clear()
        self.position = self.put_position

    def repack(self) -> None:
        """Every memory through its one-piece form."""
        self.put()
        for key, memory in self.memories.items():
            self.memories[key] = self.stage.unpack(key, self.stage.pack(memory))


class Group:
    """Events that name one id, or another one that any of these names, and so on."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.keys: set[str] = set()
        self.entries: list[Entry] = []


class Kin:
    """The inbox's way to tell persons of what stands under others, more generous than it has to be: any id
    that events of an institution share binds their persons together."""

    def __init__(self) -> None:
        self._groups: dict[str, list[Group]] = {}

    def told_with(self, entry: Entry) -> list[Entry]:
        """What else is told when an entry comes: to whom it is foreign, and who hears of what was before."""
        if entry.kind != "event":
            return []
        event = json.loads(entry.body)
        groups = self._groups.setdefault(event["institution_id"], [])
        joined = Group()
        joined.ids = {event[name] for name in ("settlement_id", "encounter_id", "event_id") if name in event}
        joined.ids.update({event["cancels"]["id"]} if "cancels" in event else ())
        joined.keys, joined.entries = {entry.key}, [entry]
        touching = [group for group in groups if group.ids & joined.ids]
        keys = joined.keys.union(*(group.keys for group in touching))
        told = [
            msgspec.structs.replace(one, key=key, foreign=True)
            for group in (*touching, joined)
            for one in group.entries
            for key in sorted(keys - group.keys)
        ]
        for group in touching:
            groups.remove(group)
            joined.ids |= group.ids
            joined.entries += group.entries
        joined.keys = keys
        groups.append(joined)
        return told


class Run:
    """Both stages over their logs, and what intake would hold."""

    def __init__(self, registry: Registry, rules: frozenset[str] | None = None, **knobs: object) -> None:
        pipeline = make_pipeline(Settings(**knobs), registry, keep_all=True, rules=rules)
        self.pipeline = pipeline
        self.persons = Keyed(pipeline.person)
        self.shared = Keyed(pipeline.shared)
        self.kin = Kin()
        self.heard: dict[tuple[str, str], tuple[int, Alert | None]] = {}
        self.defects: dict[str, tuple[int, bool]] = {}
        self.screened: dict[tuple[str, ...], ScreeningMessage] = {}

    def feed(self, entry: Entry) -> None:
        """An entry comes, and all it leads to."""
        for one in [*self.kin.told_with(entry), entry]:
            self.persons.log.append((one.key, one))
        self.work()

    def work(self) -> None:
        """Judge whatever stands in the logs."""
        for keyed in (self.persons, self.shared):
            while keyed.position < len(keyed.log):
                key, message = keyed.log[keyed.position]
                if keyed is self.shared:
                    message = decode_crossing(message)
                memory = keyed.memory(key)
                emissions = keyed.stage.step(memory, message)
                if keyed is self.persons:
                    emissions += keyed.stage.screenings(memory)
                keyed.position += 1
                self.send(emissions)

    def send(self, emissions: list[Emission]) -> None:
        """Emissions reach the terminals' log and intake."""
        for emission in emissions:
            if emission.topic == ALERTS:
                self.hear(emission.value)
            else:
                self.shared.log.append((emission.key, encode_crossing(emission.value)))

    def hear(self, message: AlertMessage | DefectMessage | ScreeningMessage | StockMessage) -> None:
        """What intake does: a smaller revision than the stored one is a late repeat."""
        if isinstance(message, StockMessage):
            return
        if isinstance(message, ScreeningMessage):
            name = (message.institution_id, message.name, message.key)
            known = self.screened.get(name)
            if known is None or message.revision >= known.revision:
                self.screened[name] = message
            return
        if isinstance(message, DefectMessage):
            known = self.defects.get(message.defect_id, (0, False))
            if message.revision >= known[0]:
                self.defects[message.defect_id] = (message.revision, message.open)
            return
        name = (message.alert_id, message.key)
        known = self.heard.get(name, (0, None))
        if message.revision >= known[0]:
            self.heard[name] = (message.revision, message.alert)

    def use(self, registry: Registry) -> None:
        """The registry changes: every key is judged again."""
        self.pipeline.use(registry)
        for keyed in (self.persons, self.shared):
            for key in sorted({*keyed.memories, *keyed.cells}):
                memory = keyed.memory(key)
                self.send(keyed.stage.rejudge(memory))
                if keyed is self.persons:
                    self.send(keyed.stage.screenings(memory))
            self.work()
            keyed.put()

    @property
    def open(self) -> list[Alert]:
        """Alerts that stand."""
        return [alert for _, (_, alert) in sorted(self.heard.items()) if alert is not None]

    @property
    def open_defects(self) -> set[str]:
        """Data defects that stand."""
        return {defect_id for defect_id, (_, is_open) in self.defects.items() if is_open}

    def said_and_whole(self) -> list[tuple[str, dict, dict]]:
        """For every key: what stands, and what judging the whole from scratch would say."""
        pairs = []
        for keyed in (self.persons, self.shared):
            for key, memory in keyed.memories.items():
                pairs.append((key, standing(memory), standing(from_scratch(keyed.stage, memory))))
        return pairs


def from_scratch(stage: PersonStage | SharedStage, memory: PersonMemory | SharedHistory):
    """The same facts in a fresh memory, judged whole, by every rule."""
    copy = stage.fresh(memory.key)
    if isinstance(memory, PersonMemory):
        for fact in (*memory.facts, *memory.idle, *memory.foreign, *memory.records.values()):
            copy.add(fact)
    else:
        for register in memory.registers.values():
            copy.put(register)
    judge: PersonJudge | SharedJudge = stage.judge
    if isinstance(judge, PersonJudge):
        judge.whole(copy, sparing=False)
    else:
        judge.whole(copy)
    return copy


def standing(memory: PersonMemory | SharedHistory) -> dict:
    """Findings that stand, comparable."""
    return {
        finding_id: (said.rule, frozenset(map(tuple, said.members)), said.digest, said.defect)
        for finding_id, said in memory.said.items()
    }
