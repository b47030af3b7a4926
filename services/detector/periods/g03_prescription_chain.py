"""G03 医患药链: one practitioner's prescriptions for a group go to one pharmacy.

Predicate: of the prescriptions that members of a group of G01 (persons who always turn up together, by G01's
own figures) filled at pharmacies in the month and the two before it, 60 % or more, and 5 or more by 3 or more
members, were written by one practitioner and filled at one pharmacy; one of them in the month. A prescription
is told by its number, which a visit with its practitioner and a pharmacy's settlement of the same person
share; others do not count. Money paid back, of which the catalogue speaks, is in no event: the evidence
shows the totals, for whoever asks after equal sums.

Severity 2. Silent: the practitioner's other patients (5 prescriptions or more) take 60 % of theirs to that
pharmacy too: it is the nearest, or the one that prescriptions are sent to.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.groups import LOOKBACK_DAYS
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class PrescriptionChainParameters(Parameters):
    """Figures of rules.md G03."""

    share: float = parameter(0.6, "1", "同一医师同一药店占比下限", "share of one practitioner and pharmacy")
    prescriptions: int = parameter(5, "1", "外配处方数下限", "prescriptions filled")
    members: int = parameter(3, "1", "涉及成员数下限", "members who filled them")
    others: int = parameter(
        5, "1", "其他患者处方数达到此值才作比较", "prescriptions of others that show what is usual"
    )


RULE = PeriodRule(
    id="G03",
    title=Words("疑似医患药勾连", "Suspected: a practitioner, a pharmacy and a group in league"),
    message=Words(
        "经常同行就医购药的{persons}人自{first}至{last}外配处方{filled}张，其中{prescriptions}张（{share:.0%}）"
        "由医师{practitioner}开具、在{pharmacy}取药，基金支付{amount}元。"
        "请核对处方是否真实、是否本人取药，有无返现、串换。",
        "{persons} persons who always turn up together filled {filled} prescriptions from {first} to {last}; "
        "{prescriptions} of them ({share:.0%}) were written by practitioner {practitioner} and filled at "
        "{pharmacy}; the fund paid {amount} yuan. Are they real, were the medicines handed out, was money "
        "paid back?",
    ),
    basis=("条例 38(五)", "条例 40(一)", "条例 41(三)"),
    checks={
        "usual_way": Words(
            "该医师其他患者的处方也多在该药店取药", "the practitioner's other patients go there too"
        )
    },
    parameters=PrescriptionChainParameters(),
    sql="g03_prescription_chain.sql",
    needs=(Need.CLOCKED, Need.PRESCRIPTIONS),
    subject="practitioner",
    identity=("practitioner", "pharmacy", "group_id", "month"),
    severity=2,
    lookback_days=LOOKBACK_DAYS,
)
