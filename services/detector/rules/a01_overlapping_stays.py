"""A01 跨机构重复住院: one person in-patient at two institutions at once.

Predicate: two in-patient stays of one person at different institutions overlap by more than 12 h by the
clock, or share at least one night where a bare date is involved. An open stay ends at +∞.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import HOUR
from services.detector.facts import EMERGENCY, Kind
from services.detector.history import Change, Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter, softened
from services.detector.stays import FOREVER, Overlap, Stay, pairs_of, stay_among
from services.detector.view import PersonView, is_historical

TRANSFERS = (2, 3)
"""离院方式 2 to another hospital, 3 to community or township."""
TRANSFER_TYPES = ("23", "24", "9925")
"""med_type of a stay that continues another: referred, emergency turned in-patient, transferred in."""
DAY_SURGERY = "28"
TREATMENT = "05"
CROWD = 8
"""Stays at once beyond which pairs are not judged again for one more: far above what one change moves."""
CROWD_SHARES = 48 * HOUR
"""Longer than any tolerance, and more than a night however it is read."""


@dataclass(frozen=True)
class OverlappingStaysParameters(Parameters):
    """Figures of rules.md A01."""

    tolerance_hours: float = parameter(12.0, "h", "允许的重叠时长", "overlap that is tolerated")
    long_hours: float = parameter(72.0, "h", "严重重叠时长", "overlap that makes it grave")
    transfer_hours: float = parameter(24.0, "h", "转院当日允许的重叠", "overlap allowed on a transfer")
    day_surgery_hours: float = parameter(24.0, "h", "日间手术最长时长", "longest day surgery")


class OverlappingStays(Rule):
    """Overlapping in-patient stays at different institutions."""

    id = "A01"
    title = Words("跨机构重复住院", "In-patient at two institutions at once")
    message = Words(
        "同一参保人在{first}住院期间又在{second}住院，重叠{overlap_zh}，涉及基金{amount}元。"
        "请核对两家机构的入出院记录，确认是否漏登出院、转院或他人冒用。",
        "The same insured person was in-patient at {first} and at {second} at once ({overlap_en}); "
        "{amount} yuan of fund money are concerned. Compare the admission and discharge records of both: "
        "a discharge not registered, a transfer, or somebody else using the card?",
    )
    basis = ("条例 15", "条例 38(六)", "条例 40(一)", "条例 41(二)", "细则 已结算费用再次结算")
    checks = {
        "same_day_transfer": Words("转院：出院登记指明转往另一家机构", "a transfer named at discharge"),
        "continued_stay": Words(
            "转诊、急诊转入等续接住院（24 小时内）", "a referred or transferred-in stay within 24 h"
        ),
        "newborn_on_mothers_card": Words("新生儿随母住院", "a newborn on the mother's card"),
        "day_surgery": Words("24 小时内的日间手术", "day surgery within 24 h"),
    }
    watches = frozenset((Kind.ADMISSION, Kind.DISCHARGE, Kind.INPATIENT, Kind.FEE_LINES))
    window_days = 60
    inside = True
    lone_stays = False
    parameters = OverlappingStaysParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        stays = view.stays
        if len(stays) < 2:
            return
        for one, other in pairs_of(stays, None if refs is None else set(refs)):
            finding = self._pair(view, one, other)
            if finding is not None:
                yield finding

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """A stay is the third of every pair that it overlaps; in a crowd every pair has others."""
        for facts in (change.before, change.after):
            stay = stay_among(change.ref, facts)
            if stay is None:
                continue
            beside = [
                other
                for other in view.stays
                if other.ref != stay.ref and Overlap(stay, other, view.calendar).exceeds(0)
            ]
            if not _is_crowd(beside):
                yield from (other.ref for other in beside)

    def _pair(self, view: PersonView, one: Stay, other: Stay) -> Finding | None:
        if one.ref[0] == other.ref[0]:
            return None
        overlap = Overlap(one, other, view.calendar)
        if not overlap.exceeds(self.parameters.tolerance_hours):
            return None
        first, second = sorted((one, other), key=lambda stay: (stay.begin, stay.ref))
        explanations = self._explanations(view, first, second, overlap)
        if cleared(explanations):
            return None
        return self._finding(view, first, second, overlap, explanations)

    def _explanations(
        self, view: PersonView, first: Stay, second: Stay, overlap: Overlap
    ) -> list[Explanation]:
        figures = self.parameters
        return [
            Explanation("same_day_transfer", _transferred(first, second) or _transferred(second, first)),
            Explanation(
                "continued_stay",
                second.med_type.startswith(TRANSFER_TYPES)
                and (overlap.nights <= 1 if overlap.by_dates else overlap.hours <= figures.transfer_hours),
            ),
            Explanation("newborn_on_mothers_card", newborn(view, first, second)),
            Explanation("day_surgery", any(self._is_day_surgery(stay) for stay in (first, second))),
        ]

    def _is_day_surgery(self, stay: Stay) -> bool:
        return (
            stay.med_type.startswith(DAY_SURGERY)
            and stay.end - stay.begin <= self.parameters.day_surgery_hours * HOUR
        )

    def _finding(
        self, view: PersonView, first: Stay, second: Stay, overlap: Overlap, explanations: list[Explanation]
    ) -> Finding:
        involved = [*first.facts, *second.facts]
        return Finding(
            rule=self,
            about=tuple(sorted((first.ref, second.ref))),
            members=sorted((first.ref, second.ref)),
            severity=self._severity(view, first, second, overlap),
            subject=Subject("person", view.history.key),
            institutions=sorted({first.ref[0], second.ref[0]}),
            encounters=[ref[1] for ref in sorted((first.ref, second.ref))],
            settlements=sorted({fact.id for fact in (*first.settlements, *second.settlements)}),
            happened=view.calendar.text(second.begin),
            amount=self._amount(view, first, second, overlap),
            values={"first": first.ref[0], "second": second.ref[0], **overlap_words(overlap)},
            evidence={
                "stays": [view.stay_evidence(first), view.stay_evidence(second)],
                "overlap_hours": None if overlap.by_dates or overlap.end >= FOREVER else overlap.hours,
                "overlap_nights": overlap.nights if overlap.by_dates and overlap.end < FOREVER else None,
            },
            explanations=explanations,
            historical=is_historical(involved),
            place=second.ref[0],
        )

    def _severity(self, view: PersonView, first: Stay, second: Stay, overlap: Overlap) -> int:
        """3 while the first stay has no live discharge or both belong to one group; 1 for 72 h or a
        third stay at the same time; else 2. An emergency lowers it."""
        if first.is_open or view.same_group(first.ref[0], second.ref[0], second.begin):
            return 3
        grave = overlap.reaches(self.parameters.long_hours) or self._third(view, first, second)
        emergency = any(fact.flags & EMERGENCY for fact in (*first.facts, *second.facts))
        return softened(1 if grave else 2, emergency=emergency)

    def _third(self, view: PersonView, first: Stay, second: Stay) -> bool:
        tolerance = self.parameters.tolerance_hours
        return any(
            Overlap(third, first, view.calendar).exceeds(tolerance)
            and Overlap(third, second, view.calendar).exceeds(tolerance)
            for third in view.stays
            if third.ref not in (first.ref, second.ref) and not third.is_newborn
        )

    def _amount(self, view: PersonView, first: Stay, second: Stay, overlap: Overlap) -> int:
        """Fund money of the less plausible stay: the one with fewer treatment lines, else the later.

        Where its lines are dated, only those inside the overlap count, by their covered amounts, and
        never more than the fund paid for the stay.
        """
        shared = {stay.ref: _inside(view, stay, overlap) for stay in (first, second)}
        treated = {
            ref: sum(1 for line in lines if line.category == TREATMENT) for ref, lines in shared.items()
        }
        doubtful = first if treated[first.ref] < treated[second.ref] else second
        covered = sum(_covered(line) for line in shared[doubtful.ref])
        if not covered:
            return doubtful.fund
        return min(covered, doubtful.fund) if doubtful.settlements else covered


def _is_crowd(stays: list[Stay]) -> bool:
    """Whether so many stays share so long a time that one more or less is never the only third."""
    adults = [stay for stay in stays if not stay.is_newborn]
    if len(adults) < CROWD:
        return False
    return min(stay.end for stay in adults) - max(stay.begin for stay in adults) > CROWD_SHARES


def _inside(view: PersonView, stay: Stay, overlap: Overlap) -> list:
    """Dated lines of a stay between the first and last moment of an overlap."""
    begin = view.calendar.midnight(view.calendar.day(overlap.begin)) if overlap.by_dates else overlap.begin
    return [line for line in view.lines(stay.ref) if line.at and begin <= line.at < overlap.end]


def _covered(line) -> int:
    return line.amount if line.covered is None else line.covered


def _transferred(one: Stay, other: Stay) -> bool:
    return one.discharge_way in TRANSFERS and one.transfer_to == other.ref[0]


def newborn(view: PersonView, first: Stay, second: Stay) -> bool | None:
    """Whether one of two stays is a newborn's on the mother's card."""
    if first.is_newborn or second.is_newborn:
        return True
    return view.insured.is_newborn(view.calendar.day(second.begin)) or False


def overlap_words(overlap: Overlap) -> dict[str, str]:
    """How long, in words."""
    if overlap.end >= FOREVER:
        return {"overlap_zh": "至今未出院", "overlap_en": "neither has a discharge so far"}
    if overlap.by_dates:
        return {"overlap_zh": f"{overlap.nights} 夜", "overlap_en": f"{overlap.nights} night(s)"}
    return {"overlap_zh": f"{overlap.hours:.1f}小时", "overlap_en": f"{overlap.hours:.1f} h"}
