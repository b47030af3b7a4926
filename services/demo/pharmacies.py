"""Purchases at the county's pharmacies, and what their shelves report."""

from typing import Any

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE, OPENING_HOURS
from services.demo.billing import Bill, basket, bill
from services.demo.care import Pair, visit
from services.demo.geography import Institution
from services.demo.ledger import Ledger
from services.demo.people import Person

_PURCHASE_EVERY = 12
_COUNT_EVERY = 30


def opening_hours(place: Institution) -> str:
    """The name of the opening hours of an institution."""
    if place.kind == "pharmacy":
        return "pharmacy_24h" if place.open_24h else "pharmacy"
    return "hospital" if place.kind == "hospital" else "primary"


def is_open(place: Institution, second: int) -> bool:
    return OPENING_HOURS[opening_hours(place)][second % DAY // HOUR] > 0


def over_the_counter(ledger: Ledger) -> Bill:
    """What people buy without much thought."""
    return basket(ledger.rng, catalogue.ACUTE_DRUGS, 3)


def refill(condition: str) -> Bill:
    """A month's supply for one chronic illness."""
    return bill([(drug, 1) for drug in catalogue.CHRONIC_DRUGS[condition]])


def purchase(
    ledger: Ledger, person: Person, place: Institution, at: int, *, total: Bill | None = None, **more: Any
) -> tuple[Pair, Pair]:
    """A settlement over the counter of a pharmacy (med_type 41): its encounter and its settlement."""
    return visit(
        ledger, person, place, begin=at, at=at, med_type="41", total=total or over_the_counter(ledger), **more
    )


def keep_stock(ledger: Ledger, place: Institution) -> None:
    """Deliveries about every twelve days and a count about every thirty."""
    rng = ledger.rng
    for movement, every, letter in (("purchase", _PURCHASE_EVERY, "R"), ("count", _COUNT_EVERY, "C")):
        day = ledger.start // DAY + rng.randrange(every)
        while day <= ledger.until // DAY:
            at = day * DAY + 9 * HOUR + int(rng.random() * 90 * MINUTE)
            event = ledger.head("stock", place, at)
            drug = rng.choice(catalogue.ACUTE_DRUGS)
            event |= {
                "product_code": drug.code,
                "movement": movement,
                "quantity": 20 + int(rng.random() * 180),
                "document_id": ledger.new_id(letter, place),
            }
            ledger.post(event, at + ledger.delay())
            day += every + rng.randint(-2, 2)
