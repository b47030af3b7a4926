"""D14 重复结算: what was settled is settled again under another number.

Predicate: two live settlements of one person at one institution whose visits begin within a minute of
each other, with the same non-empty set of lines, or the same total, date and diagnoses. A missing
diagnosis is no evidence.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import SECOND
from services.detector.facts import AT_DAY, MID_STAY, SETTLEMENTS, Fact
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical


@dataclass(frozen=True)
class DuplicateSettlementParameters(Parameters):
    """Figures of rules.md D14."""

    seconds: int = parameter(60, "s", "两次就诊开始时间的最大差", "how far apart the two visits begin")


class DuplicateSettlement(Rule):
    """The same settlement twice under different numbers."""

    id = "D14"
    title = Words("疑似重复结算", "Suspected: settled twice")
    message = Words(
        "{institution} 将同一次就诊以 {settlements} 两个结算号各结算一次，其中一笔基金支付{amount}元。"
        "请核对是否应撤销其中一笔。",
        "{institution} settled what looks like one visit under two numbers, {settlements}; the fund paid "
        "{amount} yuan for one of them. Should one be cancelled?",
    )
    basis = ("细则 已结算费用再次结算", "条例 38(三)")
    checks = {
        "mid_stay": Words("住院中途结算", "a settlement in mid-stay"),
        "cancelled": Words("其中一笔已撤销", "one of the two was cancelled"),
    }
    watches = SETTLEMENTS
    window_days = 400
    parameters = DuplicateSettlementParameters()

    @property
    def within(self) -> int:
        """How far apart two visits may begin."""
        return self.parameters.seconds * SECOND

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        seen: set[tuple] = set()
        for fact in view.facts_of(refs):
            if fact.kind not in SETTLEMENTS:
                continue
            for other in view.beside(fact, self._reach):
                pair = (fact.institution, *sorted((fact.id, other.id)))
                if pair not in seen and self._same(view, fact, other):
                    seen.add(pair)
                    yield from self._pair(view, *sorted((fact, other), key=lambda item: item.place))

    @property
    def _reach(self) -> int:
        return self.parameters.seconds * SECOND

    def _same(self, view: PersonView, one: Fact, other: Fact) -> bool:
        if other.kind not in SETTLEMENTS or not (view.is_settlement(one) and view.is_settlement(other)):
            return False
        if (one.flags ^ other.flags) & AT_DAY and view.calendar.day(one.at) != view.calendar.day(other.at):
            return False
        if one.detail.lines_digest and one.detail.lines_digest == other.detail.lines_digest:
            return True
        return (
            one.total == other.total
            and bool(one.detail.diagnoses)
            and one.detail.diagnoses == other.detail.diagnoses
            and view.calendar.day(one.at) == view.calendar.day(other.at)
        )

    def _pair(self, view: PersonView, first: Fact, second: Fact) -> Iterator[Finding]:
        explanations = [
            Explanation("mid_stay", bool((first.flags | second.flags) & MID_STAY)),
            Explanation("cancelled", False),
        ]
        if cleared(explanations):
            return
        settlements = sorted((first.id, second.id))
        yield Finding(
            rule=self,
            about=tuple((first.institution, id) for id in settlements),
            members=sorted({(fact.institution, fact.encounter) for fact in (first, second)}),
            severity=1,
            subject=Subject("person", view.history.key),
            institutions=[first.institution],
            encounters=sorted({first.encounter, second.encounter}),
            settlements=settlements,
            happened=view.calendar.text(second.at),
            amount=max(0, second.fund),
            values={"institution": first.institution, "settlements": "、".join(settlements)},
            evidence={"settlements": [view.visit_evidence(first), view.visit_evidence(second)]},
            explanations=explanations,
            historical=is_historical([first, second]),
        )
