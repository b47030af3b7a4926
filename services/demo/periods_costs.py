"""What only an institution's month of bills and admissions shows: stories of F05 to F07 and F08b."""

from collections.abc import Callable, Sequence
from typing import Any

from services.demo import catalogue as c
from services.demo.almanac import DAY, weekday
from services.demo.care import Entries, Stay
from services.demo.cast import Cast, NoRoom
from services.demo.geography import NEIGHBOUR_REGIONS
from services.demo.people import Person
from services.demo.periods_wards import second_level, told_of, township, wave, working_days
from services.demo.staging import adult, lie_in, ward_billing, woman
from services.demo.telling import Told, plants, spares

_WEEKS_BEFORE, _NIGHTS = 13, 5

# F05


@plants("F05", "次均住院费用离群", "Cost per admission far from the peers'", tolerates=["F06", "C09"])
def far_dearer_than_the_peers(cast: Cast) -> Told:
    """Seven stays at about twenty thousand yuan each in a township hospital: first look for a data error."""
    day = cast.weeks(9)
    days = working_days(day, day + 4)
    billing = ward_billing(c.CEFUROXIME, c.NEBULISER, nights=4)
    extra: dict[int, Entries] = {1: [(c.HAEMOSTATIC, 200_000)]}
    place = township(cast, day)
    return wave(cast, place, days, 4, 7, diagnosis="I50.900", billing=billing, extra=extra)


# F06


def _week_of_growth(cast: Cast, specialty: str, diagnosis: str, **more: Any) -> Told:
    """Fourteen admissions in one week at a quiet hospital, which had one in each week before the county's
    first, thirteen back; `more`: of the week's stays."""
    first = cast.ledger.start // DAY
    monday = cast.weeks(12, after=6)
    monday -= weekday(monday)
    places = [place for place in cast.geography.of_kind("hospital") if place.specialty == specialty]
    place = cast.claim(places, "ward", monday)
    if ("grown", place.index) in cast.used:
        raise NoRoom
    cast.used.add(("grown", place.index))
    for week in range(1, _WEEKS_BEFORE + 1):
        day = monday - 7 * week + 1
        if day + _NIGHTS < first:
            lie_in(cast, place, day, _NIGHTS, suits=woman, diagnosis=diagnosis)
    days = range(monday, monday + 5)
    return wave(cast, place, days, _NIGHTS, 14, suits=woman, diagnosis=diagnosis, **more)


@plants("F06", "单周住院人次突增", "A week with many more admissions than before", tolerates=["C09"])
def a_week_of_growth(cast: Cast) -> Told:
    """Fourteen in the psychiatric hospital, which had few."""
    return _week_of_growth(cast, "psychiatric", "F32.900")


@spares(["F06"], "新设科室收治患者", "A department that has just been opened")
def a_new_department(cast: Cast) -> Told:
    """As many in the maternity hospital, in a department that it did not have before."""
    return _week_of_growth(cast, "maternity", "N73.900", department="乳腺科")


# F07


def _insured_elsewhere(cast: Cast) -> Callable[[Person], None]:
    region = cast.rng.choice(NEIGHBOUR_REGIONS)

    def insure(person: Person) -> None:
        person.insured_region = region

    return insure


@plants("F07", "异地参保人单日集中住院", "A wave of in-patients insured elsewhere", tolerates=["F06", "C09"])
def a_wave_from_elsewhere(cast: Cast) -> Told:
    """Eight persons insured in the next county on one day, with weeks before it to compare with."""
    day = cast.weeks(9, after=18)
    day = working_days(day, day + 4)[0]
    billing = ward_billing(c.CEFUROXIME, c.NEBULISER, nights=4)
    place = second_level(cast, day)
    change = _insured_elsewhere(cast)
    return wave(cast, place, [day], 4, 8, change=change, diagnosis="J18.900", billing=billing)


@spares(["F07"], "少量异地参保人住院", "A few in-patients insured elsewhere")
def a_few_from_elsewhere(cast: Cast) -> Told:
    """Three on one day at the county hospital."""
    day = working_days(cast.day(9), cast.ledger.until // DAY - 6)[0]
    change = _insured_elsewhere(cast)
    billing = ward_billing(c.CEFUROXIME, c.NEBULISER, nights=4)
    place = cast.geography.hospitals[0]
    return wave(cast, place, [day], 4, 3, change=change, diagnosis="I63.900", billing=billing)


# F08b


def _totals(cast: Cast, totals: Sequence[int]) -> Told:
    """Stays at a second-level hospital whose bills come to these totals, in fen."""
    day = cast.weeks(9)
    days = working_days(day, day + 4)
    place = second_level(cast, day)
    nights = 4
    billing = ward_billing(c.CEFUROXIME, c.NEBULISER, nights=nights)
    plain = sum(item.price for after in range(nights + 1) for item, _ in billing(after))
    stays: list[Stay] = []
    for number, total in enumerate(totals):
        extra: dict[int, Entries] = {1: [(c.HAEMOSTATIC, (total - plain) // c.HAEMOSTATIC.price)]}
        more = {"diagnosis": "K80.200", "billing": billing, "extra": extra}
        stays.append(lie_in(cast, place, days[number % len(days)], nights, suits=adult, **more)[1])
    return told_of(place, stays)


@plants(
    "F08b",
    "住院费用集中在审查线以下",
    "Stays crowd just below the review's threshold",
    tolerates=["F05", "F06", "C09"],
)
def just_below_again_and_again(cast: Cast) -> Told:
    """Twelve stays between 4,500 and 5,000 yuan at a second-level hospital."""
    return _totals(cast, [455_000 + 10 * cast.rng.randrange(4_000) for _ in range(12)])


@spares(["F08b"], "住院费用自然分布", "Stays at all costs below the threshold")
def at_all_costs_below(cast: Cast) -> Told:
    """As many between four fifths and nine tenths of the threshold as above."""
    return _totals(cast, [405_000 + 8_000 * number for number in range(11)])


STORIES = (
    far_dearer_than_the_peers,
    a_wave_from_elsewhere,
    a_few_from_elsewhere,
    just_below_again_and_again,
    at_all_costs_below,
    a_week_of_growth,
    a_new_department,
)
