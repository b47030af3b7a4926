"""B03 同额聚集、刷空账户: a pharmacy's swipes of one amount, or of accounts until they are empty.

Predicate: on one local day at one pharmacy, 10 or more swipes of the same total, and these at least 30 % of
the day's swipes. Or 5 or more swipes that were paid from the personal account and left less than one yuan in
it; swipes that tell no balance do not count.

Silent: all of these swipes are of one and the same item (a fixed price, such as a test or a consultation).
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class EqualAmountsParameters(Parameters):
    """Figures of rules.md B03."""

    swipes: int = parameter(10, "1", "同额刷卡笔数下限", "swipes of one amount on a day")
    share: float = parameter(0.3, "1", "同额占当日刷卡比例下限", "their share of the day's swipes")
    emptied: int = parameter(5, "1", "刷空个人账户的笔数下限", "swipes of a day that empty the account")


RULE = PeriodRule(
    id="B03",
    title=Words("同额聚集刷卡", "Swipes of the same amount"),
    message=Words(
        "{institution_id}在{happened_on}刷卡{swipes}笔，其中{equal_swipes}笔金额同为{equal_amount}元"
        "（占{share:.0%}），涉及{persons}名参保人，共{equal_total}元（其中统筹基金{amount}元）。"
        "请核对是否真实购药，有无套现、串换。",
        "{institution_id} swiped cards {swipes} times on {happened_on}, {equal_swipes} of them for the same "
        "{equal_amount} yuan ({share:.0%}), {persons} persons in all: {equal_total} yuan, {amount} of them "
        "from the fund. Were medicines really sold, or cards cashed and goods exchanged?",
    ),
    variants={
        "emptied": Words(
            "{institution_id}在{happened_on}有{emptied_swipes}笔刷卡把个人账户刷空（余额不足1元），"
            "涉及{persons}名参保人，个人账户共支付{account_total}元（另有统筹基金{amount}元）。"
            "请核对是否真实购药，有无套现、串换。",
            "At {institution_id} {emptied_swipes} swipes of {persons} persons on {happened_on} left less "
            "than one yuan in the personal account; the accounts paid {account_total} yuan, the fund "
            "{amount}. Were medicines really sold, or cards cashed and goods exchanged?",
        )
    },
    basis=("条例 38(四)", "条例 40(一)"),
    checks={"fixed_price": Words("同一固定价格项目", "one item of a fixed price")},
    parameters=EqualAmountsParameters(),
    sql="b03_equal_amounts.sql",
    needs=(Need.PURCHASES,),
    subject="institution",
    identity=("institution_id", "happened", "form"),
    severity=2,
)
