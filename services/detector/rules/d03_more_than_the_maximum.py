"""D03 单日超量 (MUE): more of an item than its maximum, on a day or in an encounter.

Predicate: the registry gives the item a maximum for a local day, which counts across encounters and
institutions, or one for an encounter, and the sum of quantities lies above it. A maximum that follows from
anatomy cannot be exceeded (severity 1), one from practice may have its reason (severity 2, also where the
registry does not say which it is).
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache

from schemas.finding import Words
from schemas.registry import Limit, Registry
from services.detector.bill_rule import DayRule, Suspect, bill_finding
from services.detector.billing import Bill, Charge, count, over
from services.detector.facts import Line
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters
from services.detector.view import PersonView


class MoreThanTheMaximum(DayRule):
    """More of an item than its maximum."""

    id = "D03"
    title = Words("项目超最大数量", "More of an item than its maximum")
    message = Words(
        "{scope_zh}项目{code}共收取{billed}次，超过上限{allowed}；多出部分涉及{amount}元。请核对是否多记。",
        "{billed} units of {code} were billed {scope_en}, the maximum is {allowed}; {amount} yuan are for "
        "what "
        "lies beyond. Were too many entered?",
    )
    basis = ("条例 38(二)", "条例 38(三)", "两库 限定频次")
    checks = {
        "refunded": Words("多收部分已退费", "what was too much was refunded"),
    }
    tables = frozenset(("limits",))
    parameters = Parameters()

    def concerns(self, view: PersonView, line: Line) -> bool:
        return view.registry.limit(line.code) is not None

    def may_be_much(self, view: PersonView, code: str, charges: list[Charge]) -> bool:
        least = _least_maxima(view.registry).get(code)
        return least is not None and count(charges) > least

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        asked = None if refs is None else set(refs)
        yield from super().judge(view, asked)
        for bill in view.bills(asked):
            for code, charges in sorted(bill.by_code.items()):
                suspect = self._encounter_suspect(view, bill, code, charges)
                if suspect is not None:
                    yield bill_finding(self, view, bill, suspect)

    def day_suspect(
        self, view: PersonView, code: str, day: int, charges: list[tuple[Bill, Charge]]
    ) -> Suspect | None:
        date = view.calendar.date_text(day)
        limit = view.registry.limit(code, date)
        if limit is None or limit.day_max is None:
            return None
        return self._suspect(
            (), limit, limit.day_max, [charge for _, charge in charges], f"{date} ", f"on {date}"
        )

    def _encounter_suspect(
        self, view: PersonView, bill: Bill, code: str, charges: list[Charge]
    ) -> Suspect | None:
        if view.registry.limit(code) is None:
            return None
        limit = view.registry.limit(code, _first_date(view, bill, charges))
        if limit is None or limit.encounter_max is None:
            return None
        return self._suspect(
            ("encounter", code), limit, limit.encounter_max, charges,
            f"{bill.ref[0]} 就诊 {bill.ref[1]} 内", f"in encounter {bill.ref[1]} at {bill.ref[0]}",
        )  # fmt: skip

    def _suspect(
        self, about: tuple, limit: Limit, maximum: Decimal, charges: list[Charge], zh: str, en: str
    ) -> Suspect | None:
        billed = count(charges)
        if billed <= maximum:
            return None
        return Suspect(
            about=about,
            severity=1 if limit.nature == "anatomical" else 2,
            amount=over(charges, maximum),
            values={
                "code": limit.code,
                "scope_zh": zh,
                "scope_en": en,
                "billed": f"{billed:f}",
                "allowed": f"{maximum:f}",
            },
            charges=charges,
            explanations=[Explanation("refunded", False)],
            evidence={"code": limit.code, "maximum": f"{maximum:f}", "nature": limit.nature},
        )


@lru_cache(maxsize=2)
def _least_maxima(registry: Registry) -> dict[str, Decimal]:
    """The smallest maximum of each code that has one, of a day or an encounter, on whatever day."""
    limits: tuple[Limit, ...] = registry.records(Limit.TABLE)
    found: dict[str, Decimal] = {}
    for limit in limits:
        for maximum in (limit.day_max, limit.encounter_max):
            if maximum is not None:
                found[limit.code] = min(maximum, found.get(limit.code, maximum))
    return found


def _first_date(view: PersonView, bill: Bill, charges: list[Charge]) -> str | None:
    """The local date of the first of some charges, else of the stay's begin; None without either."""
    first = min((charge.at for charge in charges if charge.at), default=bill.stay.begin if bill.stay else 0)
    return view.calendar.date_text(view.calendar.day(first)) if first else None
