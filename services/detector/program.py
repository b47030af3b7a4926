"""The stages as one program that a runtime drives: which keys a batch needs, what it leads to."""

import traceback
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from time import perf_counter, time
from typing import Any

from schemas.entry import Entry, decode_change
from schemas.finding import DeadLetterMessage, JudgedMessage, Origin
from schemas.registry import Registry
from schemas.screening import ScreeningMessage
from schemas.topics import ALERTS, CROSSINGS, EVENTS
from services.detector import metrics
from services.detector.shared.keys import terminals_of
from services.detector.stages import Crossing, Pipeline, encode_crossing
from services.runtime.ports import Anew, Emission, Memory, NewerState, Outcome, Span, Stage
from services.runtime.tracing import tracing

PERSON, SHARED = "p:", "s:"
"""Memory keys of both stages live in one table."""
PERSONS = "persons"
STAGES = {"event": EVENTS, "person": PERSONS, "again": "rejudge"}
"""Kinds of entries that are judged, and what the stage of a dead letter of each is called."""


class DetectorProgram:
    """Persons and the keys they share, for any runtime."""

    first = EVENTS
    sink = ALERTS
    ageing = SHARED

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._regions: frozenset[str | None] = frozenset()

    def use(self, registry: Registry) -> None:
        """Judge by this registry from now on."""
        self.pipeline.use(registry)
        self._regions = frozenset(one.region for one in registry.records("institutions"))

    def stage(self, key: str) -> Stage:
        """The stage that a memory key belongs to."""
        return self.pipeline.person if key.startswith(PERSON) else self.pipeline.shared

    def prefix(self, topic: str) -> str:
        """How the memory keys of the stage that reads a topic begin."""
        return PERSON if topic == EVENTS else SHARED

    def keys(self, topic: str, messages: Sequence[Any]) -> set[str]:
        """Memory keys that a sitting over these messages will ask for."""
        if topic == EVENTS:
            return {PERSON + entry.key for entry in messages if _is_judged(entry)}
        return {SHARED + key for key, _ in messages}

    def sit(self, topic: str, messages: Sequence[Any], memory_of: Callable[[str], Memory]) -> Outcome:
        """Judge entries (EVENTS), or pairs of (key, Crossing) (CROSSINGS), in order."""
        with tracing.processing(topic, partial(_requests, topic, messages)):
            outcome = self._sit(topic, messages, memory_of)
            outcome.trace = tracing.present()
        return outcome

    def _sit(self, topic: str, messages: Sequence[Any], memory_of: Callable[[str], Memory]) -> Outcome:
        outcome = Outcome()
        if topic == EVENTS:
            for entry in messages:
                self._entry(entry, memory_of, outcome)
            self._screen(outcome)
            self._count(messages, outcome)
        else:
            for key, crossing in messages:
                self._crossing(key, crossing, memory_of, outcome)
        metrics.EVENTS.labels(topic).inc(outcome.entries)
        return outcome

    def may_be_over(self, key: str, as_of: int) -> bool:
        """False where a memory's key alone tells that it is not over."""
        return self.pipeline.shared.ageing.may_be_over(key[len(SHARED) :], as_of)

    def is_over(self, memory: Any, as_of: int) -> bool:
        """Whether nothing stands at a memory's key, and nothing it remembers is kept anywhere."""
        return self.pipeline.shared.ageing.is_over(memory, as_of)

    def rejudge(self, memories: Iterable[Memory], as_of: int) -> Outcome:
        """Judge whole memories again."""
        outcome = Outcome()
        for memory in memories:
            name = self.memory_key(memory)
            try:
                outcome.emissions += self.stage(name).rejudge(memory, as_of)
                if name.startswith(PERSON):
                    outcome.emissions += self.pipeline.person.screenings(memory)
            except Exception as error:
                outcome.emissions.append(self._dead_letter("rejudge", memory.key, b"", Origin(), error))
            outcome.touched[name] = memory
        return outcome

    def _screen(self, outcome: Outcome) -> None:
        """Say of every settlement that came that it was judged."""
        for memory in outcome.touched.values():
            try:
                outcome.emissions += self.pipeline.person.screenings(memory)
            except Exception as error:
                outcome.emissions.append(self._dead_letter("screening", memory.key, b"", Origin(), error))

    def _count(self, entries: Sequence[Entry], outcome: Outcome) -> None:
        metrics.TOO_LATE.inc(outcome.too_late)
        if outcome.events:
            oldest = min(entry.received_at for entry in entries)
            metrics.EVENT_LAG.observe(max(0.0, time() - oldest / 1e6))
        screened = Tally(
            # A region is what its sender says; only those of the registry are few.
            (said.care, said.region if said.region in self._regions else "other")
            for _, _, said in outcome.emissions
            if type(said) is ScreeningMessage
        )
        for place, count in screened.items():
            metrics.SCREENED.labels(*place).inc(count)

    def memory_key(self, memory: Memory) -> str:
        """The table key of a memory."""
        is_person = self.pipeline.person.remembers(memory)
        return (PERSON if is_person else SHARED) + memory.key

    def judged(
        self,
        topic: str,
        partition: int,
        offset: int,
        outcome: Outcome,
        as_of: int,
        *,
        number: int = 0,
        sent: Mapping[int, int] | None = None,
        log_id: str = "",
    ) -> JudgedMessage:
        """The word that a sitting is over."""
        return JudgedMessage(
            topic=topic,
            partition=partition,
            offset=offset,
            entries=outcome.entries,
            events=outcome.events,
            too_late=outcome.too_late,
            as_of=as_of,
            last_seq=number,
            crossings=dict(sent or {}),
            log_id=log_id,
        )

    def _entry(self, entry: Entry, memory_of: Callable[[str], Memory], outcome: Outcome) -> None:
        outcome.entries += not entry.foreign
        if entry.kind == "registry":
            outcome.announce(concerned(entry.body))
        if entry.kind == "event":
            outcome.events += not entry.foreign
        if not _is_judged(entry):
            return
        stage = self.pipeline.person
        if stage.is_too_late(entry):
            outcome.too_late += not entry.foreign
            return
        key = PERSON + entry.key
        began = perf_counter()
        try:
            memory = outcome.touched[key] = memory_of(key)
            if entry.kind == "again":
                outcome.emissions += self._anew(memory, entry.as_of)
            else:
                outcome.emissions += stage.step(memory, entry)
            metrics.JUDGEMENT.observe(perf_counter() - began)
        except NewerState:
            raise
        except Exception as error:
            origin = Origin(entry.request_id, entry.received_at, entry.seq)
            where = STAGES[entry.kind]
            outcome.emissions.append(self._dead_letter(where, entry.key, entry.body, origin, error))

    def _anew(self, memory: Any, as_of: int) -> list[Emission]:
        """Judge a person from the beginning; what has aged by now no longer counts."""
        stage = self.pipeline.person
        # What is forgotten now was judged all the same.
        emissions = stage.screenings(memory)
        stage.judge.forget(memory, as_of)
        return emissions + stage.rejudge(memory, as_of)

    def _crossing(
        self, key: str, crossing: Crossing, memory_of: Callable[[str], Memory], outcome: Outcome
    ) -> None:
        outcome.entries += 1
        name = SHARED + key
        try:
            memory = outcome.touched[name] = memory_of(name)
            outcome.emissions += self.pipeline.shared.step(memory, crossing)
        except NewerState:
            raise
        except Exception as error:
            body = encode_crossing(crossing)
            outcome.emissions.append(self._dead_letter(CROSSINGS, key, body, crossing.origin, error))

    def _dead_letter(self, stage: str, key: str, body: bytes, origin: Origin, error: Exception) -> Emission:
        """What could not be judged, with where the error stood: never with its message, which may quote
        what the event holds."""
        metrics.POISON.labels(stage).inc()
        frame = traceback.extract_tb(error.__traceback__)[-1]
        letter = DeadLetterMessage(
            stage=stage,
            key=key,
            error=type(error).__name__,
            reason=f"{frame.name} line {frame.lineno}",
            body=body,
            origin=origin,
        )
        return Emission(ALERTS, key, letter)


def _requests(topic: str, messages: Sequence[Any]) -> Iterator[str]:
    """The requests that messages of a topic come from."""
    if topic == EVENTS:
        return (entry.request_id for entry in messages)
    return (crossing.origin.request_id for _, crossing in messages)


def concerned(body: bytes) -> Anew:
    """What has to be judged anew by the word that the registry changed. Raises msgspec.DecodeError."""
    change = decode_change(body)
    if change.terminals is None:
        return Anew(change.version)
    spans = (
        Span(SHARED + terminals_of(one.institution_id), str(one.first), str(one.last))
        for one in change.terminals
    )
    return Anew(change.version, tuple(spans))


def _is_judged(entry: Entry) -> bool:
    return entry.kind in STAGES and bool(entry.key)
