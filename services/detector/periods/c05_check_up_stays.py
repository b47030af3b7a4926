"""C05 体检住院: stays that are a check-up.

Predicate, by stay that was settled, of its items: tests are at least 80 % of what was billed and more than at
99 of 100 stays of other institutions of the same kind and level in half a year; drugs and nights are among
the smallest twentieth there; no surgery. Where these others are fewer than 100 stays: drugs at most 5 % and
at most 2 nights.

- 10 or more in a month at one institution, of persons with no other stay within 182 days before, nor
  after up to the month's end: one finding of the institution.
- one person with 3 or more within 182 days, at whatever institutions.

The amount is what the fund paid for these stays. Silent: an operation, or items that were not sent.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class CheckUpStaysParameters(Parameters):
    """Figures of rules.md C05."""

    test_share: float = parameter(0.8, "1", "检查化验费用占比下限", "share of tests in what was billed")
    test_quantile: float = parameter(0.99, "1", "同类检查化验占比分位数", "quantile of that share elsewhere")
    drug_quantile: float = parameter(0.05, "1", "同类药品占比分位数", "quantile of the drugs' share")
    nights_quantile: float = parameter(0.05, "1", "同类住院夜数分位数", "quantile of nights")
    class_stays: int = parameter(100, "1", "分位数所需同类住院人次", "stays of others that quantiles need")
    drug_share: float = parameter(0.05, "1", "同类不足时药品占比上限", "share of drugs at most, without them")
    nights: int = parameter(2, "d", "同类不足时住院夜数上限", "nights at most, without them")
    apart_days: int = parameter(182, "d", "无其他住院的天数（不超过182）", "days without another stay")
    stays: int = parameter(10, "1", "机构当月体检式住院人次下限", "such stays of an institution in a month")
    stays_person: int = parameter(3, "1", "同一人体检式住院次数下限", "such stays of one person")


RULE = PeriodRule(
    id="C05",
    title=Words("疑似体检式住院", "Suspected: stays that look like check-ups"),
    message=Words(
        "{institution_id}在{month}有{stays}人次住院以检查化验为主（占费用{test_share:.0%}），少用药、无手术、"
        "住院短，且患者半年内无其他住院，涉及基金{amount}元，疑似以住院代替体检。请核对入院指征和检查结果。",
        "{stays} stays at {institution_id} in {month} were mostly tests ({test_share:.0%} of the bill), "
        "short, with few drugs and no surgery, of persons with no other stay in half a year; {amount} "
        "yuan of the fund. Suspected: check-ups billed as stays. Was there reason to admit?",
    ),
    variants={
        "person": Words(
            "同一参保人半年内有{stays}次住院以检查化验为主（占费用{test_share:.0%}），少用药、无手术、住院短，"
            "最近一次在{month}，其中含{institution_id}，涉及基金{amount}元，疑似以住院代替体检。请核对入院指征和检查结果。",
            "{stays} stays of one person within half a year, the last in {month}, {institution_id} among the "
            "places, were mostly tests ({test_share:.0%} of the bill), short, with few drugs and no surgery; "
            "{amount} yuan of the fund. Suspected: check-ups billed as stays. Was there reason to admit?",
        )
    },
    basis=("条例 38(二)", "条例 40(一)"),
    checks={},
    parameters=CheckUpStaysParameters(),
    sql="c05_check_up_stays.sql",
    needs=(Need.LINES_IN_WARDS,),
    subject="institution",
    identity=("institution_id", "about"),
    severity=2,
    stays_days=182,
)
