"""C08 低标准入院: admitted for what needs no bed.

Predicate, by stay that was settled: a minor main diagnosis (high blood pressure only where it stands alone);
no surgery, no infusion (its service code, or a drug that the registry knows as an injection), at most 3
treatments (charge type 05) a day; 2 to 5 nights; a cost less than half of what more than half of the stays at
other institutions of its kind and level cost within a quarter of a year (20 at least). One finding an
institution and month.

Severity 3; 2 where there are 5 such stays or more and their share of the institution's admissions is above
the 95th percentile of 5 institutions or more of its kind and level.

Silent: 80 years or older, 3 or younger; two further diagnoses or more; an emergency. Stays without a main
diagnosis or without items show nothing, nor do institutions that the registry does not know.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter

MINOR = (
    "J06.9", "J00", "K29", "M54", "R51",
    "L20", "L21", "L22", "L23", "L24", "L25", "L26", "L27", "L28", "L29", "L30",
)  # fmt: skip


@dataclass(frozen=True)
class MinorIllnessParameters(Parameters):
    """Figures of rules.md C08."""

    diagnoses: tuple[str, ...] = parameter(MINOR, "1", "轻症主诊断（ICD-10前缀）", "minor diagnoses")
    alone: tuple[str, ...] = parameter(("I10",), "1", "无其他诊断时视为轻症", "minor where they stand alone")
    infusions: tuple[str, ...] = parameter(
        ("0012040000600", "120400006"), "1", "输液项目编码前缀", "codes of infusions, by prefix"
    )
    treatments: float = parameter(3.0, "1", "日均治疗项目数上限", "treatments a day at most")
    nights_from: int = parameter(2, "d", "住院夜数下限", "nights at least")
    nights_to: int = parameter(5, "d", "住院夜数上限", "nights at most")
    cost_share: float = parameter(0.5, "1", "与同类费用中位数之比上限", "below so much of the usual cost")
    class_stays: int = parameter(20, "1", "对照所需同类住院人次", "stays elsewhere to compare with")
    old_age: int = parameter(80, "1", "高龄起始年龄（周岁）", "years from which age explains it")
    young_age: int = parameter(3, "1", "低龄截止年龄（周岁）", "years up to which age explains it")
    complications: int = parameter(2, "1", "其他诊断数达到此值视为合理", "further diagnoses that explain it")
    stays: int = parameter(1, "1", "当月人次下限", "such stays of a month")
    stays_grave: int = parameter(5, "1", "加重所需人次", "such stays that make it graver")
    institutions_quantile: float = parameter(0.95, "1", "同类机构占比分位数", "quantile of their share")
    institutions: int = parameter(5, "1", "分位数所需同类机构数", "institutions that it needs")


RULE = PeriodRule(
    id="C08",
    title=Words("疑似低标准入院", "Suspected: admitted without need"),
    message=Words(
        "{institution_id}在{month}有{stays}人次（占当月住院{share:.0%}）以轻症入院：无手术、无输液、治疗少，"
        "费用不足同类中位数{median}元的一半，涉及基金{amount}元。请核对是否符合入院标准，能否在门诊治疗。",
        "{stays} stays at {institution_id} in {month} ({share:.0%} of its admissions) were for minor "
        "illness, without surgery or infusion, with little treatment, at less than half the usual "
        "{median} yuan; {amount} yuan of the fund. Could they have been treated as out-patients?",
    ),
    basis=("条例 38(二)",),
    checks={
        "frail": Words("高龄或低龄患者", "very old or very young"),
        "complicated": Words("合并多种疾病", "several illnesses"),
        "emergency": Words("经急诊入院", "admitted as an emergency"),
    },
    parameters=MinorIllnessParameters(),
    sql="c08_minor_illness.sql",
    needs=(Need.LINES_IN_WARDS,),
    subject="institution",
    identity=("institution_id", "month"),
    severity=3,
    stays_days=92,
)
