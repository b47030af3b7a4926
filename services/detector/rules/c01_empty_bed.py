"""C01 挂床住院: a bed is paid for, and signs say that nobody lies in it.

Predicate: the weights of what is seen of one stay sum to four or more. From its bill, once it is closed and
has lines: no order, drug, examination or treatment on two full days in a row (3); fewer bed days or days of
nursing than full days (2); no examination or test at all (2). From elsewhere, at any time: an unexplained
visit or pharmacy swipe inside it, as A03 and A04 see them (3, from 50 km away 4); a principal diagnosis of
screening or drugs alone (1); not in bed at the night's round (5); absent by day without a leave (2).

Where days without a treatment are usual (paid by the bed day, hospice, psychiatry, rehabilitation) the bill
says nothing. Costs against the median of the class, and a bed with two patients, are judged by the month
(C01b).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from schemas.finding import Subject, Words
from services.detector.facts import LINED, OUTPATIENT, STAY_KINDS, Fact
from services.detector.history import Change, Ref
from services.detector.rule import Explanation, Finding, Rule, parameter
from services.detector.rules.a03_visit_inside_stay import VisitInsideStay
from services.detector.rules.a04_pharmacy_swipe_inside_stay import PharmacySwipeInsideStay
from services.detector.stays import Stay
from services.detector.view import PersonView, is_historical
from services.detector.wards import (
    Sign,
    WardSigns,
    days_of,
    full_days,
    is_long_care,
    is_screening,
    is_uncared,
    is_untested,
    rounds,
    untreated,
)

VISITS = (VisitInsideStay(), PharmacySwipeInsideStay())
HITS = 50
"""So many visits inside a stay are looked at, the first ones: one of them is enough."""


@dataclass(frozen=True)
class EmptyBedParameters(WardSigns):
    """Figures of rules.md C01 that one stay is judged by."""

    far_visit_weight: int = parameter(4, "1", "远处就诊购药的分值", "weight of a visit far away")
    far_km: float = parameter(50.0, "km", "远处的距离", "distance from the hospital that is far")
    night_weight: int = parameter(5, "1", "夜查不在床的分值", "weight of an empty bed at night")
    absent_weight: int = parameter(2, "1", "未请假离院的分值", "weight of being absent without leave")


class EmptyBed(Rule):
    """A stay in an empty bed."""

    id = "C01"
    title = Words("疑似挂床住院", "Suspected: a stay in an empty bed")
    message = Words(
        "{institution} 住院 {encounter}（{begin} 入院）有多项挂床迹象，合计{score}分：{signs_zh}。"
        "基金支付{amount}元。"
        "请核对患者是否实际住院。",
        "Stay {encounter} at {institution} (admitted {begin}) shows signs of an empty bed, {score} points: "
        "{signs_en}. The fund paid {amount} yuan. Was the patient there?",
    )
    basis = ("条例 38(一)",)
    checks = {
        "treatment_not_daily": Words(
            "按床日付费、精神、康复或安宁疗护", "paid by the bed day, psychiatry, rehabilitation or hospice"
        ),
        "on_leave": Words("请假离院有记录", "a leave on record"),
        "lines_not_uploaded": Words("费用尚未上传", "lines that are not uploaded yet"),
    }
    watches = STAY_KINDS | OUTPATIENT
    window_days = 60
    inside = True
    parameters = EmptyBedParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        for stay in view.stays if refs is None else self._asked(view, set(refs)):
            yield from self._stay(view, stay)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """A visit counts for the stay that it lies in."""
        for fact in (*change.before, *change.after):
            if fact.kind in OUTPATIENT and view.may_be_inside(fact.at):
                for stay in view.stays:
                    if stay.begin <= fact.at <= stay.end:
                        yield stay.ref

    def _asked(self, view: PersonView, refs: set[Ref]) -> list[Stay]:
        """Stays asked about, or with a visit that is."""
        facts = view.facts_of(refs)
        visits = [fact.at for fact in facts if fact.kind in OUTPATIENT and view.may_be_inside(fact.at)]
        if not visits and not any(fact.kind in STAY_KINDS for fact in facts):
            return []
        return [
            stay
            for stay in view.stays
            if stay.ref in refs or any(stay.begin <= at <= stay.end for at in visits)
        ]

    def _stay(self, view: PersonView, stay: Stay) -> Iterator[Finding]:
        inspections = rounds(view, stay)
        leave = days_of(view, inspections, "on_leave")
        nights = days_of(view, inspections, "absent", at_night=True) - leave
        figures = self.parameters
        signs: list[Sign] = []
        if nights:
            signs.append(Sign(AT_NIGHT, figures.night_weight, _dates(view, nights)))
        absent = days_of(view, inspections, "absent", at_night=False) - leave
        if absent:
            signs.append(Sign(ABSENT, figures.absent_weight, _dates(view, absent)))
        if is_screening(stay, figures.screening):
            signs.append(Sign(SCREENING, figures.screening_weight, [stay.main_diagnosis]))
        visit = self._visit(view, stay)
        if visit is not None:
            fact, weight = visit
            signs.append(Sign(ELSEWHERE, weight, [view.text(fact.at) or "", fact.institution]))
        has_usual_bill = not stay.is_open and not is_long_care(stay)
        if has_usual_bill:
            signs += self._bill_signs(view, stay, leave)
        score = sum(sign.weight for sign in signs)
        if score < figures.alert_score:
            return
        severity = 1 if nights else 2 if score >= figures.grave_score else 3
        explanations = [
            *([Explanation("on_leave", False)] if not leave else []),
            *([Explanation("treatment_not_daily", False)] if has_usual_bill else []),
            Explanation(
                "lines_not_uploaded", False if has_usual_bill and view.bill(stay.ref).charges else None
            ),
        ]
        yield self._finding(view, stay, severity, score, signs, explanations, visit[0] if visit else None)

    def _bill_signs(self, view: PersonView, stay: Stay, leave: set[int]) -> Iterator[Sign]:
        """What the bill of a closed stay says; a bill without lines says nothing."""
        if not any(fact.flags & LINED for fact in view.encounter(stay.ref)):
            return
        bill, days, figures = view.bill(stay.ref), full_days(view, stay), self.parameters
        if not bill.charges or not days or not all(charge.line.category for charge in bill.charges):
            return
        run = untreated(view, bill, days, leave)
        if len(run) >= figures.untreated_days:
            yield Sign(UNTREATED, figures.untreated_weight, _dates(view, {run[0], run[-1]}))
        if not leave and is_uncared(bill, days):
            yield Sign(UNCARED, figures.uncared_weight, [])
        if is_untested(bill):
            yield Sign(UNTESTED, figures.untested_weight, [])

    def _visit(self, view: PersonView, stay: Stay) -> tuple[Fact, int] | None:
        """An unexplained visit or swipe inside a stay, and its weight: the first far away, else the first."""
        found: list[tuple[bool, tuple, Fact]] = []
        for rule in VISITS:
            for fact, _ in islice(rule.suspects(view, stay, None), HITS):
                distance = view.distance_km(stay.ref[0], fact.institution, fact.at)
                is_near = distance is None or distance < self.parameters.far_km
                found.append((is_near, fact.place, fact))
        if not found:
            return None
        is_near, _, fact = min(found)
        return fact, self.parameters.visit_weight if is_near else self.parameters.far_visit_weight

    def _finding(
        self,
        view: PersonView,
        stay: Stay,
        severity: int,
        score: int,
        signs: list[Sign],
        explanations: list[Explanation],
        visit: Fact | None,
    ) -> Finding:
        members = {stay.ref, *([(visit.institution, visit.encounter)] if visit else [])}
        begin = view.begun(stay.ref)
        return Finding(
            rule=self,
            about=("stay", stay.ref),
            members=sorted(members),
            severity=severity,
            subject=Subject("person", view.history.key),
            institutions=sorted({institution for institution, _ in members}),
            encounters=sorted({encounter for _, encounter in members}),
            settlements=sorted(fact.id for fact in stay.settlements),
            happened=begin,
            amount=stay.fund,
            values={
                "institution": stay.ref[0],
                "encounter": stay.ref[1],
                "begin": begin[:10],
                "score": score,
                "signs_zh": "、".join(sign.words.zh for sign in signs),
                "signs_en": ", ".join(sign.words.en for sign in signs),
            },
            evidence={
                "stay": view.stay_evidence(stay),
                "score": score,
                "signs": [{"sign": sign.words, "weight": sign.weight, "seen": sign.seen} for sign in signs],
                **({"visit": view.visit_evidence(visit)} if visit else {}),
            },
            explanations=explanations,
            historical=is_historical([*stay.facts, *([visit] if visit else [])]),
            place=stay.ref[0],
        )


AT_NIGHT = Words("夜查不在床", "not in bed at night")
ABSENT = Words("未请假离院", "absent without leave")
ELSEWHERE = Words("住院期间在外就诊或购药", "a visit or purchase elsewhere")
SCREENING = Words("主诊断为体检、筛查或仅开药", "a diagnosis of screening or drugs alone")
UNTREATED = Words("连续多日无医嘱、用药、检查或治疗", "days in a row without any treatment")
UNCARED = Words("床位费或护理费少于住院天数", "fewer bed days or days of nursing than days")
UNTESTED = Words("全程无检查检验", "no examination or test at all")


def _dates(view: PersonView, days: set[int]) -> list[str]:
    return [view.calendar.date_text(day) for day in sorted(days)]
