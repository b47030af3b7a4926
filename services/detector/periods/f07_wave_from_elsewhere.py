"""F07 异地激增: a day with far more in-patients who are insured elsewhere than before.

Predicate: stays begun on one day by people insured in another region than the institution's number more than
5 and more than the mean plus three standard deviations of the 28 days before, and 3 or more of them come from
one region. Severity 3; 2 from twice that figure on.

An institution that sent nothing until 14 days before is not compared, one that began within the 28 days by
the days since; what names no region is not counted.

Silent: a public holiday, on which people travel; an institution of which half of the in-patients of the 28
days before were insured elsewhere (in one county 54.6 % were).
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class WaveFromElsewhereParameters(Parameters):
    """Figures of rules.md F07."""

    admissions: int = parameter(5, "1", "单日异地住院人次上限", "most admissions from elsewhere on a day")
    deviations: float = parameter(3.0, "1", "超出均值的标准差倍数", "standard deviations above the mean")
    baseline_days: int = parameter(28, "d", "均值统计天数", "days before that are compared with")
    least_days: int = parameter(14, "d", "均值所需最少天数", "days that a mean needs")
    one_region: int = parameter(3, "1", "同一参保地人次下限", "of these from one region")
    usual_share: float = parameter(
        0.5, "1", "平时异地占比视为专科中心", "usual share from elsewhere that explains it"
    )
    grave: float = parameter(2.0, "1", "超限倍数达到此值加重", "times the figure that makes it graver")


RULE = PeriodRule(
    id="F07",
    title=Words("异地参保人集中住院", "A wave of in-patients insured elsewhere"),
    message=Words(
        "{institution_id}在{happened_on}收治异地参保住院患者{admissions}人次"
        "（此前{baseline_days}天日均{mean:.1f}人次），其中{one_region}人次来自{from_region}，涉及基金{amount}元。请核对有无组织、诱导住院。",
        "On {happened_on} {institution_id} admitted {admissions} persons insured elsewhere (on average "
        "{mean:.1f} on the {baseline_days} days before), {one_region} of them from {from_region}; {amount} "
        "yuan of the fund. Were they brought or persuaded to come?",
    ),
    basis=("条例 40(一)", "细则 诱导住院"),
    checks={
        "holiday": Words("节假日出行", "a public holiday"),
        "specialised": Words(
            "平时即以异地患者为主的专科机构", "a centre to which people come from elsewhere"
        ),
    },
    parameters=WaveFromElsewhereParameters(),
    sql="f07_wave_from_elsewhere.sql",
    needs=(Need.ELSEWHERE,),
    subject="institution",
    identity=("institution_id", "happened"),
    severity=3,
    lookback_days=42,
)
