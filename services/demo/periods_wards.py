"""What only a ward's month shows: stories of C02, C04 to C09 and C11."""

from collections.abc import Callable, Sequence
from typing import Any

from services.demo import catalogue as c
from services.demo.almanac import DAY, HOUR, MINUTE, is_day_off, weekday
from services.demo.care import Entries, Stay, admit
from services.demo.cast import Cast, NoRoom, encounters
from services.demo.catalogue import Item
from services.demo.geography import Institution
from services.demo.people import Person
from services.demo.staging import adult, lie_in, old, ward_billing
from services.demo.telling import Told, plants, spares

_CHECK_UP = (
    c.CHEST_CT,
    c.ULTRASOUND,
    c.ECG,
    c.ECHOCARDIOGRAPHY,
    c.LIVER_PANEL,
    c.BLOOD_COUNT,
    c.TUMOUR_MARKERS,
)


def township(cast: Cast, day: int) -> Institution:
    """A township hospital without another story of the month."""
    return cast.claim(cast.geography.of_kind("township"), "ward", day)


def second_level(cast: Cast, day: int) -> Institution:
    """A second-level hospital without another story of the month."""
    return cast.claim(cast.geography.hospitals[1:4], "ward", day)


def told_of(place: Institution, stays: Sequence[Stay]) -> Told:
    """What stays leave behind."""
    return Told(
        stays[-1].admitted,
        institutions=[place.institution_id],
        encounters=encounters(*stays),
        settlements=[pair for stay in stays for pair in stay.settlements],
    )


def working_days(first: int, last: int) -> list[int]:
    """Days from first to last that are no days off."""
    days = [day for day in range(first, last + 1) if not is_day_off(day)]
    if not days:
        raise NoRoom
    return days


def wave(
    cast: Cast,
    place: Institution,
    days: Sequence[int],
    nights: int,
    count: int,
    *,
    suits: Callable[[Person], bool] = adult,
    change: Callable[[Person], None] | None = None,
    **more: Any,
) -> Told:
    """So many admissions over the given days; `change`: what else is true of the persons."""
    stays = []
    for number in range(count):
        day = days[number * len(days) // count]
        begin = day * DAY
        person = cast.person(begin, (day + nights + 1) * DAY, suits)
        if change:
            change(person)
        paid = 20 * MINUTE + number * 25 * MINUTE
        hour = 8 + number % 7
        stays.append(
            lie_in(cast, place, day, nights, person=person, hour=hour, settled_after=paid, **more)[1]
        )
    return told_of(place, stays)


# C01b


def _untested(cast: Cast, *, at_once: bool) -> Told:
    """Two patients of one bed, at once or in turn; nothing is examined or tested of the first."""
    day = cast.weeks(9)
    place = cast.pick(cast.geography.hospitals[2:4])
    bed = f"B8{cast.rng.randrange(100):02d}"
    stays = []
    for first, nights, tests in ((0, 5, ()), (2 if at_once else 5, 3, (c.BLOOD_COUNT, c.X_RAY))):
        begin = (day + first) * DAY + (9 if at_once else 15) * HOUR + cast.rng.randrange(20 * MINUTE)
        # Beds are numbered by ward, so one doctor's ward it is.
        stay = Stay(place, begin, begin + nights * DAY - 2 * HOUR, bed=bed, doctor=place.practitioners[1])
        stay.diagnosis = "K80.200"
        stay.billing = ward_billing(c.CEFUROXIME, c.NEBULISER, first=tests, nights=nights)
        person = cast.person(begin, begin + nights * DAY + 2 * HOUR, adult)
        stays.append(admit(cast.ledger, person, stay))
    # Where stays are dear, the other's days in the shared bed are cheap by comparison.
    return told_of(place, stays if at_once else stays[:1])


@plants(
    "C01b",
    "与他人同床且全程无检查检验",
    "In another patient's bed, without any test",
    tolerates=["C02", "C01"],
)
def untested_in_a_shared_bed(cast: Cast) -> Told:
    """The second patient lies in the bed while the first is said to."""
    return _untested(cast, at_once=True)


@spares(["C01b", "C02"], "前后两名患者使用同一床位", "One bed, one patient after the other")
def one_bed_after_the_other(cast: Cast) -> Told:
    """The first leaves two hours before the second comes."""
    return _untested(cast, at_once=False)


# C02


@plants("C02", "实际在院人数超过核定床位", "More in-patients than beds", tolerates=["F06", "C09", "F05"])
def more_patients_than_beds(cast: Cast) -> Told:
    """Nineteen in-patients in a house with fifteen beds, for four days."""
    day = cast.weeks(9)
    place = cast.claim([p for p in cast.geography.of_kind("community") if p.beds == 15], "ward", day)
    days = working_days(day, day + 3)
    billing = ward_billing(c.CEFUROXIME, c.NEBULISER)
    return wave(cast, place, days, 6, 19, diagnosis="J18.900", billing=billing)


def _one_bed(cast: Cast, *, at_once: bool) -> Told:
    """Two persons, one bed: at once, or one after the other on one day."""
    day = cast.weeks(5)
    place = cast.pick(cast.geography.hospitals[2:4])
    bed = f"B9{cast.rng.randrange(100):02d}"
    times = ((8, 60), (20, 55)) if at_once else ((7, 5), (14, 5))
    stays = []
    for hour, hours in times:
        begin = day * DAY + hour * HOUR + cast.rng.randrange(20 * MINUTE)
        # Beds are numbered by ward, so one doctor's ward it is.
        stay = Stay(place, begin, begin + hours * HOUR, bed=bed, doctor=place.practitioners[1])
        stay.med_type = "" if at_once else "28"
        stay.diagnosis = "K80.200" if at_once else c.CATARACT_DIAGNOSIS
        person = cast.person(begin, begin + (hours + 2) * HOUR, adult)
        stays.append(admit(cast.ledger, person, stay))
    return told_of(place, stays)


@plants("C02", "同一床位两人同时住院", "Two persons in one bed", tolerates=["C01"])
def two_persons_in_one_bed(cast: Cast) -> Told:
    """Two patients lie in one bed for two days."""
    return _one_bed(cast, at_once=True)


@spares(["C02"], "日间病房同床先后使用", "One day-ward bed, used in turn")
def one_bed_used_in_turn(cast: Cast) -> Told:
    """Day surgery in the morning and in the afternoon."""
    return _one_bed(cast, at_once=False)


# C04


def _village(
    cast: Cast, count: int, suits: Callable[[Person], bool], place: Institution, **more: Any
) -> Told:
    """Admissions of one community within three days."""
    community = f"V99{len(cast.used):04d}"
    cast.used.add(("community", community))

    def move_in(person: Person) -> None:
        person.community = community

    return wave(cast, place, suits=suits, change=move_in, count=count, **more)


@plants(
    "C04",
    "同村老人三日内集中住院",
    "Old people of one village admitted within three days",
    tolerates=["F11", "C09"],
)
def a_village_is_admitted(cast: Cast) -> Told:
    """Seven old people of one village, three nights each, mostly tests."""
    day = cast.weeks(6)
    first = (c.CHEST_CT, c.ULTRASOUND, c.LIVER_PANEL, c.BLOOD_COUNT, c.ECG)
    days = [day, day + 1]
    billing = ward_billing(first=first, nights=3)
    place = township(cast, day)
    return _village(cast, 7, old, place, days=days, nights=3, diagnosis="I67.900", billing=billing)


@spares(["C04"], "同村交通事故集中收治", "An accident on the village road")
def an_accident_on_the_road(cast: Cast) -> Told:
    """Six injured of one village within the hour."""
    day = cast.day(8)
    billing = ward_billing(c.CEFUROXIME, c.DRESSING, first=(c.X_RAY, c.BLOOD_COUNT), nights=6)
    place = cast.geography.hospitals[0]
    return _village(cast, 6, adult, place, days=[day], nights=6, diagnosis="S82.800", billing=billing)


# C05


@plants("C05", "体检式住院", "Stays for a check-up", tolerates=["F11", "F06", "C06", "C09"])
def stays_for_a_check_up(cast: Cast) -> Told:
    """Twelve stays of one night, nearly all of it tests."""
    day = cast.weeks(9)
    billing = ward_billing(first=_CHECK_UP, nights=1)
    days = working_days(day, day + 7)
    return wave(cast, second_level(cast, day), days, 1, 12, diagnosis="Z00.000", billing=billing)


@spares(["C05"], "检查后手术治疗", "Tests before an operation")
def tests_before_an_operation(cast: Cast) -> Told:
    """Many tests, and then the operation they were made for."""
    day = cast.day(6)
    place = cast.geography.hospitals[0]
    billing = ward_billing(c.CEFUROXIME, first=_CHECK_UP, nights=4)
    extra: dict[int, Entries] = {1: [(c.CHOLECYSTECTOMY, 1), (c.ANAESTHESIA, 1)]}
    _, stay = lie_in(cast, place, day, 4, suits=adult, diagnosis="K80.200", billing=billing, extra=extra)
    return told_of(place, [stay])


# C06


def _drugs_only(cast: Cast, drug: Item, quantity: int, diagnosis: str) -> Told:
    day = cast.weeks(6)
    billing = ward_billing(first=(c.BLOOD_COUNT,), nights=1)
    extra: dict[int, Entries] = {0: [(drug, quantity)]}
    place = cast.pick(cast.geography.hospitals[2:4])
    days = working_days(day, day + 4)
    return wave(cast, place, days, 1, 3, diagnosis=diagnosis, billing=billing, extra=extra)


@plants("C06", "以开药为目的住院", "Stays of one night for drugs alone", tolerates=["C09"])
def stays_for_drugs_alone(cast: Cast) -> Told:
    """One night, and more than nine tenths of the bill are drugs."""
    return _drugs_only(cast, c.CEFUROXIME, 130, "J18.900")


@spares(["C06"], "肿瘤日间化疗", "A night of chemotherapy")
def a_night_of_chemotherapy(cast: Cast) -> Told:
    """Oncology: the drug is the treatment."""
    return _drugs_only(cast, c.PACLITAXEL, 6, c.CHEMOTHERAPY_DIAGNOSIS)


# C07


@plants(
    "C07",
    "老人反复低费用住院（以住代养）",
    "An old person admitted again and again for little",
    tolerates=["C03", "C01", "C08"],
)
def cared_for_in_a_ward(cast: Cast) -> Told:
    """Five short stays within a month, each cheaper than any other."""
    day = cast.day(31)
    place = township(cast, day)
    billing = ward_billing(c.SALINE, first=(), nights=3)
    person = cast.person(day * DAY, (day + 31) * DAY, old)
    stays = [
        lie_in(cast, place, day + 6 * number, 3, person=person, diagnosis=code, billing=billing)[1]
        for number, code in enumerate(("I67.900", "M19.900", "J42.x00", "I25.100", "E11.900"))
    ]
    return told_of(place, stays)


@spares(["C07"], "老人一次长期住院", "One long stay of an old person")
def one_long_stay(cast: Cast) -> Told:
    """Three weeks after a stroke, treated every day."""
    day = cast.day(22)
    place = cast.geography.hospitals[0]
    _, stay = lie_in(cast, place, day, 20, suits=old, diagnosis="I63.900")
    return told_of(place, [stay])


# C08


def _minor(cast: Cast, suits: Callable[[Person], bool], count: int, med_type: str = "") -> Told:
    day = cast.weeks(8)
    place = township(cast, day)
    billing = ward_billing(first=(c.BLOOD_COUNT,), nights=2)
    days = working_days(day, day + 4)
    return wave(
        cast,
        place,
        days,
        2,
        count,
        suits=suits,
        diagnosis="J06.900",
        med_type=med_type,
        billing=lambda after: [*billing(after), (c.COLD_CAPSULES, 1)],
    )


@plants("C08", "轻症低标准入院", "Admitted for a cold", tolerates=["C09"])
def admitted_for_a_cold(cast: Cast) -> Told:
    """Six grown-ups with a cold, two nights each, hardly treated."""
    return _minor(cast, lambda someone: 25 <= someone.age <= 55, 6)


@spares(["C08"], "高龄轻症住院", "The very old with a cold")
def the_very_old_with_a_cold(cast: Cast) -> Told:
    """At over eighty a cold is no trifle."""
    return _minor(cast, lambda someone: someone.age >= 81, 2)


# C09


@plants("C09", "周末节假日集中入院", "A wave of admissions on a Saturday", tolerates=["F06"])
def a_wave_on_a_saturday(cast: Cast) -> Told:
    """Twelve admissions on one Saturday at a small hospital."""
    day = cast.day(8)
    day -= (weekday(day) - 5) % 7
    if day <= cast.ledger.start // DAY:
        raise NoRoom
    place = cast.claim(cast.geography.hospitals[4:5], "ward", day)
    billing = ward_billing(c.CEFUROXIME, c.NEBULISER, nights=5)
    return wave(cast, place, [day], 5, 12, diagnosis="J18.900", billing=billing)


@spares(["C09"], "周末急诊入院", "Emergencies on a Sunday")
def emergencies_on_a_sunday(cast: Cast) -> Told:
    """Two emergencies at the big hospital."""
    day = cast.day(9)
    day += 6 - weekday(day)
    place = cast.geography.hospitals[0]
    if day > cast.ledger.until // DAY - 7:
        raise NoRoom
    return wave(cast, place, [day], 5, 2, diagnosis="I63.900", med_type="24")


# C11


@plants(
    "C11", "困难人口住院占比异常", "Nearly all in-patients are people on assistance", tolerates=["F06", "C09"]
)
def nearly_all_on_assistance(cast: Cast) -> Told:
    """Twelve admissions of people on assistance in one township."""

    def assist(person: Person) -> None:
        person.assisted = True

    day = cast.weeks(9)
    days = working_days(day, day + 5)
    billing = ward_billing(c.CEFUROXIME, c.NEBULISER, nights=4)
    place = township(cast, day)
    return wave(cast, place, days, 4, 12, change=assist, diagnosis="J18.900", billing=billing)


STORIES = (
    untested_in_a_shared_bed,
    one_bed_after_the_other,
    more_patients_than_beds,
    two_persons_in_one_bed,
    one_bed_used_in_turn,
    a_village_is_admitted,
    an_accident_on_the_road,
    stays_for_a_check_up,
    tests_before_an_operation,
    stays_for_drugs_alone,
    a_night_of_chemotherapy,
    cared_for_in_a_ward,
    one_long_stay,
    admitted_for_a_cold,
    the_very_old_with_a_cold,
    a_wave_on_a_saturday,
    emergencies_on_a_sunday,
    nearly_all_on_assistance,
)
