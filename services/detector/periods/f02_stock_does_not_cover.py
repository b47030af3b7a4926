"""F02 进销存不符: more settled than there ever was, by the institution's own stock events.

Predicate, for one product at one institution, from a stock-take on until the next (a count of up to two
months before the month opens what the month continues):

- settled in packs (visits, stays and purchases alike) more than was counted, bought and adjusted together,
  less what went back to the supplier, by more than 5 units and more than 5 %
- else the ledger runs below zero: more sold by the institution's own stock events than was there, on the
  balance of some day's end

What cannot be ordered counts for the institution: what was bought on the day of a count that tells no time
counts as bought after it, what was sold on that day as sold before.

Severity 2; 1 where more than 30 % lie above what was there. The amount is the covered amount of what was
settled, for the part above it.

Silent: no count to open with (insufficient data). Sales of the last three days known: deliveries may still
be reported (72 hours). Sold by the piece: lines marked as such, and lines whose price for one is below half
of what a pack costs in the county, do not count; where this explains it, nothing is said. Free samples,
which no event marks, are not told apart.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class StockParameters(Parameters):
    """Figures of rules.md F02."""

    units: float = parameter(5.0, "1", "超出数量下限", "units above what was there")
    share: float = parameter(0.05, "1", "超出比例下限", "share above what was there")
    grave_share: float = parameter(0.3, "1", "超出比例达到此值加重", "share above it that makes it graver")
    lag_days: int = parameter(3, "d", "进货上传延迟宽限", "last days whose sales are not judged yet")
    piece_price: float = parameter(
        0.5, "1", "单价低于整包价此比例视为拆零", "share of a pack's price below which a piece was sold"
    )


RULE = PeriodRule(
    id="F02",
    title=Words("进销存不符", "More settled than was in stock"),
    message=Words(
        "{institution_id}自{counted}盘点起，药品{product}结算{settled:.0f}，而盘点、进货合计仅{available:.0f}，"
        "多出{excess:.0f}，涉及医保范围内金额{amount}元。请核对进销存台账、随货单和实物，有无串换、虚开销售。",
        "Since the stock-take of {counted}, {institution_id} settled {settled:.0f} of product {product}, "
        "while it had counted and bought {available:.0f}: {excess:.0f} more than there were, {amount} yuan "
        "of what insurance covers. Compare the stock book, delivery notes and shelves: were other goods sold "
        "under its name, or nothing at all?",
    ),
    variants={
        "ledger": Words(
            "{institution_id}自{counted}盘点起，药品{product}的库存台账出现负数（最低{lowest:.0f}），"
            "销售上传多于盘点、进货。请核对进销存台账、随货单和实物，有无未上传的进货、串换。",
            "Since the stock-take of {counted}, the stock events of {institution_id} for product {product} "
            "add up to less than nothing ({lowest:.0f} at the lowest): more sold than counted and bought. "
            "Are deliveries missing, or were other goods sold under its name?",
        )
    },
    basis=("条例 39(二)", "条例 40(三)"),
    checks={
        "unit_conversion": Words("拆零销售、计量单位换算", "sold by the piece, another unit"),
        "late_delivery": Words("进货单延迟上传（72小时内）", "deliveries reported late (72 hours)"),
    },
    parameters=StockParameters(),
    sql="f02_stock_does_not_cover.sql",
    subject="institution",
    identity=("institution_id", "product", "count"),
    severity=2,
    lookback_days=62,
)
