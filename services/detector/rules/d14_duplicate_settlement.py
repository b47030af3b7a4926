"""D14 重复结算: what was settled is settled again under another number.

Predicate: two live settlements of one person at one institution whose visits begin within a minute of
each other, with the same non-empty set of lines, or the same total, date and diagnoses. A missing
diagnosis is no evidence.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.facts import AT_DAY, MID_STAY, SETTLEMENTS, Fact
from services.detector.pair_rule import PairRule
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView


@dataclass(frozen=True)
class DuplicateSettlementParameters(Parameters):
    """Figures of rules.md D14."""

    seconds: int = parameter(60, "s", "两次就诊开始时间的最大差", "how far apart the two visits begin")


class DuplicateSettlement(PairRule):
    """The same settlement twice under different numbers."""

    id = "D14"
    title = Words("疑似重复结算", "Suspected: settled twice")
    message = Words(
        "{institution} 将同一次就诊以 {settlements} 两个结算号各结算一次，其中一笔基金支付{amount}元。"
        "请核对是否应撤销其中一笔。",
        "{institution} settled what looks like one visit under two numbers, {settlements}; the fund paid "
        "{amount} yuan for one of them. Should one be cancelled?",
    )
    basis = ("细则 已结算费用再次结算", "条例 38(三)")
    checks = {
        "mid_stay": Words("住院中途结算", "a settlement in mid-stay"),
        "cancelled": Words("其中一笔已撤销", "one of the two was cancelled"),
    }
    watches = SETTLEMENTS
    window_days = 400
    parameters = DuplicateSettlementParameters()

    severity = 1

    def may_count(self, fact: Fact) -> bool:
        return fact.kind in SETTLEMENTS

    def alike(self, view: PersonView, one: Fact, other: Fact) -> bool:
        if not (view.is_settlement(one) and view.is_settlement(other)):
            return False
        same_day = view.calendar.day(one.at) == view.calendar.day(other.at)
        if (one.flags ^ other.flags) & AT_DAY and not same_day:
            return False
        if one.detail.lines_digest and one.detail.lines_digest == other.detail.lines_digest:
            return True
        return (
            one.total == other.total
            and bool(one.detail.diagnoses)
            and one.detail.diagnoses == other.detail.diagnoses
            and same_day
        )

    def explanations(self, first: Fact, second: Fact) -> list[Explanation]:
        return [
            Explanation("mid_stay", bool((first.flags | second.flags) & MID_STAY)),
            Explanation("cancelled", False),
        ]
