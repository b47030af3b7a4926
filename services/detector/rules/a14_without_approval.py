"""A14 特殊门诊/慢特病资格: special or chronic out-patient care without the entitlement to it.

Predicate: a settlement of med_type 14… or 15 of a person whom no approval in force covers on that day for
the disease it names (for any disease, where it names none), or at an institution that scopes.csv does not
let settle this disease or med_type. Approvals or scopes that were never loaded say nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from schemas.finding import Subject, Words
from services.detector.facts import Fact, Kind
from services.detector.history import Ref
from services.detector.insured import Insured
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical

SPECIAL_TYPES = ("14", "15")
CITY_DIGITS = 4
"""Approvals are kept by the city (地市): the first four digits of a region code."""
FORMS = {
    "not_approved": Words("该参保人当日没有有效的待遇认定", "no approval of the insured person was in force"),
    "other_disease": Words(
        "该参保人的待遇认定不含此病种", "the insured person is approved for other diseases only"
    ),
    "not_offered": Words("该机构未开通此项服务", "the institution may not settle this service"),
}


@dataclass(frozen=True)
class WithoutApprovalParameters(Parameters):
    """Figures of rules.md A14."""

    renewal_days: int = parameter(
        30, "d", "认定到期续办的间隔", "gap between an approval and its renewal that is tolerated"
    )


class WithoutApproval(Rule):
    """Special care for whom, or where, nobody allowed it."""

    id = "A14"
    title = Words("特殊门诊/慢特病资格", "Special care without approval")
    message = Words(
        "{institution} {day}按门诊慢特病或特药（{service}）结算，{form_zh}，基金支付{amount}元。"
        "请核对待遇认定及定点范围。",
        "{institution} settled special or chronic out-patient care ({service}) on {day}: {form_en}; the fund "
        "paid {amount} yuan. Check the approval, and what the institution may settle.",
    )
    basis = ("条例 38(六)",)
    checks = {
        "renewed": Words("认定到期后已续办", "the approval was renewed shortly after"),
        "insured_elsewhere": Words(
            "异地参保，认定在参保地", "insured in another city, where approvals are kept"
        ),
    }
    watches = frozenset((Kind.VISIT,))
    window_days = 1
    tables = frozenset(("approvals", "scopes"))
    parameters: WithoutApprovalParameters = WithoutApprovalParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        for fact in view.facts_of(refs):
            if fact.med_type.startswith(SPECIAL_TYPES) and fact.kind == Kind.VISIT and view.is_visit(fact):
                yield from self._settlement(view, fact)

    def _settlement(self, view: PersonView, fact: Fact) -> Iterator[Finding]:
        day, disease = view.calendar.date_text(view.calendar.day(fact.at)), fact.detail.disease
        form, explanations = self._person(view, fact, day, disease)
        if not form or cleared(explanations):
            form, explanations = _place(view, fact, day, disease), []
        if not form:
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
                "institution": fact.institution,
                "day": day,
                "service": disease or fact.med_type,
                "form_zh": FORMS[form].zh,
                "form_en": FORMS[form].en,
            },
            evidence={
                "form": form,
                "disease_code": disease or None,
                "approved": sorted({row.disease_code for row in view.insured.approved(day)}),
                "visit": view.visit_evidence(fact),
            },
            explanations=explanations,
            historical=is_historical([fact]),
        )

    def _person(self, view: PersonView, fact: Fact, day: str, disease: str) -> tuple[str, list[Explanation]]:
        """(what the person lacks, what may explain it)."""
        if not view.registry.has("approvals"):
            return "", []
        insured = view.insured
        approved = insured.approved(day)
        if any(not disease or row.disease_code == disease for row in approved):
            return "", []
        explanations = [
            Explanation("renewed", self._is_renewed(insured, day, disease)),
            Explanation("insured_elsewhere", _insured_elsewhere(view, fact)),
        ]
        return "other_disease" if approved else "not_approved", explanations

    def _is_renewed(self, insured: Insured, day: str, disease: str) -> bool:
        rows = [row for row in insured.approvals if not disease or row.disease_code == disease]
        before = [_days(row.to, day) for row in rows if row.to and row.to < day]
        after = [_days(day, row.from_) for row in rows if row.from_ and row.from_ > day]
        gap = self.parameters.renewal_days
        return min(before, default=gap + 1) <= gap and min(after, default=gap + 1) <= gap


def _place(view: PersonView, fact: Fact, day: str, disease: str) -> str:
    """What the institution lacks."""
    allowed = [
        view.registry.scope(fact.institution, service, day) for service in (disease, fact.med_type) if service
    ]
    return "not_offered" if False in allowed else ""


def _insured_elsewhere(view: PersonView, fact: Fact) -> bool | None:
    """Whether the person is insured in another city; None where either region is not told."""
    detail, known = fact.detail, view.institution(fact.institution, fact.at)
    here = (known.region if known is not None else None) or detail.region
    there = detail.more.insured_region
    return here[:CITY_DIGITS] != there[:CITY_DIGITS] if here and there else None


def _days(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days
