"""D10 人时不可能: one-to-one services of one practitioner that no day has room for, or two at once.

Predicate: over all institutions, the standard minutes of the one-to-one services (针灸, 推拿, 康复, 心理)
that name a practitioner on one local day, each times its quantity, are more than twelve hours. Services
without standard minutes (table limits) do not count; a code that no registration knows, where there are
registrations, is a department's. Severity 2; the amount is that share of what lies within policy that is
beyond (type 2).

Two patients at once: lines of two persons that name who treated, their times nearer than the shorter of the
two treatments lasts, less a tolerance: whether a line's time is its begin or its end, they overlap. Who only
ordered may order for many at a time, so a line counts that shows a time of day and a practitioner of its own,
whom no event of the encounter names as its doctor; lines of one second were entered together, and are one
treatment where they treat one person.
Severity 2; the amount is what lies within policy of the later ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from math import ceil
from typing import Any, NamedTuple

from schemas.finding import Subject, Words
from schemas.moments import SECOND
from services.detector.billing import part
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.shared.history import Told
from services.detector.shared.overlaps import Treatment, pairs, with_earlier, with_later
from services.detector.shared.practice import is_department, settlements_of
from services.detector.shared.registers import Entry, Orders, Service
from services.detector.shared.view import SharedView, named

SHOWN = 20
"""So many overlaps stand in the evidence, the first ones."""
SERVICES_SHOWN = 100
"""And so many services: more than an honest day has."""


@dataclass(frozen=True)
class MoreThanAWorkingDayParameters(Parameters):
    """Figures of the catalogue's D10."""

    hours: float = parameter(12.0, "h", "单日一对一治疗时长上限", "hours of one-to-one services a day")
    overlap_minutes: float = parameter(
        5.0, "min", "两名患者治疗时段重叠的容差", "overlap of two patients' treatments that is let pass"
    )


class Timed(NamedTuple):
    """A service with standard minutes, and the entry that tells it."""

    told: Told
    service: Service
    minutes: Decimal


class MoreThanAWorkingDay(Rule):
    """One practitioner, more treatment than a day has hours, or two patients at once."""

    id = "D10"
    key = "practitioner"
    phase = "post"
    title = Words("人时不可能", "More treatment than anyone has time for")
    message = Words(
        "医师（治疗师）{practitioner}于{day}的一对一治疗时间不合理：{what_zh}；疑似部分涉及{amount}元。请核对治疗记录、签到和治疗师排班。",
        "Practitioner {practitioner} on {day}: {what_en}; {amount} yuan are in doubt. Do treatment records, "
        "sign-ins and the rota show all of it?",
    )
    basis = ("条例 40(三)",)
    checks = {
        "department_code": Words("科室公用编码", "a department's code"),
        "ordered_only": Words("仅为开单医师，未必本人治疗", "who ordered, who need not have treated"),
        "entered_together": Words("同一秒批量录入", "entered together in one second"),
    }
    watches = frozenset()
    window_days = 1
    parameters = MoreThanAWorkingDayParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        news = view.news_of(self.id)
        if news is not None and not any(_is_timed(view, entry) for entry in news):
            return
        timed = [
            Timed(told, service, minutes)
            for told in view.of(Orders)
            for service in told.entry.services
            if (minutes := _minutes(view, service))
        ]
        department = Explanation("department_code", is_department(view))
        if not timed or department.holds:
            return
        yield from self._long_day(view, timed, department)
        yield from self._at_once(view, timed, department)

    def _long_day(self, view: SharedView, timed: list[Timed], department: Explanation) -> Iterator[Finding]:
        """More standard minutes than a working day has."""
        minutes = sum((one.minutes for one in timed), Decimal(0))
        allowed = Decimal(str(self.parameters.hours)) * 60
        if minutes <= allowed:
            return
        hours, limit = float(minutes / 60), self.parameters.hours
        persons = len({one.told.person for one in timed})
        covered = sum(one.service.covered for one in timed)
        yield self._finding(
            view,
            timed,
            about=(view.parts[0], view.day),
            amount=part(covered, minutes - allowed, minutes),
            what=Words(
                f"为{persons}名参保人开展一对一治疗，标准时长合计{hours:.1f}小时，超过{limit:g}小时",
                f"one-to-one treatments of {hours:.1f} standard hours for {persons} persons, more than "
                f"{limit:g}",
            ),
            evidence={"persons": persons, "hours": hours, "limit": limit},
            explanations=[department],
        )

    def _at_once(self, view: SharedView, timed: list[Timed], department: Explanation) -> Iterator[Finding]:
        """Two patients whose treatments overlap."""
        treatments = self._treatments(timed)
        later = with_earlier(treatments)
        if not later:
            return
        earlier = with_later(treatments)
        joined = [one for each in sorted({*earlier, *later}) for one in treatments[each]]
        persons = len({one.told.person for one in joined})
        times = sum(later.values())
        first = islice(pairs(treatments), SHOWN)
        yield self._finding(
            view,
            joined,
            about=("at_once", view.parts[0], view.day),
            amount=sum(one.service.covered for each in later for one in treatments[each]),
            what=Words(
                f"同一时段为不同参保人做一对一治疗{times}次，涉及{persons}人",
                f"two persons treated one-to-one at the same time (times: {times}, persons: {persons})",
            ),
            evidence={
                "persons": persons,
                "at_once": [[view.text(treatments[each][0].service.at) for each in pair] for pair in first],
            },
            explanations=[
                department,
                Explanation("ordered_only", False if all(one.service.treated for one in joined) else None),
                Explanation("entered_together", False),
            ],
        )

    def _treatments(self, timed: list[Timed]) -> dict[Treatment, list[Timed]]:
        """Services that tell when and by whom they were given; those that treat a person from one second on
        equally long are one treatment. The tolerance is taken off what each lasts."""
        slack = Decimal(str(self.parameters.overlap_minutes))
        treatments: dict[Treatment, list[Timed]] = defaultdict(list)
        for one in timed:
            lasts = ceil((one.minutes - slack) * 60)
            if one.service.at and one.service.treated is not False and lasts > 0:
                treatments[Treatment(one.service.at // SECOND, one.told.person, lasts)].append(one)
        return treatments

    def _finding(
        self,
        view: SharedView,
        timed: list[Timed],
        *,
        about: tuple,
        amount: int,
        what: Words,
        evidence: dict[str, Any],
        explanations: list[Explanation],
    ) -> Finding:
        orders = list({id(one.told): one.told for one in timed}.values())
        orders.sort(key=lambda told: told.entry.at)
        names = {"practitioner": view.parts[0], "day": view.date}
        return Finding(
            rule=self,
            about=about,
            severity=2,
            subject=Subject("practitioner", view.parts[0]),
            settlements=settlements_of(orders),
            happened=view.text(orders[-1].entry.at),
            amount=amount,
            values={**names, "what_zh": what.zh, "what_en": what.en},
            evidence={
                **names,
                **evidence,
                "services": [
                    view.evidence(
                        one.told,
                        code=one.service.code,
                        quantity=f"{one.service.quantity:f}",
                        minutes=f"{one.minutes:f}",
                        within_policy=yuan(one.service.covered),
                    )
                    for one in timed[:SERVICES_SHOWN]
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
