"""Planted fraud in and around hospital stays: rules A01 to A04."""

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE
from services.demo.billing import account_only, basket, fund_paid
from services.demo.care import Stay, admit, visit
from services.demo.cast import Cast, encounters
from services.demo.geography import Institution
from services.demo.people import Person
from services.demo.pharmacies import over_the_counter, purchase

# Whoever is elsewhere is not in bed: C01 may say so too.
_SEEN_FROM_THE_WARD = ("C01",)


def _moment(cast: Cast, day: int, hour: int, spread: int = 60) -> int:
    """A moment of a day from the full hour on, within `spread` minutes."""
    return day * DAY + hour * HOUR + int(cast.rng.random() * spread * MINUTE)


def two_hospitals_for_two_nights(cast: Cast) -> None:
    """Admitted elsewhere two days before the first hospital let the patient go (12 h < overlap < 72 h)."""
    day = cast.day(8)
    first = cast.hospital()
    one = Stay(first, _moment(cast, day, 9), _moment(cast, day + 6, 10), diagnosis="I63.900")
    two = Stay(
        cast.hospital(first), _moment(cast, day + 4, 15), _moment(cast, day + 8, 9), diagnosis="M51.200"
    )
    _overlap(
        cast,
        "two_hospitals_for_two_nights",
        one,
        two,
        "同一人两家医院住院时间重叠约两天",
        "Two hospitals bill the same person for the same two nights",
    )


def one_night_in_two_hospitals(cast: Cast) -> None:
    """Just above the tolerance: about sixteen hours."""
    day = cast.day(6)
    first = cast.hospital()
    one = Stay(first, _moment(cast, day, 8), _moment(cast, day + 4, 10), diagnosis="J44.100")
    two = Stay(
        cast.hospital(first), _moment(cast, day + 3, 17), _moment(cast, day + 6, 9), diagnosis="J18.900"
    )
    _overlap(
        cast,
        "one_night_in_two_hospitals",
        one,
        two,
        "同一夜在两家医院住院，超过容差",
        "One night in two hospitals, above the tolerance",
    )


def stay_within_a_stay(cast: Cast) -> None:
    """The whole second stay lies within the first (overlap of at least 72 h)."""
    day = cast.day(9)
    first = cast.hospital()
    one = Stay(first, _moment(cast, day, 8), _moment(cast, day + 9, 10), diagnosis="I50.900")
    two = Stay(
        cast.hospital(first), _moment(cast, day + 2, 9), _moment(cast, day + 6, 10), diagnosis="K80.200"
    )
    _overlap(
        cast,
        "stay_within_a_stay",
        one,
        two,
        "在院期间另一家医院完整住院一次",
        "A complete stay elsewhere during a stay",
    )


def first_stay_never_closed(cast: Cast) -> None:
    """The first hospital never registered the discharge and goes on billing."""
    day = cast.day(6, open_end=True)
    first = cast.hospital()
    one = Stay(first, _moment(cast, day, 9), None, diagnosis="J44.100")
    two = Stay(
        cast.hospital(first), _moment(cast, day + 2, 14), _moment(cast, day + 6, 9), diagnosis="N20.000"
    )
    _overlap(
        cast,
        "first_stay_never_closed",
        one,
        two,
        "首家医院未办出院仍在计费，另一家已收治",
        "The first hospital has no discharge and goes on billing",
    )


def _overlap(cast: Cast, story: str, one: Stay, two: Stay, zh: str, en: str) -> None:
    person = cast.person(one.admitted, max(_end(cast, one), _end(cast, two)))
    admit(cast.ledger, person, one)
    admit(cast.ledger, person, two)
    cast.fraud("A01", story, two.admitted, zh, en, encounters=encounters(one, two))


def _end(cast: Cast, stay: Stay) -> int:
    return cast.ledger.until if stay.discharged is None else stay.discharged + (stay.settled_after or 0)


def registered_twice(cast: Cast) -> None:
    """A second admission at the same hospital while the first runs: one stay billed as two."""
    day = cast.day(8)
    place = cast.hospital()
    one = Stay(place, _moment(cast, day, 9), _moment(cast, day + 8, 10), diagnosis="I63.900")
    two = Stay(place, _moment(cast, day + 2, 14), _moment(cast, day + 5, 8), diagnosis="I67.900")
    person = cast.person(one.admitted, _end(cast, one))
    admit(cast.ledger, person, one)
    admit(cast.ledger, person, two)
    cast.fraud(
        "A02",
        "registered_twice",
        two.admitted,
        "同一医院两次住院登记同时有效",
        "Two stays of one person run at once in one hospital",
        encounters=encounters(one, two),
    )


def _inpatient(cast: Cast, length: int) -> tuple[Person, Stay, int]:
    """A plain stay, posted, with its person and its first day."""
    day = cast.day(length)
    stay = Stay(cast.hospital(), _moment(cast, day, 9), _moment(cast, day + length, 9), diagnosis="M51.200")
    person = cast.person(stay.admitted, _end(cast, stay))
    return person, admit(cast.ledger, person, stay), day


def _visit_inside(cast: Cast, story: str, place_of: str, zh: str, en: str) -> None:
    person, stay, day = _inpatient(cast, 7)
    place: Institution = (
        stay.place
        if place_of == "same"
        else cast.pick(cast.geography.of_kind("clinic", "community", "township"), stay.place)
    )
    begin = cast.counter_time(place, day + cast.rng.randint(2, 5), 6 * MINUTE)
    total = basket(cast.rng, catalogue.ACUTE_DRUGS, 3, catalogue.CONSULTATION, catalogue.EXAMINATIONS[1])
    _, pair = visit(
        cast.ledger,
        person,
        place,
        begin=begin,
        at=begin + 6 * MINUTE,
        total=total,
        amounts=fund_paid(total.total, 55),
        diagnosis="J06.900",
    )
    cast.fraud(
        "A03",
        story,
        begin,
        zh,
        en,
        encounters=encounters(stay),
        settlements=[pair],
        tolerates=_SEEN_FROM_THE_WARD,
    )


def visit_elsewhere_during_a_stay(cast: Cast) -> None:
    """Somebody sees a doctor with the fund's money while the card's owner lies in a hospital bed."""
    _visit_inside(
        cast,
        "visit_elsewhere_during_a_stay",
        "other",
        "住院期间在另一机构门诊并由统筹基金支付",
        "The fund pays an out-patient visit elsewhere in the middle of a stay",
    )


def visit_split_from_the_stay(cast: Cast) -> None:
    """The hospital bills part of a stay as out-patient care."""
    _visit_inside(
        cast,
        "visit_split_from_the_stay",
        "same",
        "住院期间在同一医院按门诊结算",
        "The same hospital bills part of a stay as out-patient care",
    )


def fund_drugs_during_a_stay(cast: Cast) -> None:
    """A pharmacy draws on the pooled fund while the person is in hospital."""
    person, stay, day = _inpatient(cast, 6)
    place = cast.pharmacy()
    at = cast.counter_time(place, day + cast.rng.randint(2, 4))
    total = over_the_counter(cast.ledger)
    _, pair = purchase(cast.ledger, person, place, at, total=total, amounts=fund_paid(total.total, 60))
    cast.fraud(
        "A04",
        "fund_drugs_during_a_stay",
        at,
        "住院期间药店统筹购药",
        "A pharmacy draws on the fund during a stay",
        encounters=encounters(stay),
        tolerates=_SEEN_FROM_THE_WARD,
        settlements=[pair],
    )


def three_swipes_during_a_stay(cast: Cast) -> None:
    """Three purchases on the personal account on three days of one stay."""
    person, stay, day = _inpatient(cast, 8)
    place = cast.pharmacy()
    for number in (2, 4, 6):
        at = cast.counter_time(place, day + number)
        total = over_the_counter(cast.ledger)
        _, pair = purchase(cast.ledger, person, place, at, total=total, amounts=account_only(total.total))
        cast.fraud(
            "A04",
            "three_swipes_during_a_stay",
            at,
            "一次住院期间药店个账刷卡三次",
            "Three purchases on the account during one stay",
            encounters=encounters(stay),
            tolerates=_SEEN_FROM_THE_WARD,
            settlements=[pair],
        )


STORIES = (
    two_hospitals_for_two_nights,
    one_night_in_two_hospitals,
    stay_within_a_stay,
    first_stay_never_closed,
    registered_twice,
    visit_elsewhere_during_a_stay,
    visit_split_from_the_stay,
    fund_drugs_during_a_stay,
    three_swipes_during_a_stay,
)
