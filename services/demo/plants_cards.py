"""Planted fraud with cards that are not in their owner's hands: rules A08 and B01."""

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE
from services.demo.billing import account_only, bill, fund_paid
from services.demo.care import visit
from services.demo.cast import Cast, NoRoom
from services.demo.geography import Institution
from services.demo.pharmacies import purchase


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


STORIES = (
    card_used_after_death,
    visit_in_the_month_after_death,
    kept_cards_by_day,
    kept_cards_by_night,
)
