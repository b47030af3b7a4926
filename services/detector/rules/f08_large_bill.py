"""F08 大额前置审查: a large in-patient bill, to be reviewed before it is paid. A task, no suspicion.

Predicate: what a stay is charged, by its lines as they come or by its settlements, whichever is more, has
reached the amount from which bills of institutions of its level are reviewed: 5,000 yuan at level 2, 10,000
at level 3. The source names none for level 1; 0 means that none is reviewed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from services.detector.facts import LINED, STAY_KINDS, yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.stays import Stay, stay_among
from services.detector.view import PersonView, is_historical


@dataclass(frozen=True)
class LargeBillParameters(Parameters):
    """Figures of rules.md F08."""

    level_1_yuan: float = parameter(0.0, "yuan", "一级机构起审金额（0 = 不审）", "level 1 (0: none)")
    level_2_yuan: float = parameter(5_000.0, "yuan", "二级机构起审金额", "level 2: reviewed from")
    level_3_yuan: float = parameter(10_000.0, "yuan", "三级机构起审金额", "level 3: reviewed from")


class LargeBill(Rule):
    """A large in-patient bill to be reviewed."""

    id = "F08"
    title = Words("大额费用前置审查", "A large bill to be reviewed before it is paid")
    message = Words(
        "待审查：{institution}（{level}级）住院 {encounter} 费用累计{total}元，"
        "达到前置审查金额{threshold}元，其中"
        "基金支付{amount}元。这是付款前的审查任务，不表示存在违规。",
        "To review: stay {encounter} at {institution} (level {level}) was charged {total} yuan so far, from "
        "{threshold} yuan bills are reviewed before they are paid; the fund's part is {amount} yuan. This is "
        "a "
        "task, no suspicion.",
    )
    basis = ("大额费用前置审查制度",)
    checks = {
        "refunded": Words("退费冲减后低于起审金额", "less than that once refunds are taken off"),
        "taken_back": Words("结算已撤销或冲正", "a settlement that was cancelled or taken back"),
    }
    watches = STAY_KINDS
    window_days = 180
    tables = frozenset(("institutions",))
    parameters = LargeBillParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        facts = view.facts_of(refs)
        for ref in dict.fromkeys(
            (fact.institution, fact.encounter) for fact in facts if fact.kind in STAY_KINDS
        ):
            stay = stay_among(ref, view.history.encounter(ref))
            if stay is not None:
                yield from self._review(view, stay)

    def _review(self, view: PersonView, stay: Stay) -> Iterator[Finding]:
        institution, encounter = stay.ref
        level = view.level(institution, view.calendar.date_text(view.calendar.day(stay.begin)))
        threshold = self._threshold(level)
        total = max(_charged(view, stay), sum(fact.total for fact in stay.settlements))
        if not threshold or total < threshold:
            return
        facts = view.facts_of((stay.ref,))
        yield Finding(
            rule=self,
            about=("pre_review", stay.ref),
            members=[stay.ref],
            severity=3,
            subject=Subject("person", view.history.key),
            institutions=[institution],
            encounters=[encounter],
            settlements=sorted(fact.id for fact in stay.settlements),
            happened=view.begun(stay.ref),
            amount=stay.fund,
            values={
                "institution": institution,
                "encounter": encounter,
                "level": level,
                "total": yuan(total),
                "threshold": yuan(threshold),
            },
            evidence={
                "task": "pre_review",
                "total": yuan(total),
                "threshold": yuan(threshold),
                "stay": view.stay_evidence(stay),
            },
            explanations=[Explanation("refunded", False), Explanation("taken_back", False)],
            historical=is_historical(facts),
            place=institution,
        )

    def _threshold(self, level: int | None) -> int:
        """From which amount bills of a level are reviewed, fen; 0: not at all."""
        figures = self.parameters
        by_level = {1: figures.level_1_yuan, 2: figures.level_2_yuan, 3: figures.level_3_yuan}
        return round(100 * by_level.get(level or 0, 0.0))


def _charged(view: PersonView, stay: Stay) -> int:
    """What the lines of a stay sum to, fen, refunds netted."""
    if not any(fact.flags & LINED for fact in view.facts_of((stay.ref,))):
        return 0
    return sum(charge.line.amount for charge in view.bill(stay.ref).charges)
