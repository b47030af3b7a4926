"""Institutions, doctors and how visits are cut: stories of F01, F04, F09 and F10."""

from services.demo import catalogue as c
from services.demo.almanac import DAY, HOUR, MINUTE
from services.demo.cast import Cast, NoRoom, encounters
from services.demo.geography import Institution
from services.demo.staging import adult, at_hour, attend, cheap_drugs, in_the_seat, lie_in, shop, ward_billing
from services.demo.telling import Told, plants, spares

_FAR_KM = 14

# F01


def _suspended(cast: Cast, kind: str) -> tuple[Institution, int, int]:
    """A suspended place of a kind, its first suspended day and its last that lies in the past."""
    for index, (begin, end) in cast.standing.suspended.items():
        place = cast.geography.institutions[index]
        if place.kind == kind:
            return place, begin, min(end, cast.ledger.until // DAY - 1)
    raise NoRoom


@plants("F01", "机构中止协议期间结算", "Settled while the pharmacy is suspended")
def settled_by_a_suspended_pharmacy(cast: Cast) -> Told:
    """The pharmacy goes on settling."""
    place, begin, end = _suspended(cast, "pharmacy")
    if end < begin:
        raise NoRoom
    at = cast.counter_time(place, cast.rng.randint(begin, end))
    pair = shop(cast, cast.person(at, at, adult), place, at, cheap_drugs(cast, 2), fund=60)[1]
    return Told(at, settlements=[pair])


@plants("F01", "医师医保资格暂停期间开单", "Ordered by a doctor who is suspended")
def ordered_by_a_suspended_doctor(cast: Cast) -> Told:
    """The doctor's right to order for the fund is suspended."""
    doctor, begin, end = cast.standing.suspended_doctor
    place = cast.standing.suspended_doctor_at
    end = min(end, cast.ledger.until // DAY - 1)
    if end < begin:
        raise NoRoom
    day = cast.rng.randint(begin, end)
    at = at_hour(cast, place, day, cast.rng.randint(9, 15))
    entries = [(c.CONSULTATION, 1), (c.BLOOD_COUNT, 1), *cheap_drugs(cast, 1)]
    pair = attend(cast, cast.person(at, at, adult), place, at, entries, practitioner=doctor)[1]
    return Told(at, settlements=[pair], practitioner=doctor)


@spares(["F01"], "中止前已入院患者继续治疗", "Admitted before the suspension began")
def admitted_before_the_suspension(cast: Cast) -> Told:
    """Patients who lay there already may be treated to the end."""
    place, begin, end = _suspended(cast, "township")
    if end < begin + 3 or begin - 2 <= cast.ledger.start // DAY:
        raise NoRoom
    billing = ward_billing(c.CEFUROXIME, c.NEBULISER, nights=4)
    _, stay = lie_in(cast, place, begin - 2, 4, suits=adult, diagnosis="J18.900", billing=billing)
    return Told(stay.admitted, encounters=encounters(stay), settlements=stay.settlements)


# F04


def _two_sites(
    cast: Cast, one: Institution, other: Institution, doctor: str, minutes: int, hour: int
) -> Told:
    """One doctor orders for two patients, at two sites, so many minutes apart."""
    day = cast.day(0)
    first = at_hour(cast, one, day, hour)
    second = first + minutes * MINUTE
    if not cast.undisturbed(other, second, 10 * MINUTE):
        raise NoRoom
    pairs = []
    for place, begin in ((one, first), (other, second)):
        fee = c.CONSULTATION if place.kind == "hospital" else c.GENERAL_FEE
        entries = [(fee, 1), *cheap_drugs(cast, 1)]
        person = cast.person(begin, begin, adult)
        pairs.append(attend(cast, person, place, begin, entries, practitioner=doctor)[1])
    return Told(second, settlements=pairs, practitioner=doctor)


@plants("F04", "同一医师数分钟内在两地开单", "One doctor orders at two places within minutes")
def a_doctor_at_two_places_at_once(cast: Cast) -> Told:
    """The same doctor's number in the county seat and in a far town, ten minutes apart."""
    one = cast.pick(cast.geography.hospitals[2:4])
    far = [
        place
        for place in cast.geography.of_kind("township")
        if cast.geography.distance[one.index][place.index] >= _FAR_KM
    ]
    return _two_sites(cast, one, cast.pick(far), one.practitioners[-1], cast.rng.randint(3, 6), 10)


@plants("F04", "同一医师一日在三家机构开单", "One doctor orders at three institutions on one day")
def a_doctor_at_three_places_a_day(cast: Cast) -> Told:
    """Hours apart, and yet three institutions."""
    one = cast.pick(cast.geography.hospitals[2:4])
    others = cast.rng.sample(in_the_seat(cast, "community", "clinic"), 2)
    day = cast.day(0)
    doctor = one.practitioners[-2]
    pairs = []
    for place, hour in zip((one, *others), (8, 12, 16), strict=True):
        at = at_hour(cast, place, day, hour)
        entries = [(c.CONSULTATION if place is one else c.GENERAL_FEE, 1), *cheap_drugs(cast, 1)]
        person = cast.person(at, at, adult)
        pairs.append(attend(cast, person, place, at, entries, practitioner=doctor)[1])
    return Told(day * DAY + 8 * HOUR, settlements=pairs, practitioner=doctor)


@spares(["F04"], "备案多点执业，上下午分别坐诊", "Registered at both sites, one in the morning, one later")
def a_doctor_registered_at_both_sites(cast: Cast) -> Told:
    """Main house in the morning, branch in the afternoon."""
    main, branch = cast.geography.hospitals[:2]
    return _two_sites(cast, main, branch, main.practitioners[-1], 240, 9)


# F09


@plants("F09", "同日同一医师三次拆分开方", "One visit cut into three by one doctor")
def one_visit_cut_into_three(cast: Cast) -> Told:
    """Three settlements within an hour, each just below two hundred yuan."""
    place = cast.pick(cast.geography.of_kind("community"))
    at = at_hour(cast, place, cast.day(1), cast.rng.choice((9, 14)), 60 * MINUTE)
    person = cast.person(at, at + 60 * MINUTE, adult)
    doctor = place.practitioners[0]
    pieces = cast.rng.sample((19_400, 19_600, 19_700, 19_800, 19_900), 3)
    pairs = []
    for number, (piece, goods) in enumerate(zip(pieces, c.LOOSE_GOODS, strict=False)):
        entries = [(c.GENERAL_FEE, 1), (goods, (piece - c.GENERAL_FEE.price) // goods.price)]
        begin = at + number * 16 * MINUTE
        pairs.append(attend(cast, person, place, begin, entries, practitioner=doctor, diagnosis="M54.500")[1])
    return Told(at, settlements=pairs)


@spares(["F09"], "同日三个科室就诊", "Three departments on one day")
def three_departments_on_one_day(cast: Cast) -> Told:
    """Three complaints, three doctors, hours apart, small sums."""
    place = cast.pick(cast.geography.hospitals[:4])
    day = cast.day(0)
    times = [at_hour(cast, place, day, hour) for hour in (8, 11, 15)]
    person = cast.person(times[0], times[-1], adult)
    pairs = [
        attend(cast, person, place, at, entries, practitioner=doctor, diagnosis=diagnosis)[1]
        for at, entries, doctor, diagnosis in zip(
            times,
            (
                [(c.CONSULTATION, 1), (c.BLOOD_COUNT, 1)],
                [(c.CONSULTATION, 1), (c.ECG, 1)],
                [(c.CONSULTATION, 1), (c.ULTRASOUND, 1)],
            ),
            place.practitioners[1:4],
            ("J06.900", "R07.400", "K29.500"),
            strict=True,
        )
    ]
    return Told(times[0], settlements=pairs)


# F10


@plants("F10", "一月内门诊十一次", "Eleven visits in a month")
def eleven_visits_in_a_month(cast: Cast) -> Told:
    """Every other day to the same clinic."""
    place = cast.pick(cast.geography.of_kind("clinic", "community"))
    day = cast.weeks(22)
    times = [cast.counter_time(place, day + later, 6 * MINUTE) for later in range(0, 22, 2)]
    person = cast.person(times[0], times[-1], adult)
    drugs = cast.rng.sample(c.ACUTE_DRUGS, len(times))
    pairs = [
        attend(cast, person, place, begin, [(c.GENERAL_FEE, 1), (drug, 1)], diagnosis="M54.500")[1]
        for begin, drug in zip(times, drugs, strict=True)
    ]
    return Told(times[-1], settlements=pairs)


@spares(["F10"], "透析患者每月十余次门诊", "A dialysis patient's dozen of sessions a month")
def dialysis_a_dozen_times_a_month(cast: Cast) -> Told:
    """Thrice a week, as it must be."""
    if not cast.sessions:
        raise NoRoom
    sessions = cast.sessions[cast.rng.choice(sorted(cast.sessions))][:13]
    return Told(sessions[-1][0] * DAY, settlements=[pair for _, _, pair in sessions])


STORIES = (
    settled_by_a_suspended_pharmacy,
    ordered_by_a_suspended_doctor,
    admitted_before_the_suspension,
    a_doctor_at_two_places_at_once,
    a_doctor_at_three_places_a_day,
    a_doctor_registered_at_both_sites,
    one_visit_cut_into_three,
    three_departments_on_one_day,
    eleven_visits_in_a_month,
    dialysis_a_dozen_times_a_month,
)
