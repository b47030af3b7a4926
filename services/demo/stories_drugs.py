"""Drugs: stories of D13, D15 and E01 to E07."""

from typing import Any

from services.demo import catalogue as c
from services.demo.almanac import MINUTE
from services.demo.billing import Entry, account_only, bill, yuan
from services.demo.care import Entries, cancel
from services.demo.cast import Cast, encounters
from services.demo.catalogue import Item
from services.demo.geography import Institution
from services.demo.people import Person
from services.demo.pharmacies import purchase
from services.demo.staging import adult, at_hour, attend, cheap_drugs, in_the_seat, lie_in, shop, ward_billing
from services.demo.standing import reserve_doctors
from services.demo.telling import Told, plants, spares

_NIGHTS = 5


def _unreported(cast: Cast, *others: Institution) -> Institution:
    """A pharmacy that reports no stock."""
    pharmacies = [p for p in in_the_seat(cast, "pharmacy") if p.index not in cast.standing.reporting]
    return cast.pick(pharmacies, *others)


def _visit(
    cast: Cast,
    places: list[Institution],
    *entries: Entry | tuple[Item, int],
    diagnosis: str = "J20.900",
    **more: Any,
) -> Told:
    """A visit with a given bill at one of some places."""
    place = cast.pick(places)
    begin = cast.counter_time(place, cast.day(1), 20 * MINUTE)
    person = cast.person(begin, begin, adult)
    encounter, pair = attend(
        cast, person, place, begin, entries, lasts=15 * MINUTE, diagnosis=diagnosis, **more
    )
    return Told(begin, encounters=[encounter], settlements=[pair])


def _stay(
    cast: Cast,
    extra: dict[int, Entries],
    place: Institution | None = None,
    *,
    diagnosis: str = "K80.200",
    doctor: str = "",
) -> Told:
    """A plain stay with drugs besides, by days after the admission."""
    day = cast.day(_NIGHTS + 1)
    billing = ward_billing(c.NEBULISER, c.WARD_DRUGS[4], nights=_NIGHTS)
    _, stay = lie_in(
        cast,
        place or cast.pick(cast.geography.hospitals[:4]),
        day,
        _NIGHTS,
        # Without a chronic disease, which would allow more.
        suits=lambda someone: adult(someone) and not someone.conditions,
        diagnosis=diagnosis,
        billing=billing,
        extra=extra,
        doctor=doctor,
    )
    return Told(stay.admitted, encounters=encounters(stay), settlements=stay.settlements)


# D13


def _one_pack_two_sales(cast: Cast, **line: Any) -> tuple[Told, list[Person], list[Institution]]:
    """The same trace code at two pharmacies, six days apart."""
    day = cast.day(7)
    first = _unreported(cast)
    places = [first, _unreported(cast, first)]
    times = [cast.counter_time(place, day + later) for place, later in zip(places, (0, 6), strict=True)]
    persons = cast.persons(2, times[0], times[1], adult)
    code = cast.ledger.new_trace_code()
    sold = Entry(c.ATORVASTATIN, 1, None, {"trace_codes": [code], **line})
    pairs = [
        shop(cast, person, place, at, [sold])[1]
        for person, place, at in zip(persons, places, times, strict=True)
    ]
    return Told(times[1], settlements=pairs), persons, places


@plants("D13", "同一追溯码两次销售", "One trace code sold twice")
def one_pack_sold_twice(cast: Cast) -> Told:
    """A pack that was sold comes back and is sold again: drugs that flow backwards."""
    return _one_pack_two_sales(cast)[0]


@spares(["D13"], "拆零销售同一盒药", "One pack sold in parts")
def one_pack_sold_in_parts(cast: Cast) -> Told:
    """Both customers buy a part of the pack."""
    return _one_pack_two_sales(cast, split_pack=True)[0]


@spares(["D13"], "退货后再次销售", "Sold again after it was returned")
def pack_returned_and_sold_again(cast: Cast) -> Told:
    """The first sale was taken back the same hour, and the pack went back on the shelf."""
    place = _unreported(cast)
    day = cast.day(3)
    times = [at_hour(cast, place, day + later, 10) for later in (0, 2)]
    persons = cast.persons(2, times[0], times[1], adult)
    sold = Entry(c.ATORVASTATIN, 1, None, {"trace_codes": [cast.ledger.new_trace_code()]})
    first = shop(cast, persons[0], place, times[0], [sold])[1]
    cancel(cast.ledger, persons[0], place, "settlement", first[1], times[0] + 35 * MINUTE)
    second = shop(cast, persons[1], place, times[1], [sold])[1]
    return Told(times[1], settlements=[first, second])


# D15


def _daily_goods(cast: Cast, *, covered: bool) -> Told:
    place = cast.pharmacy()
    at = cast.counter_time(place, cast.day(1))
    person = cast.person(at, at, adult)
    goods = cast.rng.choice(c.DAILY_GOODS)
    own = {} if covered else {"covered_amount": "0.00"}
    total = bill([Entry(goods, 1, None, own), *cheap_drugs(cast, 1)])
    amounts = account_only(total.total)
    if not covered:
        amounts |= {"account": yuan(total.total - goods.price), "cash": yuan(goods.price)}
    return Told(at, settlements=[purchase(cast.ledger, person, place, at, total=total, amounts=amounts)[1]])


@plants("D15", "日用品按医保药品结算", "Daily goods settled as covered")
def daily_goods_on_the_card(cast: Cast) -> Told:
    """Washing liquid or oil from the account."""
    return _daily_goods(cast, covered=True)


@spares(["D15"], "日用品自费，未纳入医保", "Daily goods paid in cash")
def daily_goods_in_cash(cast: Cast) -> Told:
    """On the same receipt, but not covered and paid in cash."""
    return _daily_goods(cast, covered=False)


# E01


@plants("E01", "限住院急诊用药在门诊使用", "A drug for wards and emergencies given at a counter")
def emergency_drug_at_the_counter(cast: Cast) -> Told:
    """Urokinase in an ordinary visit."""
    return _visit(cast, cast.geography.hospitals, (c.CONSULTATION, 1), (c.EMERGENCY_ONLY, 1))


@plants("E01", "限二级以上机构用药在诊所使用", "A drug for second-level hospitals at a clinic")
def second_level_drug_at_a_clinic(cast: Cast) -> Told:
    """Voriconazole at a clinic."""
    places = cast.geography.of_kind("clinic", "community")
    return _visit(cast, places, (c.GENERAL_FEE, 1), (c.LEVEL_TWO_ONLY, 1), diagnosis="B44.100")


@plants("E01", "限生育保险用药由医保支付", "A drug for maternity insurance paid otherwise")
def maternity_drug_otherwise(cast: Cast) -> Told:
    """Paid by ordinary insurance only under 510."""
    return _visit(cast, cast.geography.hospitals, (c.CONSULTATION, 1), (c.MATERNITY_ONLY, 2))


@plants("E01", "单味饮片不予支付", "A single herb that is not paid alone")
def a_herb_on_its_own(cast: Cast) -> Told:
    """Sanqi alone is a tonic and not paid."""
    herb = Entry(c.SLICES[20], 60, None, {"doses": 6, "days_supply": 6})
    return _visit(cast, [cast.geography.hospitals[2]], (c.CONSULTATION, 1), herb)


@spares(["E01"], "急诊使用限急诊用药", "The emergency drug in an emergency")
def emergency_drug_in_an_emergency(cast: Cast) -> Told:
    """Where it belongs."""
    entries = ((c.EMERGENCY_FEE, 1), (c.EMERGENCY_ONLY, 1))
    return _visit(cast, cast.geography.hospitals, *entries, diagnosis="I21.900", med_type="13", emergency=1)


@spares(["E01"], "复方中含限单味饮片", "The same herb within a prescription")
def a_herb_among_others(cast: Cast) -> Told:
    """Among others it is paid."""
    herbs = [Entry(herb, 60, None, {"doses": 6, "days_supply": 6}) for herb in (c.SLICES[20], *c.SLICES[:5])]
    return _visit(cast, [cast.geography.hospitals[2]], (c.CONSULTATION, 1), *herbs)


# E02


def _packs(cast: Cast, days: tuple[int, ...], *, places: int = 1, item: Item = c.METFORMIN) -> Told:
    """A month's pack of one drug on several days."""
    day = cast.day(days[-1] + 1)
    shops = [_unreported(cast)]
    while len(shops) < places:
        shops.append(_unreported(cast, *shops))
    times = [cast.counter_time(shops[number % places], day + later) for number, later in enumerate(days)]
    person = cast.person(times[0], times[-1], adult)
    pairs = [
        shop(cast, person, shops[number % places], at, [(item, 1)], fund=60)[1]
        for number, at in enumerate(times)
    ]
    return Told(times[-1], settlements=pairs)


@plants("E02", "药未用完重复开药", "The next pack long before the first is used up")
def the_next_pack_too_early(cast: Cast) -> Told:
    """Thirty days' supply, and thirty more after eighteen days."""
    return _packs(cast, (0, 18))


@plants("E02", "三家药店囤药", "A stock from three pharmacies", tolerates=["B04"])
def a_stock_from_three_pharmacies(cast: Cast) -> Told:
    """A dear drug that sells well, three months' supply within nine days."""
    return _packs(cast, (0, 4, 9), places=3, item=c.CLOPIDOGREL)


@spares(["E02"], "药量将尽时续方", "The next pack when the first is nearly used up")
def the_next_pack_in_time(cast: Cast) -> Told:
    """After twenty-four days six remain."""
    return _packs(cast, (0, 24))


# E03


@plants("E03", "限适应症药品诊断不符", "A restricted drug without its diagnosis")
def albumin_for_gallstones(cast: Cast) -> Told:
    """Albumin for gallstones."""
    return _stay(cast, {1: [(c.ALBUMIN, 2)], 2: [(c.ALBUMIN, 2)]})


@plants("E03", "门诊限适应症药品诊断不符", "A restricted drug at a counter without its diagnosis")
def heart_drug_for_a_cold(cast: Cast) -> Told:
    """Clopidogrel for a cold."""
    return _visit(
        cast, cast.geography.hospitals, (c.CONSULTATION, 1), (c.CLOPIDOGREL, 1), diagnosis="J06.900"
    )


@spares(["E03"], "限适应症药品诊断相符", "A restricted drug with its diagnosis")
def albumin_for_cirrhosis(cast: Cast) -> Told:
    """Albumin for cirrhosis."""
    return _stay(cast, {1: [(c.ALBUMIN, 2)]}, diagnosis="K74.600")


@spares(["E03"], "超限使用已审批", "Used beyond its limits with approval")
def approved_beyond_its_limits(cast: Cast) -> Told:
    """The hospital's committee has approved it."""
    return _stay(cast, {1: [Entry(c.ALBUMIN, 2, None, {"approved": True})]})


@spares(["E03"], "药店未上传诊断", "A pharmacy that sends no diagnosis")
def no_diagnosis_from_the_pharmacy(cast: Cast) -> Told:
    """Nothing can be said."""
    place = _unreported(cast)
    at = cast.counter_time(place, cast.day(1))
    pair = shop(cast, cast.person(at, at, adult), place, at, [(c.CLOPIDOGREL, 1)])[1]
    return Told(at, settlements=[pair])


# E04


def _taken_home(cast: Cast, packs: int) -> Told:
    taken = Entry(c.IBUPROFEN, packs, None, {"discharge_drug": True})
    return _stay(cast, {_NIGHTS: [taken]})


@plants("E04", "急性病出院带药超过七天", "Three weeks' drugs taken home")
def three_weeks_of_drugs_taken_home(cast: Cast) -> Told:
    """Twenty-one days' supply after an acute illness."""
    return _taken_home(cast, 7)


@spares(["E04"], "出院带药六天", "Six days' drugs taken home")
def six_days_of_drugs_taken_home(cast: Cast) -> Told:
    """Within a week."""
    return _taken_home(cast, 2)


# E06


@plants("E06", "同日同成分重复用药", "Two products of one substance on one day")
def two_products_of_one_substance(cast: Cast) -> Told:
    """Omeprazole twice, under two names."""
    entries = ((c.CONSULTATION, 1), (c.OMEPRAZOLE, 1), (c.OMEPRAZOLE_TABLETS, 1))
    return _visit(cast, cast.geography.hospitals, *entries, diagnosis="K29.500")


@spares(["E06"], "同日不同类药品", "Two drugs of different classes on one day")
def two_drugs_of_different_classes(cast: Cast) -> Told:
    """Omeprazole and an antibiotic."""
    entries = ((c.CONSULTATION, 1), (c.OMEPRAZOLE, 1), (c.AMOXICILLIN, 1))
    return _visit(cast, cast.geography.hospitals, *entries, diagnosis="K29.500")


# E07


def _meropenem(cast: Cast, order: int) -> Told:
    place = cast.pick(cast.geography.hospitals[:4])
    doctor = reserve_doctors(place)[order]
    told = _stay(cast, {1: [(c.MEROPENEM, 2)]}, place, diagnosis="J18.900", doctor=doctor)
    told.about["practitioner"] = doctor
    return told


@plants(
    "E07", "住院医师越权使用特殊级抗菌药", "A special antibiotic ordered by a resident", tolerates=["E01"]
)
def special_antibiotic_by_a_resident(cast: Cast) -> Told:
    """Grade three, title one."""
    return _meropenem(cast, 0)


@plants("E07", "一级机构使用中药注射剂", "A herbal injection at a first-level hospital")
def herbal_injection_at_level_one(cast: Cast) -> Told:
    """Herbal injections need a second-level hospital."""
    place = cast.pick(cast.geography.of_kind("township"))
    return _stay(cast, {1: [(c.HERBAL_INJECTION, 2)]}, place)


@spares(["E07"], "主任医师使用特殊级抗菌药", "A special antibiotic ordered by a chief")
def special_antibiotic_by_a_chief(cast: Cast) -> Told:
    """Grade three, title four."""
    return _meropenem(cast, 1)


STORIES = (
    one_pack_sold_twice,
    one_pack_sold_in_parts,
    pack_returned_and_sold_again,
    daily_goods_on_the_card,
    daily_goods_in_cash,
    emergency_drug_at_the_counter,
    second_level_drug_at_a_clinic,
    maternity_drug_otherwise,
    a_herb_on_its_own,
    emergency_drug_in_an_emergency,
    a_herb_among_others,
    the_next_pack_too_early,
    a_stock_from_three_pharmacies,
    the_next_pack_in_time,
    albumin_for_gallstones,
    heart_drug_for_a_cold,
    albumin_for_cirrhosis,
    approved_beyond_its_limits,
    no_diagnosis_from_the_pharmacy,
    three_weeks_of_drugs_taken_home,
    six_days_of_drugs_taken_home,
    two_products_of_one_substance,
    two_drugs_of_different_classes,
    special_antibiotic_by_a_resident,
    herbal_injection_at_level_one,
    special_antibiotic_by_a_chief,
)
