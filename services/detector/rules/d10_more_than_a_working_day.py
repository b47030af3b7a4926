"""D10 人时不可能: one practitioner's one-to-one services take longer than a working day.

Predicate: over all institutions, the standard minutes of the one-to-one services (针灸, 推拿, 康复, 心理)
that name a practitioner on one local day, each times its quantity, are more than twelve hours. Services
without standard minutes (table limits) do not count; a code that no registration knows, where there are
registrations, is a department's. Severity 2; the amount is that share of what lies within policy that is
beyond (type 2). Two patients at once are not judged: a line names who ordered, and when, not who treated.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from schemas.finding import Subject, Words
from services.detector.billing import part
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.shared.history import Told
from services.detector.shared.practice import is_department, settlements_of
from services.detector.shared.registers import Entry, Orders, Service
from services.detector.shared.view import SharedView, named


@dataclass(frozen=True)
class MoreThanAWorkingDayParameters(Parameters):
    """Figures of the catalogue's D10."""

    hours: float = parameter(12.0, "h", "单日一对一治疗时长上限", "hours of one-to-one services a day")


class MoreThanAWorkingDay(Rule):
    """One practitioner, more hours of treatment than a day has."""

    id = "D10"
    key = "practitioner"
    phase = "post"
    title = Words("人时不可能", "More treatment than a day has hours")
    message = Words(
        "医师{practitioner}于{day}为{persons}名参保人开展一对一治疗，标准时长合计{hours:.1f}小时，超过{limit:g}小时；"
        "超出部分涉及{amount}元。请核对治疗是否真实完成。",
        "On {day} practitioner {practitioner} gave one-to-one treatments of {hours:.1f} standard hours to "
        "{persons} persons, more than {limit:g}; {amount} yuan are for what lies beyond. Were all given?",
    )
    basis = ("条例 40(三)",)
    checks = {
        "department_code": Words("科室公用编码", "a department's code"),
    }
    watches = frozenset()
    window_days = 1
    parameters = MoreThanAWorkingDayParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        news = view.news_of(self.id)
        if news is not None and not any(_is_timed(view, entry) for entry in news):
            return
        timed = [
            (told, service, minutes)
            for told in view.of(Orders)
            for service in told.entry.services
            if (minutes := _minutes(view, service))
        ]
        minutes = sum((minutes for _, _, minutes in timed), Decimal(0))
        if minutes <= Decimal(str(self.parameters.hours)) * 60:
            return
        explanations = [Explanation("department_code", is_department(view))]
        if not cleared(explanations):
            yield self._finding(view, timed, minutes, explanations)

    def _finding(
        self,
        view: SharedView,
        timed: list[tuple[Told, Service, Decimal]],
        minutes: Decimal,
        explanations: list[Explanation],
    ) -> Finding:
        practitioner = view.parts[0]
        orders = list({id(told): told for told, _, _ in timed}.values())
        allowed = Decimal(str(self.parameters.hours)) * 60
        covered = sum(service.covered for _, service, _ in timed)
        values = {
            "practitioner": practitioner,
            "day": view.date,
            "persons": len({told.person for told in orders}),
            "hours": float(minutes / 60),
            "limit": self.parameters.hours,
        }
        return Finding(
            rule=self,
            about=(practitioner, view.day),
            severity=2,
            subject=Subject("practitioner", practitioner),
            settlements=settlements_of(orders),
            happened=view.text(orders[-1].entry.at),
            amount=part(covered, minutes - allowed, minutes),
            values=values,
            evidence={
                **values,
                "services": [
                    view.evidence(
                        told,
                        code=service.code,
                        quantity=f"{service.quantity:f}",
                        minutes=f"{minutes:f}",
                        within_policy=yuan(service.covered),
                    )
                    for told, service, minutes in timed
                ],
            },
            explanations=explanations,
            **named(orders),
        )


def _is_timed(view: SharedView, entry: Entry) -> bool:
    """Whether any of the services told of has standard minutes."""
    return isinstance(entry, Orders) and any(_minutes(view, service) for service in entry.services)


def _minutes(view: SharedView, service: Service) -> Decimal:
    """Standard minutes of a service as often as it was billed; 0 where none are known."""
    limit = view.registry.limit(service.code, view.date)
    if limit is None or not limit.minutes:
        return Decimal(0)
    return limit.minutes * service.quantity
