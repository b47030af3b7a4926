"""C02 床位超载、一床多人: more in-patients than beds, or two persons in one bed.

Predicate, over stays of at most two months before the month:

- more stays at once than the authorised beds times 1.1, on 3 days of the month or more; one finding a month,
  of its first such day. A stay counts on the days whose night it spends.
- one bed (same institution and code, and the same department where both name one) given to two persons whose
  stays overlap by more than 4 hours; by bare dates, by a night.

Not counted: newborns, who lie with their mothers, and day surgery. A stay that is settled for good counts as
ended. Severity 2; 3 where one of two stays in a bed is still open, as its discharge may only be unregistered.

Silent: the registry names no beds. Beds added with permission are the registry's to say.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class OverfullBedsParameters(Parameters):
    """Figures of rules.md C02."""

    occupancy: float = parameter(1.1, "1", "在院人数与核定床位之比上限", "in-patients to authorised beds")
    days: int = parameter(3, "d", "超载天数下限", "days of a month above it")
    overlap_hours: float = parameter(4.0, "h", "同床重叠时长下限", "overlap of two persons in one bed")


RULE = PeriodRule(
    id="C02",
    title=Words("床位超载或一床多人", "More in-patients than beds"),
    message=Words(
        "{institution_id}核定床位{beds}张，自{happened_on}起本月有{over_days}天在院人数超过床位，最多{most}人，"
        "超出部分约涉及基金{amount}元。请核对在院患者，有无挂床、虚假住院。",
        "{institution_id} has {beds} authorised beds; on {over_days} days of the month, first on "
        "{happened_on}, more persons were in, at most {most}; about {amount} yuan of the fund lie above it. "
        "Are all of these patients there?",
    ),
    variants={
        "bed": Words(
            "{institution_id}的{bed}床自{happened_on}起同时登记两名住院患者，重叠{overlap_hours:.0f}小时，"
            "涉及基金{amount}元。请核对换床登记和实际在院情况，有无挂床。",
            "Bed {bed} of {institution_id} is given to two in-patients at once from {happened_on}, for "
            "{overlap_hours:.0f} hours; {amount} yuan of the fund. Was a change of beds registered, and were "
            "both there?",
        )
    },
    basis=("条例 38(一)",),
    checks={},
    parameters=OverfullBedsParameters(),
    sql="c02_overfull_beds.sql",
    needs=(Need.WARDS,),
    subject="institution",
    identity=("institution_id", "about"),
    severity=2,
    lookback_days=62,
)
