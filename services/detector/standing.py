"""What stands once a history is judged: open alerts, data defects, stock, and what could not be judged."""

import traceback
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import NamedTuple, Self

from schemas.entry import TerminalDays
from schemas.finding import Alert, AlertMessage, DefectMessage
from schemas.moments import MINUTE
from schemas.registry import Baseline, Institution, Registry
from schemas.stock import StockMessage
from services.detector import periods
from services.detector.periods.baselines import USUAL_CROWDS, changes, concerned
from services.detector.periods.duck import ScreenedHistory
from services.detector.periods.judging import Asked, Run

Message = AlertMessage | DefectMessage | StockMessage


class NotJudged(NamedTuple):
    """What made a rule raise: an event, or where that is not known, an encounter or a number in the history.
    why: the kind of the error and where in the program it was raised; error: its traceback."""

    institution: str
    event: str
    why: str
    error: str

    @classmethod
    def of(cls, institution: str, event: str, error: Exception) -> Self:
        """By the error that was raised. What it says is kept out of `why`: it may quote the event."""
        frame = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
        return cls(institution, event, why, "".join(traceback.format_exception(error)))


class Standing:
    """Hears what keys say, in the order in which each of them says it."""

    def __init__(self) -> None:
        self.open: dict[str, Alert] = {}
        self.defects: dict[str, DefectMessage] = {}
        self.stock: dict[tuple[str, str], StockMessage] = {}
        self._voices: dict[str, dict[str, Alert]] = {}

    def hear(self, message: Message) -> None:
        """What a key says."""
        if isinstance(message, StockMessage):
            self.stock[message.institution_id, message.event_id] = message
        elif isinstance(message, DefectMessage):
            if message.open:
                self.defects[message.defect_id] = message
            else:
                self.defects.pop(message.defect_id, None)
        else:
            self._weigh(message)

    def judge_months(self, asked: Sequence[Asked], history: ScreenedHistory) -> list[Baseline]:
        """Judge all months of a history, as the period judge does in a running system; what was usual."""
        usual: list[Baseline] = []
        for found in history.everything(asked):
            usual += found.baselines or []
            for alerts in found.alerts.values():
                self.open.update((alert.alert_id, alert) for alert in alerts)
        return usual

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


def asked_of_months(rules: frozenset[str] | None) -> list[Asked]:
    """Of these rules (None: all) what is asked of months."""
    return [one for one in (*periods.RULES, USUAL_CROWDS) if rules is None or one.id in rules]


class Published(NamedTuple):
    """The registry with what is usual, and the terminals' days by institution that this concerns."""

    registry: Registry
    days: dict[str, list[TerminalDays]]

    def concerns(self, institution: str, day: int) -> bool:
        """Whether a terminal's day has to be judged again."""
        return any(one.first <= day <= one.last for one in self.days.get(institution, ()))


def publish(registry: Registry, usual: Iterable[Baseline]) -> Published | None:
    """What becomes of what was measured, as in a running system; None where it changes nothing."""
    usual = list(usual)
    known = registry.records(Baseline.TABLE)
    changed = changes(known, usual)
    if not changed:
        return None
    days: dict[str, list[TerminalDays]] = {}
    for stretch in concerned(changed, known):
        days.setdefault(stretch.institution_id, []).append(stretch)
    return Published(registry.with_table(Baseline.TABLE, usual), days)


class Crowd(NamedTuple):
    """So many swipes at a terminal within so many microseconds."""

    swipes: int
    within: int

    def is_seen(self, moments: Sequence[int]) -> bool:
        """Whether moments, in order, show one."""
        return any(
            last - first <= self.within
            for first, last in zip(moments, moments[self.swipes - 1 :], strict=False)
        )


def least_crowd(registry: Registry) -> Crowd | None:
    """The least that is a crowd anywhere (B01); None where nothing is."""
    figures = [variant.parameters for variant in Run(USUAL_CROWDS, registry).variants]
    if not figures:
        return None
    return Crowd(min(one.persons for one in figures), max(int(one.minutes * MINUTE) for one in figures))


def compared_with(institutions: Set[str], registry: Registry) -> set[str]:
    """Institutions whose settlements tell what is usual at some: they themselves, and others of their
    chains."""
    known = registry.records(Institution.TABLE)
    chains = {one.chain_id for one in known if one.institution_id in institutions} - {None, ""}
    return institutions | {one.institution_id for one in known if one.chain_id in chains}
