"""Lives by the calendar: monthly refills, dialysis thrice a week, chemotherapy every fortnight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE, draw_second, timestamp, weekday
from services.demo.billing import basket, bill
from services.demo.care import Pair, visit
from services.demo.geography import Institution
from services.demo.ledger import Ledger
from services.demo.people import Person
from services.demo.pharmacies import opening_hours, refill

if TYPE_CHECKING:
    from services.demo.life import Life

_DIALYSIS_HOURS = 4
_DIALYSIS_SHIFTS = (7 * HOUR + 30 * MINUTE, 12 * HOUR + 30 * MINUTE)
_REFILL_DAYS = 30
_CHEMOTHERAPY_DAYS = 14


def refills(life: Life, person: Person, condition: str) -> None:
    """Monthly, by most at the pharmacy, by others as chronic out-patient care near home."""
    rng = life.rng
    at_pharmacy = rng.random() < 0.55
    place = life.pharmacy(person) if at_pharmacy else life.primary(person)
    diagnosis = catalogue.CHRONIC_DIAGNOSES[condition]
    day = life.almanac.first_day + rng.randrange(_REFILL_DAYS)
    while day <= life.almanac.last_day:
        at = day * DAY + draw_second(rng, opening_hours(place))
        if at_pharmacy:
            life.buy(person, at, refill(condition), diagnosis)
        elif life.appears(person, at, at + 8 * MINUTE, place):
            visit(
                life.ledger,
                person,
                place,
                begin=at,
                at=at + 8 * MINUTE,
                total=refill(condition),
                med_type="140104",
                diagnosis=diagnosis,
                disease_code=catalogue.CHRONIC_DISEASES[condition],
            )
        day += _REFILL_DAYS + rng.randint(-1, 4)


def dialysis_weeks(life: Life, person: Person) -> None:
    """Thrice a week, always the same shift, always the same price."""
    place = life.geography.hospitals[person.index % 2 * 2]
    first_weekday, shift = person.index // 2 % 2, _DIALYSIS_SHIFTS[person.index // 4 % 2]
    for day in range(life.almanac.first_day, life.almanac.last_day + 1):
        if weekday(day) not in (first_weekday, first_weekday + 2, first_weekday + 4):
            continue
        begin = day * DAY + shift + person.index % 20 * MINUTE
        end = begin + _DIALYSIS_HOURS * HOUR
        if life.appears(person, begin, end, place, scheduled=True):
            session = dialysis(life.ledger, person, place, begin, end)
            life.sessions.setdefault(person.index, []).append((day, *session))


def chemotherapy(life: Life, person: Person) -> None:
    place = life.geography.hospitals[0]
    day = life.almanac.first_day + person.index % _CHEMOTHERAPY_DAYS
    while day <= life.almanac.last_day:
        begin = day * DAY + 8 * HOUR + int(life.rng.random() * 2 * HOUR)
        end = begin + 5 * HOUR
        if life.appears(person, begin, end, place, scheduled=True):
            visit(
                life.ledger,
                person,
                place,
                begin=begin,
                at=end,
                med_type="140201",
                total=basket(life.rng, catalogue.CHEMOTHERAPY_DRUGS, 3, catalogue.INFUSION),
                diagnosis=catalogue.CHEMOTHERAPY_DIAGNOSIS,
                disease_code=catalogue.CHRONIC_DISEASES["chemotherapy"],
            )
        day += _CHEMOTHERAPY_DAYS


def dialysis(ledger: Ledger, person: Person, place: Institution, begin: int, end: int) -> tuple[Pair, Pair]:
    """One session as special out-patient care (门诊特病)."""
    total = bill([(catalogue.DIALYSIS, 1), (catalogue.DIALYSIS_MATERIAL, 1)])
    return visit(
        ledger,
        person,
        place,
        begin=begin,
        at=end,
        med_type="140201",
        total=total,
        diagnosis=catalogue.DIALYSIS_DIAGNOSIS,
        disease_code=catalogue.CHRONIC_DISEASES["dialysis"],
        prescription_id=f"R{timestamp(begin)[:10]}-{person.index}",
    )
