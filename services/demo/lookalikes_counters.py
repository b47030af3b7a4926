"""Innocent look-alikes at counters: what A05, A07, B01 and D14 have to leave alone."""

from typing import Any

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE, weekday
from services.demo.billing import basket, bill, fund_paid, rounded_bill
from services.demo.care import cancel, visit
from services.demo.cast import Cast, NoRoom
from services.demo.geography import Institution
from services.demo.pharmacies import over_the_counter

_FAR_KM = 12
_MARKET_QUEUE = 7
_MORNING_QUEUE = 9


def queue_on_market_day(cast: Cast) -> None:
    """Villagers queue at the post: many within ten minutes, but each is treated and owes another amount."""
    place = cast.rng.choice(cast.geography.of_kind("village"))
    lasts = _MARKET_QUEUE * 110
    at = cast.counter_time(place, cast.day(1), lasts)
    pairs = []
    for number, person in enumerate(cast.customers(_MARKET_QUEUE, at, at + lasts, place)):
        goods = cast.rng.sample(catalogue.LOOSE_GOODS, 2)
        total = rounded_bill(goods[0], goods[1], 1_830 + 270 * number + 10 * cast.rng.randrange(20))
        pairs.append(
            visit(
                cast.ledger,
                person,
                place,
                begin=at,
                at=at,
                total=total,
                diagnosis="J06.900",
                amounts=fund_paid(total.total, 60),
            )[1]
        )
        at += cast.rng.randint(70, 110)
    cast.innocent(
        ["B01"],
        "queue_on_market_day",
        at,
        "赶集日村卫生室排队就诊",
        "A market-day queue at a village post",
        settlements=pairs,
        device=place.terminals[0].key,
    )


def morning_rush_at_a_hospital(cast: Cast) -> None:
    """One counter of a big hospital on a Monday morning."""
    place = cast.pick(cast.geography.hospitals[:3])
    day = cast.day(1)
    day = max(day - weekday(day), cast.ledger.start // DAY + 1)
    at = day * DAY + 8 * HOUR + cast.rng.randint(5, 50) * MINUTE
    terminal = place.terminals[0]
    pairs = []
    for person in cast.customers(_MORNING_QUEUE, at, at + 9 * MINUTE, place):
        total = basket(cast.rng, catalogue.LABORATORY, 2, catalogue.CONSULTATION)
        pairs.append(
            visit(
                cast.ledger,
                person,
                place,
                begin=at - 15,
                at=at,
                total=total,
                terminal=terminal,
                diagnosis="J06.900",
            )[1]
        )
        at += cast.rng.randint(30, 50)
    cast.innocent(
        ["B01"],
        "morning_rush_at_a_hospital",
        at,
        "二级以上医院早高峰窗口",
        "The morning rush at a counter of a big hospital",
        settlements=pairs,
        device=terminal.key,
    )


def entered_again_after_cancelling(cast: Cast) -> None:
    """A slip of the finger: settled, cancelled, settled again within a minute."""
    place = cast.pick(cast.geography.of_kind("pharmacy", "clinic"))
    at = cast.counter_time(place, cast.day(1), MINUTE)
    person = cast.person(at, at + MINUTE)
    total = over_the_counter(cast.ledger)
    more: dict[str, Any] = {
        "total": total,
        "med_type": "41" if place.kind == "pharmacy" else "11",
        "amounts": fund_paid(total.total, 50),
    }
    _, first = visit(cast.ledger, person, place, begin=at, at=at, **more)
    cancel(cast.ledger, person, place, "settlement", first[1], at + cast.rng.randint(15, 28))
    _, again = visit(cast.ledger, person, place, begin=at + 45, at=at + 45, **more)
    cast.innocent(
        ["A07", "A07b", "D14"],
        "entered_again_after_cancelling",
        at,
        "撤销后一分钟内重新结算",
        "Cancelled and settled again within a minute",
        settlements=[first, again],
    )


def _two_places(
    cast: Cast, story: str, one: Institution, other: Institution, apart: int, zh: str, en: str, **more: Any
) -> None:
    """Two settlements of one person minutes apart, the second with something that explains it."""
    at = cast.counter_time(one, cast.day(1), 8 * MINUTE)
    if not cast.undisturbed(other, at + apart, 0):
        raise NoRoom
    person = cast.person(at, at + apart)
    first = bill([(catalogue.GENERAL_FEE, 1), (cast.rng.choice(catalogue.ACUTE_DRUGS), 1)])
    _, pair = visit(
        cast.ledger,
        person,
        one,
        begin=at,
        at=at,
        total=first,
        diagnosis="J06.900",
        amounts=fund_paid(first.total, 50),
    )
    total = bill([(catalogue.REMOTE_CONSULTATION, 1), (cast.rng.choice(catalogue.ACUTE_DRUGS), 2)])
    med_type = "41" if other.kind == "pharmacy" else "11"
    _, second = visit(
        cast.ledger,
        person,
        other,
        begin=at + apart,
        at=at + apart,
        total=total,
        med_type=med_type,
        amounts=fund_paid(total.total, 50),
        diagnosis="J06.900",
        **more,
    )
    cast.innocent(["A05"], story, at + apart, zh, en, settlements=[pair, second])


def _far_pair(cast: Cast, others: list[Institution]) -> tuple[Institution, Institution]:
    other = cast.rng.choice(others)
    far = [
        p
        for p in cast.geography.of_kind("clinic", "township", "community", "village")
        if cast.geography.distance[p.index][other.index] >= _FAR_KM
    ]
    return cast.pick(far, other), other


def internet_visit_after_the_clinic(cast: Cast) -> None:
    """Home from the township hospital, the person asks the county hospital's internet doctor too."""
    one, other = _far_pair(cast, [p for p in cast.geography.institutions if p.internet])
    _two_places(
        cast,
        "internet_visit_after_the_clinic",
        one,
        other,
        cast.rng.randint(150, 400),
        "线下就诊后随即互联网复诊",
        "An internet consultation right after a visit elsewhere",
        channel="internet",
    )


def drugs_by_delivery(cast: Cast) -> None:
    """A pharmacy of the county seat sends the drugs by courier."""
    one, other = _far_pair(cast, [p for p in cast.geography.of_kind("pharmacy") if p.town == 0])
    _two_places(
        cast,
        "drugs_by_delivery",
        one,
        other,
        cast.rng.randint(150, 400),
        "就诊后网上购药配送到家",
        "Drugs ordered for delivery right after a visit elsewhere",
        channel="delivery",
    )


def two_sites_of_one_hospital(cast: Cast) -> None:
    """Main house and east campus are one group and share their counters' work."""
    one, other = cast.geography.hospitals[:2]
    _two_places(
        cast,
        "two_sites_of_one_hospital",
        one,
        other,
        cast.rng.randint(100, 280),
        "同一集团两院区先后结算",
        "Two sites of one hospital group within minutes",
    )


STORIES = (
    queue_on_market_day,
    morning_rush_at_a_hospital,
    entered_again_after_cancelling,
    internet_visit_after_the_clinic,
    drugs_by_delivery,
    two_sites_of_one_hospital,
)
