"""D11 串换-名称价格: sold under a code at a price, or by a name, that is not this code's.

Predicate, of an institution's lines of a month, 3 or more of one code, two forms:

- medicines and materials (charge types 08 to 11) with 20 lines or more at institutions of its kind and level:
  priced below half or above twice the middle price there. Severity 3; 2 below a quarter or above four times
- any item with 20 named lines or more: its name shares less than half of its characters with what more than
  half of all lines of the code, at two institutions or more, call it. Severity 3. The registry holds no
  national names, so the name that nearly everybody uses stands for it; of names only marks are kept
  (`services.detector.naming`), and the receipts show what was written

What is sold from an opened pack (拆零) does not count by its price. Amount: what of these lines lies within
the policy.

Silent: by the registry's packs it was sold by the unit instead of the pack, or the other way round; one name
is a short form of the other.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class ExchangedGoodsParameters(Parameters):
    """Figures of rules.md D11."""

    low: float = parameter(0.5, "1", "低于同类中位价倍数", "least of the middle price")
    high: float = parameter(2.0, "1", "高于同类中位价倍数", "most of the middle price")
    lines: int = parameter(20, "1", "同类明细条数下限", "lines that a middle price needs")
    own_lines: int = parameter(3, "1", "本机构异常明细条数下限", "lines of its own at such a price")
    likeness: float = parameter(0.5, "1", "名称相似度下限", "share of characters that names have in common")
    contained: float = parameter(
        0.9, "1", "视为简称的包含比例", "share of a name found in the other that makes it a short form"
    )
    pack_tolerance: float = parameter(
        0.3, "1", "按拆零换算后的价差容许", "what a price by the unit may differ"
    )


RULE = PeriodRule(
    id="D11",
    title=Words("价格或名称与编码不符", "A price or name that is not this code's"),
    message=Words(
        "{institution_id} 在 {month} 以编码 {code} 销售{own_lines}笔，单价{price}元，"
        "而同类机构中位单价{median}元（{ratio:.2f}倍），医保范围内{amount}元。请核对实际售出的商品，有无串换。",
        "In {month} {institution_id} billed {code} {own_lines} times at {price} yuan, where comparable "
        "institutions take {median} yuan ({ratio:.2f} times); {amount} yuan lie within policy. What was "
        "really handed out?",
    ),
    variants={
        "name": Words(
            "{institution_id} 在 {month} 以编码 {code} 结算{own_lines}笔，"
            "其名称与各机构对该编码的通用名称明显不符，医保范围内{amount}元。请对照票据核对实际售出或使用的项目，有无串换。",
            "In {month} {institution_id} billed {code} {own_lines} times under a name quite unlike the one "
            "that is used for this code elsewhere; {amount} yuan lie within policy. Compare with the "
            "receipts: what was really handed out?",
        )
    },
    basis=("条例 38(四)",),
    checks={
        "pack_size": Words("拆零或包装规格不同", "sold by another pack size"),
        "abbreviation": Words("名称简写", "a short form of the name"),
    },
    parameters=ExchangedGoodsParameters(),
    sql="d11_exchanged_goods.sql",
    needs=(Need.LINES,),
    subject="institution",
    identity=("institution_id", "code", "month", "form"),
    severity=3,
)
