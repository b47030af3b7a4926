"""Innocent look-alikes inside a hospital stay: visits and purchases that A03 and A04 have to leave alone."""

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE, weekday
from services.demo.billing import Bill, account_only, basket, family_paid, fund_paid
from services.demo.care import Pair, Stay, admit, visit
from services.demo.cast import Cast, NoRoom, encounters
from services.demo.geography import Institution
from services.demo.people import Person
from services.demo.pharmacies import over_the_counter, purchase

_APART = 40 * DAY


def _at(day: int, hour: int, minute: int = 0) -> int:
    return day * DAY + hour * HOUR + minute * MINUTE


def _inpatient(cast: Cast, external: Institution | None = None) -> tuple[Person, Stay, int]:
    day = cast.day(7)
    places = (external,) if external else ()
    stay = Stay(
        cast.hospital(*places), _at(day, 9, 15), _at(day + 7, 9), diagnosis="M51.200", external=external
    )
    person = cast.person(stay.admitted, _at(day + 7, 11))
    return person, admit(cast.ledger, person, stay), day


def _visit_during(
    cast: Cast,
    story: str,
    person: Person,
    stay: Stay,
    place: Institution,
    day: int,
    zh: str,
    en: str,
    **more: object,
) -> None:
    begin = cast.counter_time(place, day + cast.rng.randint(2, 5), 20 * MINUTE)
    total: Bill = basket(cast.rng, catalogue.LABORATORY, 2, catalogue.CONSULTATION, catalogue.EXAMINATIONS[0])
    _, pair = visit(
        cast.ledger,
        person,
        place,
        begin=begin,
        at=begin + 20 * MINUTE,
        total=total,
        amounts=fund_paid(total.total, 50),
        diagnosis="M51.200",
        **more,
    )
    cast.innocent(["A03"], story, begin, zh, en, encounters=encounters(stay), settlements=[pair])


def preoperative_check_elsewhere(cast: Cast) -> None:
    """A pre-operative out-patient check (emergency = 2) that belongs to the planned operation."""
    person, stay, day = _inpatient(cast)
    _visit_during(
        cast,
        "preoperative_check_elsewhere",
        person,
        stay,
        cast.pick(cast.geography.hospitals, stay.place),
        day,
        "术前门诊检查并入住院",
        "A pre-operative check elsewhere",
        emergency=2,
    )


def examination_in_another_house(cast: Cast) -> None:
    """The hospital has no CT and sends its in-patient to one that has; both name the examining one."""
    examiner = cast.geography.hospitals[0]
    person, stay, day = _inpatient(cast, external=examiner)
    _visit_during(
        cast,
        "examination_in_another_house",
        person,
        stay,
        examiner,
        day,
        "住院期间委托外院检查",
        "An external examination during a stay",
        external_institution=examiner.institution_id,
    )


def online_consultation_in_bed(cast: Cast) -> None:
    """An internet consultation from the hospital bed."""
    person, stay, day = _inpatient(cast)
    place = cast.pick([p for p in cast.geography.institutions if p.internet], stay.place)
    _visit_during(
        cast,
        "online_consultation_in_bed",
        person,
        stay,
        place,
        day,
        "住院期间互联网复诊",
        "An internet consultation from the hospital bed",
        channel="internet",
    )


def _errand_for(cast: Cast, story: str, zh: str, en: str, *, family: bool) -> None:
    person, stay, day = _inpatient(cast)
    place = cast.pharmacy()
    at = cast.counter_time(place, day + cast.rng.randint(2, 5))
    total = over_the_counter(cast.ledger)
    amounts = family_paid(total.total) if family else account_only(total.total)
    more = {} if family else {"channel": "agent"}
    _, pair = purchase(cast.ledger, person, place, at, total=total, amounts=amounts, **more)
    cast.innocent(["A04", "A05"], story, at, zh, en, encounters=encounters(stay), settlements=[pair])


def relative_buys_as_agent(cast: Cast) -> None:
    """A relative buys for the in-patient and says so (channel agent)."""
    _errand_for(
        cast, "relative_buys_as_agent", "亲属代购", "A relative buys for an in-patient as agent", family=False
    )


def relative_pays_from_family_account(cast: Cast) -> None:
    """The purchase is paid from the family account."""
    _errand_for(
        cast,
        "relative_pays_from_family_account",
        "家庭共济支付购药",
        "A purchase during a stay, paid from the family account",
        family=True,
    )


def dialysis_during_a_stay(cast: Cast) -> None:
    """A dialysis patient lies in one hospital and is driven to the machine in another."""
    index, day = _dialysis_week(cast)
    person = cast.people[index]
    machine: Institution = cast.geography.hospitals[index % 2 * 2]
    stay = Stay(
        cast.pick(cast.geography.hospitals, machine),
        _at(day, 19, 30),
        _at(day + 4, 9),
        diagnosis="J18.900",
        settled_after=20 * MINUTE,
    )
    if any(begin < stay.admitted + _APART and stay.admitted - _APART < end for begin, end in person.stays):
        raise NoRoom
    if not cast.ledger.free(person, stay.admitted, stay.admitted, margin=90 * MINUTE):
        raise NoRoom
    admit(cast.ledger, person, stay)
    inside = [pair for when, pair in _sessions(cast, index) if day < when < day + 4]
    for pair in inside:
        cast.innocent(
            ["A03", "A05"],
            "dialysis_during_a_stay",
            stay.admitted,
            "住院期间门诊特病透析",
            "Dialysis as special out-patient care during a stay",
            encounters=encounters(stay),
            settlements=[pair],
        )


def _sessions(cast: Cast, index: int) -> list[tuple[int, Pair]]:
    return [(day, pair) for day, _, pair in cast.sessions[index]]


def _dialysis_week(cast: Cast) -> tuple[int, int]:
    """A dialysis patient and an unused day without session that has two of them in the next three days."""
    wanted = cast.day(5)
    for index, sessions in cast.sessions.items():
        first_weekday = weekday(sessions[0][0]) % 2 if weekday(sessions[0][0]) < 5 else 1
        day = wanted - (weekday(wanted) - first_weekday - 1) % 7
        key = ("dialysis", index, day)
        inside = [when for when, _, _ in sessions if day < when < day + 4]
        if len(inside) == 2 and key not in cast.used and day * DAY > cast.ledger.start:
            cast.used.add(key)
            return index, day
    raise NoRoom


def dialysis_at_equal_price(cast: Cast) -> None:
    """Three sessions of a week, equal in price and lines, on different days."""
    if not cast.sessions:
        raise NoRoom
    index = cast.rng.choice(sorted(cast.sessions))
    sessions = cast.sessions[index]
    first = cast.rng.randrange(max(1, len(sessions) - 2))
    cast.innocent(
        ["A07", "D14"],
        "dialysis_at_equal_price",
        sessions[first][0] * DAY,
        "透析每周三次同价",
        "Dialysis thrice a week at the same price",
        settlements=[pair for _, _, pair in sessions[first : first + 3]],
    )


STORIES = (
    preoperative_check_elsewhere,
    examination_in_another_house,
    online_consultation_in_bed,
    relative_buys_as_agent,
    relative_pays_from_family_account,
    dialysis_during_a_stay,
    dialysis_at_equal_price,
)
