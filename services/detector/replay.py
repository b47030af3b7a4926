"""History through the very same judgement, in one process, with no server and no database."""

from collections.abc import Iterable

from schemas.entry import Entry
from schemas.finding import Alert, AlertMessage, DefectMessage
from schemas.registry import Registry
from schemas.screening import ScreeningMessage
from schemas.stock import StockMessage
from schemas.topics import ALERTS
from services.detector import periods
from services.detector.periods.duck import ScreenedHistory
from services.detector.profiling import Costs
from services.detector.shelf import Shelf
from services.detector.stages import Pipeline, make_pipeline
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
        self.period_rules = [rule for rule in periods.RULES if rules is None or rule.id in rules]
        self.screenings: dict[tuple[str, str, str], ScreeningMessage] = {}
        self.stock: dict[tuple[str, str], StockMessage] = {}
        self.registry = registry
        self.persons = Shelf(self.pipeline.person)
        self.shared = Shelf(self.pipeline.shared)
        self.open: dict[str, Alert] = {}
        self._voices: dict[str, dict[str, Alert]] = {}
        self.defects: dict[str, DefectMessage] = {}
        self.entries = 0
        self.failed: list[tuple[Entry, Exception]] = []

    def feed(self, entries: Iterable[Entry]) -> None:
        """Judge entries; one that makes a rule raise is kept in `failed`, and the rest goes on."""
        person = self.pipeline.person
        for entry in entries:
            self.entries += 1
            memory = self.persons.get(entry.key)
            try:
                emissions = person.step(memory, entry)
                if emissions:
                    self._take(emissions)
            except Exception as error:
                self.failed.append((entry, error))

    def finish(self) -> None:
        """Judge the months of all that was screened, as the period judge does in a running system."""
        if not self.period_rules:
            return
        person = self.pipeline.person
        for key in list(self.persons):
            for emission in person.all_screenings(self.persons.get(key)):
                self._hear(emission.value)
        history = ScreenedHistory(self.screenings.values(), self.registry, self.stock.values())
        for alert in history.everything(self.period_rules):
            self.open[alert.alert_id] = alert

    def _take(self, emissions: list[Emission]) -> None:
        for emission in emissions:
            if emission.topic == ALERTS:
                self._hear(emission.value)
            else:
                memory = self.shared.get(emission.key)
                self._take(self.pipeline.shared.step(memory, emission.value))

    def _hear(self, message: AlertMessage | DefectMessage | ScreeningMessage | StockMessage) -> None:
        if isinstance(message, ScreeningMessage):
            if self.period_rules:
                self.screenings[message.institution_id, message.name, message.key] = message
        elif isinstance(message, StockMessage):
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
