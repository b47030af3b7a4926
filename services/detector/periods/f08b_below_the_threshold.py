"""F08b 临界规避: stays that crowd just below the review's threshold.

Predicate, of an institution's settled stays of a month (by their first day): those that cost at least 90 %
and less than 100 % of the threshold of its level (5,000 yuan at level 2, 10,000 at level 3; rule F08) are 10
or more, and more than twice as many as those from 80 % to below 90 %. Amount: of what the fund paid for
them, the share of those beyond twice.

Silent: half of them cost the same to the fen, or are paid at a fixed price (day surgery, single diseases:
med_type 26, 28). No level known, or one without a threshold: not judged.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class BelowTheThresholdParameters(Parameters):
    """Figures of rules.md F08b; the thresholds are F08's."""

    level_two: int = parameter(500_000, "fen", "二级机构前置审查线", "the threshold at level 2")
    level_three: int = parameter(1_000_000, "fen", "三级机构前置审查线", "the threshold at level 3")
    near: float = parameter(0.9, "1", "临界区间下界", "share of the threshold from which a stay is near it")
    below: float = parameter(0.8, "1", "对照区间下界", "share of the threshold where those to compare begin")
    times: float = parameter(2.0, "1", "临界人次与对照人次之比", "times as many near it as below")
    stays: int = parameter(10, "1", "临界区间住院人次下限", "stays near it")
    fixed_share: float = parameter(
        0.5, "1", "定额付费占比视为合理", "share at a fixed price that explains it"
    )


RULE = PeriodRule(
    id="F08b",
    title=Words("住院费用集中在审查线以下", "Stays crowd just below the review's threshold"),
    message=Words(
        "{institution_id} 在 {month} 有{near}人次住院费用在前置审查线{threshold}元的90%至100%之间，"
        "而80%至90%之间仅{below}人次，超出部分约涉及基金{amount}元。请核对有无拆分费用、规避审查。",
        "In {month} {near} stays at {institution_id} cost between 90 % and 100 % of the review's threshold "
        "of {threshold} yuan, and only {below} between 80 % and 90 %; about {amount} yuan of the fund lie "
        "above it. Were bills cut to stay below the review?",
    ),
    basis=("条例 38(一)", "条例 39(四)"),
    checks={"fixed_price": Words("按定额或单病种付费", "paid at a fixed price")},
    parameters=BelowTheThresholdParameters(),
    sql="f08b_below_the_threshold.sql",
    needs=(Need.WARDS,),
    subject="institution",
    identity=("institution_id", "month"),
    severity=3,
)
