"""D02 单日超时: more hours of one service on a day than the day has.

Predicate: the hours of one code on one local day, across institutions, sum to more than 24. Hours are lines
whose unit is the hour, or that name no unit where the registry says that the code is billed by the hour. A
line of more than 24 that the days of its stay could hold was entered for several days: it is asked to be
split (severity 3, nothing suspected), unless the rest of the day is too much already.
"""

from dataclasses import dataclass
from decimal import Decimal

from schemas.finding import Words
from services.detector.bill_rule import DayRule, Suspect
from services.detector.billing import Bill, Charge, count, over
from services.detector.facts import Line
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView

HOUR_UNITS = ("小时", "时", "h", "hour")


@dataclass(frozen=True)
class MoreHoursParameters(Parameters):
    """Figures of rules.md D02."""

    hours: float = parameter(24.0, "h", "一日最多小时数", "hours that a day has at most")


class MoreHoursThanADay(DayRule):
    """More hours than a day has."""

    id = "D02"
    title = Words("单日计时项目超二十四小时", "More hours than a day has")
    message = Words(
        "{day}，计时项目{code}共收取{billed}小时，超过一日{allowed}小时；涉及{amount}元。{advice_zh}",
        "On {day}, {billed} hours of {code} were billed, more than the {allowed} of a day; {amount} yuan. "
        "{advice_en}",
    )
    basis = ("条例 38(三)", "条例 40(三)")
    checks = {
        "times_not_hours": Words("按次而非按小时计费", "billed by the time, not by the hour"),
        "entered_for_several_days": Words("多日合并为一行上传", "several days entered in one line"),
    }
    parameters = MoreHoursParameters()

    def concerns(self, view: PersonView, line: Line) -> bool:
        unit = line.packed_more.unit if line.packed_more else ""
        if unit:
            return unit in HOUR_UNITS
        limit = view.registry.limit(line.code)
        return limit is not None and limit.hourly

    def may_be_much(self, view: PersonView, code: str, charges: list[Charge]) -> bool:
        if not any(self.concerns(view, charge.line) for charge in charges):
            return False
        return count(charges) > Decimal(str(self.parameters.hours))

    def day_suspect(
        self, view: PersonView, code: str, day: int, charges: list[tuple[Bill, Charge]]
    ) -> Suspect | None:
        allowed = Decimal(str(self.parameters.hours))
        hours = [charge for _, charge in charges]
        billed = count(hours)
        if billed <= allowed:
            return None
        rest = [charge for bill, charge in charges if not self._may_be_of_several_days(view, bill, charge)]
        is_to_split = len(rest) < len(hours) and count(rest) <= allowed
        advice = SPLIT if is_to_split else CHECK
        return Suspect(
            about=(),
            severity=3 if is_to_split else 1,
            amount=0 if is_to_split else over(hours, allowed),
            values={
                "billed": f"{billed:f}",
                "allowed": f"{self.parameters.hours:g}",
                "advice_zh": advice.zh,
                "advice_en": advice.en,
            },
            charges=hours,
            explanations=[
                Explanation("times_not_hours", False),
                # Where it holds, the finding only asks for the line to be split.
                *([] if is_to_split else [Explanation("entered_for_several_days", False)]),
            ],
        )

    def _may_be_of_several_days(self, view: PersonView, bill: Bill, charge: Charge) -> bool:
        """Whether a line holds more than a day, and no more than its stay's days."""
        allowed = Decimal(str(self.parameters.hours))
        stay = bill.stay
        if stay is None or charge.line.quantity <= allowed:
            return False
        if stay.is_open:
            return True
        days = view.calendar.day(stay.end) - view.calendar.day(stay.begin) + 1
        return charge.line.quantity <= allowed * days


CHECK = Words("请核对是否多记。", "Was too much entered?")
SPLIT = Words(
    "疑为多日合并为一行，请按日拆分后重新上传。", "Several days in one line? Please split it by days."
)
