"""History judged event by event, as a running system does it, in one process with no server and no database.

`bulk` says the same of a history and is several times as fast; this way shows that order leaves no trace.
"""

from collections.abc import Iterable, Iterator

from schemas.entry import Entry
from schemas.registry import Registry
from schemas.screening import ScreeningMessage
from schemas.topics import ALERTS
from services.detector.facts import Fact
from services.detector.namesakes import Namesakes
from services.detector.periods.baselines import USUAL_CROWDS
from services.detector.periods.duck import ScreenedHistory
from services.detector.periods.judging import Asked
from services.detector.profiling import Costs
from services.detector.reading import read_entry
from services.detector.shared.keys import read_key
from services.detector.shelf import Shelf
from services.detector.stages import NO_ORIGIN, Pipeline, make_pipeline
from services.detector.standing import NotJudged, Standing, asked_of_months, publish
from services.runtime.ports import Emission
from services.settings import Settings


class Replay(Standing):
    """Feed entries in any order, `finish`, and read the open alerts."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        rules: frozenset[str] | None = None,
        costs: Costs | None = None,
    ) -> None:
        super().__init__()
        self.pipeline: Pipeline = make_pipeline(
            settings, registry, keep_all=True, rules=rules, screens=False, costs=costs
        )
        self._asked = asked_of_months(rules)
        self.registry = registry
        self.persons = Shelf(self.pipeline.person)
        self.shared = Shelf(self.pipeline.shared)
        self._namesakes = Namesakes()
        self.entries = 0
        self.failed: list[NotJudged] = []

    def feed(self, entries: Iterable[Entry]) -> None:
        """Judge entries; one that makes a rule raise is kept in `failed`, and the rest goes on."""
        person = self.pipeline.person
        calendar = person.bench.calendar
        for entry in entries:
            self.entries += 1
            memory = self.persons.get(entry.key)
            fact = None
            try:
                fact = read_entry(entry, calendar)
                if fact is not None:
                    self._namesakes.note(entry.key, fact)
                emissions = person.told(memory, entry, fact)
                if emissions:
                    self._take(emissions)
            except Exception as error:
                name = (entry.key, str(entry.seq)) if fact is None else (fact.institution, fact.event)
                self.failed.append(NotJudged.of(*name, error))
        self._exchange()

    def _exchange(self) -> None:
        """Tell persons what stands of their things under others."""
        for key, fact in list(self._namesakes.exchange(self._facts_of)):
            try:
                self._take(self.pipeline.person.take(self.persons.get(key), fact, NO_ORIGIN, 0))
            except Exception as error:
                self.failed.append(NotJudged.of(fact.institution, fact.event, error))

    def _facts_of(self, keys: Iterable[str]) -> dict[str, list[Fact]]:
        histories = map(self.persons.get, keys)
        return {history.key: [*history.facts, *history.idle] for history in histories}

    def finish(self) -> None:
        """Judge the months of all that was screened, and again the terminals that what is usual concerns."""
        asked = self._asked_of_months()
        if not asked:
            return
        history = ScreenedHistory(self.screened(), self.registry, self.stock.values())
        published = publish(self.registry, self.judge_months(asked, history))
        if published is None:
            return
        self.registry = published.registry
        self.pipeline.use(self.registry)
        for key in list(self.shared):
            kind, parts = read_key(key)
            if kind == "terminal" and published.concerns(parts[0], int(parts[-1])):
                self._take(self.pipeline.shared.rejudge(self.shared.get(key)))

    def _asked_of_months(self) -> list[Asked]:
        """What is usual at terminals is asked where any was followed: telling of every settlement for nothing
        takes as long as judging it."""
        follows = any(read_key(key)[0] == "terminal" for key in self.shared)
        return [one for one in self._asked if follows or one is not USUAL_CROWDS]

    def screened(self) -> Iterator[ScreeningMessage]:
        """Every settlement as it was judged: of each the last word, made as it is asked for."""
        for key in list(self.persons):
            for emission in self.pipeline.person.all_screenings(self.persons.get(key)):
                yield emission.value

    def _take(self, emissions: list[Emission]) -> None:
        for emission in emissions:
            if emission.topic == ALERTS:
                self.hear(emission.value)
            else:
                memory = self.shared.get(emission.key)
                self._take(self.pipeline.shared.step(memory, emission.value))
