"""History through the very same judgement, in one process, with no server and no database."""

from collections.abc import Iterable, Iterator

from schemas.entry import Entry, TerminalDays
from schemas.finding import Alert, AlertMessage, DefectMessage
from schemas.registry import Baseline, Registry
from schemas.screening import ScreeningMessage
from schemas.stock import StockMessage
from schemas.topics import ALERTS
from services.detector import periods
from services.detector.catalogue import AnyRule
from services.detector.namesakes import Namesakes
from services.detector.periods.baselines import USUAL_CROWDS, changes, concerned
from services.detector.periods.duck import ScreenedHistory
from services.detector.periods.judging import Asked
from services.detector.periods.rule import PeriodRule
from services.detector.profiling import Costs
from services.detector.reading import read_entry
from services.detector.shared.keys import read_key
from services.detector.shelf import Shelf
from services.detector.stages import NO_ORIGIN, Pipeline, make_pipeline
from services.runtime.ports import Emission
from services.settings import Settings


class Replay:
    """Feed entries in any order, `finish`, and read the open alerts."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        rules: frozenset[str] | None = None,
        costs: Costs | None = None,
    ) -> None:
        self.pipeline: Pipeline = make_pipeline(
            settings, registry, keep_all=True, rules=rules, screens=False, costs=costs
        )
        everything = (*periods.RULES, USUAL_CROWDS)
        self._asked = [one for one in everything if rules is None or one.id in rules]
        self.stock: dict[tuple[str, str], StockMessage] = {}
        self.registry = registry
        self.persons = Shelf(self.pipeline.person)
        self.shared = Shelf(self.pipeline.shared)
        self.open: dict[str, Alert] = {}
        self._namesakes = Namesakes()
        self._voices: dict[str, dict[str, Alert]] = {}
        self.defects: dict[str, DefectMessage] = {}
        self.entries = 0
        self.failed: list[tuple[Entry, Exception]] = []

    @property
    def rules(self) -> list[AnyRule]:
        """The rules that judge it, in order."""
        months = [one for one in self._asked if isinstance(one, PeriodRule)]
        return sorted((*self.pipeline.person.bench.rules, *months), key=lambda rule: rule.id)

    def feed(self, entries: Iterable[Entry]) -> None:
        """Judge entries; one that makes a rule raise is kept in `failed`, and the rest goes on."""
        person = self.pipeline.person
        calendar = person.bench.calendar
        for entry in entries:
            self.entries += 1
            memory = self.persons.get(entry.key)
            try:
                fact = read_entry(entry, calendar)
                if fact is not None:
                    self._namesakes.note(entry.key, fact)
                emissions = person.told(memory, entry, fact)
                if emissions:
                    self._take(emissions)
            except Exception as error:
                self.failed.append((entry, error))
        self._exchange()

    def _exchange(self) -> None:
        """Tell persons what stands of their things under others."""
        for key, fact in list(self._namesakes.exchange(self.persons.get)):
            try:
                self._take(self.pipeline.person.take(self.persons.get(key), fact, NO_ORIGIN, 0))
            except Exception as error:
                self.failed.append((Entry(0, "event", key, b"", fact.at, 0, 0, foreign=True), error))

    def finish(self) -> None:
        """Judge the months of all that was screened, as the period judge does in a running system."""
        asked = self._asked_of_months()
        if not asked:
            return
        history = ScreenedHistory(self.screened(), self.registry, self.stock.values())
        usual: list[Baseline] = []
        for found in history.everything(asked):
            usual += found.baselines or []
            for alerts in found.alerts.values():
                self.open.update((alert.alert_id, alert) for alert in alerts)
        self._compare_with(usual)

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

    def _compare_with(self, usual: list[Baseline]) -> None:
        """Judge again the terminals that what is usual concerns, as a running system does once it is
        published."""
        known = self.registry.records(Baseline.TABLE)
        changed = changes(known, usual)
        if not changed:
            return
        self.registry = self.registry.with_table(Baseline.TABLE, usual)
        self.pipeline.use(self.registry)
        days: dict[str, list[TerminalDays]] = {}
        for stretch in concerned(changed, known):
            days.setdefault(stretch.institution_id, []).append(stretch)
        for key in list(self.shared):
            kind, parts = read_key(key)
            stretches = days.get(parts[0], ()) if kind == "terminal" else ()
            if any(one.first <= int(parts[-1]) <= one.last for one in stretches):
                self._take(self.pipeline.shared.rejudge(self.shared.get(key)))

    def _take(self, emissions: list[Emission]) -> None:
        for emission in emissions:
            if emission.topic == ALERTS:
                self._hear(emission.value)
            else:
                memory = self.shared.get(emission.key)
                self._take(self.pipeline.shared.step(memory, emission.value))

    def _hear(self, message: AlertMessage | DefectMessage | StockMessage) -> None:
        if isinstance(message, StockMessage):
            self.stock[message.institution_id, message.event_id] = message
        elif isinstance(message, DefectMessage):
            if message.open:
                self.defects[message.defect_id] = message
            else:
                self.defects.pop(message.defect_id, None)
        else:
            self._weigh(message)

    def _weigh(self, message: AlertMessage) -> None:
        """An alert is open while any key says so; of several the greatest key counts, as in intake."""
        voices = self._voices.setdefault(message.alert_id, {})
        if message.alert is None:
            voices.pop(message.key, None)
        else:
            voices[message.key] = message.alert
        if voices:
            self.open[message.alert_id] = voices[max(voices)]
        else:
            self.open.pop(message.alert_id, None)
