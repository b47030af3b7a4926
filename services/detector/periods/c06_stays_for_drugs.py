"""C06 药品住院: short stays whose bill is drugs and little else.

Predicate, by stay that was settled, of its items: drugs (charge types 09 to 11) are at least 90 % of what was
billed and more than at 99 of 100 stays of other institutions of the same kind and level in a quarter of a
year, and its nights are among the smallest twentieth there. Where these others are fewer than 100 stays: at
most 2 nights. One finding an institution and month.

Silent: oncology, where the drug is the treatment (C or Z51 among the diagnoses); beds at home. Stays of which
no items were sent show nothing.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class StaysForDrugsParameters(Parameters):
    """Figures of rules.md C06."""

    drug_share: float = parameter(0.9, "1", "药品费用占比下限", "share of drugs in what was billed")
    drug_quantile: float = parameter(0.99, "1", "同类药品占比分位数", "the class's quantile of that share")
    nights_quantile: float = parameter(0.05, "1", "同类住院夜数分位数", "the class's quantile of nights")
    class_stays: int = parameter(100, "1", "分位数所需同类住院人次", "stays of others that quantiles need")
    nights: int = parameter(2, "d", "同类不足时住院夜数上限", "nights at most, without them")
    stays: int = parameter(1, "1", "当月人次下限", "such stays of a month")


RULE = PeriodRule(
    id="C06",
    title=Words("疑似以开药为目的住院", "Suspected: stays for drugs alone"),
    message=Words(
        "{institution_id}在{month}有{stays}人次住院时间短、费用几乎全为药品（占{drug_share:.0%}），"
        "涉及基金{amount}元，疑似以住院开药。请核对入院指征和诊疗记录。",
        "{stays} stays at {institution_id} in {month} were short and almost all drugs ({drug_share:.0%} of "
        "the bill); {amount} yuan of the fund. Suspected: admitted to be given drugs. Was there "
        "reason to admit?",
    ),
    basis=("条例 38(二)",),
    checks={
        "oncology": Words("肿瘤治疗", "treatment of a tumour"),
        "home_bed": Words("家庭病床", "a bed at home"),
    },
    parameters=StaysForDrugsParameters(),
    sql="c06_stays_for_drugs.sql",
    needs=(Need.LINES_IN_WARDS,),
    subject="institution",
    identity=("institution_id", "month"),
    severity=3,
    stays_days=92,
)
