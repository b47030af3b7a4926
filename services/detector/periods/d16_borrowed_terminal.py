"""D16 中止期机构费用转移: one institution settles for another that is suspended.

Predicate, while the registry has an institution as suspended or terminated, two forms:

- 3 settlements or more of another institution come from a terminal (device, else operator) that the
  suspended one used in the 60 days before, and the other one never did; one finding a month
- in the 7 days after its suspension another pharmacy's swipes are more than 3 times those of an average week
  of the 28 days before (10 or more), and 30 % of its persons had bought at the suspended one

Silent: both belong to one chain or group, whose terminals move. Names of terminals that many use ("1") are
the other's own as soon as it used them before.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class BorrowedTerminalParameters(Parameters):
    """Figures of rules.md D16."""

    uses: int = parameter(3, "1", "借用终端结算笔数下限", "settlements from the other's terminal")
    known_days: int = parameter(
        60, "d", "中止前终端和顾客的回溯天数", "days before, for terminals and customers"
    )
    after_days: int = parameter(7, "d", "中止后判断天数", "days after the suspension")
    baseline_days: int = parameter(28, "d", "平时刷卡统计天数", "days before that make the usual week")
    jump: float = parameter(3.0, "1", "刷卡增长倍数下限", "times the usual swipes")
    swipes: int = parameter(10, "1", "增长判断的刷卡笔数下限", "swipes that a jump needs")
    came_share: float = parameter(0.3, "1", "来自中止机构的参保人占比下限", "share of persons from there")


RULE = PeriodRule(
    id="D16",
    title=Words("疑似为中止机构代结算", "Suspected: settled for a suspended institution"),
    message=Words(
        "{suspended}自{since}起被中止（解除）协议，其终端{device}自{happened_on}起在{institution_id}结算{settled}笔，"
        "涉及基金{amount}元。请核对终端去向，有无出借、代结算。",
        "{suspended} is suspended since {since}; from {happened_on} on its terminal {device} settled "
        "{settled} times for {institution_id}, {amount} yuan of the fund. Where is the terminal, and who "
        "settles there?",
    ),
    variants={
        "jump": Words(
            "{suspended}自{since}起被中止（解除）协议，其后一周{institution_id}刷卡{settled}笔，为平时的{times:.1f}倍，"
            "其中{came:.0%}的参保人此前在前者购药，涉及基金{amount}元。请核对是否代为结算。",
            "{suspended} is suspended since {since}; in the week after, {institution_id} swiped cards "
            "{settled} times, {times:.1f} times as often as usual, and {came:.0%} of the persons had bought "
            "there before; {amount} yuan of the fund. Is it settling for the other?",
        )
    },
    basis=("细则 为中止协议机构结算费用", "令2号"),
    checks={"same_chain": Words("同一连锁或医共体", "one chain or group")},
    parameters=BorrowedTerminalParameters(),
    sql="d16_borrowed_terminal.sql",
    subject="institution",
    identity=("institution_id", "about"),
    severity=2,
    lookback_days=75,
)
