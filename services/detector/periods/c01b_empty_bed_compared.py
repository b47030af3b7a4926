"""C01b 挂床住院（与同类、同床比较）: signs of an empty bed that only other stays show, added to those of C01.

Predicate, by stay that was admitted in the month and is over: its score by the weights of C01 is four or
more. Two signs are seen by comparison: on half of its full days or more the bill is below a fifth of what a
day costs at the median of its class (institutions of one kind and level; 20 stays of a quarter of a year)
(1); its bed is given to another person for more than 4 hours of it, as C02 sees it (3). With them count what
C01 sees by itself: two full days in a row without treatment (3), fewer bed days or days of nursing than full
days (2), no examination or test (2), a visit or purchase elsewhere that A03 or A04 found (3), a diagnosis of
screening or drugs alone (1). Rounds are C01's alone.

It speaks only where the comparison tells: where C01 is silent, or found it light (below six) and it is grave
with these signs (six or more, severity 2; else 3). The amount is what the fund paid for the stay.

Silent of the bill: paid by the bed day, hospice, psychiatry, rehabilitation; a line without a day or a charge
type. A leave on record explains days without treatment or nursing. Newborns and day surgery do not count.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import parameter
from services.detector.wards import WardSigns


@dataclass(frozen=True)
class EmptyBedComparedParameters(WardSigns):
    """Figures of rules.md C01 that a stay is compared by; all else is set for C01 and holds for both."""

    cost_share: float = parameter(0.2, "1", "与同类日均费用中位数之比下限", "of the usual cost of a day")
    cheap_share: float = parameter(0.5, "1", "低费用天数占比下限", "share of full days that cost less")
    class_stays: int = parameter(20, "1", "对照所需同类住院人次", "stays of its class to compare with")
    overlap_hours: float = parameter(4.0, "h", "同床重叠时长下限", "overlap of two persons in one bed")
    cheap_weight: int = parameter(1, "1", "日费用过低的分值", "weight of days that cost too little")
    shared_weight: int = parameter(3, "1", "一床多人的分值", "weight of a shared bed")


_ASK_ZH = "涉及基金{amount}元。请核对患者是否实际住院。"
_ASK_EN = "{amount} yuan of the fund. Was the patient there?"

RULE = PeriodRule(
    id="C01b",
    title=Words("疑似挂床住院（与同类、同床比较）", "Suspected: a stay in an empty bed, by comparison"),
    message=Words(
        "{institution_id}住院{encounter}（{admitted_on}入院）有多项挂床迹象，合计{score}分：{full_days}个整日中"
        "有{cheap_days}日费用不足同类日均中位数{usual}元的{cost_percent:g}%；" + _ASK_ZH,
        "Stay {encounter} at {institution_id} (admitted {admitted_on}) shows signs of an empty bed, {score} "
        "points: {cheap_days} of {full_days} full days cost less than {cost_percent:g}% of the usual {usual} "
        "yuan; " + _ASK_EN,
    ),
    variants={
        "bed": Words(
            "{institution_id}住院{encounter}（{admitted_on}入院）有多项挂床迹象，合计{score}分："
            "{bed}床同时登记给住院{other}；" + _ASK_ZH,
            "Stay {encounter} at {institution_id} (admitted {admitted_on}) shows signs of an empty bed, "
            "{score} points: bed {bed} is given to stay {other} at the same time; " + _ASK_EN,
        ),
        "both": Words(
            "{institution_id}住院{encounter}（{admitted_on}入院）有多项挂床迹象，合计{score}分："
            "{bed}床同时登记给住院{other}，{full_days}个整日中有{cheap_days}日费用不足同类日均中位数{usual}元的"
            "{cost_percent:g}%；" + _ASK_ZH,
            "Stay {encounter} at {institution_id} (admitted {admitted_on}) shows signs of an empty bed, "
            "{score} points: bed {bed} is given to stay {other} at the same time, and {cheap_days} of "
            "{full_days} full days cost less than {cost_percent:g}% of the usual {usual} yuan; " + _ASK_EN,
        ),
    },
    basis=("条例 38(一)",),
    checks={"on_leave": Words("请假离院有记录", "a leave on record")},
    parameters=EmptyBedComparedParameters(),
    sql="c01b_empty_bed_compared.sql",
    needs=(Need.WARDS,),
    subject="institution",
    identity=("institution_id", "encounter"),
    severity=3,
    stays_days=92,
)
