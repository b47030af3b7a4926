"""History judged in bulk: first all facts are gathered, then each person and each shared key is judged once.

Findings are a function of a key's facts, and judging what changes reach equals judging the whole (house laws
1 and 2), so what stands at the end is what stands when every event is judged as it comes (`replay`), word for
word. A `Bulk` is one part of a history: the persons and the shared keys that one process owns. What crosses
to keys of other parts travels as letters, once all persons are judged.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Set
from itertools import chain
from pathlib import Path
from zlib import crc32

import msgspec
from msgspec.structs import replace

from schemas.entry import Entry
from schemas.event import AnyEvent
from schemas.registry import Registry
from schemas.screening import ScreeningMessage
from schemas.topics import ALERTS
from services.detector.facts import LINED, SETTLEMENTS, Fact, Kind, forget_details
from services.detector.history import forget_all_made
from services.detector.memory import PersonMemory
from services.detector.namesakes import Namesakes, Noted
from services.detector.periods.baselines import USUAL_CROWDS
from services.detector.periods.duck import write_screenings
from services.detector.profiling import Costs
from services.detector.reading import fact_of, read_entry
from services.detector.shared.history import SharedHistory
from services.detector.shared.keys import MARKS, read_key
from services.detector.shared.registers import Register
from services.detector.shared.stock import passed_on
from services.detector.stages import NO_ORIGIN, Crossing, make_pipeline
from services.detector.standing import Message, NotJudged, Published, asked_of_months, least_crowd
from services.runtime.ports import Emission
from services.settings import Settings

AT_ONCE = 100
"""Of so many events or persons what is made for their judgement is kept: memory that is used again and again
is faster than fresh memory."""
Letters = list[tuple[str, bytes]]
"""Registers, packed, by the shared keys that they go to."""

_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_fact = msgspec.msgpack.Decoder(Fact).decode
_register = msgspec.msgpack.Decoder(Register).decode


def part_of(name: str, parts: int) -> int:
    """Which of so many parts owns a person or a shared key."""
    return crc32(name.encode("utf-8", "surrogatepass")) % parts


class Bulk:
    """One of `parts` parts. rows: the file to which settlements are told as they were judged.

    What it holds grows with the history alone, some hundred bytes each: packed facts by person and packed
    registers by shared key, until they are judged; terminals' days; and what was said.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        rules: frozenset[str] | None,
        *,
        rows: Path,
        parts: int = 1,
        costs: Costs | None = None,
    ) -> None:
        self.pipeline = make_pipeline(
            settings, registry, keep_all=True, rules=rules, screens=False, costs=costs
        )
        self.entries = 0
        self.failed: list[NotJudged] = []
        self._said: list[Message] = []
        self._namesakes = Namesakes()
        asked = asked_of_months(rules)
        self._follows = USUAL_CROWDS in asked
        self._screens = any(one is not USUAL_CROWDS for one in asked)
        self._rows = rows
        self.parts = parts
        self._calendar = self.pipeline.person.bench.calendar
        self._facts: dict[str, list[bytes]] = {}
        self._registers: dict[str, list[bytes]] = {}
        self._terminals: dict[str, bytes] = {}
        self._crowd = least_crowd(registry)
        self._crowded: set[str] = set()
        self._customers: dict[str, set[str]] = {}

    # -- gathering --------------------------------------------------------------------------------------

    def take(self, entry: Entry, event: AnyEvent | None = None) -> None:
        """Gather an entry. Of one event the first counts. event: what the body says, where that is known."""
        self.entries += 1
        if self.entries % AT_ONCE == 0:
            forget_details()
        try:
            fact = read_entry(entry, self._calendar) if event is None else fact_of(event, self._calendar)
            if fact is None:
                self._take_stock(entry)
                return
            self._namesakes.note(entry.key, fact)
        except Exception as error:
            self.failed.append(NotJudged.of(entry.key, str(entry.seq), error))
            return
        self._facts.setdefault(entry.key, []).append(_encode(fact))
        if self._keeps_facts and fact.kind in SETTLEMENTS:
            self._customers.setdefault(fact.institution, set()).add(entry.key)

    def drop(self, events: Set[tuple[str, str]]) -> None:
        """Take events back, by institution and id: another part took them first."""
        everything, self._facts, self._namesakes = self._facts, {}, Namesakes()
        for key, bodies in everything.items():
            self._facts[key] = kept = []
            for body in bodies:
                fact = _fact(body)
                if (fact.institution, fact.event) in events:
                    self.entries -= 1
                else:
                    kept.append(body)
                    self._namesakes.note(key, fact)
        self._drop_stock(events)

    def _drop_stock(self, events: Set[tuple[str, str]]) -> None:
        kept = [told for told in self._said if (told.institution_id, told.event_id) not in events]
        self.entries -= len(self._said) - len(kept)
        self._said = kept
        for key, bodies in self._registers.items():
            registers = [(body, _register(body)) for body in bodies]
            self._registers[key] = [
                body for body, told in registers if (told.institution, told.encounter) not in events
            ]

    def noted(self) -> Noted:
        """Which persons were told of which things."""
        return self._namesakes.noted

    def facts_of(self, keys: Iterable[str]) -> dict[str, list[Fact]]:
        """Events of those of some persons who are of this part."""
        return {
            key: [fact for fact in map(_fact, self._facts[key]) if fact.kind != Kind.PERSON]
            for key in keys
            if key in self._facts
        }

    def hear(self, told: Iterable[tuple[str, Fact]]) -> None:
        """Gather what persons of this part have to hear of others."""
        for key, fact in told:
            if key in self._facts:
                self._facts[key].append(_encode(fact))

    def _take_stock(self, entry: Entry) -> None:
        """A movement and its cancellations are of one institution, and so of one part."""
        for emission in self.pipeline.person.told(PersonMemory(entry.key), entry, None):
            if emission.topic == ALERTS:
                self._said.append(emission.value)
            else:
                self._put(emission.key, _encode(emission.value.register))

    # -- judging ----------------------------------------------------------------------------------------

    def judge(self) -> list[Letters]:
        """Judge all persons; what goes to the shared keys, by the parts that own them."""
        out: list[Letters] = [[] for _ in range(self.parts)]
        self._pass_stock_on(out)
        screenings = self._judge_persons(out)
        if self._screens:
            write_screenings(self._rows, screenings)
        else:
            deque(screenings, maxlen=0)
        return out

    def judge_shared(self, letters: Iterable[Letters]) -> None:
        """Judge all shared keys of this part, by what all parts sent there."""
        for key, body in chain.from_iterable(letters):
            self._put(key, body)
        while self._registers:
            key, bodies = self._registers.popitem()
            history = self._judge_key(key, [_register(body) for body in bodies])
            if self._follows and key.startswith(MARKS["terminal"]):
                self._follow(history)

    def crowded(self) -> set[str]:
        """Institutions with a terminal that saw a crowd."""
        return self._crowded

    def screen(self, institutions: Collection[str]) -> None:
        """Tell the rows of all settlements at some institutions, unless all rows were told before. Lines and
        alerts are left out: they are no question of what is usual."""
        if not self._screens:
            keys = sorted(set().union(*(self._customers.get(each, ()) for each in institutions)))
            write_screenings(self._rows, (row for key in keys for row in self._rows_at(institutions, key)))

    def judge_again(self, published: Published) -> None:
        """Judge again the terminals that what is usual concerns."""
        self.pipeline.use(published.registry)
        shared = self.pipeline.shared
        for key, packed in self._terminals.items():
            institution, _, day = read_key(key)[1]
            if published.concerns(institution, int(day)):
                self._hear(shared.rejudge(shared.unpack(key, packed)))

    def _follow(self, terminal: SharedHistory) -> None:
        """Keep a terminal's day, which what is usual may concern."""
        self._terminals[terminal.key] = self.pipeline.shared.pack(terminal)
        if self._crowd is not None and self._crowd.is_seen([told.entry.at for told in terminal.told]):
            self._crowded.add(read_key(terminal.key)[1][0])

    @property
    def _keeps_facts(self) -> bool:
        """Whether settlements are told only once it is known where crowds were."""
        return self._follows and not self._screens

    def tell(self) -> list[Message]:
        """What was said since the last time."""
        said, self._said = self._said, []
        return said

    def judged(self, done: int, total: int) -> None:
        """Called as persons are judged: for those who want to see it."""

    def _judge_persons(self, out: list[Letters]) -> Iterator[ScreeningMessage]:
        """Judge all persons; the screenings of each, where they are asked for."""
        person = self.pipeline.person
        keys = [*self._facts]
        for count, key in enumerate(keys):
            self.judged(count, len(keys))
            if count % AT_ONCE == 0:
                forget_details()
                forget_all_made()
            bodies = self._facts[key] if self._keeps_facts else self._facts.pop(key)
            memory = self._judge_person(key, [_fact(body) for body in bodies])
            for to, register in person.registers(memory):
                self._send(out, to, register)
            if self._screens:
                yield from (emission.value for emission in person.all_screenings(memory))

    def _judge_person(self, key: str, facts: list[Fact]) -> PersonMemory:
        """Judge a person as a whole; where a rule raises, event by event, less those that make it raise."""
        person = self.pipeline.person
        memory = PersonMemory.of(key, facts)
        try:
            self._hear(person.whole(memory))
        except Exception:
            memory = PersonMemory(key)
            for fact in facts:
                try:
                    self._hear(person.take(memory, fact, NO_ORIGIN, 0))
                except Exception as error:
                    self.failed.append(NotJudged.of(fact.institution, fact.event, error))
        return memory

    def _judge_key(self, key: str, registers: list[Register]) -> SharedHistory:
        """Judge a shared key, in the same two ways."""
        shared = self.pipeline.shared
        try:
            history = _history_of(key, registers)
            self._hear(shared.rejudge(history))
        except Exception:
            history = SharedHistory(key)
            for register in registers:
                try:
                    self._hear(shared.step(history, Crossing(register, NO_ORIGIN)))
                except Exception as error:
                    self.failed.append(NotJudged.of(register.institution, register.encounter, error))
        return history

    def _pass_stock_on(self, out: list[Letters]) -> None:
        """What stands of each movement goes to its packs."""
        moved, self._registers = self._registers, {}
        for key, bodies in moved.items():
            for to, register in passed_on(_history_of(key, map(_register, bodies))):
                self._send(out, to, register)

    def _rows_at(self, institutions: Collection[str], key: str) -> Iterator[ScreeningMessage]:
        there = [
            replace(fact, flags=fact.flags & ~LINED)
            for fact in map(_fact, self._facts[key])
            if fact.kind == Kind.PERSON or fact.institution in institutions
        ]
        memory = PersonMemory.of(key, there)
        return (emission.value for emission in self.pipeline.person.all_screenings(memory))

    def _send(self, out: list[Letters], key: str, register: Register) -> None:
        out[part_of(key, self.parts)].append((key, _encode(register)))

    def _put(self, key: str, body: bytes) -> None:
        self._registers.setdefault(key, []).append(body)

    def _hear(self, emissions: Iterable[Emission]) -> None:
        """Note what is said; what crosses is sent once a person is judged as a whole."""
        self._said += [emission.value for emission in emissions if emission.topic == ALERTS]


def _history_of(key: str, registers: Iterable[Register]) -> SharedHistory:
    history = SharedHistory(key)
    for register in registers:
        history.put(register)
    return history
