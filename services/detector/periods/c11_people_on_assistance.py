"""C11 困难人口住院异常: far more people on assistance among the admissions than elsewhere.

Predicate, by institution and month of admission: the share of persons on assistance (低保、脱贫监测) among 10
admissions or more, 5 of them at least, lies more than 3 standard errors of two shares above that of all other
institutions of its kind and level together, and is at least twice as high. Where these others have fewer than
30 admissions all other institutions count; where these have fewer, or nobody on assistance is known
anywhere else, nothing is said. The amount is what the fund paid for these persons above the class's share.

It speaks of an institution alone, never of a person on assistance: neither persons nor stays are named. The
innocent explanations (the poorest township, a charity's ward) stand in no registry: the text asks for them.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class PeopleOnAssistanceParameters(Parameters):
    """Figures of rules.md C11."""

    z: float = parameter(3.0, "1", "与同类占比之差的Z值下限", "standard errors above the class's share")
    ratio: float = parameter(2.0, "1", "与同类占比之比下限", "ratio to the class's share")
    admissions: int = parameter(10, "1", "当月住院人次下限", "admissions of the month")
    assisted: int = parameter(5, "1", "困难人口住院人次下限", "of these, of people on assistance")
    class_admissions: int = parameter(30, "1", "对照机构住院人次下限", "admissions elsewhere to compare with")


RULE = PeriodRule(
    id="C11",
    title=Words("困难人口住院占比异常", "Unusually many people on assistance admitted"),
    message=Words(
        "{institution_id}在{month}住院{admissions}人次中低保、帮扶对象{assisted}人次（占{share:.0%}，"
        "其他机构{class_share:.0%}），超出部分涉及基金{amount}元。请核对机构有无减免费用、上门接送等诱导住院行为，"
        "或所在乡镇困难人口本来较多。本线索只针对机构，不影响困难群众就医。",
        "Of {admissions} admissions at {institution_id} in {month} {assisted} ({share:.0%}) were of people "
        "on assistance, elsewhere {class_share:.0%}; {amount} yuan of the fund lie above that. Did the "
        "institution waive shares or fetch patients, or is its township poorer than others? This is about "
        "the institution; no person's care is in question.",
    ),
    basis=("条例 40(一)",),
    checks={},
    parameters=PeopleOnAssistanceParameters(),
    sql="c11_people_on_assistance.sql",
    needs=(Need.ASSISTANCE,),
    subject="institution",
    identity=("institution_id", "month"),
    severity=3,
)
