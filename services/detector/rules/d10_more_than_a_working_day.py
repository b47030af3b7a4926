"""D10 人时不可能: one-to-one services of one practitioner that no day has room for, or two at once.

Predicate: over all institutions, the standard minutes of the one-to-one services (针灸, 推拿, 康复, 心理)
that name a practitioner on one local day, each times its quantity, are more than twelve hours. Services
without standard minutes (table limits) do not count; a code that no registration knows, where there are
registrations, is a department's. Severity 2; the amount is that share of what lies within policy that is
beyond (type 2).

Two patients at once: lines of two persons that name who treated, their times nearer than the shorter of the
two treatments lasts, less a tolerance: whether a line's time is its begin or its end, they overlap. Who only
ordered may order for many at a time, so a line counts that shows a time of day and a practitioner of its own,
whom no event of the encounter names as its doctor; lines written in one second were entered together.
Severity 2; the amount is what lies within policy of the later ones.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from schemas.finding import Subject, Words
from schemas.moments import MINUTE
from services.detector.billing import part
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.shared.history import Told
from services.detector.shared.practice import is_department, settlements_of
from services.detector.shared.registers import Entry, Orders, Service
from services.detector.shared.view import SharedView, named

SHOWN = 20
"""So many overlaps stand in the evidence."""


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
        pairs = list(
            self._overlapping([one for one in timed if one.service.treated is not False and one.service.at])
        )
        if not pairs:
            return
        joined = list({id(one.service): one for pair in pairs for one in pair}.values())
        later = {id(second.service): second for _, second in pairs}.values()
        persons = len({one.told.person for one in joined})
        yield self._finding(
            view,
            joined,
            about=("at_once", view.parts[0], view.day),
            amount=sum(one.service.covered for one in later),
            what=Words(
                f"同一时段为不同参保人做一对一治疗{len(pairs)}次，涉及{persons}人",
                f"two persons treated one-to-one at the same time, {len(pairs)} times, {persons} persons",
            ),
            evidence={
                "persons": persons,
                "at_once": [[view.text(one.service.at) for one in pair] for pair in pairs[:SHOWN]],
            },
            explanations=[
                department,
                Explanation("ordered_only", False if all(one.service.treated for one in joined) else None),
                Explanation("entered_together", False),
            ],
        )

    def _overlapping(self, treated: list[Timed]) -> Iterator[tuple[Timed, Timed]]:
        """Pairs of treatments of two persons that overlap, the earlier one first."""
        treated = sorted(treated, key=lambda one: (one.service.at, one.told.register.name))
        longest = max((one.minutes for one in treated), default=Decimal(0))
        slack = Decimal(str(self.parameters.overlap_minutes))
        for index, first in enumerate(treated):
            for second in islice(treated, index + 1, None):
                apart = Decimal(second.service.at - first.service.at) / MINUTE
                if apart >= longest:
                    break
                if not apart or first.told.person == second.told.person:
                    continue
                if apart + slack < min(first.minutes, second.minutes):
                    yield first, second

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
                    for one in timed
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
