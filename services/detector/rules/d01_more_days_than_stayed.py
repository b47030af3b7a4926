"""D01 计费数量超住院天数: more days are billed than the patient stayed.

Predicate: of one code that is billed by the day, beds (01), consultations (02), nursing (07) and whatever
else has the day for its unit, the quantities of a closed stay sum to more than nights + 1 for a bed, the day
of leaving tolerated, and to more than days = nights + 1 for the others. Settlements in mid-stay are one bill.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from schemas.finding import Words
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, count, over
from services.detector.facts import STAY_KINDS, Line
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.stays import Stay
from services.detector.view import PersonView

BED = "01"
DAILY_CATEGORIES = (BED, "02", "07")
DAY_UNITS = ("日", "天", "床日", "day", "d")
BIRTH_TYPES = ("52",)
BIRTH_DIAGNOSES = ("O8",)


@dataclass(frozen=True)
class MoreDaysParameters(Parameters):
    """Figures of rules.md D01."""

    bed_tolerance_days: int = parameter(
        1, "1", "床位费可多于住院夜数的天数", "bed days that may be billed beyond the nights"
    )


class MoreDaysThanStayed(BillRule):
    """More days billed than stayed."""

    id = "D01"
    title = Words("计费数量超住院天数", "More days billed than stayed")
    message = Words(
        "{institution} 对住院 {encounter}（{nights}晚）的按日项目{code}收取{billed}日，最多应为{allowed}日，"
        "多出部分涉及{amount}元。请核对是否多记。",
        "{institution} billed {billed} days of {code} for stay {encounter} of {nights} nights, at most "
        "{allowed} would be expected; {amount} yuan are for what lies beyond. Were too many entered?",
    )
    basis = ("条例 38(三)",)
    checks = {
        "mother_and_newborn": Words("产妇与新生儿同住的床位", "beds of a mother and her newborn"),
        "companion": Words("陪护项目", "an item for the patient's companion"),
    }
    watches = STAY_KINDS
    parameters = MoreDaysParameters()

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        stay = bill.stay
        if stay is None or stay.is_open:
            return
        nights = view.calendar.day(stay.end) - view.calendar.day(stay.begin)
        for code, charges in sorted(bill.by_code.items()):
            daily = [charge for charge in charges if _is_daily(charge.line)]
            if not daily:
                continue
            is_bed = any(charge.line.category == BED for charge in daily)
            allowed = Decimal(nights + (self.parameters.bed_tolerance_days if is_bed else 1))
            billed = count(daily)
            if billed > allowed:
                yield Suspect(
                    about=(code,),
                    severity=1,
                    amount=over(daily, allowed),
                    values={
                        "code": code,
                        "nights": nights,
                        "billed": f"{billed:f}",
                        "allowed": f"{allowed:f}",
                    },
                    charges=daily,
                    explanations=_explanations(stay, daily, is_bed=is_bed),
                    evidence={"code": code, "stay": view.stay_evidence(stay)},
                )


def _is_daily(line: Line) -> bool:
    """Whether a line counts days."""
    unit = line.more.unit
    return unit in DAY_UNITS or (not unit and line.category in DAILY_CATEGORIES)


def _explanations(stay: Stay, daily: list[Charge], *, is_bed: bool) -> list[Explanation]:
    of_birth = stay.is_newborn or stay.med_type.startswith(BIRTH_TYPES)
    of_birth = of_birth or any(
        code.startswith(BIRTH_DIAGNOSES) for fact in stay.facts for code in fact.detail.diagnoses.split()
    )
    return [
        Explanation("mother_and_newborn", is_bed and of_birth),
        Explanation("companion", any(charge.line.more.companion for charge in daily)),
    ]
