"""B05 撤销重结异常: an institution that takes back far more settlements than others, or those under alert.

Predicate: within 7 local days that end in the month, on a day with something taken back, an institution took
back (cancelled, or by a negative mirror)

- 3 settlements or more, more than 10 % of what it settled in these days, and more than 3 times the share that
  all other institutions of its kind and level took back in that month and the one before (where these settled
  fewer than 50: all others; where these did too, this is not judged); or
- 3 settlements or more that stood under an alert: one over their person names them by all that had been
  recorded until they were taken back. It does not count where the rule itself takes a cancellation for an
  innocent explanation (swiped twice, settled twice): who then takes back does as asked; nor does anything of
  a placeholder, or of a person with more than 50 settlements taken back.

A settlement counts on the day of its visit. Of several such weeks one speaks: one with settlements under
alert before others, then the worst; no money is suspected, as what was taken back is not paid.

Silent: it would not be so many without those that a settlement of the same person and day under another
insurance replaces (where the insurance is not said, any settlement of the person replaces it); four fifths
were entered again as they were (another system), of those under alert each that was.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class TakenBackParameters(Parameters):
    """Figures of rules.md B05."""

    days: int = parameter(7, "d", "统计天数（不超过31）", "days that are counted, at most 31")
    rate: float = parameter(0.1, "1", "撤销率下限", "share of settlements taken back")
    peer_ratio: float = parameter(3.0, "1", "与其他机构撤销率之比下限", "ratio to the others' share")
    least: int = parameter(3, "1", "撤销笔数下限", "settlements taken back at least")
    least_under_alert: int = parameter(
        3, "1", "预警下撤销笔数下限", "settlements under alert taken back at least"
    )
    peer_settlements: int = parameter(50, "1", "对照机构结算笔数下限", "settlements elsewhere to compare")
    entered_again: float = parameter(
        0.8, "1", "原样重录占比视为系统切换", "share entered again as it was that shows another system"
    )


def _words(zh: str, en: str) -> Words:
    return Words(
        "{institution_id}在{first_on}至{last_on}结算{settled}笔，" + zh + "已撤销的不计疑似金额。"
        "请核对撤销原因、退款去向，有无退货套现、会员卡充值。",
        "Of {settled} settlements at {institution_id} from {first_on} to {last_on} " + en + " What was taken "
        "back is not counted as suspected money. Why, and where did the refunds go: were cards cashed or "
        "charged up?",
    )


RULE = PeriodRule(
    id="B05",
    title=Words("撤销结算异常", "Unusually many settlements taken back"),
    message=_words(
        "其中撤销或冲红{lost}笔（占{rate:.0%}，其他机构{peer_rate:.1%}），金额共{lost_total}元。",
        "{lost} were taken back ({rate:.0%}, elsewhere {peer_rate:.1%}), {lost_total} yuan in all.",
    ),
    variants={
        "alerts": _words(
            "其中撤销或冲红{lost}笔，金额共{lost_total}元；其中{under_alert}笔按撤销前登记的数据已触发预警。",
            "{lost} were taken back, {lost_total} yuan in all; {under_alert} of them while under an alert, "
            "by what had been recorded until then.",
        ),
        "both": _words(
            "其中撤销或冲红{lost}笔（占{rate:.0%}，其他机构{peer_rate:.1%}），金额共{lost_total}元；"
            "其中{under_alert}笔按撤销前登记的数据已触发预警。",
            "{lost} were taken back ({rate:.0%}, elsewhere {peer_rate:.1%}), {lost_total} yuan in all; "
            "{under_alert} of them while under an alert, by what had been recorded until then.",
        ),
    },
    basis=("条例 38(五)", "条例 40(一)"),
    checks={
        "insurance_corrected": Words("险种更正后重新结算", "settled again under the right insurance"),
        "migration": Words("系统切换、原样重录", "entered again as it was: another system"),
    },
    parameters=TakenBackParameters(),
    sql="b05_taken_back.sql",
    needs=(Need.TAKEN_BACK,),
    subject="institution",
    identity=("institution_id", "month"),
    severity=2,
    lookback_days=31,
)
