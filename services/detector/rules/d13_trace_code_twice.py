"""D13 追溯码重复: one pack, by its trace code, is sold twice, or where it never was.

Predicate: two sales or more of a whole pack with the same trace code stand, at least one of them settled; or
it was settled at an institution that never purchased it, while another one, known to be neither of its group
nor of its chain, did and did not send it back. Sales are settled ones, one an encounter, and those that the
stock reports (3505), of which an institution's settled ones are a part; those of one document within five
minutes are one. A return (3506) takes back the sale before it. Sales in parts (拆零), what is given in a stay
(wards open packs), and a cancelled or refunded sale do not count; a code that more than twenty sales name was
typed in for one. Severity 1; the amount is what lies within policy of all sales but the first, or of those
where the pack never was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.finding import Subject, Words
from schemas.moments import MINUTE
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.shared.history import Told
from services.detector.shared.registers import Movement, Sale
from services.detector.shared.view import SharedView, named


@dataclass(frozen=True)
class TraceCodeTwiceParameters(Parameters):
    """Figures of the catalogue's D13."""

    sales: int = parameter(2, "1", "同一追溯码销售次数下限", "sales of one pack")
    minutes: float = parameter(5.0, "min", "同一单据重复扫码间隔", "scans of one document that are one sale")
    placeholder_sales: int = parameter(
        20, "1", "视为占位码的销售次数", "more sales than this, and the code is none of a pack"
    )


class TraceCodeTwice(Rule):
    """One pack, sold twice."""

    id = "D13"
    key = "trace_code"
    title = Words("追溯码重复", "One trace code sold twice")
    message = Words(
        "药品追溯码 {code} {how_zh}，涉及医保范围内费用{amount}元，疑似回流药或串换。请核对进货来源和实物。",
        "The pack with trace code {code} {how_en}; {amount} yuan within policy. Suspected: a drug that "
        "flowed back, or another in its place. Where was it bought?",
    )
    basis = ("条例 38(四)", "条例 40(三)")
    checks = {
        "sold_in_parts": Words("拆零销售", "sold in parts"),
        "returned": Words("退货后再次销售", "sold again after it was returned"),
        "placeholder_code": Words("占位码", "a code that stands for none"),
        "one_owner": Words("进货机构为同一医共体或连锁", "bought by one of the same group or chain"),
    }
    watches = frozenset()
    window_days = 400
    parameters = TraceCodeTwiceParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        settled = _settled(view)
        if not settled or len(view.told) < 2:
            return
        movements = view.of(Movement)
        sales = self._standing(settled, movements)
        elsewhere: list[Told] = []
        if len(sales) < self.parameters.sales or not any(_is_settled(sale) for sale in sales):
            sales = elsewhere = self._never_there(view, settled, movements)
        if not sales:
            return
        explanations = [
            Explanation("sold_in_parts", False),
            Explanation("returned", False if movements else None),
            Explanation("placeholder_code", len(sales) > self.parameters.placeholder_sales),
            Explanation("one_owner", False if elsewhere else None),
        ]
        if not cleared(explanations):
            yield self._finding(view, sales, elsewhere, explanations)

    def _standing(self, settled: list[Told], movements: list[Told]) -> list[Told]:
        """Sales that no return took back, in order: of each institution its settled ones, and what more its
        stock reports."""
        returns = [told for told in movements if told.entry.movement == "sale_return"]
        reported = self._reported(movements)
        standing: list[Told] = []
        for institution in {told.register.institution for told in (*settled, *reported)}:
            back = _at(institution, returns)
            own = _less_returned(_at(institution, settled), back)
            more = _less_returned(_at(institution, reported), back)
            standing += own
            standing += more[len(own) :]
        return sorted(standing, key=_place)

    def _reported(self, movements: list[Told]) -> list[Told]:
        """Sales of the whole pack that the stock reports, those of one document once."""
        sales: list[Told] = []
        for told in movements:
            entry = told.entry
            if entry.movement != "sale" or entry.split:
                continue
            is_scanned_again = entry.document and any(
                known.entry.document == entry.document
                and known.register.institution == told.register.institution
                and entry.at - known.entry.at <= self.parameters.minutes * MINUTE
                for known in sales
            )
            if not is_scanned_again:
                sales.append(told)
        return sales

    def _never_there(self, view: SharedView, settled: list[Told], movements: list[Told]) -> list[Told]:
        """Settled sales at institutions that never purchased the pack, while another one has it."""
        buyers = {told.register.institution for told in movements if told.entry.movement == "purchase"}
        gone = {told.register.institution for told in movements if told.entry.movement == "purchase_return"}
        return [
            sale
            for sale in settled
            if sale.register.institution not in buyers
            and any(not _is_one_owner(view, buyer, sale) for buyer in buyers - gone)
            and not any(_is_one_owner(view, buyer, sale) for buyer in buyers)
        ]

    def _finding(
        self, view: SharedView, sales: list[Told], elsewhere: list[Told], explanations: list[Explanation]
    ) -> Finding:
        code = view.parts[0]
        settled = [sale for sale in sales if _is_settled(sale)]
        counted = settled if elsewhere else [sale for sale in sales[1:] if _is_settled(sale)]
        how_zh, how_en = f"先后销售{len(sales)}次", f"was sold {len(sales)} times"
        if elsewhere:
            how_zh = "由未曾购进该药品的机构销售"
            how_en = "was sold by an institution that never bought it"
        institutions = sorted({sale.register.institution for sale in sales})
        return Finding(
            rule=self,
            about=("trace code", code),
            severity=1,
            subject=Subject("trace_code", code),
            settlements=sorted({sale.entry.settlement for sale in settled} - {""}),
            happened=view.text(sales[-1].entry.at),
            amount=sum(sale.entry.covered for sale in counted),
            values={"code": code, "how_zh": how_zh, "how_en": how_en},
            evidence={
                "trace_code": code,
                "sales": [_evidence(view, sale) for sale in sales],
                "stock": [
                    {
                        "at": view.text(told.entry.at),
                        "institution": told.register.institution,
                        "movement": told.entry.movement,
                        "document": told.entry.document or None,
                    }
                    for told in view.of(Movement)
                ],
            },
            explanations=explanations,
            **{**named(settled), "institutions": institutions, "place": sales[-1].register.institution},
        )


def _settled(view: SharedView) -> list[Told]:
    """Settled sales of the whole pack, one an encounter: what is scanned twice at one counter is one sale."""
    first: dict[Ref, Told] = {}
    for told in view.of(Sale):
        if not told.entry.split:
            first.setdefault(told.ref, told)
    return list(first.values())


def _is_settled(told: Told) -> bool:
    return isinstance(told.entry, Sale)


def _at(institution: str, told: list[Told]) -> list[Told]:
    return [one for one in told if one.register.institution == institution]


def _less_returned(sales: list[Told], returns: list[Told]) -> list[Told]:
    """Sales that stand, in order: each return takes back the last one before it."""
    standing = list(sales)
    for back in returns:
        before = [sale for sale in standing if sale.entry.at <= back.entry.at]
        if before:
            standing.remove(before[-1])
    return standing


def _is_one_owner(view: SharedView, buyer: str, sale: Told) -> bool:
    """Whether two institutions are, or may be, of one group (医共体) or chain when the pack is sold."""
    if buyer == sale.register.institution:
        return True
    one = view.institution(buyer, sale.entry.at)
    other = view.institution(sale.register.institution, sale.entry.at)
    if one is None or other is None:
        return True
    return bool(
        (one.group_id and one.group_id == other.group_id) or (one.chain_id and one.chain_id == other.chain_id)
    )


def _place(told: Told) -> tuple[int, str, str]:
    return (told.entry.at, *told.ref)


def _evidence(view: SharedView, sale: Told) -> dict[str, Any]:
    entry = sale.entry
    if not isinstance(entry, Sale):
        return {
            "at": view.text(entry.at),
            "institution": sale.register.institution,
            "document": entry.document or None,
        }
    return view.evidence(
        sale,
        settlement=entry.settlement or None,
        line=entry.line,
        code=entry.code,
        within_policy=yuan(entry.covered),
    )
