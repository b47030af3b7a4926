"""A06 同日多机构就诊购药: settled at many institutions on one day.

Predicate: visits and purchases of one person on one local day at three or more institutions, or the same
ingredient bought at two or more pharmacies. A purchase on a prescription that a visit of the same day passed
on belongs to that visit and counts for neither. Two institutions on a day are common.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from services.detector.facts import OUTPATIENT, Fact, Kind
from services.detector.history import Change, Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import LOCAL_DAY, drugs_sold, lines_sold, on_days, refs_of


@dataclass(frozen=True)
class ManyInstitutionsParameters(Parameters):
    """Figures of rules.md A06."""

    institutions: int = parameter(3, "1", "同日机构数下限", "different institutions on a day")
    pharmacies: int = parameter(
        2, "1", "同日售出同一成分的药店数下限", "pharmacies that sell one ingredient on a day"
    )


class ManyInstitutions(Rule):
    """One person at many institutions on one day."""

    id = "A06"
    phase = "post"
    title = Words("同日多机构就诊购药", "At many institutions on one day")
    message = Words(
        "同一参保人{day}在{count}家机构（{institutions}）就诊购药{drugs_zh}，基金支付共{amount}元。"
        "疑似重复就诊购药或他人持卡，请核对是否本人、是否转诊。",
        "The same insured person was settled at {count} institutions ({institutions}) on {day}; "
        "the fund paid {amount} yuan.{drugs_en} Was it the insured person each time, or a referral?",
    )
    basis = ("条例 41(一)",)
    checks = {
        "prescription_passed_on": Words("转诊或处方流转", "a referral, or a prescription that was passed on")
    }
    watches = OUTPATIENT | {Kind.FEE_LINES}
    window_days = 1
    parameters: ManyInstitutionsParameters = ManyInstitutionsParameters()

    @property
    def within(self) -> int | None:
        """Another visit lies on the same day, unless one institution alone is too many."""
        return LOCAL_DAY if self._fewest > 1 else None

    @property
    def _fewest(self) -> int:
        return min(self.parameters.institutions, self.parameters.pharmacies)

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        days = {view.calendar.day(fact.at) for fact in view.facts_of(refs) if fact.kind in OUTPATIENT}
        for day in sorted(days):
            visits = list(on_days(view, day, day))
            if len({fact.institution for fact in visits}) >= self._fewest:
                yield from self._day(view, day, visits)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """All visits of a day share a finding."""
        for day in {view.calendar.day(fact.at) for fact in (*change.before, *change.after)}:
            yield from refs_of(on_days(view, day, day))

    def _day(self, view: PersonView, day: int, visits: list[Fact]) -> Iterator[Finding]:
        counted = [fact for fact in visits if not _is_passed_on(view, fact, visits)]
        drugs = self._drugs(view, counted)
        sellers = {(fact.institution, fact.id) for facts in drugs.values() for fact in facts}
        if len({fact.institution for fact in counted}) < self.parameters.institutions:
            counted = [fact for fact in counted if (fact.institution, fact.id) in sellers]
        if not counted:
            return
        institutions = sorted({fact.institution for fact in counted})
        members = refs_of(counted)
        zh, en = (between.join(sorted(drugs)) for between in ("、", ", "))
        yield Finding(
            rule=self,
            about=(view.history.key, day),
            members=members,
            severity=3,
            subject=Subject("person", view.history.key),
            institutions=institutions,
            encounters=sorted({encounter for _, encounter in members}),
            settlements=sorted({fact.id for fact in counted}),
            happened=view.calendar.text(counted[-1].at),
            amount=sum(max(0, fact.fund) for fact in counted),
            values={
                "day": view.calendar.date_text(day),
                "count": len(institutions),
                "institutions": institutions,
                "drugs_zh": f"，其中同一药品（{zh}）在多家药店购买" if drugs else "",
                "drugs_en": f" The same drug ({en}) was bought at several pharmacies." if drugs else "",
            },
            evidence={
                "day": view.calendar.date_text(day),
                "same_drugs": sorted(drugs),
                "settlements": [view.visit_evidence(fact) for fact in counted],
            },
            # What a prescription explains was left out before anything was counted.
            explanations=[Explanation("prescription_passed_on", False)],
            historical=is_historical(counted),
            place=counted[-1].institution,
        )

    def _drugs(self, view: PersonView, counted: list[Fact]) -> dict[str, list[Fact]]:
        """Ingredients that too many pharmacies sold, with the purchases."""
        sold: dict[str, list[Fact]] = {}
        purchases = [fact for fact in counted if fact.kind == Kind.PHARMACY]
        if len({fact.institution for fact in purchases}) < self.parameters.pharmacies:
            return {}
        for fact in purchases:
            for name in drugs_sold(view, fact):
                sold.setdefault(name, []).append(fact)
        return {
            name: facts
            for name, facts in sold.items()
            if len({fact.institution for fact in facts}) >= self.parameters.pharmacies
        }


def _is_passed_on(view: PersonView, fact: Fact, visits: list[Fact]) -> bool:
    """Whether a purchase fills a prescription of an earlier visit of the day."""
    if fact.kind != Kind.PHARMACY:
        return False
    earlier = [visit for visit in visits if visit.kind == Kind.VISIT and visit.at <= fact.at]
    if not earlier:
        return False
    prescription = fact.detail.prescription
    if prescription and any(visit.detail.prescription == prescription for visit in earlier):
        return True
    return any(line.more.external_prescription for line in lines_sold(view, fact))
