"""Signs that a bed is empty while it is paid for (rules.md C01): from the bill of a stay and from rounds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from schemas.finding import Words
from services.detector.billing import Bill, Charge, count
from services.detector.facts import Fact, Kind
from services.detector.rule import Parameters, parameter
from services.detector.stays import FOREVER, Stay
from services.detector.view import PersonView

BED, NURSING = "01", "07"
TESTS = ("03", "04")
NO_TREATMENT = (BED, "02", NURSING, "12", "13", "14")
"""Charge types that say nothing of an order, a drug, an examination or a treatment."""
PAID_BY_THE_DAY = ("2105", "2114")
"""Paid by the bed day; hospice."""
LONG_CARE = ("F", "Z50")
"""Psychiatry and rehabilitation: days without a billed treatment are usual."""
REHABILITATION = "康复"
SLACK_DAYS = 1


@dataclass(frozen=True)
class WardSigns(Parameters):
    """Figures of rules.md C01 that its judge of one stay and its judge of the month both read."""

    table: ClassVar[str] = "C01"

    alert_score: int = parameter(4, "1", "报警分值", "score from which it is found")
    grave_score: int = parameter(6, "1", "高度可疑分值", "score from which it is graver")
    untreated_days: int = parameter(2, "d", "连续无诊疗天数", "full days in a row without treatment")
    untreated_weight: int = parameter(3, "1", "连续无诊疗的分值", "weight of days without treatment")
    uncared_weight: int = parameter(2, "1", "缺床位费或护理费的分值", "weight of bed days or nursing missing")
    untested_weight: int = parameter(2, "1", "全程无检查检验的分值", "weight of a stay without any test")
    visit_weight: int = parameter(3, "1", "住院期间外出就诊购药的分值", "weight of a visit inside the stay")
    screening_weight: int = parameter(
        1, "1", "主诊断为体检或开药的分值", "weight of a diagnosis of screening"
    )
    screening: tuple[str, ...] = parameter(
        ("Z00", "Z01", "Z02", "Z11", "Z12", "Z13", "Z760"),
        "1",
        "体检、开药主诊断（ICD-10前缀，无点）",
        "diagnoses of screening, by prefix without dots",
    )


class Sign(NamedTuple):
    """One sign, with what it weighs and where it was seen."""

    words: Words
    weight: int
    seen: list[str]


def full_days(view: PersonView, stay: Stay) -> range:
    """Local days between those of admission and discharge; none of an open stay."""
    if stay.is_open:
        return range(0)
    return range(view.calendar.day(stay.begin) + 1, view.calendar.day(stay.end))


def is_long_care(stay: Stay) -> bool:
    """Whether days without treatment are usual: paid by the day, hospice, psychiatry, rehabilitation."""
    return (
        stay.med_type.startswith(PAID_BY_THE_DAY)
        or stay.main_diagnosis.replace(".", "").startswith(LONG_CARE)
        or REHABILITATION in stay.attended_by[0]
    )


def is_screening(stay: Stay, diagnoses: tuple[str, ...]) -> bool:
    """Whether the principal diagnosis is among those of a check-up, a screening, or drugs alone."""
    return stay.main_diagnosis.replace(".", "").startswith(diagnoses)


def rounds(view: PersonView, stay: Stay) -> list[Fact]:
    """Inspections of a stay, those that lie inside it."""
    begin = view.calendar.day(stay.begin)
    end = FOREVER if stay.is_open else view.calendar.day(stay.end)
    return [
        fact
        for fact in view.history.encounter(stay.ref)
        if fact.kind == Kind.INSPECTION and begin <= view.calendar.day(fact.at) <= end
    ]


def days_of(
    view: PersonView, inspections: Iterable[Fact], result: str, *, at_night: bool | None = None
) -> set[int]:
    """Local days of rounds with a result; at_night: only of the night's rounds, or only of the others."""
    found = set()
    for fact in inspections:
        more = fact.detail.more
        if more.result == result and at_night in (None, more.method == "night"):
            found.add(view.calendar.day(fact.at))
    return found


def untreated(view: PersonView, bill: Bill, days: range, leave: set[int]) -> list[int]:
    """The longest run of days of a stay without an order, a drug, an examination or a treatment, less runs
    that a leave on record touches; none where such a line has no day."""
    treatments = [charge for charge in bill.charges if charge.line.category not in NO_TREATMENT]
    if not all(charge.at for charge in treatments):
        return []
    treated = {view.calendar.day(charge.at) for charge in treatments}
    runs: list[list[int]] = [[]]
    for day in days:
        if day in treated:
            runs.append([])
        else:
            runs[-1].append(day)
    excused = {day + shift for day in leave for shift in range(-SLACK_DAYS, SLACK_DAYS + 1)}
    return max((run for run in runs if excused.isdisjoint(run)), key=len, default=[])


def is_uncared(bill: Bill, days: range) -> bool:
    """Whether fewer bed days, or fewer days of nursing, were billed than the full days of a stay."""
    return any(count(_of(bill, category)) < len(days) for category in (BED, NURSING))


def is_untested(bill: Bill) -> bool:
    """Whether nothing was examined or tested."""
    return not any(_of(bill, category) for category in TESTS)


def _of(bill: Bill, category: str) -> list[Charge]:
    return [charge for charge in bill.charges if charge.line.category == category]
