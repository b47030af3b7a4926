"""D07 超标准收费: charged above the price cap.

Predicate: a line's price a unit lies more than the tolerance above what the registry allows for the code at
the institution's level on the line's day: the cap, with the mark-up where one is allowed on it (25 % for
herbal slices, 饮片, unless the registry says otherwise). Suspected is the part of the line that lies above. A
line whose amount is not quantity times price is a data defect and no evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from schemas.finding import Words
from schemas.records import Price
from schemas.registry import Registry
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, part
from services.detector.facts import is_off
from services.detector.news import News
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView

HERBAL_SLICES = "10"


@dataclass(frozen=True)
class AboveThePriceParameters(Parameters):
    """Figures of rules.md D07; the caps themselves stand in the registry (prices)."""

    tolerance_yuan: float = parameter(0.01, "yuan", "单价容差", "what a unit may cost beyond the cap")
    slices_markup: float = parameter(
        0.25, "1", "中药饮片允许的加价率", "mark-up that is allowed on herbal slices"
    )


class AboveThePrice(BillRule):
    """Charged above the cap."""

    id = "D07"
    title = Words("超标准收费", "Charged above the price cap")
    message = Words(
        "{institution} 就诊 {encounter} 的项目{code}按单价{price}元收取，超过限价{cap}元；"
        "超出部分涉及{amount}元。"
        "请核对价格与计价单位。",
        "{institution} charged {price} yuan a unit for {code} in encounter {encounter}, the cap is {cap}; "
        "{amount} yuan lie above. Are price and unit right?",
    )
    basis = ("条例 38(三)",)
    checks = {
        "price_of_its_level": Words(
            "该级别机构允许的价格", "a price that institutions of this level may ask"
        ),
        "allowed_markup": Words("允许的加价", "a mark-up that is allowed"),
    }
    tables = frozenset(("prices",))
    parameters = AboveThePriceParameters()

    def may_find(self, news: News) -> bool:
        cheapest, tolerance = _cheapest(news.view.registry), Decimal(str(self.parameters.tolerance_yuan))
        for charge in news.charges:
            cap = cheapest.get(charge.line.code)
            if cap is not None and _price(charge) > cap + tolerance:
                return True
        return False

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        above: dict[str, list[tuple[Charge, Decimal]]] = {}
        for date, charges in _by_date(view, bill).items():
            level = view.level(bill.ref[0], date)
            for charge in charges:
                price = view.registry.price(charge.line.code, level, date)
                cap = None if price is None else self._cap(charge, price)
                if cap is not None and _price(charge) > cap + Decimal(str(self.parameters.tolerance_yuan)):
                    above.setdefault(charge.line.code, []).append((charge, cap))
        for code, found in sorted(above.items()):
            yield _suspect(code, found)

    def _cap(self, charge: Charge, price: Price) -> Decimal | None:
        """What a unit may cost, yuan; None where nobody tells, or the line contradicts itself."""
        line = charge.line
        if price.max_price is None or is_off(line.amount, line.quantity, line.more.unit_price):
            return None
        markup = Decimal(0)
        if price.markup_percent is not None:
            markup = price.markup_percent / 100
        elif line.category == HERBAL_SLICES:
            markup = Decimal(str(self.parameters.slices_markup))
        return price.max_price * (1 + markup)


@lru_cache(maxsize=2)
def _cheapest(registry: Registry) -> dict[str, Decimal]:
    """The least that any row lets a unit of a code cost, yuan, whatever the level and the day."""
    prices: tuple[Price, ...] = registry.records(Price.TABLE)
    found: dict[str, Decimal] = {}
    for price in prices:
        if price.max_price is not None:
            cap = price.max_price * (1 + min(Decimal(0), price.markup_percent or Decimal(0)) / 100)
            found[price.code] = min(cap, found.get(price.code, cap))
    return found


def _by_date(view: PersonView, bill: Bill) -> dict[str | None, list[Charge]]:
    """Charges by their local dates, those of no known day by the date on which the stay began."""
    begun = view.calendar.day(bill.stay.begin) if bill.stay else None
    days: dict[int | None, list[Charge]] = {}
    for charge in bill.charges:
        days.setdefault(view.calendar.day(charge.at) if charge.at else begun, []).append(charge)
    return {None if day is None else view.calendar.date_text(day): found for day, found in days.items()}


def _price(charge: Charge) -> Decimal:
    """Of a unit, yuan, as told, else as charged."""
    told = charge.line.more.unit_price
    return charge.line.amount / charge.line.quantity / 100 if told is None else told


def _suspect(code: str, above: list[tuple[Charge, Decimal]]) -> Suspect:
    dearest, cap = max(above, key=lambda item: (_price(item[0]) - item[1], item[0].line.id))
    return Suspect(
        about=(code,),
        severity=1,
        amount=sum(part(charge.base, _price(charge) - most, _price(charge)) for charge, most in above),
        values={"code": code, "price": f"{_price(dearest).normalize():f}", "cap": f"{cap.normalize():f}"},
        charges=[charge for charge, _ in above],
        explanations=[Explanation("price_of_its_level", False), Explanation("allowed_markup", False)],
        evidence={"code": code, "cap": f"{cap.normalize():f}"},
    )
