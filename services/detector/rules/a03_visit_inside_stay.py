"""A03 住院期间门诊结算: an out-patient settlement inside a stay.

Predicate: the visit's date lies strictly between the days of admission and discharge (an open stay has
no end). By the clock, and only at another institution, also from 6 h after admission to 2 h before
discharge.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import HOUR
from services.detector.facts import AT_DAY, EMERGENCY, Fact, Kind
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter, softened
from services.detector.stays import FOREVER, Stay
from services.detector.view import PersonView, is_historical

PLANNED = (2, 3)
"""er_flag 2 pre-operative out-patient check, 3 planned operation."""
SPECIAL_TYPES = ("140201", "15")
"""门诊特病 (dialysis, radio- and chemotherapy) and special drugs."""


@dataclass(frozen=True)
class InsideStayParameters(Parameters):
    """Figures of rules.md A03."""

    after_admission_hours: float = parameter(
        6.0, "h", "入院后多久起判", "judged from so long after admission"
    )
    before_discharge_hours: float = parameter(
        2.0, "h", "出院前多久止判", "judged until so long before discharge"
    )


class VisitInsideStay(Rule):
    """An out-patient settlement inside a stay."""

    id = "A03"
    title = Words("住院期间门诊结算", "Out-patient settlement during a stay")
    message = Words(
        "参保人在{stay_institution}住院期间（{stay_begin}入院），{at}在{institution}发生门诊结算，"
        "基金支付{amount}元。请核对是否外出检查、他人持卡，或住院费用分解到门诊。",
        "While in-patient at {stay_institution} (admitted {stay_begin}), the insured person was settled as "
        "out-patient at {institution} on {at}; the fund paid {amount} yuan. An examination outside, somebody "
        "else with the card, or in-patient costs moved to the out-patient account?",
    )
    basis = ("条例 38(一)", "条例 38(六)")
    checks = {
        "planned_before_operation": Words("术前门诊检查或择期手术", "a check before a planned operation"),
        "examination_outside": Words("委托外检", "an examination ordered outside"),
        "special_outpatient": Words("门诊特病治疗或特药", "special out-patient therapy or special drugs"),
        "family_account": Words("家庭共济账户支付", "paid from a relative's account"),
        "internet": Words("互联网诊疗", "an internet consultation"),
        "newborn_on_mothers_card": Words("新生儿随母住院", "a newborn on the mother's card"),
    }
    watches = frozenset((Kind.ADMISSION, Kind.DISCHARGE, Kind.INPATIENT, Kind.VISIT))
    window_days = 60
    inside = True
    lone_stays = False
    parameters: InsideStayParameters = InsideStayParameters()
    visits = Kind.VISIT

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        asked = None if refs is None else set(refs)
        if asked is not None and self._is_plainly_outside(view, asked):
            return
        for stay in view.stays:
            for fact, explanations in self.suspects(view, stay, asked):
                severity = self.severity(view, stay, fact)
                yield self._suspect(view, stay, fact, severity, explanations)

    def _is_plainly_outside(self, view: PersonView, asked: set[Ref]) -> bool:
        """Whether only visits are asked about, and none of them can lie in a stay."""
        return all(
            fact.kind == self.visits and not view.may_be_inside(fact.at) for fact in view.facts_of(asked)
        )

    def suspects(
        self, view: PersonView, stay: Stay, asked: set[Ref] | None
    ) -> Iterator[tuple[Fact, list[Explanation]]]:
        """Visits inside a stay that nothing explains: all of them, or only those asked about."""
        for fact in self._candidates(view, stay, asked):
            if self._is_inside(view, stay, fact):
                explanations = self.explanations(view, stay, fact)
                if not cleared(explanations):
                    yield fact, explanations

    def _candidates(self, view: PersonView, stay: Stay, asked: set[Ref] | None) -> Iterator[Fact]:
        """Visits that may lie inside a stay: all of them, or only those asked about."""
        if asked is None or stay.ref in asked:
            facts: Iterable[Fact] = view.between(stay.begin, min(stay.end, FOREVER))
        else:
            facts = [fact for fact in view.facts_of(asked) if stay.begin <= fact.at <= stay.end]
        return (fact for fact in facts if fact.kind == self.visits)

    def _is_inside(self, view: PersonView, stay: Stay, fact: Fact) -> bool:
        if not view.is_visit(fact) or (fact.institution, fact.encounter) == stay.ref:
            return False
        day = view.calendar.day(fact.at)
        after_admission = view.calendar.day(stay.begin) < day
        if after_admission and (stay.is_open or day < view.calendar.day(stay.end)):
            return True
        if fact.institution == stay.ref[0] or fact.flags & AT_DAY or stay.begin_is_date or stay.end_is_date:
            return False
        figures = self.parameters
        return (
            fact.at >= stay.begin + figures.after_admission_hours * HOUR
            and fact.at <= stay.end - figures.before_discharge_hours * HOUR
        )

    def explanations(self, view: PersonView, stay: Stay, fact: Fact) -> list[Explanation]:
        """What may explain a visit inside a stay."""
        detail = fact.detail
        sent_out = any(
            settlement.detail.external_institution == fact.institution for settlement in stay.settlements
        )
        return [
            Explanation("planned_before_operation", detail.emergency in PLANNED),
            Explanation("examination_outside", sent_out or detail.external_institution == stay.ref[0]),
            Explanation("special_outpatient", fact.med_type.startswith(SPECIAL_TYPES)),
            Explanation("family_account", detail.family > 0),
            Explanation("internet", detail.channel == "internet"),
            Explanation("newborn_on_mothers_card", stay.is_newborn),
        ]

    def severity(self, view: PersonView, stay: Stay, fact: Fact) -> int:
        """2 when the fund paid, or in the same institution; 3 when only the account did."""
        account_only = fact.fund <= 0 and fact.detail.account > 0
        grave = fact.fund > 0 or (fact.institution == stay.ref[0] and not account_only)
        return softened(2 if grave else 3, emergency=bool(fact.flags & EMERGENCY))

    def _suspect(
        self, view: PersonView, stay: Stay, fact: Fact, severity: int, explanations: list[Explanation]
    ) -> Finding:
        ref = (fact.institution, fact.encounter)
        return Finding(
            rule=self,
            about=("stay", stay.ref, "settlement", (fact.institution, fact.id)),
            members=[stay.ref, ref],
            severity=severity,
            subject=Subject("person", view.history.key),
            institutions=sorted({stay.ref[0], fact.institution}),
            encounters=[member[1] for member in sorted({stay.ref, ref})],
            settlements=[fact.id],
            happened=view.calendar.text(fact.at),
            amount=max(0, fact.fund),
            values={
                "stay_institution": stay.ref[0],
                "stay_begin": view.calendar.date_text(view.calendar.day(stay.begin)),
                "institution": fact.institution,
                "at": view.calendar.date_text(view.calendar.day(fact.at)),
            },
            evidence={"stay": view.stay_evidence(stay), "visit": view.visit_evidence(fact)},
            explanations=explanations,
            historical=is_historical([*stay.facts, fact]),
            place=fact.institution,
        )
