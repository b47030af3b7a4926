"""C09 节假日、周末集中入院: a wave of admissions on a free day.

Predicate: on a free day of the month (weekends and holidays, by the registry's holidays where it has them) an
institution admits more than the mean plus three standard deviations of its daily admissions over the 28 days
before, and at least 8. One finding an institution and month, with all such days; the amount is the fund's
share of what lies above the mean.

Silent: without emergencies it would not be so many; the institution has sent anything for less than 28 days.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class DaysOffParameters(Parameters):
    """Figures of rules.md C09."""

    baseline_days: int = parameter(28, "d", "平时水平回看天数（不超过31）", "days looked back, at most 31")
    known_days: int = parameter(28, "d", "已有数据天数下限（不超过31）", "days sent before, at most 31")
    deviations: float = parameter(3.0, "1", "超出均值的标准差倍数", "standard deviations above the mean")
    admissions: int = parameter(8, "1", "当日入院人次下限", "admissions of the day")


RULE = PeriodRule(
    id="C09",
    title=Words("节假日、周末集中入院", "A wave of admissions on a free day"),
    message=Words(
        "{institution_id}在{month}有{free_days}个休息日集中收治住院（首日{happened_on}，单日最多{most}人次，"
        "此前四周日均{usual:.1f}人次），超出平时部分涉及基金{amount}元。请核对入院是否必要、患者是否在院，"
        "有无组织集中住院。",
        "{institution_id} admitted far more than usual on weekends or holidays of {month} (days: "
        "{free_days}, first {happened_on}, at most {most} on a day, {usual:.1f} a day in the four weeks "
        "before); {amount} yuan of the fund lie above the usual. Were they needed, were the patients there, "
        "were they fetched together?",
    ),
    basis=("条例 38(一)", "条例 40(一)"),
    checks={"emergency": Words("急诊入院", "emergencies")},
    parameters=DaysOffParameters(),
    sql="c09_days_off.sql",
    needs=(Need.WARDS,),
    subject="institution",
    identity=("institution_id", "month"),
    severity=3,
    lookback_days=31,
    stays_days=31,
)
