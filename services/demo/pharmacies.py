"""Purchases at the county's pharmacies."""

from collections.abc import Collection
from typing import Any

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, OPENING_HOURS
from services.demo.billing import Bill, basket, bill
from services.demo.care import Pair, visit
from services.demo.geography import Institution
from services.demo.ledger import Ledger
from services.demo.people import Person

_TRACED_FROM_DAYS = 28


def opening_hours(place: Institution) -> str:
    """The name of the opening hours of an institution."""
    if place.kind == "pharmacy":
        return "pharmacy_24h" if place.open_24h else "pharmacy"
    return "hospital" if place.kind == "hospital" else "primary"


def is_open(place: Institution, second: int) -> bool:
    return OPENING_HOURS[opening_hours(place)][second % DAY // HOUR] > 0


def over_the_counter(ledger: Ledger, without: Collection[str] = ()) -> Bill:
    """What people buy without much thought; `without`: codes they have at home."""
    return basket(ledger.rng, catalogue.ACUTE_DRUGS, 3, without=without)


def refill(condition: str) -> Bill:
    """A month's supply for one chronic illness."""
    return bill([(drug, 1) for drug in catalogue.CHRONIC_DRUGS[condition]])


def purchase(
    ledger: Ledger, person: Person, place: Institution, at: int, *, total: Bill | None = None, **more: Any
) -> tuple[Pair, Pair]:
    """A settlement over the counter of a pharmacy (med_type 41): its encounter and its settlement."""
    total = total or over_the_counter(ledger)
    for line in total.lines:
        if line.get("days_supply", 0) >= _TRACED_FROM_DAYS:
            line.setdefault("trace_codes", [ledger.new_trace_code() for _ in range(line["quantity"])])
    return visit(ledger, person, place, begin=at, at=at, med_type="41", total=total, **more)
