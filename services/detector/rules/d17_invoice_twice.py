"""D17 发票重复使用: one invoice stands for several visits.

Predicate: two settlements or more that stand, of different encounters, name the same invoice; numbers shorter
than those of electronic invoices are compared within one institution. Several settlements of one encounter,
and of one person at one counter within half an hour, share an invoice by right. A number that more than
twenty settlements name was typed in for one. Severity 1; the amount is the fund's for all but the first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import MINUTE
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.shared.history import Told
from services.detector.shared.view import SharedView, named


@dataclass(frozen=True)
class InvoiceTwiceParameters(Parameters):
    """Figures of D17; the catalogue gives none."""

    minutes: float = parameter(
        30.0, "min", "同一人同一窗口合并开票间隔", "one person's settlements at one counter share an invoice"
    )
    placeholder_settlements: int = parameter(
        20, "1", "视为占位号码的结算数", "more settlements than this, and the number is none of an invoice"
    )


class InvoiceTwice(Rule):
    """One invoice, several visits."""

    id = "D17"
    key = "invoice"
    phase = "post"
    title = Words("疑似发票重复使用", "Suspected: one invoice settled more than once")
    message = Words(
        "发票{invoice}用于{count}次就诊的结算（{settlements}），首次之外基金支付{amount}元。"
        "请核对票据是否真实、是否重复报销。",
        "Invoice {invoice} stands for {count} visits (settlements {settlements}); beside the first the fund "
        "paid {amount} yuan. Is it genuine, and was it claimed twice?",
    )
    basis = ("条例 40(二)", "条例 38(三)")
    checks = {
        "one_encounter": Words("同一次就诊分次结算", "one encounter settled in parts"),
        "one_counter": Words("同一人一次收费合并开票", "one person's settlements at one counter"),
        "cancelled": Words("其中一笔已撤销", "one of them was cancelled"),
        "placeholder_number": Words("占位号码", "a number that stands for none"),
    }
    watches = frozenset()
    window_days = 400
    parameters = InvoiceTwiceParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        told = view.told
        if len(told) < 2:
            return
        visits = self._visits(told)
        if len(visits) < 2:
            return
        explanations = [
            Explanation("one_encounter", False),
            Explanation("one_counter", False),
            Explanation("cancelled", False),
            Explanation("placeholder_number", len(told) > self.parameters.placeholder_settlements),
        ]
        if not cleared(explanations):
            yield self._finding(view, visits, explanations)

    def _visits(self, told: list[Told]) -> list[Told]:
        """Of each visit its first settlement, in order."""
        visits: list[Told] = []
        for one in told:
            if not any(self._is_one_visit(known, one) for known in visits):
                visits.append(one)
        return visits

    def _is_one_visit(self, one: Told, other: Told) -> bool:
        if one.person != other.person or one.register.institution != other.register.institution:
            return False
        near = abs(other.entry.at - one.entry.at) <= self.parameters.minutes * MINUTE
        return one.ref == other.ref or near

    def _finding(self, view: SharedView, visits: list[Told], explanations: list[Explanation]) -> Finding:
        settlements = sorted(visit.entry.settlement for visit in visits)
        return Finding(
            rule=self,
            about=("invoice", *view.parts),
            severity=1,
            subject=Subject("invoice", view.parts[1]),
            settlements=settlements,
            happened=view.text(visits[-1].entry.at),
            amount=sum(max(0, visit.entry.fund) for visit in visits[1:]),
            values={
                "invoice": view.parts[1],
                "count": len(visits),
                "settlements": settlements,
            },
            evidence={
                "invoice": view.parts[1],
                "visits": [
                    view.evidence(
                        visit,
                        settlement=visit.entry.settlement,
                        total=yuan(visit.entry.total),
                        fund=yuan(visit.entry.fund),
                    )
                    for visit in visits
                ],
            },
            explanations=explanations,
            **named(visits),
        )
