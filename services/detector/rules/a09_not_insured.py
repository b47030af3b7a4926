"""A09 参保状态异常: settled while the insurance is paused, ended or not begun.

Predicate: the day the visit or stay begins lies outside the days the person is insured, or in an interval
of status.csv in which the insurance is suspended or terminated. An interval that says normal outweighs the
days: what was paid for afterwards counts. Nothing known of the insurance: no judgement.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.records import Person
from services.detector.facts import EMERGENCY, SETTLEMENTS, Fact, Kind
from services.detector.history import Ref
from services.detector.insured import age_in_days
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import begun

STATES = {
    "suspended": Words("参保待遇已暂停", "the benefits are suspended"),
    "terminated": Words("参保关系已终止", "the insurance is terminated"),
    "not_begun": Words("尚未参保", "the insurance has not begun"),
    "ended": Words("参保已停", "the insurance has ended"),
}


@dataclass(frozen=True)
class NotInsuredParameters(Parameters):
    """Figures of rules.md A09."""

    newborn_days: int = parameter(
        90, "d", "新生儿出生后补办参保的期限", "how long after its birth a newborn may be insured"
    )


class NotInsured(Rule):
    """A settlement of a visit on a day without insurance."""

    id = "A09"
    phase = "pre"
    title = Words("参保状态异常", "Settled while not insured")
    message = Words(
        "参保人在 {day} {state_zh}，{institution} 仍结算当日开始的就诊，基金支付{amount}元。"
        "请核对参保登记，是否补缴或转移接续。",
        "On {day} {state_en}, yet {institution} settled care that began on that day; the fund paid {amount} "
        "yuan. Check the registration: were contributions paid afterwards, or moved from elsewhere?",
    )
    basis = ("条例 38(六)",)
    checks = {
        "paid_afterwards": Words("补缴后已恢复待遇", "contributions were paid afterwards"),
        "newborn": Words("新生儿出生后补办参保", "a newborn that is insured after its birth"),
        "emergency": Words("急诊抢救", "an emergency"),
        "account_only": Words("仅使用个人账户", "paid from the personal account alone"),
    }
    watches = SETTLEMENTS | {Kind.ADMISSION}
    window_days = 1
    about_person = True
    parameters: NotInsuredParameters = NotInsuredParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        for fact in view.facts_of(refs):
            if fact.kind in SETTLEMENTS and view.is_settlement(fact):
                yield from self._settlement(view, fact)

    def _settlement(self, view: PersonView, fact: Fact) -> Iterator[Finding]:
        moment = begun(view, fact)
        if moment is None:
            return
        first = view.calendar.day(moment)
        day = view.calendar.date_text(first)
        person, standing = view.insured.person(day), view.insured.standing(day)
        outside = _outside(person, day)
        is_normal = standing is not None and standing.status == "normal"
        state = standing.status if standing is not None and not is_normal else outside
        if not state:
            return
        age = age_in_days(person, first)
        encounter = view.history.encounter((fact.institution, fact.encounter))
        explanations = [
            Explanation("paid_afterwards", is_normal),
            Explanation("newborn", None if age is None else age <= self.parameters.newborn_days),
            Explanation("emergency", any(other.flags & EMERGENCY for other in encounter)),
            Explanation("account_only", fact.fund <= 0 and fact.detail.account > 0),
        ]
        if cleared(explanations):
            return
        yield Finding(
            rule=self,
            about=((fact.institution, fact.id),),
            members=[(fact.institution, fact.encounter)],
            severity=2,
            subject=Subject("person", view.history.key),
            institutions=[fact.institution],
            encounters=[fact.encounter],
            settlements=[fact.id],
            happened=view.calendar.text(fact.at),
            amount=max(0, fact.fund),
            values={
                "day": day,
                "institution": fact.institution,
                "state_zh": STATES[state].zh,
                "state_en": STATES[state].en,
            },
            evidence={
                "state": state,
                "insured_from": person.insured_from if person is not None else None,
                "insured_to": person.insured_to if person is not None else None,
                "visit": view.visit_evidence(fact),
            },
            explanations=explanations,
            historical=is_historical([fact]),
        )


def _outside(person: Person | None, day: str) -> str:
    """How a day lies outside the insured days, "" when it does not. The last insured day is one of them."""
    if person is None:
        return ""
    if person.insured_from and day < person.insured_from:
        return "not_begun"
    return "ended" if person.insured_to and day > person.insured_to else ""
