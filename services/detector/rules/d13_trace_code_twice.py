"""D13 追溯码重复: one pack, by its trace code, is sold twice.

Predicate: two sales or more, in different encounters, of whole packs with the same trace code. Sales in parts
(拆零), what is given in a stay (wards open packs), and a cancelled or refunded sale do not count; a code that
more than twenty sales name was typed in for one. Severity 1; the amount is what lies within policy of all but
the first sale.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.shared.history import Told
from services.detector.shared.view import SharedView, named


@dataclass(frozen=True)
class TraceCodeTwiceParameters(Parameters):
    """Figures of the catalogue's D13."""

    sales: int = parameter(2, "1", "同一追溯码销售次数下限", "sales of one pack")
    placeholder_sales: int = parameter(
        20, "1", "视为占位码的销售次数", "more sales than this, and the code is none of a pack"
    )


class TraceCodeTwice(Rule):
    """One pack, sold twice."""

    id = "D13"
    key = "trace_code"
    title = Words("追溯码重复", "One pack sold twice")
    message = Words(
        "药品追溯码{code}先后销售{count}次，首次之后的销售涉及医保范围内费用{amount}元，疑似回流药或串换。"
        "请核对进货来源和实物。",
        "The pack with trace code {code} was sold {count} times; {amount} yuan within policy are of sales "
        "after the first. Suspected: a drug that flowed back, or another in its place. Where was it bought?",
    )
    basis = ("条例 38(四)", "条例 40(三)")
    checks = {
        "sold_in_parts": Words("拆零销售", "sold in parts"),
        "returned": Words("退货后再次销售", "sold again after it was returned"),
        "placeholder_code": Words("占位码", "a code that stands for none"),
    }
    watches = frozenset()
    window_days = 400
    parameters = TraceCodeTwiceParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        told = view.told
        if len(told) < self.parameters.sales:
            return
        sales = _sales(told)
        if len(sales) < self.parameters.sales:
            return
        explanations = [
            Explanation("sold_in_parts", False),
            Explanation("returned", False),
            Explanation("placeholder_code", len(sales) > self.parameters.placeholder_sales),
        ]
        if not cleared(explanations):
            yield self._finding(view, sales, explanations)

    def _finding(self, view: SharedView, sales: list[Told], explanations: list[Explanation]) -> Finding:
        code = view.parts[0]
        return Finding(
            rule=self,
            about=("trace code", code),
            severity=1,
            subject=Subject("trace_code", code),
            settlements=sorted({sale.entry.settlement for sale in sales} - {""}),
            happened=view.text(sales[-1].entry.at),
            amount=sum(sale.entry.covered for sale in sales[1:]),
            values={"code": code, "count": len(sales)},
            evidence={
                "trace_code": code,
                "sales": [
                    view.evidence(
                        sale,
                        settlement=sale.entry.settlement or None,
                        line=sale.entry.line,
                        code=sale.entry.code,
                        within_policy=yuan(sale.entry.covered),
                    )
                    for sale in sales
                ],
            },
            explanations=explanations,
            **named(sales),
        )


def _sales(told: list[Told]) -> list[Told]:
    """Sales of the whole pack, one an encounter: what is scanned twice at one counter is one sale."""
    first: dict[Ref, Told] = {}
    for one in told:
        if not one.entry.split:
            first.setdefault(one.ref, one)
    return list(first.values())
