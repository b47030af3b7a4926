"""What most stories are made of: one visit, one purchase, one stay, with bills chosen to the fen."""

from collections.abc import Callable
from typing import Any

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE
from services.demo.billing import account_only, bill, fund_paid
from services.demo.care import Entries, Pair, Stay, admit, visit
from services.demo.cast import Cast, NoRoom
from services.demo.geography import SEAT, Institution
from services.demo.people import Person
from services.demo.pharmacies import purchase

_SETTLED_WITHIN = 2 * HOUR


def attend(
    cast: Cast,
    person: Person,
    place: Institution,
    begin: int,
    entries: Entries,
    *,
    lasts: int = 6 * MINUTE,
    fund: int = 60,
    diagnosis: str = "J20.900",
    **more: Any,
) -> tuple[Pair, Pair]:
    """An out-patient visit with a given bill: its encounter and its settlement."""
    total = bill(entries)
    return visit(
        cast.ledger,
        person,
        place,
        begin=begin,
        at=begin + lasts,
        total=total,
        amounts=fund_paid(total.total, fund),
        diagnosis=diagnosis,
        **more,
    )


def shop(
    cast: Cast, person: Person, place: Institution, at: int, entries: Entries, *, fund: int = 0, **more: Any
) -> tuple[Pair, Pair]:
    """A purchase with a given bill, from the personal account unless the fund pays a share."""
    total = bill(entries)
    amounts = fund_paid(total.total, fund) if fund else account_only(total.total)
    return purchase(cast.ledger, person, place, at, total=total, amounts=amounts, **more)


def lie_in(
    cast: Cast,
    place: Institution,
    day: int,
    nights: int,
    *,
    person: Person | None = None,
    suits: Callable[[Person], bool] | None = None,
    hour: int = 9,
    **more: Any,
) -> tuple[Person, Stay]:
    """A stay over so many nights, posted, with its person; `more`: further fields of the stay."""
    admitted = day * DAY + hour * HOUR + cast.rng.randrange(50 * MINUTE)
    discharged = (day + nights) * DAY + 10 * HOUR + cast.rng.randrange(50 * MINUTE)
    stay = Stay(place, admitted, discharged, **more)
    person = person or cast.person(admitted, discharged + _SETTLED_WITHIN, suits)
    return person, admit(cast.ledger, person, stay)


def at_hour(cast: Cast, place: Institution, day: int, hour: int, lasts: int = 10 * MINUTE) -> int:
    """A quiet moment in the first forty minutes after the hour."""
    for _ in range(20):
        at = day * DAY + hour * HOUR + cast.rng.randrange(40 * MINUTE)
        if cast.undisturbed(place, at, lasts):
            return at
    raise NoRoom


def in_the_seat(cast: Cast, *kinds: str) -> list[Institution]:
    """Institutions of these kinds in the county seat."""
    return [place for place in cast.geography.of_kind(*kinds) if place.town == SEAT]


def cheap_drugs(cast: Cast, count: int) -> list[tuple[catalogue.Item, int]]:
    """One pack each of some everyday drugs, no two of one class."""
    return [(drug, 1) for drug in cast.rng.sample(catalogue.ACUTE_DRUGS, count)]


def man(person: Person) -> bool:
    return person.sex == 1 and 20 <= person.age <= 75


def woman(person: Person) -> bool:
    return person.sex == 2 and 20 <= person.age <= 50


def adult(person: Person) -> bool:
    return 22 <= person.age <= 80


def old(person: Person) -> bool:
    return person.age >= 62


def ward_billing(
    *daily: catalogue.Item,
    first: tuple[catalogue.Item, ...] = (catalogue.BLOOD_COUNT, catalogue.X_RAY),
    nights: int | None = None,
) -> Callable[[int], Entries]:
    """A ward's daily bill of the same few things, tests on the first day, no bed on the last."""

    def entries(after: int) -> Entries:
        items = [catalogue.WARD_ROUND, catalogue.NURSING, *daily]
        if after != nights:
            items.append(catalogue.BED)
        return [(item, 1) for item in (*items, *(first if after == 0 else ()))]

    return entries
