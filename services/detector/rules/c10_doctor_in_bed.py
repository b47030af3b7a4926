"""C10 医师本人住院期间开单: a practitioner's number orders while the practitioner is an in-patient.

Predicate: the practitioner, by the own number as an insured person (table practitioners), is in a stay, and
visits of others name the practitioner at a time from six hours after the admission until two hours before the
discharge; where either shows no time of day, on a day between the two days. What goes on by itself in others'
stays (scheduled orders), what a pharmacy fills and what is given over the internet does not count. Severity
1 with orders at another institution than that of a stay that is over, else 2: at one's own hospital one may
order from bed, and a discharge may not be registered yet. The amount is what lies within policy of the
orders. A stay counts for sixty days: what lies open longer was not discharged in the books only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import HOUR
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.shared.history import Told
from services.detector.shared.practice import settlements_of
from services.detector.shared.registers import Bed, Orders
from services.detector.shared.view import SharedView, named
from services.detector.stays import FOREVER


@dataclass(frozen=True)
class DoctorInBedParameters(Parameters):
    """Figures of C10; those of the catalogue's A03."""

    hours_after_admission: float = parameter(
        6.0, "h", "入院后不计的时长", "time after the admission that is not looked at"
    )
    hours_before_discharge: float = parameter(
        2.0, "h", "出院前不计的时长", "time before the discharge that is not looked at"
    )


class DoctorInBed(Rule):
    """A practitioner orders while being an in-patient."""

    id = "C10"
    key = "practitioner"
    title = Words("医师住院期间开单", "Orders of a practitioner who is an in-patient")
    message = Words(
        "医师{practitioner}本人于{day}在{hospital}住院（就诊 {encounter}），其编码同日为{persons}名参保人"
        "开单，涉及医保范围内费用{amount}元。请核对是否冒用医师编码，或该医师挂床住院。",
        "Practitioner {practitioner} was an in-patient of {hospital} on {day} (encounter {encounter}), and "
        "the same number gave orders on that day (persons: {persons}); {amount} yuan within policy. Does "
        "somebody else use the number, or was the bed empty?",
    )
    basis = ("条例 38(一)", "条例 40(二)")
    checks = {
        "scheduled_orders": Words("长期医嘱自动延续", "scheduled orders that go on by themselves"),
        "not_in_person": Words("互联网诊疗或药店配药", "over the internet, or filled at a pharmacy"),
        "near_the_ends": Words("临近入院或出院时刻", "close to the admission or the discharge"),
    }
    watches = frozenset()
    window_days = 1
    parameters = DoctorInBedParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        beds = [bed for bed in view.of(Bed) if view.parts[0] in view.registry.practitioners_of(bed.person)]
        if not beds:
            return
        orders = [
            (bed, told)
            for told in view.of(Orders)
            if not told.entry.of_stay
            for bed in beds
            if told.person != bed.person and self._is_during(view, bed.entry, told.entry)
        ]
        explanations = [Explanation(name, False) for name in self.checks]
        if orders and not cleared(explanations):
            yield self._finding(view, orders, explanations)

    def _is_during(self, view: SharedView, bed: Bed, orders: Orders) -> bool:
        """Whether any of the orders was given while the bed should have been taken."""
        first = view.calendar.day(bed.at)
        last = FOREVER if bed.end >= FOREVER else view.calendar.day(bed.end)
        if bed.begin_is_date or bed.end_is_date or not orders.times:
            return first < view.day < last
        begin = bed.at + self.parameters.hours_after_admission * HOUR
        end = bed.end - self.parameters.hours_before_discharge * HOUR
        return any(begin <= at <= end for at in orders.times)

    def _finding(
        self, view: SharedView, pairs: list[tuple[Told, Told]], explanations: list[Explanation]
    ) -> Finding:
        practitioner = view.parts[0]
        beds = list({id(bed): bed for bed, _ in pairs}.values())
        orders = list({id(told): told for _, told in pairs}.values())
        is_elsewhere = any(
            bed.entry.end < FOREVER and bed.register.institution != told.register.institution
            for bed, told in pairs
        )
        bed = beds[0]
        return Finding(
            rule=self,
            about=(practitioner, view.day),
            severity=1 if is_elsewhere else 2,
            subject=Subject("practitioner", practitioner),
            settlements=settlements_of(orders),
            happened=view.text(orders[-1].entry.at),
            amount=sum(told.entry.covered for told in orders),
            values={
                "practitioner": practitioner,
                "day": view.date,
                "hospital": bed.register.institution,
                "encounter": bed.register.encounter,
                "persons": len({told.person for told in orders}),
            },
            evidence={
                "practitioner": practitioner,
                "day": view.date,
                "stays": [
                    view.evidence(one, end=None if one.entry.end >= FOREVER else view.text(one.entry.end))
                    for one in beds
                ],
                "orders": [
                    view.evidence(
                        told,
                        times=[view.calendar.text(at) for at in told.entry.times],
                        within_policy=yuan(told.entry.covered),
                    )
                    for told in orders
                ],
            },
            explanations=explanations,
            **named([*beds, *orders]),
        )
