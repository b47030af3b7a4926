"""C04 诱导住院、集中住院: a village, an employer or a home is admitted within three days.

Predicate: within 72 hours at one institution at least 5 persons of one community (8 at level 3), and at least
3 times the institution's usual number from there (28 days before). Four fifths of the stays are settled, free
of surgery, of at most 7 nights and half tests by amount; four fifths of the persons are 60 or older, or of
one decade of life; and these stays cost alike (coefficient of variation below 0.3). Of several such waves the
largest speaks, in the month of its last admission. What was never sent counts as no admission.

Silent, where four fifths say so: one infectious disease (same code of A, B or J); injuries and poisonings (S,
T); dialysis. Persons without a community, and stays without items, show nothing. A screening programme of the
health authority stands in no event: the text asks for it.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class OneCommunityParameters(Parameters):
    """Figures of rules.md C04."""

    hours: int = parameter(72, "h", "集中入院时间窗", "within which they are admitted")
    persons: int = parameter(5, "1", "二级及以下机构人数下限", "persons, up to level 2")
    persons_level_3: int = parameter(8, "1", "三级机构人数下限", "persons at level 3")
    baseline_ratio: float = parameter(3.0, "1", "与平时同地入院人次之比下限", "ratio to the usual number")
    baseline_days: int = parameter(28, "d", "平时水平回看天数（不超过60）", "days looked back, at most 60")
    alike: float = parameter(0.8, "1", "特征相同者占比下限", "share of those who are alike")
    old_age: int = parameter(60, "1", "老年起始年龄（周岁）", "years of age from which they count as old")
    nights: int = parameter(7, "d", "住院夜数上限", "nights of such a stay at most")
    test_share: float = parameter(0.5, "1", "检查化验费用占比下限", "share of tests in what was billed")
    cost_variation: float = parameter(0.3, "1", "费用变异系数上限", "coefficient of variation of their costs")


RULE = PeriodRule(
    id="C04",
    title=Words("同村、同单位集中住院", "A community admitted together"),
    message=Words(
        "{institution_id}自{happened_on}起三日内收治同一社区（村、单位或养老机构，编号{community}）的{persons}名"
        "参保人住院，年龄相近、均无手术、费用相近，检查化验费用占{test_share:.0%}，涉及基金{amount}元，疑似诱导住院。"
        "请核对有无以体检、接送、减免费用等方式组织住院，是否属卫生健康部门统一筛查。",
        "{institution_id} admitted {persons} persons of one community (village, employer or home "
        "{community}) within three days from {happened_on}: of like age, without surgery, at like cost, "
        "{test_share:.0%} of it tests; {amount} yuan of the fund. Suspected: induced admissions. Were they "
        "invited, fetched or let off their share, or does a screening programme explain it?",
    ),
    basis=("条例 40(一)",),
    checks={
        "outbreak": Words("同一传染病、呼吸道疾病聚集", "one infectious disease"),
        "accident": Words("事故外伤或中毒集中救治", "injured or poisoned together"),
        "dialysis": Words("透析治疗", "dialysis"),
    },
    parameters=OneCommunityParameters(),
    sql="c04_one_community.sql",
    needs=(Need.COMMUNITIES,),
    subject="institution",
    identity=("institution_id", "community", "month"),
    severity=2,
    stays_days=64,
)
