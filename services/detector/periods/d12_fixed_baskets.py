"""D12 串换-套餐: the very same basket, again and again, at a round price.

Predicate, of a pharmacy's receipts of a month that itemise what was sold: one set of two codes or more is
sold 20 times or more, on 5 % or more of the receipts and for 10 % or more of the money; four in five receipts
that hold the rarest of its codes hold exactly this set; and four in five of them come to a multiple of ten
yuan, or the set holds what is no medical item (charge type 14).

Silent: its prices are what they are (a unit of every code of the set costs a multiple of ten yuan).

Severity 2; 1 where F02 finds in that month that the pharmacy's stock does not cover what it settled of one of
the codes.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods import f02_stock_does_not_cover
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class FixedBasketsParameters(Parameters):
    """Figures of rules.md D12."""

    times: int = parameter(20, "1", "同一组合每月销售次数下限", "times that a set is sold in a month")
    support: float = parameter(0.05, "1", "占销售笔数比例下限", "share of the receipts")
    confidence: float = parameter(0.8, "1", "组合置信度下限", "share of receipts with its rarest code")
    sales: float = parameter(0.1, "1", "占销售金额比例下限", "share of the money")
    round_fen: int = parameter(1_000, "fen", "整额的单位", "what a round sum is a multiple of")
    round_share: float = parameter(0.8, "1", "整额占比下限", "share of round sums")


RULE = PeriodRule(
    id="D12",
    title=Words("固定套餐反复销售", "The same basket again and again"),
    message=Words(
        "{institution_id} 在 {month} 以同一组合（{basket}）销售{times}次，占当月{share:.0%}笔，"
        "共{total}元（其中统筹基金{amount}元），{round}次为整额。请核对实际售出的商品，有无以药品名义串换。",
        "In {month} {institution_id} sold the very same set ({basket}) {times} times, {share:.0%} of its "
        "receipts: {total} yuan, {amount} of them from the fund; {round} came to a round sum. What was "
        "really handed out?",
    ),
    variants={
        "gap": Words(
            "{institution_id} 在 {month} 以同一组合（{basket}）销售{times}次，占当月{share:.0%}笔，"
            "共{total}元（其中统筹基金{amount}元），{round}次为整额；其中{gaps}的结算量超出库存（进销存不符）。"
            "请核对实际售出的商品和库存，有无以药品名义串换。",
            "In {month} {institution_id} sold the very same set ({basket}) {times} times, {share:.0%} of its "
            "receipts: {total} yuan, {amount} of them from the fund; {round} came to a round sum. Of {gaps} "
            "it settled more than it had in stock. What was really handed out? Compare with the shelves.",
        )
    },
    basis=("条例 38(四)",),
    checks={"round_prices": Words("各单品定价均为整额", "every item has a round price of its own")},
    parameters=FixedBasketsParameters(),
    sql="d12_fixed_baskets.sql",
    needs=(Need.LINES_SOLD, Need.PURCHASES),
    subject="institution",
    identity=("institution_id", "month", "basket"),
    severity=2,
    lookback_days=f02_stock_does_not_cover.RULE.lookback_days,
)
