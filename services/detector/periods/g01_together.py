"""G01 同行就医、卡聚集: persons who always turn up together, as cards do that lie in one hand.

Predicate, over the month and the two months before it:

- A pair meets where both settle at one institution, for the same kind of care, within ten minutes; once a
  day and institution at most. It is striking where it met on 3 days at 2 institutions, at least 5 times as
  often as chance would have it, with a probability below one in a million (Poisson; each one's days at a
  place, and the place's open time, of which crowded days count more).
- Groups of 3 to 50 persons are made of such pairs (`groups` says how): half of them come to each gathering,
  and each of them on 3 days. Half of what they were settled of between the first and the last gathering was
  settled at gatherings. One of these lies in the month.

Not counted: dialysis, radio- and chemotherapy, rehabilitation and methadone, whose schedules bring patients
together; ten minutes in which more than 50 persons came; visits that show nobody at a counter (internet,
delivery, sent later, without a time of day). The market day of a village: its few open days make meetings by
chance more likely.

The score of the catalogue, 60 to 100, is in the evidence; the number that fills a share of it is a
parameter. Severity 2, 1 from a high score; 3 where all are of one household, or of one village, employer or
home: they may well go together.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.groups import LOOKBACK_DAYS, GroupFigures
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import parameter


@dataclass(frozen=True, kw_only=True)
class TogetherParameters(GroupFigures):
    """Figures of rules.md G01; those of the groups serve G02 and G03 too."""

    together_share: float = parameter(
        0.5, "1", "同行结算占比下限", "share of the group's settlements made at gatherings"
    )
    household_persons: int = parameter(5, "1", "视为一家人的人数上限", "persons of one household at most")
    many_gatherings: int = parameter(10, "1", "评分满分的聚集次数", "gatherings that score full")
    many_persons: int = parameter(10, "1", "评分满分的人数", "persons that score full")
    many_institutions: int = parameter(5, "1", "评分满分的机构数", "institutions that score full")
    grave_score: float = parameter(90.0, "1", "评分达到此值加重", "score that makes it graver")


RULE = PeriodRule(
    id="G01",
    title=Words("疑似团伙同行就医购药", "Suspected group: persons who always turn up together"),
    message=Words(
        "{persons}名参保人自{first}至{last}先后{gatherings}次几乎同时到{places}家机构就诊购药，"
        "共{settled}笔，占其间门诊购药的{share:.0%}，基金支付{amount}元，难以用偶遇解释。"
        "请核对是否本人到场，有无集中保管、收集医保卡代刷。",
        "From {first} to {last}, {persons} insured persons came to {places} institutions almost at the same "
        "time on {gatherings} occasions: {settled} settlements, {share:.0%} of all they had, {amount} yuan "
        "of the fund. Chance does not explain it: were they there, or are their cards in one hand?",
    ),
    variants={
        "household": Words(
            "一家{persons}人自{first}至{last}先后{gatherings}次几乎同时到{places}家机构就诊购药，共{settled}笔"
            "（占{share:.0%}），基金支付{amount}元。一家人同行可能正常，请核对是否本人到场。",
            "From {first} to {last}, {persons} persons of one household came to {places} institutions "
            "together on {gatherings} occasions: {settled} settlements ({share:.0%}), {amount} yuan of the "
            "fund. A family may well go together: were they there?",
        ),
        "community": Words(
            "同村、同单位或同一养老机构的{persons}人自{first}至{last}先后{gatherings}次几乎同时到{places}家"
            "机构就诊购药，共{settled}笔（占{share:.0%}），基金支付{amount}元。可能是集体就诊，"
            "请核对是否本人到场。",
            "From {first} to {last}, {persons} persons of one village, employer or home came to {places} "
            "institutions together on {gatherings} occasions: {settled} settlements ({share:.0%}), {amount} "
            "yuan of the fund. They may have been taken there: was each of them there?",
        ),
    },
    basis=("条例 40(一)", "条例 40(四)", "条例 41(一)"),
    checks={
        "by_chance": Words("偶遇或赶集日巧合", "chance, a market day"),
        "treatment_schedule": Words(
            "透析、放化疗等定期治疗同班次", "one shift of dialysis or another course of treatment"
        ),
        "one_household": Words("同一家庭", "one household"),
        "one_community": Words("同村、同单位或同一养老机构", "one village, employer or home"),
    },
    parameters=TogetherParameters(),
    sql="g01_together.sql",
    needs=(Need.CLOCKED,),
    subject="group",
    identity=("group_id", "month"),
    severity=2,
    lookback_days=LOOKBACK_DAYS,
)
