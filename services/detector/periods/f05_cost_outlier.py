"""F05 机构费用离群: admissions that cost far more than those of comparable institutions.

Predicate, a calendar month at a time, by the mean cost of an admission (all settlements of a stay that was
finally settled, by the stay's first day):

- Peers are the institutions of the same kind, level and region; where these are fewer than 5, those of the
  same kind and level anywhere.
- 5 or more peers: the robust z of the logarithm, 0.6745 (ln x - median) / MAD, is above 3.5, and x is at
  least 3 times the median of the means. Where the peers are all alike (MAD 0) there is no z, and the ratio
  decides.
- Fewer peers: x is at least 5 times the median.
- 5 or more admissions. Below 30 the text asks to look for a mistake in the data first: a decimal point
  lost, another institution's code, the year's sum instead of the month's.

Where the registry does not say what kind of institution it is, all such institutions are compared with one
another, by z only, and the finding is a mere reminder. Silent: mostly dialysis.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class CostOutlierParameters(Parameters):
    """Figures of rules.md F05."""

    robust_z: float = parameter(
        3.5, "1", "对数次均费用的稳健Z值下限", "robust z of the logarithm of the mean"
    )
    ratio: float = parameter(3.0, "1", "与同类中位数之比下限", "ratio to the peers' median")
    ratio_alone: float = parameter(
        5.0, "1", "同类机构不足时的比值下限", "ratio where peers are too few for a z"
    )
    peers: int = parameter(5, "1", "计算Z值所需同类机构数", "peers that a z needs, itself among them")
    admissions: int = parameter(5, "1", "住院人次下限", "least admissions")
    few: int = parameter(30, "1", "少于此人次先核对数据", "below so many admissions, look at the data first")
    dialysis_share: float = parameter(0.5, "1", "透析占比视为合理", "share of dialysis that explains it")


FACTS = Words(
    "{institution_id}在{month}的次均住院费用{mean}元（{admissions}人次），是{peers}家同类机构中位数{median}元的"
    "{ratio:.1f}倍，超出部分涉及基金{amount}元。",
    "An admission at {institution_id} cost {mean} yuan on average in {month} ({admissions} admissions), "
    "{ratio:.1f} times the median {median} yuan of {peers} comparable institutions; of what the fund paid, "
    "{amount} yuan lie above it. ",
)
RULE = PeriodRule(
    id="F05",
    title=Words("机构次均费用离群", "Admissions cost far more than elsewhere"),
    message=Words(
        FACTS.zh + "请核对收治病种、收费明细，有无虚记、多记费用。",
        FACTS.en
        + "Look at the cases treated and the items billed: were services recorded that were not given?",
    ),
    variants={
        "few": Words(
            FACTS.zh
            + "人次较少，请先核对数据：金额小数点是否丢失、机构编码是否填错、是否把全年累计当作当月；"
            "数据无误的再核对收费明细。",
            FACTS.en + "Few admissions: look for a mistake in the data first (a decimal point lost, another "
            "institution's code, the year's sum instead of the month's), then at the items billed.",
        )
    },
    basis=("条例 38(二)", "条例 40(三)"),
    checks={"dialysis": Words("以透析治疗为主", "mostly dialysis")},
    parameters=CostOutlierParameters(),
    sql="f05_cost_outlier.sql",
    needs=(Need.WARDS,),
    subject="institution",
    identity=("institution_id", "month"),
    severity=2,
)
