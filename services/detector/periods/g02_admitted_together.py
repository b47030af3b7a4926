"""G02 团组住院: members of one group lie in one ward.

Predicate: three or more members of a group of G01 (persons who always turn up together, by G01's own figures)
admitted to one institution within 7 days, with the same main diagnosis (its first three places) and for
nearly the same time (nights that differ by at most 2). One finding a group, institution and month, of the
month in which the last of them was admitted.

Severity 1. Not judged: open stays, as nobody knows how long they last; stays without a main diagnosis.
Silent: all of them of one household, or of one village, employer or home, who fall ill together; what draws
a whole village into a ward is rule C04's.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.groups import LOOKBACK_DAYS
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class AdmittedTogetherParameters(Parameters):
    """Figures of rules.md G02."""

    members: int = parameter(3, "1", "同住院成员数下限", "members admitted")
    within_days: int = parameter(7, "d", "入院日期相隔上限", "days between their admissions at most")
    nights_apart: int = parameter(2, "d", "住院天数相差上限", "nights by which their stays differ at most")


RULE = PeriodRule(
    id="G02",
    title=Words("疑似团伙集中住院", "Suspected group: members admitted together"),
    message=Words(
        "经常同行就医购药的{persons}人自{first}至{last}先后住进{institution}，主诊断同为{diagnosis}，"
        "住院天数相近，基金支付{amount}元。请核对是否本人住院、是否确需住院，有无组织住院、空床住院。",
        "{persons} persons who always turn up together were admitted to {institution} from {first} to "
        "{last}, with the same main diagnosis {diagnosis} and for nearly the same time; the fund paid "
        "{amount} yuan. Were they there, did they need it, and who brought them?",
    ),
    basis=("条例 40(一)", "条例 40(四)", "条例 38(一)"),
    checks={
        "one_household": Words("同一家庭成员同时患病", "one household that fell ill"),
        "one_community": Words(
            "同村、同单位或同一养老机构同时患病", "one village, employer or home that fell ill"
        ),
    },
    parameters=AdmittedTogetherParameters(),
    sql="g02_admitted_together.sql",
    needs=(Need.CLOCKED, Need.DIAGNOSES_IN_WARDS),
    subject="group",
    identity=("group_id", "institution", "diagnosis", "month"),
    severity=1,
    lookback_days=LOOKBACK_DAYS,
)
