"""B02 夜间刷卡: swipes at night where nobody is open at night.

Predicate: at a pharmacy, clinic or village post that is not open at night, in one night (22:00–06:00, the
night belongs to the day it starts): at least 3 persons; or at least 20 % of the swipes from that morning to
the next, of 10 or more. Emergencies do not count, nor does what was settled before 22:00 and sent later: the
visit's own time counts. What shows no time of day is not judged.

Silent: open round the clock; an institution most of whose month lies at night (its clock is off by its time
zone).
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class NightSwipesParameters(Parameters):
    """Figures of rules.md B02."""

    night_from: int = parameter(22 * 60, "min", "夜间开始（零点起分钟数）", "minute of the day it begins")
    night_to: int = parameter(6 * 60, "min", "夜间结束（零点起分钟数）", "minute of the day it ends")
    persons: int = parameter(3, "1", "一夜参保人数下限", "different persons in a night")
    share: float = parameter(0.2, "1", "夜间刷卡占比下限", "share of a day's swipes at night")
    swipes: int = parameter(10, "1", "占比适用的刷卡数下限", "swipes from which the share counts")
    shifted_share: float = parameter(
        0.5,
        "1",
        "全月夜间占比达到此值视为时钟偏差",
        "share of a month at night that shows a wrong clock",
    )


RULE = PeriodRule(
    id="B02",
    title=Words("夜间集中刷卡", "Swipes at night"),
    message=Words(
        "{institution_id}在{night}夜间（22时至次日6时）为{persons}名参保人刷卡{night_swipes}笔，"
        "共{night_total}元（其中统筹基金{amount}元），当日共{swipes}笔。该机构未登记夜间营业，"
        "请核对是否本人到店。",
        "{institution_id} swiped cards {night_swipes} times for {persons} persons in the night of {night} "
        "(22:00 to 06:00), of {swipes} swipes that day: {night_total} yuan, {amount} of them from the fund. "
        "It is not registered as open at night: were the card holders there?",
    ),
    basis=("条例 40(一)",),
    checks={
        "open_24h": Words("登记为24小时营业", "registered as open round the clock"),
        "clock_shifted": Words("机构时钟或时区偏差", "the institution's clock is off"),
    },
    parameters=NightSwipesParameters(),
    sql="b02_night_swipes.sql",
    needs=(Need.CLOCKED,),
    subject="institution",
    identity=("institution_id", "night_day"),
    severity=2,
    lookback_days=1,
)
