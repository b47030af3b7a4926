"""F06 增长突变: a week or month of far more admissions, or fund money, than the twelve before.

Predicate, by institution and week from Monday to Sunday, judged with the month in which it ends: admissions
(stays by their first day), or what the fund paid (by the day of the visit or admission), above the mean plus
three standard deviations of the twelve weeks before, above 1.5 times their mean, and 10 admissions or more,
or 20,000 yuan or more. An institution that sent nothing twelve weeks before is not compared.

By the month the same is asked of its admissions and of what the fund paid for these stays, against the twelve
months before: 30 admissions or more, or 80,000 yuan or more, and stays known of the first of the twelve.

Silent: of the others of its kind and level, 3 or more, half grew 1.5 times or more, and it not 1.5 times as
much as they did (an epidemic); departments that are new make up half of what is too much; the registry's
record of the institution began within the twelve weeks, or months (merged or moved).
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class SuddenGrowthParameters(Parameters):
    """Figures of rules.md F06."""

    deviations: float = parameter(3.0, "1", "超出均值的标准差倍数", "standard deviations above the mean")
    times: float = parameter(1.5, "1", "与均值之比下限", "times the mean")
    admissions: int = parameter(10, "1", "一周住院人次下限", "admissions of the week")
    fund: int = parameter(2_000_000, "fen", "一周基金支出下限", "what the fund paid in the week")
    month_admissions: int = parameter(30, "1", "一月住院人次下限", "admissions of the month")
    month_fund: int = parameter(
        8_000_000, "fen", "一月住院基金支出下限", "what the fund paid for stays of the month"
    )
    peers: int = parameter(
        3, "1", "判断同类普遍增长所需机构数", "others of its class that show common growth"
    )
    new_share: float = parameter(
        0.5, "1", "新设科室占增量比例视为合理", "share of new departments that explains it"
    )


RULE = PeriodRule(
    id="F06",
    title=Words("住院或基金支出突增", "Sudden growth"),
    message=Words(
        "{institution_id}在{week}起的一周收治住院{figure}人次，此前12周周均{mean:.1f}人次（{times:.1f}倍），"
        "超出部分约涉及基金{amount}元。请核对收治原因，有无诱导、虚假住院。",
        "{institution_id} admitted {figure} in-patients in the week from {week}, on average {mean:.1f} in "
        "the twelve weeks before ({times:.1f} times); about {amount} yuan of the fund lie above it. Why did "
        "they come, and were they there?",
    ),
    variants={
        "fund": Words(
            "{institution_id}在{week}起的一周基金支出为此前12周周均的{times:.1f}倍，超出部分{amount}元。"
            "请核对费用增长原因，有无虚记、多记。",
            "What the fund paid {institution_id} in the week from {week} is {times:.1f} times the average of "
            "the twelve weeks before; {amount} yuan lie above it. What was billed more?",
        ),
        "month": Words(
            "{institution_id}在{month}收治住院{figure}人次，此前12个月月均{mean:.1f}人次（{times:.1f}倍），"
            "超出部分约涉及基金{amount}元。请核对收治原因，有无诱导、虚假住院。",
            "{institution_id} admitted {figure} in-patients in {month}, on average {mean:.1f} in the twelve "
            "months before ({times:.1f} times); about {amount} yuan of the fund lie above it. Why did they "
            "come, and were they there?",
        ),
        "month_fund": Words(
            "{institution_id}在{month}的住院基金支出为此前12个月月均的{times:.1f}倍，超出部分{amount}元。"
            "请核对费用增长原因，有无虚记、多记。",
            "What the fund paid for stays at {institution_id} in {month} is {times:.1f} times the average of "
            "the twelve months before; {amount} yuan lie above it. What was billed more?",
        ),
    },
    basis=("条例 38(一)", "条例 40(三)"),
    checks={
        "class_wide": Words("同类机构普遍增长", "growth of all comparable institutions"),
        "new_department": Words("新设科室", "a new department"),
        "reorganised": Words(
            "机构合并、迁址或变更登记", "the institution was merged, moved or registered anew"
        ),
    },
    parameters=SuddenGrowthParameters(),
    sql="f06_sudden_growth.sql",
    subject="institution",
    identity=("institution_id", "week_day", "span"),
    severity=3,
    lookback_days=97,
    stays_days=366,
)
