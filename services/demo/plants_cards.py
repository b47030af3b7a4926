"""Planted fraud with cards that are not in their owner's hands: rules A08 and B01."""

from collections.abc import Sequence

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE
from services.demo.billing import account_only, bill, fund_paid
from services.demo.care import Pair, visit
from services.demo.cast import Cast, NoRoom
from services.demo.geography import Institution
from services.demo.people import Person
from services.demo.pharmacies import purchase
from services.demo.staging import adult, in_the_seat
from services.demo.telling import Told, plants, spares


def card_used_after_death(cast: Cast) -> None:
    """Relatives or the shop go on using the card of a dead person, twice on two days."""
    day = cast.day(4)
    person = cast.deceased(cast.ledger.start // DAY, day - 2)
    place = cast.pharmacy()
    for later in (0, cast.rng.randint(2, 4)):
        at = cast.counter_time(place, day + later)
        _, pair = purchase(cast.ledger, person, place, at)
        cast.fraud(
            "A08",
            "card_used_after_death",
            at,
            "参保人死亡后仍在药店刷卡",
            "The card of a dead person buys at a pharmacy",
            settlements=[pair],
        )


def visit_in_the_month_after_death(cast: Cast) -> None:
    """Only the month of death is known; a clinic bills in the next month."""
    day = cast.day(1, open_end=True)
    person = cast.deceased_in_month_before(day)
    place = cast.pick(cast.geography.of_kind("clinic", "village", "township"))
    begin = cast.counter_time(place, max(day, (person.death_day or 0) + 3), 6 * MINUTE)
    total = bill([(catalogue.GENERAL_FEE, 1), (cast.rng.choice(catalogue.ACUTE_DRUGS), 2)])
    _, pair = visit(
        cast.ledger,
        person,
        place,
        begin=begin,
        at=begin + 6 * MINUTE,
        total=total,
        amounts=fund_paid(total.total, 60),
        diagnosis="J20.900",
    )
    cast.fraud(
        "A08",
        "visit_in_the_month_after_death",
        begin,
        "死亡次月仍有门诊结算",
        "A clinic bills a visit in the month after the death",
        settlements=[pair],
    )


def _kept_cards(cast: Cast, story: str, place: Institution, at: int, zh: str, en: str) -> None:
    """One terminal runs through a drawer of kept cards, 20 to 40 seconds each, within nine minutes."""
    rng = cast.rng
    terminal = rng.choice(place.terminals)
    price = rng.choice(catalogue.KEPT_CARD_GOODS)
    cards = cast.customers(rng.randint(6, 12), at, at + 9 * MINUTE, place)
    pairs = []
    for person in cards:
        item = price if rng.random() < 0.6 else rng.choice(catalogue.KEPT_CARD_GOODS)
        total = bill([(item, 1)])
        pairs.append(
            purchase(
                cast.ledger,
                person,
                place,
                at,
                total=total,
                amounts=account_only(total.total),
                terminal=terminal,
            )[1]
        )
        at += rng.randint(20, 40)
    # By night the month's rule of swipes after closing sees it too.
    cast.fraud("B01", story, at - 1, zh, en, settlements=pairs, device=terminal.key, tolerates=["B02"])


def kept_cards_by_day(cast: Cast) -> None:
    """Cards left at a pharmacy are swiped one after another in a quiet hour of the day."""
    place = cast.pharmacy()
    at = cast.counter_time(place, cast.day(1), 9 * MINUTE)
    _kept_cards(
        cast,
        "kept_cards_by_day",
        place,
        at,
        "药店留存多张卡连续刷卡",
        "A pharmacy swipes kept cards in a row",
    )


def kept_cards_by_night(cast: Cast) -> None:
    """The same after closing time, or long before opening."""
    place, day = cast.pharmacy(), cast.day(1)
    at = day * DAY + cast.rng.choice((1, 2, 4, 22)) * HOUR + cast.rng.randint(5, 45) * MINUTE
    if not cast.undisturbed(place, at, 9 * MINUTE):
        raise NoRoom
    _kept_cards(
        cast,
        "kept_cards_by_night",
        place,
        at,
        "药店夜间用留存卡连续刷卡",
        "A pharmacy swipes kept cards at night",
    )


def _at_leisure(cast: Cast, *, again: bool) -> Told:
    """Five cards two minutes apart, for different amounts, at a shop where five stood one evening before;
    `again`: the same five."""
    day = cast.weeks(1, after=30)
    place = cast.pick([place for place in in_the_seat(cast, "pharmacy") if _is_known(cast, place, day)])
    lasts = 9 * MINUTE
    before = cast.counter_time(place, day - cast.rng.randint(7, 20), lasts)
    at = cast.counter_time(place, day, lasts)
    first = cast.persons(5, before, at + lasts, adult)
    second = first if again else cast.persons(5, at, at + lasts, adult)
    _one_by_one(cast, first, place, before)
    return Told(
        at + 8 * MINUTE, settlements=_one_by_one(cast, second, place, at), device=place.terminals[0].key
    )


def _is_known(cast: Cast, place: Institution, day: int) -> bool:
    """Whether each of the four weeks before shows somebody at the counter."""
    week = 7 * DAY
    middles = [day * DAY - week * back - week // 2 for back in range(4)]
    return all(cast.ledger.swipes_around(place, middle, week // 2 - DAY) for middle in middles)


def _one_by_one(cast: Cast, persons: Sequence[Person], place: Institution, at: int) -> list[Pair]:
    """A purchase every two minutes, no two for one amount."""
    pairs = []
    for number, person in enumerate(persons):
        total = bill([(catalogue.LOOSE_GOODS[number % 4], 130 + 10 * number + cast.rng.randrange(9))])
        amounts, moment = account_only(total.total), at + 2 * MINUTE * number
        terminal = place.terminals[0]
        pairs.append(
            purchase(cast.ledger, person, place, moment, total=total, amounts=amounts, terminal=terminal)[1]
        )
    return pairs


@plants("B01", "留存卡不紧不慢反复一同刷卡", "The same kept cards swiped again, without haste")
def kept_cards_at_leisure(cast: Cast) -> Told:
    """Five cards that had been swiped together there one or two weeks before."""
    return _at_leisure(cast, again=True)


@spares(["B01"], "不同顾客先后购药", "Other customers on another evening")
def other_customers_each_time(cast: Cast) -> Told:
    """As many, as slowly; who came one or two weeks before were others."""
    return _at_leisure(cast, again=False)


STORIES = (
    card_used_after_death,
    visit_in_the_month_after_death,
    kept_cards_by_day,
    kept_cards_by_night,
    kept_cards_at_leisure,
    other_customers_each_time,
)
