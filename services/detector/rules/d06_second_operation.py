"""D06 手术折价未执行: further operations of one session at the full price.

Predicate: on one local day of one encounter two or more operations (06) for which the registry gives a full
price and the share of it that a second operation of one session may cost. The dearest may cost its full
price, each other one its share; what was charged lies above their sum. Two anaesthesias are two sessions.
Suspected is the part within policy of what lies above (rules.md §0.4, type 3).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from schemas.finding import Words
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, base, count, part
from services.detector.news import News
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView

OPERATION = "06"


class Operation(NamedTuple):
    """One operation of a day. price: its full price, share: of it that it may cost as a second one, of all
    units, fen."""

    code: str
    charges: list[Charge]
    price: Decimal
    share: Decimal

    @property
    def charged(self) -> int:
        """Fen."""
        return sum(charge.line.amount for charge in self.charges)


@dataclass(frozen=True)
class SecondOperationParameters(Parameters):
    """Figures of rules.md D06; prices and shares stand in the registry (prices)."""

    tolerance_yuan: float = parameter(0.01, "yuan", "金额容差", "amount that may lie above")


class SecondOperation(BillRule):
    """A further operation of one session at the full price."""

    id = "D06"
    title = Words("同台第二手术未折价", "A second operation at the full price")
    message = Words(
        "{institution} 就诊 {encounter} 于{day}同台手术{codes}共收取{charged}元，按折价规定最多{allowed}元；"
        "超出部分涉及{amount}元。请核对第二手术是否折价。",
        "On {day}, {institution} charged {charged} yuan for operations {codes} of one session in encounter "
        "{encounter}, at most {allowed} by the rule on second operations; {amount} yuan lie above. Was the "
        "second one charged at its share?",
    )
    basis = ("条例 38(三)", "两库 手术未按规定折价")
    checks = {
        "two_sessions": Words("非同一麻醉下的两台手术", "two sessions with an anaesthesia each"),
        "charged_at_share": Words("已按比例折价", "charged at its share"),
    }
    tables = frozenset(("prices",))
    parameters = SecondOperationParameters()

    def may_find(self, news: News) -> bool:
        operations = 0
        for charge in news.charges:
            operations += charge.line.category == OPERATION
        return operations > 1

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        days: dict[int, dict[str, list[Charge]]] = {}
        for charge in bill.charges:
            if charge.line.category == OPERATION and charge.at:
                of_day = days.setdefault(view.calendar.day(charge.at), {})
                of_day.setdefault(charge.line.code, []).append(charge)
        for day, by_code in sorted(days.items()):
            if len(by_code) > 1:
                yield from self._session(view, bill, day, by_code)

    def _session(
        self, view: PersonView, bill: Bill, day: int, by_code: dict[str, list[Charge]]
    ) -> Iterator[Suspect]:
        date = view.calendar.date_text(day)
        operations = [
            operation
            for code, charges in sorted(by_code.items())
            if (operation := _priced(view, bill.ref[0], code, charges, date)) is not None
        ]
        if len(operations) < 2:
            return
        first = max(operations, key=lambda one: (one.price, one.code))
        allowed = first.price + sum(one.share for one in operations if one is not first)
        charged = sum(one.charged for one in operations)
        if charged <= allowed + Decimal(str(self.parameters.tolerance_yuan)) * 100:
            return
        charges = [charge for one in operations for charge in one.charges]
        codes = [one.code for one in operations]
        yield Suspect(
            about=("session", date),
            severity=1,
            amount=part(base(charges), charged - allowed, charged),
            values={
                "day": date,
                "codes": [*codes],
                "charged": f"{charged / Decimal(100):.2f}",
                "allowed": f"{allowed / 100:.2f}",
            },
            charges=charges,
            explanations=[
                Explanation("two_sessions", _anaesthesias(view, bill, codes, day, date)),
                Explanation("charged_at_share", False),
            ],
            day=day,
            evidence={"codes": codes, "day": date, "first": first.code},
        )


def _priced(
    view: PersonView, institution: str, code: str, charges: list[Charge], date: str
) -> Operation | None:
    """An operation with its price; None where the registry does not tell it."""
    price = view.registry.price(code, view.level(institution, date), date)
    if price is None or price.max_price is None or price.second_operation_percent is None:
        return None
    full = price.max_price * 100 * count(charges)
    return Operation(code, charges, full, full * price.second_operation_percent / 100)


def _anaesthesias(view: PersonView, bill: Bill, codes: list[str], day: int, date: str) -> bool | None:
    """Whether there were as many anaesthesias as operations on the day, by what the operations require; None
    where the registry does not say what they do."""
    required = {part for code in codes for part in view.registry.components(code, "requires", date)}
    if not required:
        return None
    given = [charge for code in required for charge in bill.dated(code, view.calendar).get(day, ())]
    return count(given) >= len(codes)
