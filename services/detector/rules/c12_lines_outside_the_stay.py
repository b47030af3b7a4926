"""C12 入出院与费用日期不符: lines dated before the admission or after the discharge.

Predicate: a line of a stay is dated more than a day before the day of admission or more than a day after the
day of discharge. Examinations and tests of the days before the admission may be merged into the stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.finding import Words
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, base
from services.detector.facts import STAY_KINDS
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.stays import Stay
from services.detector.view import PersonView

EXAMINATIONS = ("03", "04")


@dataclass(frozen=True)
class OutsideTheStayParameters(Parameters):
    """Figures of rules.md C12."""

    days_before: int = parameter(1, "d", "入院前允许的天数", "days that a line may lie before the admission")
    days_after: int = parameter(1, "d", "出院后允许的天数", "days that a line may lie after the discharge")
    merged_days: int = parameter(
        3, "d", "入院前检查可并入住院的天数", "days before the admission of which examinations may be merged"
    )


class LinesOutsideTheStay(BillRule):
    """Lines dated outside their stay."""

    id = "C12"
    phase = "post"
    title = Words("入出院与费用日期不符", "Billed for days outside the stay")
    message = Words(
        "{institution} 住院 {encounter}（{begin} 至 {end}）中有{count}行费用发生在入院前或出院后，"
        "涉及{amount}元。"
        "请核对费用日期与是否确有该项服务。",
        "Lines of stay {encounter} at {institution} ({begin} to {end}) are dated before the admission or "
        "after the discharge (lines: {count}); {amount} yuan. Are the dates right, and was the service "
        "given?",
    )
    basis = ("条例 38(三)", "条例 40(三)")
    checks = {
        "examined_before_admission": Words(
            "入院前检查按规定并入住院", "examinations before the admission, merged into the stay"
        ),
    }
    watches = STAY_KINDS
    parameters = OutsideTheStayParameters()

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        stay = bill.stay
        if stay is None:
            return
        outside = [charge for charge in bill.charges if charge.at and self._is_outside(view, stay, charge)]
        if not outside:
            return
        odd = [charge for charge in outside if not self._is_merged(view, stay, charge)]
        yield Suspect(
            about=(),
            severity=2,
            amount=base(odd),
            values={
                "begin": view.calendar.date_text(view.calendar.day(stay.begin)),
                "end": "…" if stay.is_open else view.calendar.date_text(view.calendar.day(stay.end)),
                "count": len(odd),
            },
            charges=odd,
            explanations=[Explanation("examined_before_admission", not odd)],
            evidence={"stay": view.stay_evidence(stay)},
        )

    def _is_outside(self, view: PersonView, stay: Stay, charge: Charge) -> bool:
        day = view.calendar.day(charge.at)
        if day < view.calendar.day(stay.begin) - self.parameters.days_before:
            return True
        return not stay.is_open and day > view.calendar.day(stay.end) + self.parameters.days_after

    def _is_merged(self, view: PersonView, stay: Stay, charge: Charge) -> bool:
        """Whether it is an examination or test of the days before the admission that may be merged."""
        before = view.calendar.day(stay.begin) - view.calendar.day(charge.at)
        return charge.line.category in EXAMINATIONS and 0 < before <= self.parameters.merged_days
