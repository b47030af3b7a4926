"""Whether the person is entitled to what was settled: stories of A09, A10 and A14."""

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE, day_text
from services.demo.care import Pair
from services.demo.cast import Cast
from services.demo.geography import Institution
from services.demo.people import Person
from services.demo.staging import adult, attend, cheap_drugs, man, shop, woman
from services.demo.telling import Told, plants, spares


@plants("A09", "参保终止后仍结算", "Settled after the insurance had ended")
def settled_after_insurance_ended(cast: Cast) -> Told:
    """The insurance ended days ago, the clinic still settles."""
    place = cast.pick(cast.geography.of_kind("clinic", "community"))
    begin = cast.counter_time(place, cast.day(1), 6 * MINUTE)
    person = cast.person(begin, cast.ledger.until, adult)
    person.insured_to = day_text(begin // DAY - cast.rng.randint(5, 20))
    drug = cheap_drugs(cast, 1)
    pair = attend(cast, person, place, begin, [(catalogue.GENERAL_FEE, 1), *drug])[1]
    return Told(begin, settlements=[pair])


@plants("A09", "参保待遇暂停期间刷卡", "Settled while the person's benefits are suspended")
def settled_while_suspended(cast: Cast) -> Told:
    """The person's benefits are suspended for these weeks."""
    place = cast.pharmacy()
    at = cast.counter_time(place, cast.day(1))
    person = cast.person(at, cast.ledger.until, adult)
    person.suspended = (at // DAY - 6, at // DAY + 6)
    pair = shop(cast, person, place, at, cheap_drugs(cast, 2), fund=50)[1]
    return Told(at, settlements=[pair])


@spares(["A09"], "急诊抢救，参保中断", "An emergency while the insurance is interrupted")
def emergency_after_insurance_ended(cast: Cast) -> Told:
    """An emergency is treated first; insurance is asked about later."""
    place = cast.pick(cast.geography.hospitals)
    begin = cast.counter_time(place, cast.day(1), 40 * MINUTE)
    person = cast.person(begin, cast.ledger.until, adult)
    person.insured_to = day_text(begin // DAY - cast.rng.randint(5, 20))
    entries = [(catalogue.EMERGENCY_FEE, 1), (catalogue.ECG, 1)]
    pair = attend(cast, person, place, begin, entries, med_type="13", emergency=1, diagnosis="R51.x00")[1]
    return Told(begin, settlements=[pair])


@plants("A10", "男性参保人结算妇科检查", "A gynaecological examination on a man's card", tolerates=["E01"])
def man_at_the_gynaecologist(cast: Cast) -> Told:
    """A woman's examination on a man's card."""
    place = cast.pick(cast.geography.hospitals)
    begin = cast.counter_time(place, cast.day(1), 20 * MINUTE)
    person = cast.person(begin, begin, man)
    entries = [(catalogue.CONSULTATION, 1), (catalogue.GYNAECOLOGICAL_EXAM, 1)]
    pair = attend(cast, person, place, begin, entries, diagnosis="N39.000")[1]
    return Told(begin, settlements=[pair])


@plants("A10", "成人凭证购买儿童专用药", "A children's drug on an adult's card", tolerates=["E01"])
def childrens_drug_for_an_adult(cast: Cast) -> Told:
    """A children's drug on the card of a grown-up."""
    place = cast.pharmacy()
    at = cast.counter_time(place, cast.day(1))
    person = cast.person(at, at, lambda someone: 30 <= someone.age <= 60)
    pair = shop(cast, person, place, at, [(catalogue.PAEDIATRIC_COLD, 2)])[1]
    return Told(at, settlements=[pair])


@spares(["A10", "E01"], "女性参保人妇科检查用药", "A woman's examination and drug")
def woman_at_the_gynaecologist(cast: Cast) -> Told:
    """The same examination and a woman's drug where they belong."""
    place = cast.pick(cast.geography.hospitals)
    begin = cast.counter_time(place, cast.day(1), 20 * MINUTE)
    person = cast.person(begin, begin, woman)
    entries = [
        (catalogue.CONSULTATION, 1),
        (catalogue.GYNAECOLOGICAL_EXAM, 1),
        (catalogue.WOMENS_HERBAL, 2),
    ]
    pair = attend(cast, person, place, begin, entries, diagnosis="N94.600")[1]
    return Told(begin, settlements=[pair])


def _chronic_visit(cast: Cast, person: Person, place: Institution, begin: int) -> Pair:
    return attend(
        cast,
        person,
        place,
        begin,
        [(catalogue.AMLODIPINE, 1)],
        med_type="140104",
        diagnosis=catalogue.CHRONIC_DIAGNOSES["hypertension"],
        disease_code=catalogue.CHRONIC_DISEASES["hypertension"],
    )[1]


@plants("A14", "无门诊慢特病资格按慢病结算", "Settled as chronic care without an approval")
def chronic_care_without_approval(cast: Cast) -> Told:
    """Settled as chronic care for somebody who is approved for no chronic disease."""
    place = cast.pick(cast.geography.of_kind("community", "clinic"))
    begin = cast.counter_time(place, cast.day(1), 6 * MINUTE)
    person = cast.person(begin, begin, lambda someone: adult(someone) and not someone.conditions)
    pair = _chronic_visit(cast, person, place, begin)
    return Told(begin, settlements=[pair])


def _hypertensive(person: Person) -> bool:
    return "hypertension" in person.conditions


@plants("A14", "机构未开通该门诊慢特病", "Chronic care at an institution that may not offer it")
def chronic_care_where_it_is_not_offered(cast: Cast) -> Told:
    """The person is approved, the hospital is not."""
    place = next(p for p in cast.geography.institutions if p.specialty == "maternity")
    begin = cast.counter_time(place, cast.day(1), 20 * MINUTE)
    person = cast.person(begin, begin, _hypertensive)
    pair = _chronic_visit(cast, person, place, begin)
    return Told(begin, settlements=[pair])


@spares(["A14"], "有慢病资格，在定点机构就诊", "Approved, and at a place that offers it")
def chronic_care_with_approval(cast: Cast) -> Told:
    """Approved for this disease, at a place that offers it."""
    place = cast.pick(cast.geography.of_kind("community", "clinic"))
    begin = cast.counter_time(place, cast.day(1), 6 * MINUTE)
    person = cast.person(begin, begin, _hypertensive)
    pair = _chronic_visit(cast, person, place, begin)
    return Told(begin, settlements=[pair])


@spares(
    ["A09", "A10"], "新生儿出生九十天内参保前就诊", "A newborn treated before its insurance was registered"
)
def newborn_before_registration(cast: Cast) -> Told:
    """A newborn is treated before its insurance was paid for; it counts from the birth."""
    place = cast.geography.hospitals[0]
    begin = cast.counter_time(place, cast.day(1), 30 * MINUTE)
    day = begin // DAY
    person = cast.person(
        begin, begin, lambda someone: 3 <= day - someone.birth_day <= 80 and someone.age == 0
    )
    person.insured_from = day_text(day + 2)
    entries = [(catalogue.CONSULTATION, 1), (catalogue.BLOOD_COUNT, 1)]
    pair = attend(cast, person, place, begin, entries, lasts=HOUR // 2, diagnosis="P59.900")[1]
    return Told(begin, settlements=[pair])


STORIES = (
    settled_after_insurance_ended,
    settled_while_suspended,
    emergency_after_insurance_ended,
    newborn_before_registration,
    man_at_the_gynaecologist,
    childrens_drug_for_an_adult,
    woman_at_the_gynaecologist,
    chronic_care_without_approval,
    chronic_care_where_it_is_not_offered,
    chronic_care_with_approval,
)
