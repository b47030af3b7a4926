"""A07 短时同额重复刷卡: the same person, institution and amount twice within a minute.

Predicate: two live settlements of one person at one institution with equal totals, at most 60 s apart by
the clock.
"""

from dataclasses import dataclass
from typing import Any

from schemas.finding import Words
from schemas.moments import SECOND
from services.detector.facts import AT_DAY, OUTPATIENT, Fact, Kind, yuan
from services.detector.pair_rule import PairRule
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView


@dataclass(frozen=True)
class RepeatedSwipeParameters(Parameters):
    """Figures of rules.md A07."""

    seconds: int = parameter(60, "s", "两次刷卡的最大间隔", "how far apart the two swipes are")


class RepeatedSwipe(PairRule):
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

    severity = 2

    def may_count(self, fact: Fact) -> bool:
        return fact.kind in OUTPATIENT and not fact.flags & AT_DAY

    def alike(self, view: PersonView, one: Fact, other: Fact) -> bool:
        return one.total == other.total and view.is_visit(one) and view.is_visit(other)

    def explanations(self, first: Fact, second: Fact) -> list[Explanation]:
        return [
            Explanation("other_prescription", _other_prescription(first, second)),
            Explanation("cancelled", False),
        ]

    def values(self, first: Fact, second: Fact) -> dict[str, Any]:
        return {"seconds": (second.at - first.at) // SECOND, "total": yuan(first.total)}


def _other_prescription(first: Fact, second: Fact) -> bool | None:
    """Two prescriptions for two diseases at a hospital; None when either is not named."""
    if first.kind == Kind.PHARMACY:
        return False
    one, other = first.detail, second.detail
    if not (one.prescription and other.prescription and one.disease and other.disease):
        return None
    return one.prescription != other.prescription and one.disease != other.disease
