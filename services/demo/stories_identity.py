"""Who stands at the counter, and how often: stories of A06, A07 (three swipes), A12, A13 and B04."""

from services.demo import catalogue
from services.demo.almanac import MINUTE
from services.demo.billing import account_only, bill
from services.demo.care import Pair, check_identity
from services.demo.cast import Cast
from services.demo.geography import Institution
from services.demo.people import Person
from services.demo.pharmacies import purchase
from services.demo.staging import adult, at_hour, attend, cheap_drugs, in_the_seat, shop
from services.demo.telling import Told, plants, spares

_PRESCRIPTION = "RX"


def _three_places(cast: Cast, prescription: str = "") -> tuple[int, list[Pair]]:
    """A clinic, a hospital and a pharmacy of the county seat, hours apart on one day."""
    day = cast.day(0)
    clinic = cast.pick(in_the_seat(cast, "clinic", "community"))
    hospital = cast.pick(cast.geography.hospitals[2:4])
    shop_at = cast.pick(in_the_seat(cast, "pharmacy"))
    times = [at_hour(cast, place, day, hour) for place, hour in ((clinic, 9), (hospital, 12), (shop_at, 16))]
    person = cast.person(times[0], times[-1])
    drugs = cheap_drugs(cast, 3)
    more = {"prescription_id": prescription} if prescription else {}
    pairs = [
        attend(cast, person, clinic, times[0], [(catalogue.GENERAL_FEE, 1), drugs[0]], **more)[1],
        attend(cast, person, hospital, times[1], [(catalogue.CONSULTATION, 1), drugs[1]], **more)[1],
    ]
    total = bill([drugs[2]])
    if prescription:
        total.lines[0]["external_prescription"] = True
    amounts = account_only(total.total)
    pairs.append(purchase(cast.ledger, person, shop_at, times[2], total=total, amounts=amounts, **more)[1])
    return times[0], pairs


@plants("A06", "同一天在三家机构分别就诊购药", "Settled at three institutions on one day")
def three_institutions_in_a_day(cast: Cast) -> Told:
    """A clinic, a hospital and a pharmacy on one day, without a common prescription."""
    at, pairs = _three_places(cast)
    return Told(at, settlements=pairs)


@plants("A06", "同日两家药店购买同一药品", "The same drug from two pharmacies on one day", tolerates=["E06"])
def the_same_drug_at_two_pharmacies(cast: Cast) -> Told:
    """Two pharmacies sell the same drug to one card on one day."""
    day = cast.day(0)
    first = cast.pick(in_the_seat(cast, "pharmacy"))
    second = cast.pick(in_the_seat(cast, "pharmacy"), first)
    one, two = at_hour(cast, first, day, 10), at_hour(cast, second, day, 15)
    person = cast.person(one, two)
    pairs = [
        shop(cast, person, place, at, [(catalogue.AMOXICILLIN, number), drug])[1]
        for place, at, number, drug in zip(
            (first, second), (one, two), (1, 2), cheap_drugs_but_one(cast), strict=True
        )
    ]
    return Told(two, settlements=pairs)


def cheap_drugs_but_one(cast: Cast) -> list[tuple[catalogue.Item, int]]:
    """Two everyday drugs that are not the antibiotic."""
    return [(drug, 1) for drug in cast.rng.sample(catalogue.ACUTE_DRUGS[7:], 2)]


@spares(["A06"], "转诊后凭流转处方购药", "A referral whose prescription a pharmacy fills")
def one_prescription_from_door_to_door(cast: Cast) -> Told:
    """A referral: the clinic sends to the hospital, whose prescription the pharmacy fills."""
    at, pairs = _three_places(cast, f"{_PRESCRIPTION}{cast.rng.randrange(10**9):09d}")
    return Told(at, settlements=pairs)


@plants("A07b", "半小时内同店连续三次刷卡", "Three swipes within half an hour in one shop", tolerates=["F09"])
def three_swipes_in_half_an_hour(cast: Cast) -> Told:
    """One card three times within half an hour at one pharmacy, each time for another sum."""
    place = cast.pharmacy()
    at = cast.counter_time(place, cast.day(0), 25 * MINUTE)
    person = cast.person(at, at + 25 * MINUTE)
    drugs = cast.rng.sample(catalogue.ACUTE_DRUGS[9:], 3)
    pairs = [
        shop(cast, person, place, at + later * MINUTE, [(drug, 1)])[1]
        for later, drug in zip((0, 9, 21), drugs, strict=True)
    ]
    return Told(at, settlements=pairs)


@plants("A12", "同一凭证一日内为三人结算", "One card settles for three persons within a day")
def one_card_for_three_persons(cast: Cast) -> Told:
    """Three insured numbers are settled with one and the same card within a day."""
    place = cast.pharmacy()
    day = cast.day(0)
    times = [at_hour(cast, place, day, hour) for hour in (9, 13, 17)]
    persons = cast.persons(3, times[0], times[-1], adult)
    pairs = [
        shop(cast, person, place, at, cheap_drugs(cast, 2), card=persons[0].card)[1]
        for person, at in zip(persons, times, strict=True)
    ]
    return Told(times[0], settlements=pairs)


@spares(
    ["A12", "A07", "A07b", "F09"], "本人上下午各购药一次", "The owner buys in the morning and in the evening"
)
def one_card_twice_by_its_owner(cast: Cast) -> Told:
    """The owner buys in the morning and again in the evening."""
    place = cast.pharmacy()
    day = cast.day(0)
    times = [at_hour(cast, place, day, hour) for hour in (9, 17)]
    person = cast.person(times[0], times[1], adult)
    drugs = cheap_drugs(cast, 2)
    pairs = [shop(cast, person, place, at, [drug])[1] for at, drug in zip(times, drugs, strict=True)]
    return Told(times[0], settlements=pairs)


def _face_shop(cast: Cast) -> Institution:
    return cast.geography.institutions[cast.rng.choice(sorted(cast.standing.face_check))]


def _holds_a_card(person: Person) -> bool:
    return person.card["kind"] == "social_card"


@plants("A13", "人脸核验不符仍结算", "Settled although the face did not match")
def the_face_is_not_the_owners(cast: Cast) -> Told:
    """The check of the face says mismatch, the pharmacy settles all the same."""
    place = _face_shop(cast)
    at = cast.counter_time(place, cast.day(1))
    person = cast.person(at, at, _holds_a_card)
    encounter, pair = shop(cast, person, place, at, cheap_drugs(cast, 2), fund=60, checked="mismatch")
    return Told(at, settlements=[pair], encounters=[encounter])


@plants("A13", "应做人脸核验的药店跳过核验", "The check of the face was skipped where it is required")
def nobody_looked_at_the_face(cast: Cast) -> Told:
    """A card is swiped without the check that this pharmacy owes."""
    place = _face_shop(cast)
    at = cast.counter_time(place, cast.day(1))
    person = cast.person(at, at, _holds_a_card)
    encounter, pair = shop(cast, person, place, at, cheap_drugs(cast, 2), fund=60, checked="skipped")
    return Told(at, settlements=[pair], encounters=[encounter])


@spares(["A13"], "无需人脸核验的药店跳过核验", "A skipped check where none is required")
def no_face_check_required(cast: Cast) -> Told:
    """The check is skipped at a pharmacy that owes none."""
    places = [
        place for place in cast.geography.of_kind("pharmacy") if place.index not in cast.standing.face_check
    ]
    place = cast.pick(places)
    at = cast.counter_time(place, cast.day(1))
    person = cast.person(at, at, _holds_a_card)
    encounter, pair = shop(cast, person, place, at, cheap_drugs(cast, 2))
    check_identity(cast.ledger, person, place, encounter[1], at - 20, "skipped")
    return Told(at, settlements=[pair], encounters=[encounter])


@plants("B04", "同一人连续四天购药", "The same person buys on four days in a row")
def drugs_on_four_days_in_a_row(cast: Cast) -> Told:
    """The same card buys every day from Monday to Thursday."""
    place = cast.pharmacy()
    day = cast.day(4)
    times = [cast.counter_time(place, day + later) for later in range(4)]
    person = cast.person(times[0], times[-1])
    drugs = cheap_drugs(cast, 4)
    pairs = [shop(cast, person, place, at, [drug])[1] for at, drug in zip(times, drugs, strict=True)]
    return Told(times[0], settlements=pairs)


@plants("B04", "一月内同一药品购买五次", "One drug bought five times in a month")
def one_drug_five_times_in_a_month(cast: Cast) -> Told:
    """Five packs of one drug, a few days apart, in one month."""
    place = cast.pharmacy()
    day = cast.weeks(17)
    times = [cast.counter_time(place, day + later) for later in (0, 4, 8, 12, 16)]
    person = cast.person(times[0], times[-1])
    pairs = [
        shop(cast, person, place, at, [(catalogue.IBUPROFEN, 1 + number % 2)])[1]
        for number, at in enumerate(times)
    ]
    return Told(times[-1], settlements=pairs)


@spares(["B04"], "连续两天购药", "Two purchases on two days in a row")
def drugs_on_two_days_in_a_row(cast: Cast) -> Told:
    """Something was forgotten the day before."""
    place = cast.pharmacy()
    day = cast.day(2)
    times = [cast.counter_time(place, day + later) for later in range(2)]
    person = cast.person(times[0], times[-1])
    drugs = cheap_drugs(cast, 2)
    pairs = [shop(cast, person, place, at, [drug])[1] for at, drug in zip(times, drugs, strict=True)]
    return Told(times[0], settlements=pairs)


STORIES = (
    three_institutions_in_a_day,
    the_same_drug_at_two_pharmacies,
    one_prescription_from_door_to_door,
    three_swipes_in_half_an_hour,
    one_card_for_three_persons,
    one_card_twice_by_its_owner,
    the_face_is_not_the_owners,
    nobody_looked_at_the_face,
    no_face_check_required,
    drugs_on_four_days_in_a_row,
    one_drug_five_times_in_a_month,
    drugs_on_two_days_in_a_row,
)
