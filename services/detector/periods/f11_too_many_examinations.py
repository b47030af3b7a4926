"""F11 过度检查: more examinations than needed.

Predicate, three forms:

- of an institution's visits, or stays, of a month with 20 or more bills: examinations (charge type 03) make
  up 35 % or more of all that was billed, and more than at nine in ten of the institutions of its kind and
  level, where these are 5 or more
- one person is examined again by the same expensive item (150 yuan or more: CT, MRI) in another encounter 1
  to 7 days later, anywhere
- four in five of the patients whom a department tested in a month, 20 or more, got the very same package of
  5 laboratory items or more

Severity 3; 2 from half of all that was billed on. Amount: what lies above the share; the repeated
examination; nothing for a package.

Silent: of repeated examinations an emergency, or an operation in either encounter; of packages one and the
same main diagnosis (a clinical pathway), and check-ups (med_type 9107).
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class TooManyExaminationsParameters(Parameters):
    """Figures of rules.md F11."""

    share: float = parameter(0.35, "1", "检查费占比下限", "share of examinations in what was billed")
    grave_share: float = parameter(0.5, "1", "检查费占比达到此值加重", "share that makes it graver")
    percentile: float = parameter(0.9, "1", "同类机构占比分位", "percentile of its class")
    peers: int = parameter(5, "1", "计算分位所需同类机构数", "institutions that a percentile needs")
    bills: int = parameter(20, "1", "判断占比所需单据数", "bills that a share needs")
    expensive: int = parameter(
        15_000, "fen", "大型检查单价下限", "price from which an examination is expensive"
    )
    again_days: int = parameter(7, "d", "重复检查间隔上限", "days within which it is the same again")
    package_share: float = parameter(0.8, "1", "相同化验套餐患者占比", "share of patients with one package")
    patients: int = parameter(20, "1", "套餐判断所需患者数", "patients whom a department tested")
    package_items: int = parameter(5, "1", "套餐项目数下限", "laboratory items of a package")


RULE = PeriodRule(
    id="F11",
    title=Words("疑似过度检查", "Suspected: more examinations than needed"),
    message=Words(
        "{institution_id} 在 {month} 的门诊费用中检查费占{share:.0%}（{bills}人次），高于同类机构，"
        "超出部分{amount}元。请核对检查指征，有无过度检查。",
        "Of what {institution_id} billed for {bills} visits in {month}, {share:.0%} are examinations, more "
        "than at comparable institutions; {amount} yuan lie above it. Were they needed?",
    ),
    variants={
        "stays": Words(
            "{institution_id} 在 {month} 的住院费用中检查费占{share:.0%}（{bills}人次），高于同类机构，"
            "超出部分{amount}元。请核对检查指征，有无过度检查。",
            "Of what {institution_id} billed for {bills} stays in {month}, {share:.0%} are examinations, "
            "more than at comparable institutions; {amount} yuan lie above it. Were they needed?",
        ),
        "again": Words(
            "一名参保人在 {first} 和 {happened_on}（相隔{days}天）两次做同一项检查 {code}，"
            "后一次在 {institution_id}，涉及{amount}元。请核对重复检查的指征，检查结果是否可互认。",
            "The same examination {code} was made for one person on {first} and again {days} days later, on "
            "{happened_on} at {institution_id}; {amount} yuan. Was it needed again, and could the first "
            "result have been used?",
        ),
        "package": Words(
            "{institution_id} 的 {department} 在 {month} 有{alike}名患者（占{share:.0%}）的"
            "化验项目完全相同（{items}项）。请核对是否按固定套餐检查。",
            "In {month} {department} of {institution_id} gave {alike} patients ({share:.0%}) the very same "
            "{items} laboratory items. Is it a fixed package?",
        ),
    },
    basis=("条例 38(二)",),
    checks={
        "emergency": Words("急诊抢救", "an emergency"),
        "operation": Words("手术前后复查", "before or after an operation"),
        "one_disease": Words("同一病种临床路径或体检", "one disease's clinical pathway, or a check-up"),
    },
    parameters=TooManyExaminationsParameters(),
    sql="f11_too_many_examinations.sql",
    needs=(Need.BILLED,),
    subject="institution",
    identity=("institution_id", "about"),
    severity=3,
    lookback_days=7,
)
