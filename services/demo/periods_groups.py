"""What only many persons together show: stories of E05, E08, F03, F11 and of gangs, G01 to G03."""

from collections.abc import Callable, Sequence

from services.demo import catalogue as c
from services.demo.almanac import DAY, HOUR, MINUTE
from services.demo.billing import Entry
from services.demo.care import Pair
from services.demo.cast import Cast, NoRoom, encounters
from services.demo.geography import NEIGHBOUR_REGIONS, Institution
from services.demo.people import Person
from services.demo.staging import (
    adult,
    at_hour,
    attend,
    cheap_drugs,
    in_the_seat,
    lie_in,
    old,
    shop,
    ward_billing,
)
from services.demo.standing import reserve_doctors
from services.demo.telling import Told, plants, spares

_TOGETHER_EVERY = 4
_MEETINGS = 4
_APART = 95
_LASTS = 8 * MINUTE

# E05, E08


@plants("E05", "中药饮片处方过大", "A prescription of Chinese herbs far too big")
def a_sack_of_herbs(cast: Cast) -> Told:
    """Twenty-two herbs, fourteen doses, about one hundred yuan a dose."""
    place = cast.geography.hospitals[2]
    at = cast.counter_time(place, cast.day(1), 20 * MINUTE)
    herbs = cast.rng.sample(c.SLICES, 22)
    entries = [Entry(herb, 15 * 14, None, {"doses": 14, "days_supply": 14}) for herb in herbs]
    person = cast.person(at, at, adult)
    encounter, pair = attend(
        cast, person, place, at, [(c.CONSULTATION, 1), *entries], lasts=15 * MINUTE, diagnosis="R53.x00"
    )
    return Told(at, encounters=[encounter], settlements=[pair], institutions=[place.institution_id])


@spares(["E05"], "常规中药处方", "An ordinary prescription of Chinese herbs")
def a_week_of_herbs(cast: Cast) -> Told:
    """Twelve herbs, seven doses."""
    place = cast.geography.hospitals[2]
    at = cast.counter_time(place, cast.day(1), 20 * MINUTE)
    herbs = [Entry(herb, 10 * 7, None, {"doses": 7, "days_supply": 7}) for herb in c.SLICES[:12]]
    person = cast.person(at, at, adult)
    encounter, pair = attend(cast, person, place, at, [(c.CONSULTATION, 1), *herbs], lasts=15 * MINUTE)
    return Told(at, encounters=[encounter], settlements=[pair])


@plants("E08", "高值药集中于一名医师且患者多为外地", "One doctor's dear drugs for people from far away")
def dear_drugs_for_strangers(cast: Cast) -> Told:
    """Twelve persons from the next counties, once each, for the dearest drug of the clinic."""
    day = cast.weeks(7)
    place = cast.claim(cast.geography.of_kind("clinic"), "month", day)
    doctor = place.practitioners[-1]
    pairs = []
    at = 0
    for number in range(12):
        at = cast.counter_time(place, day + number // 2, 6 * MINUTE)
        person = cast.person(at, at, adult)
        person.insured_region = cast.rng.choice(NEIGHBOUR_REGIONS)
        entries = [(c.GENERAL_FEE, 1), (c.SEMAGLUTIDE, 1)]
        pairs.append(attend(cast, person, place, at, entries, diagnosis="E11.900", practitioner=doctor)[1])
    return Told(at, institutions=[place.institution_id], settlements=pairs, practitioner=doctor)


# F03


def _busy_hour(cast: Cast, visits: int) -> Told:
    """So many patients of one doctor within a clock hour."""
    place = cast.geography.hospitals[2]
    day = cast.day(1)
    key = ("busy", place.index, day)
    if key in cast.used:
        raise NoRoom
    cast.used.add(key)
    doctor = reserve_doctors(place)[1]
    pairs = []
    for number in range(visits):
        begin = day * DAY + 10 * HOUR + 30 + number * (59 * MINUTE // visits)
        person = cast.customer(begin, begin + 5 * MINUTE, place, adult)
        entries = [(c.CONSULTATION, 1), *cheap_drugs(cast, 1)]
        pairs.append(
            attend(
                cast,
                person,
                place,
                begin,
                entries,
                lasts=cast.rng.randint(120, 240),
                practitioner=doctor,
                diagnosis=cast.rng.choice(c.ACUTE_DIAGNOSES),
            )[1]
        )
    return Told(
        day * DAY + 10 * HOUR,
        institutions=[place.institution_id],
        settlements=pairs,
        practitioner=doctor,
    )


@plants(
    "F03",
    "一名医师一小时接诊三十余人",
    "More than thirty patients of one doctor in an hour",
    tolerates=["G01"],
)
def thirty_patients_in_an_hour(cast: Cast) -> Told:
    """Thirty-four patients between ten and eleven."""
    return _busy_hour(cast, 34)


@plants("F03", "医师连日首末医嘱相隔二十小时以上", "A doctor's days of more than twenty hours")
def days_of_twenty_hours(cast: Cast) -> Told:
    """On four days the doctor's first patient comes at two in the morning and the last at eleven at night."""
    place = cast.geography.hospitals[3]
    day = cast.weeks(7)
    doctor = reserve_doctors(place)[0]
    pairs = []
    at = 0
    for later in range(4):
        for hour in (1, 22):
            at = (day + later) * DAY + hour * HOUR + cast.rng.randrange(40 * MINUTE)
            person = cast.person(at, at, adult)
            entries = [(c.EMERGENCY_FEE, 1), *cheap_drugs(cast, 1)]
            pairs.append(
                attend(cast, person, place, at, entries, practitioner=doctor, med_type="13", emergency=1)[1]
            )
    return Told(at, institutions=[place.institution_id], settlements=pairs, practitioner=doctor)


@spares(["F03"], "忙碌但可能的一小时", "A busy but possible hour")
def a_busy_hour(cast: Cast) -> Told:
    """Twenty-two patients."""
    return _busy_hour(cast, 22)


# F11


@plants("F11", "门诊检查费占比过高", "Too many examinations")
def examined_whoever_comes(cast: Cast) -> Told:
    """Thirty patients of a small hospital, each with a scan and two ultrasounds."""
    day = cast.weeks(9)
    place = cast.claim(cast.geography.hospitals[4:5], "examinations", day)
    pairs = []
    at = 0
    for number in range(30):
        at = (day + number // 3) * DAY + (9 + number % 3 * 2) * HOUR + cast.rng.randrange(30 * MINUTE)
        person = cast.customer(at, at + 20 * MINUTE, place, adult)
        entries = [(c.CONSULTATION, 1), (c.CHEST_CT, 1), (c.ULTRASOUND, 1), (c.ECHOCARDIOGRAPHY, 1)]
        diagnosis = cast.rng.choice(c.ACUTE_DIAGNOSES)
        pairs.append(attend(cast, person, place, at, entries, lasts=20 * MINUTE, diagnosis=diagnosis)[1])
    return Told(at, institutions=[place.institution_id], settlements=pairs)


@plants("F11", "七日内重复同部位CT", "The same scan again within a week")
def the_same_scan_again(cast: Cast) -> Told:
    """Two chest scans four days apart."""
    place = cast.geography.hospitals[0]
    day = cast.weeks(5)
    times = [at_hour(cast, place, day + later, 10) for later in (0, 4)]
    person = cast.person(times[0], times[1], adult)
    pairs = [attend(cast, person, place, at, [(c.CONSULTATION, 1), (c.CHEST_CT, 1)])[1] for at in times]
    return Told(times[1], institutions=[place.institution_id], settlements=pairs)


@spares(["F11"], "三周后复查CT", "The same scan three weeks later")
def the_same_scan_weeks_later(cast: Cast) -> Told:
    """To see whether the shadow is gone."""
    place = cast.geography.hospitals[0]
    day = cast.day(21)
    times = [at_hour(cast, place, day + later, 10) for later in (0, 20)]
    person = cast.person(times[0], times[1], adult)
    pairs = [attend(cast, person, place, at, [(c.CONSULTATION, 1), (c.CHEST_CT, 1)])[1] for at in times]
    return Told(times[1], settlements=pairs)


# G01 to G03

Meet = Callable[[Person, Institution, int, int], list[Pair]]


def _meetings(
    cast: Cast, gang: Sequence[Person], places: Sequence[Institution], day: int, meet: Meet
) -> list[Pair]:
    """The gang turns up together every few days, at one place after the other."""
    pairs = []
    for meeting in range(_MEETINGS):
        place = places[meeting % len(places)]
        first = cast.counter_time(place, day + meeting * _TOGETHER_EVERY, _LASTS)
        for order, person in enumerate(gang):
            at = first + order * _APART + cast.rng.randrange(20)
            pairs += meet(person, place, at, meeting)
    return pairs


def _gang(cast: Cast, count: int, day: int, last: int, suits: Callable[[Person], bool]) -> list[Person]:
    return cast.persons(count, day * DAY, last * DAY, suits)


def _drugs_for(cast: Cast) -> Meet:
    """Each buys something else, from the fund and the account."""

    def meet(person: Person, place: Institution, at: int, meeting: int) -> list[Pair]:
        return [shop(cast, person, place, at, cheap_drugs(cast, 2), fund=60)[1]]

    return meet


def _two_shops(cast: Cast) -> list[Institution]:
    shops = [p for p in in_the_seat(cast, "pharmacy") if p.index not in cast.standing.reporting]
    first = cast.pick(shops)
    return [first, cast.pick(shops, first)]


def _group(persons: Sequence[Person], places: Sequence[Institution], at: int, pairs: list[Pair]) -> dict:
    return {
        "at": at,
        "institutions": [place.institution_id for place in places],
        "settlements": pairs,
        "persons": [person.person_id for person in persons],
    }


@plants("G01", "五人多次同时同店购药", "Five persons who always buy together", tolerates=["B01"])
def five_who_buy_together(cast: Cast) -> Told:
    """Five unrelated persons within minutes of each other, four times at two pharmacies."""
    day = cast.weeks(14)
    places = _two_shops(cast)
    gang = _gang(cast, 5, day, day + 14, adult)
    pairs = _meetings(cast, gang, places, day, _drugs_for(cast))
    return Told(**_group(gang, places, (day + 12) * DAY, pairs))


@spares(["G01"], "一家人一同购药", "A family that goes shopping together", mild=True)
def a_family_together(cast: Cast) -> Told:
    """Four of one household."""
    day = cast.weeks(14)
    places = _two_shops(cast)
    family = _gang(cast, 4, day, day + 14, adult)
    for person in family[1:]:
        person.household = family[0].household
        person.community = family[0].community
    pairs = _meetings(cast, family, places, day, _drugs_for(cast))
    return Told(**_group(family, places, (day + 12) * DAY, pairs))


@spares(["G01"], "养老院老人集体就诊", "A nursing home's residents on the doctor's day")
def a_nursing_home(cast: Cast) -> Told:
    """Four residents, always at the one community centre beside the home."""
    day = cast.weeks(14)
    place = cast.pick(in_the_seat(cast, "community"))
    residents = _gang(cast, 4, day, day + 14, old)
    for person in residents:
        person.community = f"N99{place.index:03d}"

    def meet(person: Person, at_place: Institution, at: int, meeting: int) -> list[Pair]:
        entries = [(c.GENERAL_FEE, 1), *cheap_drugs(cast, 1)]
        return [attend(cast, person, at_place, at, entries, lasts=60)[1]]

    pairs = _meetings(cast, residents, [place], day, meet)
    return Told(**_group(residents, [place], (day + 12) * DAY, pairs))


@spares(["G01"], "透析同班次患者", "Patients of one dialysis shift")
def one_dialysis_shift(cast: Cast) -> Told:
    """The machine's shifts bring them together thrice a week."""
    sessions = [found for found in cast.sessions.values() if len(found) >= 3]
    if len(sessions) < 2:
        raise NoRoom
    pairs = [pair for found in sessions[:2] for _, _, pair in found[:6]]
    return Told(sessions[0][0][0] * DAY, settlements=pairs)


def a_gang_in_one_ward(cast: Cast) -> None:
    """The gang of the pharmacies lies in one ward a few days later (G01 and G02)."""
    day = cast.weeks(24)
    places = _two_shops(cast)
    gang = _gang(cast, 5, day, day + 25, adult)
    pairs = _meetings(cast, gang, places, day, _drugs_for(cast))
    ward = cast.pick(cast.geography.hospitals[:4])
    billing = ward_billing(c.CEFUROXIME, c.NEBULISER, nights=4)
    stays = [
        lie_in(cast, ward, day + 16 + order, 4, person=person, diagnosis="J18.900", billing=billing)[1]
        for order, person in enumerate(gang[:4])
    ]
    about = _group(gang, places, (day + 12) * DAY, pairs)
    about.pop("at")
    words = ("团伙购药", "A gang at pharmacies")
    cast.fraud("G01", "a_gang_in_one_ward", (day + 12) * DAY, *words, tolerates=["B01"], **about)
    cast.fraud(
        "G02",
        "a_gang_in_one_ward",
        stays[-1].admitted,
        "同行人员七日内同院住院",
        "Members of a gang admitted to one hospital within a week",
        institutions=[ward.institution_id],
        encounters=encounters(*stays),
        persons=[person.person_id for person in gang],
        tolerates=["C09"],
    )


def a_doctor_and_a_pharmacy(cast: Cast) -> None:
    """The gang sees one doctor and fills the prescriptions at one pharmacy (G01 and G03)."""
    day = cast.weeks(14)
    clinic = cast.pick(in_the_seat(cast, "clinic"))
    pharmacy = _two_shops(cast)[0]
    doctor = clinic.practitioners[0]
    gang = _gang(cast, 5, day, day + 14, adult)

    def fill(person: Person, at: int, number: str, seen_for: c.Item) -> Pair:
        others = cast.rng.sample([drug for drug in c.ACUTE_DRUGS if drug is not seen_for], 2)
        prescribed = [Entry(drug, 2, None, {"external_prescription": True}) for drug in others]
        return shop(cast, person, pharmacy, at, prescribed, fund=60, prescription_id=number)[1]

    def meet(person: Person, place: Institution, at: int, meeting: int) -> list[Pair]:
        number = f"RX{cast.rng.randrange(10**9):09d}"
        # Everybody owes another sum, or the terminal's rule would see kept cards.
        drug = c.ACUTE_DRUGS[(gang.index(person) + 3 * meeting) % len(c.ACUTE_DRUGS)]
        seen = attend(
            cast,
            person,
            place,
            at,
            [(c.GENERAL_FEE, 1), (drug, 1)],
            lasts=60,
            practitioner=doctor,
            prescription_id=number,
        )[1]
        return [seen, fill(person, at + 80 * MINUTE, number, drug)]

    pairs = _meetings(cast, gang, [clinic], day, meet)
    about = _group(gang, [clinic, pharmacy], (day + 12) * DAY, pairs)
    about.pop("at")
    words = ("团伙同行就诊购药", "A gang at a clinic and a pharmacy")
    cast.fraud("G01", "a_doctor_and_a_pharmacy", (day + 12) * DAY, *words, tolerates=["B01"], **about)
    cast.fraud(
        "G03",
        "a_doctor_and_a_pharmacy",
        (day + 12) * DAY,
        "同一医师处方集中流向同一药店",
        "One doctor's prescriptions for a gang go to one pharmacy",
        practitioner=doctor,
        tolerates=["B01"],
        **about,
    )


STORIES = (
    a_sack_of_herbs,
    a_week_of_herbs,
    dear_drugs_for_strangers,
    thirty_patients_in_an_hour,
    days_of_twenty_hours,
    a_busy_hour,
    examined_whoever_comes,
    the_same_scan_again,
    the_same_scan_weeks_later,
    five_who_buy_together,
    a_family_together,
    a_nursing_home,
    one_dialysis_shift,
    a_gang_in_one_ward,
    a_doctor_and_a_pharmacy,
)
