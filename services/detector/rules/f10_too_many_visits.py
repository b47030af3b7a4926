"""F10 高频门诊: out-patient visits far too often.

Predicate: ten or more out-patient encounters of one person in a calendar month, or encounters at four or
more institutions, or four or more of one amount at even distances. Courses of treatment are not counted:
dialysis, rehabilitation, chemo- and radiotherapy, rabies vaccination, told by diagnosis or med_type, and
items with a course (course_days) or of one-to-one therapy (minutes) in limits.csv.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import pvariance
from typing import NamedTuple

from schemas.finding import Subject, Words
from schemas.moments import DAY
from services.detector.encounters import Encounter
from services.detector.facts import Fact, Kind
from services.detector.history import Change, Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import LOCAL_DAY, crowd, month_of, month_text, on_days, refs_of

VISITS = frozenset((Kind.VISIT,))
DIALYSIS_TYPE = "140201"
FORMS = {
    "visits": Words("次数过多", "too many visits"),
    "institutions": Words("机构过多", "too many institutions"),
    "regular": Words("间隔均匀且金额相同", "even distances and equal amounts"),
}


@dataclass(frozen=True)
class TooManyVisitsParameters(Parameters):
    """Figures of rules.md F10."""

    visits: int = parameter(10, "1", "月就诊次数下限", "visits in a month")
    institutions: int = parameter(4, "1", "月就诊机构数下限", "institutions in a month")
    regular_visits: int = parameter(4, "1", "规律就诊的次数下限", "visits that can show a pattern")
    regular_variance: float = parameter(
        0.05, "d²", "规律就诊间隔的方差上限", "variance of the distances that makes a pattern"
    )
    courses: tuple[str, ...] = parameter(
        ("Z49", "Z50", "Z51", "Z20.3", "Z203", "Z24.2", "Z242"),
        "1",
        "疗程治疗的诊断",
        "beginnings of diagnoses of courses of treatment",
    )


class Visit(NamedTuple):
    """An out-patient encounter: the day it begins, fen in all and from the fund."""

    day: int
    ref: Ref
    total: int
    fund: int
    facts: list[Fact]


class TooManyVisits(Rule):
    """Out-patient visits of a month."""

    id = "F10"
    phase = "post"
    title = Words("高频门诊", "Too many out-patient visits")
    message = Words(
        "同一参保人{month}在{institutions}家机构门诊{count}次（{forms_zh}），其中超出部分基金支付{amount}元。"
        "请核对诊疗必要性及是否本人就诊。",
        "The same insured person had {count} out-patient visits in {month} (institutions: {institutions}; "
        "{forms_en}); the fund paid {amount} yuan for what lies beyond. Was it needed, and was it the "
        "insured person?",
    )
    basis = ("条例 38(二)", "条例 41(一)")
    checks = {
        "course": Words("透析、放化疗、康复理疗等疗程治疗", "a course of dialysis, chemotherapy or therapy")
    }
    watches = VISITS | {Kind.FEE_LINES}
    window_days = 31
    parameters: TooManyVisitsParameters = TooManyVisitsParameters()

    @property
    def within(self) -> int | None:
        """Another visit lies in the same month, unless one alone is too many."""
        return 31 * DAY + LOCAL_DAY if self._fewest > 1 else None

    @property
    def _fewest(self) -> int:
        figures = self.parameters
        return min(figures.visits, figures.institutions, figures.regular_visits)

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        for first in sorted({_month(view, fact) for fact in view.facts_of(refs) if fact.kind == Kind.VISIT}):
            yield from self._month(view, first)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """All visits of a month share a finding."""
        for first in {_month(view, f) for f in (*change.before, *change.after) if f.kind == Kind.VISIT}:
            # What goes may leave a pattern behind, so that the others are asked about as well.
            if crowd(view, *month_of(first)) >= self._fewest:
                yield from refs_of(on_days(view, *month_of(first), VISITS))

    def _month(self, view: PersonView, first: int) -> Iterator[Finding]:
        if crowd(view, *month_of(first)) < self._fewest:
            return
        refs = refs_of(on_days(view, *month_of(first), VISITS))
        if len(refs) < self._fewest:
            return
        begun = [visit for visit in (_visit(view, ref) for ref in refs) if month_of(visit.day)[0] == first]
        visits = sorted(visit for visit in begun if not self._is_course(view, visit))
        forms = self._forms(visits)
        if not forms:
            return
        institutions = sorted({visit.ref[0] for visit in visits})
        # rules.md §0.4, type 4: the whole amount of what goes beyond; where it is not the number, of all.
        beyond = visits[self.parameters.visits - 1 :] if forms == ["visits"] else visits
        facts = [fact for visit in visits for fact in visit.facts]
        yield Finding(
            rule=self,
            about=(view.history.key, month_text(first)),
            members=sorted(visit.ref for visit in visits),
            severity=3,
            subject=Subject("person", view.history.key),
            institutions=institutions,
            encounters=sorted({visit.ref[1] for visit in visits}),
            settlements=sorted({fact.id for fact in facts}),
            happened=view.calendar.text(visits[-1].facts[0].at),
            amount=sum(visit.fund for visit in beyond),
            values={
                "month": month_text(first),
                "count": len(visits),
                "institutions": len(institutions),
                "forms_zh": "、".join(FORMS[form].zh for form in forms),
                "forms_en": ", ".join(FORMS[form].en for form in forms),
            },
            evidence={
                "month": month_text(first),
                "forms": forms,
                "courses_left_out": len(begun) - len(visits),
                "settlements": [view.visit_evidence(fact) for fact in facts],
            },
            explanations=[Explanation("course", False)],
            historical=is_historical(facts),
            place=visits[-1].ref[0],
        )

    def _forms(self, visits: list[Visit]) -> list[str]:
        figures = self.parameters
        found = []
        if len(visits) >= max(1, figures.visits):
            found.append("visits")
        if len({visit.ref[0] for visit in visits}) >= max(1, figures.institutions):
            found.append("institutions")
        if len(visits) >= max(2, figures.regular_visits) and len({visit.total for visit in visits}) == 1:
            days = [visit.day for visit in visits]
            gaps = [later - earlier for earlier, later in pairwise(days)]
            if min(gaps) > 0 and pvariance(gaps) <= figures.regular_variance:
                found.append("regular")
        return found

    def _is_course(self, view: PersonView, visit: Visit) -> bool:
        if any(fact.med_type.startswith(DIALYSIS_TYPE) for fact in visit.facts):
            return True
        if any(code.startswith(self.parameters.courses) for code in Encounter(view, visit.ref).diagnoses):
            return True
        day = view.calendar.date_text(visit.day)
        limits = (view.registry.limit(line.code, day) for line in view.lines(visit.ref))
        return any(limit is not None and (limit.course_days or limit.minutes) for limit in limits)


def _visit(view: PersonView, ref: Ref) -> Visit:
    facts = [fact for fact in Encounter(view, ref).settlements if fact.kind == Kind.VISIT]
    return Visit(
        view.calendar.day(facts[0].at),
        ref,
        sum(fact.total for fact in facts),
        sum(max(0, fact.fund) for fact in facts),
        facts,
    )


def _month(view: PersonView, fact: Fact) -> int:
    return month_of(view.calendar.day(fact.at))[0]
