"""What both engines share: which rules run with which parameters, and what differs from what was said.

Parameters may depend on a finding's place and day. A rule that parameter records speak of runs with every
set of values among them, and of each run those findings are kept that its set is in force for.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import msgspec

from schemas.finding import Alert, AlertMessage, Origin
from schemas.registry import Baseline, Registry
from schemas.rules import RuleParameters
from services.detector.periods import f02_stock_does_not_cover, g01_together
from services.detector.periods.baselines import UsualCrowds, baselines_of
from services.detector.periods.groups import co_visits, groups_of, relation_rows
from services.detector.periods.month import Month, readers
from services.detector.periods.relations import GAPS, GROUPED, Relation
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Finding
from services.detector.rulebook import InForce, given, in_force, records_of

Row = Mapping[str, Any]
Asked = PeriodRule | UsualCrowds
"""What is asked of a month."""
_encode = msgspec.json.Encoder().encode


class Judged(NamedTuple):
    """What was found of a month: the alerts of each rule by its id, or what it raised; baselines: likewise,
    None where nobody asked."""

    alerts: dict[str, list[Alert] | Exception]
    baselines: list[Baseline] | Exception | None = None


class Run:
    """One rule over one month: the statements to run, and the findings of their rows."""

    def __init__(self, rule: Asked, registry: Registry) -> None:
        self.rule = rule
        self._registry = registry
        self._records = records_of(rule, registry.records(RuleParameters.TABLE))  # type: ignore[arg-type]
        self.variants = list(self._variants())

    def alerts(self, answers: Iterable[tuple[PeriodRule, Sequence[Row]]]) -> list[Alert]:
        """The alerts of the rows that each variant's SQL gave."""
        return [finding.alert() for finding in self._findings(answers)]

    def baselines(self, answers: Iterable[tuple[UsualCrowds, Sequence[Row]]]) -> list[Baseline]:
        """The baselines of those rows, where B01 is asked about them."""
        return [
            record
            for variant, rows in answers
            for record in baselines_of(rows)
            if not self._records or self.chosen(variant, record.institution_id, record.effective_from)
        ]

    def _findings(self, answers: Iterable[tuple[PeriodRule, Sequence[Row]]]) -> Iterator[Finding]:
        for variant, rows in answers:
            for finding in variant.findings(rows):
                if not self._records:
                    yield finding
                    continue
                chosen = self.chosen(variant, finding.place, finding.happened[:10])
                if chosen is not None:
                    finding.shadow = chosen.shadow
                    finding.severity = chosen.severity or finding.severity
                    yield finding

    def _variants(self) -> Iterator[Any]:
        if not self._records:
            yield self.rule
            return
        regions = {"", *(record.region for record in self._records)}
        days = {"", *(record.effective_from for record in self._records)}
        sets = (self._in_force(region, day) for region in sorted(regions) for day in sorted(days))
        for parameters in dict.fromkeys(one.parameters for one in sets if one.enabled):
            yield replace(self.rule, parameters=parameters)

    def chosen(self, variant: Asked, institution_id: str, day: str) -> InForce | None:
        """What is in force at an institution on a day, if it is this variant."""
        place = self._registry.institution(institution_id, day)
        chosen = self._in_force((place.region if place is not None else None) or "", day)
        return chosen if chosen.enabled and chosen.parameters == variant.parameters else None

    def _in_force(self, region: str, day: str) -> InForce:
        return in_force(self.rule, given(self.rule, self._records, region, day))  # type: ignore[arg-type]


class Search(ABC):
    """A relation of one month that is made of what a rule finds, once for the rules that name it.

    It is found by that rule's parameters, of each region and day what is in force there and then, whichever
    rule asks; where the rule is switched off there is nothing in it. rules: those that run; the rule as it
    stands among them, else as the catalogue has it. text: the SQL to ask by each variant of the rule. rows:
    None until that was asked.
    """

    relation: Relation
    known: PeriodRule

    def __init__(self, rules: Iterable[PeriodRule], registry: Registry) -> None:
        self.rule = next((rule for rule in rules if rule.id == self.known.id), self.known)
        self._run = Run(self.rule, registry)
        self.variants = self._run.variants
        self.rows: list[tuple] | None = None

    @property
    def text(self) -> str:
        """The rule's own SQL."""
        return self.rule.text

    @abstractmethod
    def find(self, answers: Iterable[tuple[PeriodRule, Sequence[Row]]]) -> None:
        """Make the rows of what each variant was answered."""


class StockGaps(Search):
    """The relation `stock_gaps`: products of which F02 finds that stock does not cover what was settled."""

    relation = GAPS
    known = f02_stock_does_not_cover.RULE

    def find(self, answers: Iterable[tuple[PeriodRule, Sequence[Row]]]) -> None:
        """The institutions and products of F02's alerts."""
        alerts = self._run.alerts(answers)
        self.rows = sorted({(alert.institutions[0], alert.evidence["product"]) for alert in alerts})


class GroupSearch(Search):
    """The relation `gatherings`, by G01's parameters."""

    relation = GROUPED
    known = g01_together.RULE

    @property
    def text(self) -> str:
        """What asks for the pairs."""
        return co_visits()

    def find(self, answers: Iterable[tuple[PeriodRule, Sequence[Row]]]) -> None:
        """Find the groups in the rows that each variant's `co_visits` gave."""
        found = {}
        for variant, rows in answers:
            for group in groups_of(rows, variant.parameters):  # type: ignore[arg-type]
                day = date.fromordinal(group.last_day).isoformat()
                if self._run.chosen(variant, group.place, day) is not None:
                    found[group.name] = group
        self.rows = relation_rows([found[name] for name in sorted(found)])


def targets(
    rules: Iterable[Asked], changed: Sequence[Month], known: Collection[Month]
) -> dict[Month, list[Asked]]:
    """The months to judge when some changed, in order, each by the rules that read one of these. known: all
    months in which something was ever screened."""
    found: dict[Month, list[Asked]] = {}
    for rule in rules:
        near = {month for each in changed for month in readers(each, rule.lookback_days)}
        if rule.needs_month:
            near &= {*changed, *known}
        far = {month for each in changed for month in readers(each, rule.stays_days) if month in known}
        for month in near | far:
            found.setdefault(month, []).append(rule)
    return dict(sorted(found.items()))


def voice(rule_id: str, month: Month) -> str:
    """The key under which a rule speaks of a month."""
    return f"period:{rule_id}:{month.text}"


def difference(
    key: str, stand: Mapping[str, bytes], found: Iterable[Alert], revision: int
) -> list[AlertMessage]:
    """What to say, given what this key said and still stands (alert id → JSON of the alert)."""
    messages = []
    by_id = {alert.alert_id: alert for alert in found}
    for alert_id, alert in sorted(by_id.items()):
        if stand.get(alert_id) != _encode(alert):
            messages.append(_message(key, revision, alert_id, alert))
    gone = sorted(alert_id for alert_id in stand if alert_id not in by_id)
    return messages + [_message(key, revision, alert_id, None) for alert_id in gone]


def _message(key: str, revision: int, alert_id: str, alert: Alert | None) -> AlertMessage:
    return AlertMessage(
        key=key,
        revision=revision,
        alert_id=alert_id,
        status="withdrawn" if alert is None else "open",
        alert=alert,
        origin=Origin(),
    )
