"""A07 短时同额重复刷卡: the same person, institution and amount twice within a minute.

Predicate: two live settlements of one person at one institution with equal totals, at most 60 s apart by
the clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import SECOND
from services.detector.facts import AT_DAY, OUTPATIENT, Fact, Kind
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical


@dataclass(frozen=True)
class RepeatedSwipeParameters(Parameters):
    """Figures of rules.md A07."""

    seconds: int = parameter(60, "s", "两次刷卡的最大间隔", "how far apart the two swipes are")


class RepeatedSwipe(Rule):
    """The same amount swiped twice within a minute."""

    id = "A07"
    title = Words("短时同额重复刷卡", "Same amount swiped twice within a minute")
    message = Words(
        "同一参保人{seconds}秒内在 {institution} 两次结算相同金额{total}元（{settlements}），"
        "后一笔基金支付{amount}元。请核对是否重复刷卡或拆分套刷。",
        "The same insured person was settled twice within {seconds} s at {institution} for the same "
        "{total} yuan ({settlements}); the fund paid {amount} yuan for the later one. Swiped twice by "
        "mistake, or split on purpose?",
    )
    basis = ("条例 38(三)", "条例 40(三)")
    checks = {
        "other_prescription": Words("不同处方且不同病种", "another prescription and another disease"),
        "cancelled": Words("其中一笔已撤销", "one of the two was cancelled"),
    }
    watches = OUTPATIENT
    window_days = 1
    parameters = RepeatedSwipeParameters()

    @property
    def within(self) -> int:
        """How far apart two swipes may lie."""
        return self.parameters.seconds * SECOND

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        reach = self.parameters.seconds * SECOND
        seen: set[tuple] = set()
        for fact in view.facts_of(refs):
            if fact.kind not in OUTPATIENT or fact.flags & AT_DAY:
                continue
            for other in view.beside(fact, reach):
                pair = (fact.institution, *sorted((fact.id, other.id)))
                if pair in seen or other.total != fact.total:
                    continue
                if other.kind in OUTPATIENT and not other.flags & AT_DAY:
                    seen.add(pair)
                    yield from self._pair(view, *sorted((fact, other), key=lambda item: item.place))

    def _pair(self, view: PersonView, first: Fact, second: Fact) -> Iterator[Finding]:
        if not (view.is_visit(first) and view.is_visit(second)):
            return
        explanations = [
            Explanation("other_prescription", _other_prescription(first, second)),
            Explanation("cancelled", False),
        ]
        if cleared(explanations):
            return
        settlements = sorted((first.id, second.id))
        yield Finding(
            rule=self,
            about=tuple((first.institution, id) for id in settlements),
            members=sorted({(fact.institution, fact.encounter) for fact in (first, second)}),
            severity=2,
            subject=Subject("person", view.history.key),
            institutions=[first.institution],
            encounters=sorted({first.encounter, second.encounter}),
            settlements=settlements,
            happened=view.calendar.text(second.at),
            amount=max(0, second.fund),
            values={
                "institution": first.institution,
                "seconds": (second.at - first.at) // SECOND,
                "total": f"{first.total / 100:.2f}",
                "settlements": "、".join(settlements),
            },
            evidence={"settlements": [view.visit_evidence(first), view.visit_evidence(second)]},
            explanations=explanations,
            historical=is_historical([first, second]),
        )


def _other_prescription(first: Fact, second: Fact) -> bool | None:
    """Two prescriptions for two diseases at a hospital; None when either is not named."""
    if first.kind == Kind.PHARMACY:
        return False
    one, other = first.detail, second.detail
    if not (one.prescription and other.prescription and one.disease and other.disease):
        return None
    return one.prescription != other.prescription and one.disease != other.disease
