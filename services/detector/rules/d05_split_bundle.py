"""D05 分解项目收费: the components of a bundled item billed beside it, or instead of it.

Predicate: on one local day of one encounter the bundle and components that the registry says it contains
(severity 1, suspected are the components); or, without the bundle, all of its components, at least three of
them, for more than the bundle may cost (severity 2, suspected is what lies beyond its price).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from schemas.finding import Words
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, base, by_day, count, part
from services.detector.news import News
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView

CONTAINS = "contains"


@dataclass(frozen=True)
class SplitBundleParameters(Parameters):
    """Figures of rules.md D05."""

    least_components: int = parameter(
        3, "1", "以单项代替组套的最少单项数", "components that, all billed, may stand instead of their bundle"
    )


class SplitBundle(BillRule):
    """A bundle billed in pieces."""

    id = "D05"
    title = Words("疑似分解项目收费", "Suspected: a bundle billed in pieces")
    message = Words(
        "{institution} 就诊 {encounter} 于 {day} {manner_zh}：组套 {code}，单项 {components}；"
        "涉及{amount}元。请核对是否分解收费。",
        "On {day}, {institution} billed {components} in encounter {encounter} {manner_en} {code}, which "
        "contains them; {amount} yuan. Was one item taken apart?",
    )
    basis = ("条例 38(三)",)
    checks = {
        "refunded": Words("单项或组套已退费", "the components or the bundle were refunded"),
        "some_only": Words("仅需要其中部分单项", "only some of the components were needed"),
    }
    tables = frozenset(("bundles",))
    parameters = SplitBundleParameters()

    def may_find(self, news: News) -> bool:
        registry = news.view.registry
        for code in news.codes:  # noqa: SIM110 — a generator costs more than the answer
            if registry.bundles_with(code):
                return True
        return False

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        bundles = {bundle for code in bill.by_code for bundle in view.registry.bundles_with(code)}
        for bundle in sorted(bundles):
            parts = {code for code in view.registry.components(bundle, CONTAINS) if code in bill.by_code}
            if bundle not in bill.by_code and len(parts) < self.parameters.least_components:
                continue
            charges = [charge for code in sorted(parts) for charge in bill.by_code[code]]
            wholes = bill.dated(bundle, view.calendar)
            for day, of_day in sorted(by_day(charges, view.calendar).items()):
                suspect = self._of_day(view, bill, bundle, day, of_day, wholes.get(day))
                if suspect is not None:
                    yield suspect

    def _of_day(
        self,
        view: PersonView,
        bill: Bill,
        bundle: str,
        day: int,
        charges: list[Charge],
        whole: list[Charge] | None,
    ) -> Suspect | None:
        date = view.calendar.date_text(day)
        components = view.registry.components(bundle, CONTAINS, date)
        parts = [charge for charge in charges if charge.line.code in components]
        billed = sorted({charge.line.code for charge in parts})
        if not parts:
            return None
        if whole:
            amount, severity, manner = base(parts), 1, BESIDE
        else:
            excess = self._beyond_the_bundle(view, bill, bundle, date, parts)
            if len(billed) < max(len(components), self.parameters.least_components) or excess <= 0:
                return None
            amount, severity, manner = excess, 2, INSTEAD
        return Suspect(
            about=(bundle, date),
            severity=severity,
            amount=amount,
            values={
                "code": bundle,
                "day": date,
                "components": [*billed],
                "manner_zh": manner.zh,
                "manner_en": manner.en,
            },
            charges=[*(whole or ()), *parts],
            explanations=[Explanation("refunded", False), Explanation("some_only", False)],
            day=day,
            evidence={"code": bundle, "components": billed, "day": date},
        )

    def _beyond_the_bundle(
        self, view: PersonView, bill: Bill, bundle: str, date: str, parts: list[Charge]
    ) -> int:
        """What the components cost beyond their bundle, fen of what lies within policy; 0 where no price of
        the bundle is known."""
        price = view.registry.price(bundle, view.level(bill.ref[0], date), date)
        if price is None or price.max_price is None:
            return 0
        billed = {charge.line.code for charge in parts}
        counts = [count([one for one in parts if one.line.code == code]) for code in billed]
        paid = sum(charge.line.amount for charge in parts)
        excess = Decimal(paid) - price.max_price * 100 * min(counts)
        return part(base(parts), excess, paid) if paid and excess > 0 else 0


BESIDE = Words("组套与其单项同时收取", "beside")
INSTEAD = Words("以全部单项代替组套收取", "instead of")
