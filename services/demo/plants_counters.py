"""Planted fraud of one card at counters: rules A05, A07 and D14."""

from services.demo import catalogue
from services.demo.almanac import HOUR, MINUTE
from services.demo.billing import account_only, bill, fund_paid, rounded_bill
from services.demo.care import Pair, visit
from services.demo.cast import Cast, NoRoom
from services.demo.geography import SEAT, Institution
from services.demo.people import Person
from services.demo.pharmacies import over_the_counter, purchase

_FAR_KM, _FASTEST, _SLOWEST = 15, 420, 160
_NEAR_KM = 8


def _swipe(cast: Cast, person: Person, place: Institution, at: int) -> Pair:
    """A short face-to-face settlement in a pharmacy, a clinic or a community centre."""
    total = bill([(catalogue.GENERAL_FEE, 1), (catalogue.ACUTE_DRUGS[cast.rng.randrange(9)], 1)])
    if place.kind == "pharmacy":
        total = over_the_counter(cast.ledger)
    # Never from a family account: that would be an innocent explanation.
    return visit(
        cast.ledger,
        person,
        place,
        begin=at,
        at=at,
        total=total,
        amounts=fund_paid(total.total, 50),
        med_type="41" if place.kind == "pharmacy" else "11",
        diagnosis="J06.900",
    )[1]


def _two_counters(
    cast: Cast, story: str, one: Institution, other: Institution, apart: int, zh: str, en: str
) -> None:
    day = cast.day(1)
    first = cast.counter_time(one, day)
    if not cast.undisturbed(other, first + apart, 0):
        raise NoRoom
    person = cast.person(first, first + apart)
    pairs = [_swipe(cast, person, one, first), _swipe(cast, person, other, first + apart)]
    # By chance both shops may sell the same drug.
    cast.fraud("A05", story, first + apart, zh, en, settlements=pairs, tolerates=["A06", "E06"])


def two_towns_within_minutes(cast: Cast) -> None:
    """The same card at two counters many kilometres apart, faster than any car."""
    places = cast.geography.of_kind("pharmacy", "clinic", "community")
    one = cast.pick(places)
    far = [p for p in places if cast.geography.distance[one.index][p.index] >= _FAR_KM]
    other = cast.pick(far, one)
    speed = cast.rng.randint(_SLOWEST, _FASTEST)
    apart = max(MINUTE, int(cast.geography.distance[one.index][other.index] / speed * HOUR))
    _two_counters(
        cast,
        "two_towns_within_minutes",
        one,
        other,
        apart,
        "同一凭证数分钟内在相距甚远的两处刷卡",
        "One card at two distant counters within minutes",
    )


def two_shops_at_once(cast: Cast) -> None:
    """The same card in two unrelated shops of one town within five minutes."""
    places = [p for p in cast.geography.of_kind("pharmacy", "clinic") if p.town == SEAT]
    one = cast.pick(places)
    near = [p for p in places if cast.geography.distance[one.index][p.index] <= _NEAR_KM]
    _two_counters(
        cast,
        "two_shops_at_once",
        one,
        cast.pick(near, one),
        cast.rng.randint(70, 240),
        "同城两家无关机构五分钟内先后刷卡",
        "Two unrelated shops of one town within five minutes",
    )


def same_amount_within_a_minute(cast: Cast) -> None:
    """Two different baskets made up to the same round amount, seconds apart: money out of the account."""
    place = cast.pharmacy()
    at = cast.counter_time(place, cast.day(1), MINUTE)
    person = cast.person(at, at + MINUTE)
    total = cast.rng.choice((10_000, 20_000, 30_000))
    goods = cast.rng.sample(catalogue.LOOSE_GOODS, 4)
    pairs = [
        purchase(
            cast.ledger,
            person,
            place,
            at + later,
            total=rounded_bill(first, second, total),
            amounts=account_only(total),
            diagnosis=diagnosis,
        )[1]
        for later, first, second, diagnosis in (
            (0, goods[0], goods[1], "J06.900"),
            (cast.rng.randint(15, 50), goods[2], goods[3], "K29.500"),
        )
    ]
    cast.fraud(
        "A07",
        "same_amount_within_a_minute",
        at,
        "一分钟内同店同额重复刷卡",
        "The same round amount twice within a minute in one shop",
        settlements=pairs,
    )


def settled_twice_at_once(cast: Cast) -> None:
    """The same basket settled twice within a minute under two settlement numbers: A07 and D14 both see it."""
    place = cast.pharmacy()
    at = cast.counter_time(place, cast.day(1), MINUTE)
    person = cast.person(at, at + MINUTE)
    total = over_the_counter(cast.ledger)
    amounts = fund_paid(total.total, 60)
    pairs = [
        purchase(cast.ledger, person, place, at + later, total=total, amounts=amounts)[1]
        for later in (0, cast.rng.randint(20, 50))
    ]
    for rule in ("A07", "D14"):
        cast.fraud(
            rule,
            "settled_twice_at_once",
            at,
            "同一笔费用一分钟内结算两次",
            "The same basket settled twice within a minute",
            settlements=pairs,
        )


def settled_again_days_later(cast: Cast) -> None:
    """The same visit, begun at the same second with the same lines, is sent again two or three days later."""
    place = cast.pick(cast.geography.of_kind("clinic", "community", "township", "village"))
    day = cast.day(4)
    begin = cast.counter_time(place, day, 5 * MINUTE)
    again = cast.counter_time(place, day + cast.rng.randint(2, 3))
    person = cast.person(begin, again)
    total = bill(
        [(catalogue.GENERAL_FEE, 1), (catalogue.INFUSION, 2), (cast.rng.choice(catalogue.WARD_DRUGS), 2)]
    )
    amounts = fund_paid(total.total, 60)
    pairs = [
        visit(
            cast.ledger, person, place, begin=begin, at=at, total=total, amounts=amounts, diagnosis="J20.900"
        )[1]
        for at in (begin + 5 * MINUTE, again)
    ]
    # By visit time both have the same second, so A07 may speak too; by settlement time it may not.
    cast.fraud(
        "D14",
        "settled_again_days_later",
        begin,
        "已结算的门诊费用数日后换号再次结算",
        "A settled visit is settled again days later under another number",
        settlements=pairs,
        tolerates=["A07"],
    )


STORIES = (
    two_towns_within_minutes,
    two_shops_at_once,
    same_amount_within_a_minute,
    settled_twice_at_once,
    settled_again_days_later,
)
