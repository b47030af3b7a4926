"""C07 医养住院、以住代养: old persons who live in a ward.

Predicate, by person of 60 or older and institution, over the 365 days up to the month's end, for persons who
were admitted in the month (settled stays alone):

- 4 admissions or more, more than 99 of 100 old persons at other institutions of the same kind and level have,
  at a mean daily cost (total by nights) of at most 300 yuan and among the lowest fiftieth there. Where these
  others are fewer than 50 persons those of all other institutions count; where these are too few, nothing is
  said.
- or one stay of at least 60 nights, longer than 99 of 100 stays of others (where there are 100), of whose
  items at least 80 % are tests or 90 % drugs.

One finding an institution and month; the amount is what the fund paid for these stays of the month.

Silent: four fifths of the person's stays are dialysis, chemotherapy or radiotherapy, or are paid by the
bed-day (psychiatry, hospice).
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class CaredForInAWardParameters(Parameters):
    """Figures of rules.md C07."""

    age: int = parameter(60, "1", "年龄下限（周岁）", "years of age")
    days: int = parameter(365, "d", "统计天数（不超过365）", "days that are counted, at most 365")
    admissions: int = parameter(4, "1", "一年内同机构住院次数下限", "admissions of a year there")
    often_quantile: float = parameter(0.99, "1", "同类年住院次数分位数", "the class's quantile of admissions")
    daily_cost: float = parameter(300.0, "yuan", "日均费用上限", "mean daily cost at most")
    daily_quantile: float = parameter(0.02, "1", "同类日均费用分位数", "the class's quantile of daily cost")
    class_persons: int = parameter(50, "1", "分位数所需同类老年患者数", "old persons that these need")
    nights: int = parameter(60, "d", "单次住院夜数下限", "nights of one long stay")
    nights_quantile: float = parameter(0.99, "1", "同类住院夜数分位数", "the class's quantile of nights")
    class_stays: int = parameter(100, "1", "夜数分位数所需同类住院人次", "stays elsewhere that it needs")
    test_share: float = parameter(0.8, "1", "长住院检查化验占比下限", "share of tests in a long stay")
    drug_share: float = parameter(0.9, "1", "长住院药品占比下限", "share of drugs in a long stay")
    explained: float = parameter(0.8, "1", "可解释住院占比下限", "share of stays that explains the rest")


RULE = PeriodRule(
    id="C07",
    title=Words("疑似以住院代养老", "Suspected: old persons cared for in a ward"),
    message=Words(
        "{institution_id}在{month}有{persons}名老年参保人疑似以住院代替养老：一年内在该机构住院最多{most_admissions}次，"
        "当月住院最多{most_nights}夜，日均费用远低于同类或长期住院少有治疗，涉及基金{amount}元。"
        "请核对入院指征和治疗记录，有无把养老床位作为住院床位。",
        "Old persons who seem to live in the ward of {institution_id} in {month}: {persons}, with up to "
        "{most_admissions} admissions there within a year, up to {most_nights} nights this month, at a daily "
        "cost far below the usual or for long with hardly any treatment; {amount} yuan of the fund. Was "
        "there reason to admit, or is a place in a home billed as a bed in a ward?",
    ),
    basis=("条例 38(一)", "条例 40(一)"),
    checks={
        "course": Words("透析、放化疗等疗程", "a course of dialysis, chemotherapy or radiotherapy"),
        "by_day": Words("精神、安宁疗护等按床日付费", "paid by the bed-day: psychiatry, hospice"),
    },
    parameters=CaredForInAWardParameters(),
    sql="c07_cared_for_in_a_ward.sql",
    needs=(Need.AGES,),
    subject="institution",
    identity=("institution_id", "month"),
    severity=3,
    stays_days=365,
)
