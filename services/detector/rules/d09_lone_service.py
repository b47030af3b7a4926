"""D09 虚构服务: a service without what must go with it.

Predicate: a settled encounter is charged for a code of which the registry says what it requires (an operation
its anaesthesia, a contrast scan its agent, an anaesthesia its operation), and for none of those, neither in
it nor elsewhere in the person's bills of that day and its neighbours. Or it is charged more often for what
requires medicines to inject (an infusion) than units of these were billed in it, and none stands elsewhere;
the amount is that of what is beyond (type 2). A case settled as a package (DRG) says nothing. Results of
laboratories reach the product in no event: what is done without a result is not judged.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from schemas.finding import Words
from schemas.records import Bundle
from schemas.registry import Registry
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, base, count, over
from services.detector.facts import MID_STAY, SETTLEMENTS
from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView

REQUIRES = "requires"


@dataclass(frozen=True)
class LoneServiceParameters(Parameters):
    """Figures of rules.md D09; what requires what stands in the registry (bundles)."""

    days_beside: int = parameter(
        1, "d", "另案收取配套项目的天数", "days within which it may be billed in another encounter"
    )


class LoneService(BillRule):
    """A service without what must go with it."""

    id = "D09"
    phase = "post"
    title = Words("疑似虚构服务：缺少必要的配套项目", "Suspected: a service without what must go with it")
    message = Words(
        "{institution} 就诊 {encounter} 收取了{code}，{what_zh}；涉及{amount}元。请核对该服务是否确已提供。",
        "{institution} billed {code} in encounter {encounter}, {what_en}; {amount} yuan. "
        "Was the service given?",
    )
    basis = ("条例 40(三)",)
    checks = {
        "package": Words("按病种打包付费", "settled as a package (DRG)"),
        "billed_elsewhere": Words("配套项目在另一次就诊中收取", "what it requires stands on another bill"),
    }
    tables = frozenset(("bundles",))
    parameters = LoneServiceParameters()

    def may_find(self, news: News) -> bool:
        return not _bound(news.view.registry).isdisjoint(news.codes)

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        if not _is_settled(view, bill):
            return
        for code, charges in sorted(bill.by_code.items()):
            required = self._required(view, bill, code, charges)
            there = [charge for other in required for charge in bill.by_code.get(other, ())]
            allowed = count(there)
            if not required or (there and not (count(charges) > allowed and _are_injections(view, required))):
                continue
            yield Suspect(
                about=(code, "more") if there else (code,),
                severity=2,
                amount=over(charges, allowed) if there else base(charges),
                values={"code": code, **_what(count(charges), allowed, required)},
                charges=charges,
                explanations=[
                    Explanation("package", _is_package(view, bill)),
                    Explanation("billed_elsewhere", self._is_elsewhere(view, bill, charges, required)),
                ],
                evidence={"code": code, "required": list(required), "there": f"{allowed.normalize():f}"},
            )

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """What comes or goes may be what a service on another bill requires."""
        codes = {
            code
            for component in {line.code for line in view.lines_of(change)}
            for code in view.registry.bundles_with(component)
            if view.registry.components(code, REQUIRES)
        }
        for code in sorted(codes):
            yield from view.billing(code)

    def _required(self, view: PersonView, bill: Bill, code: str, charges: list[Charge]) -> tuple[str, ...]:
        if not view.registry.components(code, REQUIRES):
            return ()
        first = min((charge.at for charge in charges if charge.at), default=0)
        date = view.calendar.date_text(view.calendar.day(first)) if first else None
        return view.registry.components(code, REQUIRES, date)

    def _is_elsewhere(
        self, view: PersonView, bill: Bill, charges: list[Charge], required: tuple[str, ...]
    ) -> bool | None:
        """Whether another bill has what is required, near enough; None where no day is known."""
        days = {view.calendar.day(charge.at) for charge in charges if charge.at}
        if not days:
            return None
        earliest, latest = min(days) - self.parameters.days_beside, max(days) + self.parameters.days_beside
        return any(
            earliest <= day <= latest
            for code in required
            for ref in view.billing(code)
            if ref != bill.ref
            for day in view.bill(ref).dated(code, view.calendar)
        )


@lru_cache(maxsize=2)
def _bound(registry: Registry) -> frozenset[str]:
    """Codes that require another, or are required by one, on whatever day."""
    bundles: tuple[Bundle, ...] = registry.records(Bundle.TABLE)
    return frozenset(
        code
        for bundle in bundles
        if bundle.relation == REQUIRES
        for code in (bundle.code, bundle.component_code)
    )


def _are_injections(view: PersonView, codes: Iterable[str]) -> bool:
    """Whether the registry knows all of them as medicines to inject."""
    packs = [view.registry.pack(code) for code in codes]
    return all(pack is not None and pack.injection for pack in packs)


def _what(billed: Decimal, there: Decimal, required: tuple[str, ...]) -> dict[str, str]:
    """What is missing, in words."""
    zh, en = (between.join(required[:3]) for between in ("、", ", "))
    if not there:
        return {
            "what_zh": f"却没有其必需的配套项目（{zh}）",
            "what_en": f"without any of what it requires ({en})",
        }
    return {
        "what_zh": f"共{billed.normalize():f}次，而所需注射药品（{zh}）只有{there.normalize():f}支",
        "what_en": f"{billed.normalize():f} times, with {there.normalize():f} units to inject ({en})",
    }


def _is_settled(view: PersonView, bill: Bill) -> bool:
    return any(
        fact.kind in SETTLEMENTS and not fact.flags & MID_STAY and view.is_settlement(fact)
        for fact in view.facts_of((bill.ref,))
    )


def _is_package(view: PersonView, bill: Bill) -> bool:
    return any(fact.detail.more.drg for fact in view.facts_of((bill.ref,)))
