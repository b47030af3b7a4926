"""What only a day or a month of a counter shows: stories of B02, B03, B05, D11, D12, D16 and F02."""

from collections.abc import Sequence
from typing import Any

from services.demo import catalogue as c
from services.demo.almanac import DAY, HOUR, MINUTE, timestamp
from services.demo.billing import Bill, Entry, account_only, bill, rounded_bill, yuan
from services.demo.books import move
from services.demo.care import Entries, Pair, cancel
from services.demo.cast import Cast, NoRoom
from services.demo.geography import SEAT, Institution, Terminal
from services.demo.people import Person
from services.demo.pharmacies import purchase
from services.demo.staging import adult, at_hour, cheap_drugs, shop
from services.demo.telling import Told, plants, spares

_HOURS = range(8, 20)
_SALES = 30
_EVENINGS = (
    22 * HOUR + 20 * MINUTE,
    22 * HOUR + 55 * MINUTE,
    23 * HOUR + 20 * MINUTE,
    23 * HOUR + 45 * MINUTE,
)


def _pharmacy(cast: Cast, day: int, story: str = "month", **wanted: Any) -> Institution:
    """A pharmacy without another such story of the month; `wanted`: attributes that it must have."""
    places = [
        place
        for place in cast.geography.of_kind("pharmacy")
        if place.index not in cast.standing.reporting
        and all(getattr(place, name) == value for name, value in wanted.items())
    ]
    return cast.claim(places, story, day)


def _about(place: Institution, at: int, pairs: Sequence[Pair]) -> Told:
    return Told(at, institutions=[place.institution_id], settlements=list(pairs))


def _sell(cast: Cast, place: Institution, at: int, entries: Entries, **more: Any) -> Pair:
    return shop(cast, cast.customer(at, at, place, adult), place, at, entries, **more)[1]


# B02


def _by_night(cast: Cast, *, open_24h: bool, begun: int = 0) -> Told:
    """Four customers between ten and midnight; `begun`: so many seconds before they were settled."""
    day = cast.day(1)
    place = _pharmacy(cast, day, open_24h=open_24h)
    pairs = []
    for second in _EVENINGS:
        at = day * DAY + second + cast.rng.randrange(10 * MINUTE)
        person = cast.customer(at - begun, at, place, adult)
        total = bill(cheap_drugs(cast, 2))
        pairs.append(
            purchase(
                cast.ledger,
                person,
                place,
                at,
                total=total,
                amounts=account_only(total.total),
                **({"begin_at": timestamp(at - begun)} if begun else {}),
            )[1]
        )
    return _about(place, day * DAY + 22 * HOUR, pairs)


@plants("B02", "打烊后夜间刷卡", "Cards swiped at night, after closing")
def swipes_after_closing(cast: Cast) -> Told:
    """Four persons between ten and midnight at a pharmacy that closes at ten."""
    return _by_night(cast, open_24h=False)


@spares(["B02"], "二十四小时药店夜间购药", "A pharmacy that is open all night")
def open_all_night(cast: Cast) -> Told:
    """The same at a pharmacy with a night counter."""
    return _by_night(cast, open_24h=True)


@spares(["B02"], "白天购药打烊后补结算", "Bought by day, settled after closing")
def settled_after_closing(cast: Cast) -> Told:
    """The purchases were made in the afternoon."""
    return _by_night(cast, open_24h=False, begun=5 * HOUR)


# B03


def _one_amount(cast: Cast, totals: Sequence[Bill], story: str = "month", **more: str) -> Told:
    """A customer an hour, each with a bill from the account; `more`: what else the amounts tell."""
    day = cast.day(1)
    place = _pharmacy(cast, day, story, open_24h=False)
    pairs = []
    for hour, total in zip(_HOURS, totals, strict=False):
        at = at_hour(cast, place, day, hour, 0)
        person = cast.customer(at, at, place, adult)
        amounts = account_only(total.total) | more
        pairs.append(purchase(cast.ledger, person, place, at, total=total, amounts=amounts)[1])
    return _about(place, day * DAY + 8 * HOUR, pairs)


@plants("B03", "同一药店一日多笔相同整额", "A dozen swipes of one round amount on one day")
def a_dozen_of_one_round_amount(cast: Cast) -> Told:
    """Different goods, always one hundred yuan."""
    return _one_amount(cast, [rounded_bill(*cast.rng.sample(c.LOOSE_GOODS, 2), 10_000) for _ in _HOURS])


@spares(["B03"], "同一固定价格药品多人购买", "A dozen customers for one fixed-price drug")
def a_dozen_of_one_fixed_price(cast: Cast) -> Told:
    """In a cold snap everybody buys the same box."""
    return _one_amount(cast, [bill([(c.COLD_CAPSULES, 1)]) for _ in _HOURS])


def _to_the_last_yuan(cast: Cast, left: int) -> Told:
    """Eight customers an hour apart, each with another bill, after which the account holds so many fen."""
    bills = [bill(cheap_drugs(cast, 2)) for _ in range(8)]
    return _one_amount(cast, bills, "accounts", balance=yuan(left))


@plants("B03", "同一药店一日刷空多人个人账户", "Account after account swiped empty on one day")
def accounts_swiped_empty(cast: Cast) -> Told:
    """Twenty fen are left in each."""
    return _to_the_last_yuan(cast, 20)


@spares(["B03"], "个人账户余额尚余数十元", "The accounts still hold some yuan")
def accounts_with_something_left(cast: Cast) -> Told:
    """Each holds thirty-five yuan afterwards."""
    return _to_the_last_yuan(cast, 3_500)


# B05


def _churn(cast: Cast, *, corrected: bool) -> Told:
    """Sixteen sales in six days of which six are taken back; `corrected`: settled again, rightly."""
    day = cast.weeks(6)
    place = _pharmacy(cast, day, open_24h=False)
    pairs = []
    at = 0
    for number in range(16):
        at = cast.counter_time(place, day + number // 3, 10 * MINUTE)
        person = cast.customer(at, at + 20 * MINUTE, place, adult)
        drugs = cheap_drugs(cast, 2)
        wrong = {"insurance_type": "390" if person.insurance_type == "310" else "310"} if corrected else {}
        taken_back = number % 3 == 0
        pairs.append(shop(cast, person, place, at, drugs, fund=60, **(wrong if taken_back else {}))[1])
        if taken_back:
            cancel(cast.ledger, person, place, "settlement", pairs[-1][1], at + 4 * MINUTE)
            if corrected:
                pairs.append(shop(cast, person, place, at + 6 * MINUTE, drugs, fund=60)[1])
    return _about(place, at, pairs)


@plants("B05", "一周内大量撤销结算", "Many settlements taken back within a week")
def many_taken_back(cast: Cast) -> Told:
    """One sale in three is cancelled minutes later and not settled again."""
    return _churn(cast, corrected=False)


@spares(["B05"], "险种录入错误撤销后重结", "Cancelled and settled again under the right insurance")
def insurance_type_corrected(cast: Cast) -> Told:
    """The wrong insurance type was entered."""
    return _churn(cast, corrected=True)


def _busy_week(cast: Cast, place: Institution, day: int) -> list[int]:
    """Sales of six days, so many that three taken back are less than a tenth; three further moments."""
    for number in range(_SALES):
        _sell(cast, place, cast.counter_time(place, day + number // 5, 10 * MINUTE), cheap_drugs(cast, 2))
    return [cast.counter_time(place, day + 1 + 2 * number, 10 * MINUTE) for number in range(3)]


@plants("B05", "预警后撤销结算", "Taken back once there was an alert")
def taken_back_under_alert(cast: Cast) -> Told:
    """Three sales of daily goods as covered, each cancelled two hours later: few among many."""
    day = cast.weeks(6)
    place = _pharmacy(cast, day, open_24h=False)
    pairs = []
    at = 0
    for at in _busy_week(cast, place, day):
        person = cast.customer(at, at + 2 * HOUR, place, adult)
        goods = Entry(cast.rng.choice(c.DAILY_GOODS), 1)
        pairs.append(shop(cast, person, place, at, [goods, *cheap_drugs(cast, 1)])[1])
        cancel(cast.ledger, person, place, "settlement", pairs[-1][1], at + 2 * HOUR)
    return _about(place, at, pairs)


@spares(["B05", "A07", "D14"], "重复刷卡后撤销其中一笔", "Swiped twice, and one of the two taken back")
def swiped_twice_and_mended(cast: Cast) -> Told:
    """What the alert asks for, three times in a week."""
    day = cast.weeks(6)
    place = _pharmacy(cast, day, open_24h=False)
    pairs = []
    at = 0
    for at in _busy_week(cast, place, day):
        person = cast.customer(at, at + 2 * HOUR, place, adult)
        drugs = cheap_drugs(cast, 2)
        pairs += [shop(cast, person, place, at + later, drugs)[1] for later in (0, 30)]
        cancel(cast.ledger, person, place, "settlement", pairs[-1][1], at + 2 * HOUR)
    return _about(place, at, pairs)


# D11


def _sold_as(cast: Cast, price: int | None = None, **line: Any) -> Told:
    """Eight sales of a common cold remedy, with something else about the line."""
    day = cast.weeks(7)
    place = _pharmacy(cast, day, open_24h=False)
    pairs = []
    at = 0
    for later in range(8):
        at = cast.counter_time(place, day + later)
        pairs.append(_sell(cast, place, at, [Entry(c.COLD_CAPSULES, 1, price, line)]))
    return _about(place, at, pairs)


@plants("D11", "药品名称与目录不符（串换）", "Sold under a code that names something else")
def sold_under_another_name(cast: Cast) -> Told:
    """The code says cold capsules, the receipt says protein powder."""
    return _sold_as(cast, name="乳清蛋白营养粉")


@plants("D11", "售价远低于同类中位数（串换）", "Sold far below the usual price")
def sold_far_below_the_price(cast: Cast) -> Told:
    """A third of what everybody else takes: something else was sold."""
    return _sold_as(cast, c.COLD_CAPSULES.price * 35 // 100)


@spares(["D11"], "药品名称简写", "An abbreviated name")
def sold_under_a_short_name(cast: Cast) -> Told:
    """The shop's own short name for the same drug."""
    return _sold_as(cast, name="连花清瘟")


# D12


def _package(cast: Cast, entries: Entries, *, counted: str = "") -> Told:
    """The same basket twenty-two times within ten days; `counted`: a code of which ten packs were there."""
    day = cast.weeks(10)
    places = [place for place in cast.geography.of_kind("pharmacy") if place.town != SEAT]
    places = [place for place in places if place.index not in cast.standing.reporting]
    place = cast.claim(places, "month", day)
    if counted:
        move(cast.ledger, place, day * DAY + 7 * HOUR, counted, "count", 10)
    pairs = []
    at = 0
    for number in range(22):
        at = at_hour(cast, place, day + number // 2, 9 + number % 2 * 6, 0)
        person = cast.customer(at, at, place, lambda someone: adult(someone) and not someone.conditions)
        pairs.append(shop(cast, person, place, at, entries)[1])
    return _about(place, at, pairs)


@plants("D12", "固定套餐反复销售且为整额", "One package at a round price, again and again")
def one_package_at_a_round_price(cast: Cast) -> Told:
    """Health food and vitamins, always one hundred yuan."""
    return _package(cast, [(c.HEALTH_FOOD, 1), (c.LOOSE_GOODS[0], 100)])


@plants(
    "D12",
    "固定套餐反复销售且所售药品账实不符",
    "One package, of a drug that was not there",
    tolerates=["F02"],
)
def one_package_of_what_was_not_there(cast: Cast) -> Told:
    """Amoxicillin with vitamins, always at a round price, twenty-two times from ten packs."""
    box, loose = c.AMOXICILLIN, c.LOOSE_GOODS[0]
    entries = [(box, 1), (loose, -box.price % 1_000 // loose.price)]
    return _package(cast, entries, counted=c.AMOXICILLIN.code)


@spares(["D12"], "常见合并用药", "Two drugs that belong together")
def two_drugs_that_belong_together(cast: Cast) -> Told:
    """A stomach drug with a painkiller, at the sum of their prices."""
    return _package(cast, [(c.IBUPROFEN, 1), (c.OMEPRAZOLE, 1)])


# D16


def _customer_of(cast: Cast, place: Institution, at: int, other: Institution) -> Person:
    return cast.customer(at, at, other, lambda someone: someone.haunts.get("pharmacy") is place)


def _after_suspension(cast: Cast, count: int, *, lent: bool) -> Told:
    """Customers of the suspended pharmacy buy elsewhere; `lent`: at the suspended shop's own terminal."""
    index, (begin, _) = next(iter(cast.standing.suspended.items()))
    closed = cast.geography.institutions[index]
    if begin + 6 >= cast.ledger.until // DAY:
        raise NoRoom
    place = _pharmacy(cast, begin, open_24h=False)
    terminal: Terminal = closed.terminals[0] if lent else place.terminals[0]
    pairs = []
    at = 0
    for number in range(count):
        at = at_hour(cast, place, begin + 1 + number // 2, 10 + number % 2 * 5, 0)
        person = _customer_of(cast, closed, at, place) if number % 2 == 0 else cast.customer(at, at, place)
        pairs.append(shop(cast, person, place, at, cheap_drugs(cast, 2), terminal=terminal)[1])
    return _about(place, at, pairs)


@plants("D16", "被中止机构的终端在他店结算", "A suspended shop's terminal settles for another")
def a_suspended_shops_terminal(cast: Cast) -> Told:
    """The suspended pharmacy's card reader and customers appear under another pharmacy's number."""
    return _after_suspension(cast, 8, lent=True)


@spares(["D16"], "顾客自行改到他店购药", "Customers who go elsewhere by themselves")
def customers_go_elsewhere(cast: Cast) -> Told:
    """One customer of the suspended pharmacy now buys at another, at its own terminal."""
    return _after_suspension(cast, 2, lent=False)


# F02


def _shelf(cast: Cast, bought: int, *, recorded_after: int = 0) -> Told:
    """Ten packs counted, some bought, forty-eight sold within ten days."""
    day = cast.weeks(11)
    places = [cast.geography.institutions[index] for index in sorted(cast.standing.reporting)]
    place = cast.claim(places, "month", day)
    cast.used.add(("shelves", place.index))
    move(cast.ledger, place, day * DAY + 7 * HOUR, c.AMOXICILLIN.code, "count", 10)
    at = day * DAY + 8 * HOUR
    event = cast.ledger.head("stock", place, at)
    event |= {"product_code": c.AMOXICILLIN.code, "movement": "purchase", "quantity": bought}
    event["document_id"] = cast.ledger.new_id("R", place)
    cast.ledger.post(event, at + 5 + recorded_after)
    pairs = []
    for number in range(12):
        at = cast.counter_time(place, day + number * 10 // 12)
        pairs.append(_sell(cast, place, at, [(c.AMOXICILLIN, 4)]))
    return _about(place, at, pairs)


@plants("F02", "销售量远超进货量", "Far more sold than was ever bought")
def more_sold_than_bought(cast: Cast) -> Told:
    """Thirty packs at hand, forty-eight settled."""
    return _shelf(cast, 20)


@spares(["F02"], "进货单延迟上传", "A delivery note that was sent late")
def delivery_note_sent_late(cast: Cast) -> Told:
    """The delivery covers the sales; it was recorded two and a half days later."""
    return _shelf(cast, 90, recorded_after=60 * HOUR)


STORIES = (
    swipes_after_closing,
    open_all_night,
    settled_after_closing,
    a_dozen_of_one_round_amount,
    a_dozen_of_one_fixed_price,
    accounts_swiped_empty,
    accounts_with_something_left,
    many_taken_back,
    insurance_type_corrected,
    sold_under_another_name,
    sold_far_below_the_price,
    sold_under_a_short_name,
    one_package_at_a_round_price,
    two_drugs_that_belong_together,
    a_suspended_shops_terminal,
    customers_go_elsewhere,
    more_sold_than_bought,
    delivery_note_sent_late,
    one_package_of_what_was_not_there,
)
TOLD_LAST = (taken_back_under_alert, swiped_twice_and_mended)
"""They come after all other stories, which a seed tells as it did without them."""
