"""F03 医师超负荷: a practitioner who sees more patients than a day allows.

Predicate, by practitioner and local day, over all institutions:

- more than 120 visits where one of the institutions is of level 2 or 3, more than 80 elsewhere; or more than
  30 visits within sixty minutes
- lines of more than 60 different in-patients
- the first and the last order of the day (a line by its own time, a visit by its begin; a pharmacy's left
  out) 20 hours apart or more, on 3 days of the month or more: one finding, of the first of these days

Visits are counted by the settlement's practitioner, else by the one most of its lines name; in-patients and
hours by line, of stays begun up to a month before.

Severity 3; 2 from one and a half times the figures. The minutes of one-to-one services are rule D10's.

Silent: a code that four departments or more use on that day, or that no registration knows where there are
registrations (a department's or default account); four visits
of five renewals for chronic diseases (a repeat-prescription counter); half of the visits or more in the same
minute as another (renewed in a batch). What names no practitioner is not judged.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class TooManyPatientsParameters(Parameters):
    """Figures of rules.md F03."""

    visits: int = parameter(120, "1", "二级及以上机构单日门诊上限", "visits a day at level 2 and above")
    visits_below: int = parameter(80, "1", "一级及以下机构单日门诊上限", "visits a day below level 2")
    visits_hour: int = parameter(30, "1", "任意一小时门诊上限", "visits within sixty minutes")
    inpatients: int = parameter(60, "1", "同日开单住院患者上限", "in-patients with lines on a day")
    span_minutes: int = parameter(
        20 * 60, "min", "首末次开单跨度下限", "from the day's first line to its last"
    )
    span_days: int = parameter(3, "d", "跨度超限天数下限", "days of a month with such a span")
    grave: float = parameter(1.5, "1", "超限倍数达到此值加重", "times the figure that makes it graver")
    departments: int = parameter(4, "1", "同日使用科室数视为公用编码", "departments that show a shared code")
    chronic_share: float = parameter(0.8, "1", "慢病续方占比视为续方窗口", "share of chronic renewals")
    batch_share: float = parameter(0.5, "1", "同分钟结算占比视为批量续方", "share settled in one minute")


RULE = PeriodRule(
    id="F03",
    title=Words("医师超负荷接诊", "More patients than a practitioner can see"),
    message=Words(
        "医师{practitioner}在{happened_on}接诊{visits}人次，最忙一小时{busiest_hour}人次，"
        "超出合理负荷，超出部分涉及基金{amount}元。请核对是否本人接诊，工号是否由他人使用。",
        "Practitioner {practitioner} has {visits} visits on {happened_on}, {busiest_hour} in the busiest "
        "hour, more than one can see; {amount} yuan of the fund lie above it. Did others use the account?",
    ),
    variants={
        "inpatients": Words(
            "医师{practitioner}在{happened_on}为{inpatients}名住院患者开单，超出合理负荷。"
            "请核对是否本人诊疗，工号是否由他人使用。",
            "Practitioner {practitioner} ordered for {inpatients} in-patients on {happened_on}. That is more "
            "than one can treat: did others use the account?",
        ),
        "span": Words(
            "医师{practitioner}在{happened_on}等{span_days}天首末次开单相隔最长{longest_hours:.0f}小时，"
            "超出合理工作时间。请核对是否本人开单，工号是否由他人使用。",
            "Practitioner {practitioner} ordered over too many hours on {span_days} days, first on "
            "{happened_on}, at most over {longest_hours:.0f} hours: did others use the account?",
        ),
    },
    basis=("条例 38(二)", "条例 40(三)"),
    checks={
        "shared_code": Words("科室公用或默认工号", "a department's or default account"),
        "repeat_counter": Words("慢病续方窗口", "a repeat-prescription counter"),
        "batch_renewal": Words("家庭医生批量续方", "renewed in a batch"),
    },
    parameters=TooManyPatientsParameters(),
    sql="f03_too_many_patients.sql",
    needs=(Need.PRACTITIONERS,),
    subject="practitioner",
    identity=("practitioner", "happened"),
    severity=3,
    lookback_days=31,
)
