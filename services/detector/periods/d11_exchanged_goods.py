"""D11 串换-价格: sold under a code at a price that is not this code's.

Predicate, of an institution's lines of a month: of a medicine or material (charge types 08 to 11) with 20
lines or more at institutions of its kind and level, 3 lines or more of its own are priced below half or above
twice the middle price there. Severity 3; 2 below a quarter or above four times. Amount: what of these lines
lies within the policy.

What is sold from an opened pack (拆零) does not count. Silent: by the registry's packs it was sold by the
unit instead of the pack, or the other way round. The catalogue's other form compares the name on the receipt
with the code's national name; neither the registry nor the memory of a bill holds names.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class ExchangedGoodsParameters(Parameters):
    """Figures of rules.md D11."""

    low: float = parameter(0.5, "1", "低于同类中位价倍数", "least of the middle price")
    high: float = parameter(2.0, "1", "高于同类中位价倍数", "most of the middle price")
    lines: int = parameter(20, "1", "同类明细条数下限", "lines that a middle price needs")
    own_lines: int = parameter(3, "1", "本机构异常明细条数下限", "lines of its own at such a price")
    pack_tolerance: float = parameter(
        0.3, "1", "按拆零换算后的价差容许", "what a price by the unit may differ"
    )


RULE = PeriodRule(
    id="D11",
    title=Words("价格与编码不符", "A price that is not this code's"),
    message=Words(
        "{institution_id}{month}以编码{code}销售{own_lines}笔，单价{price}元，而同类机构中位单价{median}元"
        "（{ratio:.2f}倍），医保范围内{amount}元。请核对实际售出的商品，有无串换。",
        "In {month} {institution_id} billed {code} {own_lines} times at {price} yuan, where comparable "
        "institutions take {median} yuan ({ratio:.2f} times); {amount} yuan lie within policy. What was "
        "really handed out?",
    ),
    basis=("条例 38(四)",),
    checks={"pack_size": Words("拆零或包装规格不同", "sold by another pack size")},
    parameters=ExchangedGoodsParameters(),
    sql="d11_exchanged_goods.sql",
    subject="institution",
    identity=("institution_id", "code", "month"),
    severity=3,
)
