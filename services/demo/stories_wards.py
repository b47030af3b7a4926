"""In-patient integrity: stories of A11, C01, C03, C10, C12, F08 and F12."""

from services.demo import catalogue as c
from services.demo.almanac import DAY, HOUR, MINUTE, timestamp
from services.demo.billing import Entry
from services.demo.care import Entries, Stay, admit
from services.demo.cast import Cast, NoRoom, encounters
from services.demo.geography import Institution
from services.demo.people import Person
from services.demo.staging import adult, at_hour, attend, lie_in, ward_billing
from services.demo.standing import sick_doctor
from services.demo.telling import Told, plants, spares


def _about(*stays: Stay) -> dict:
    return {
        "encounters": encounters(*stays),
        "settlements": [pair for stay in stays for pair in stay.settlements],
    }


# A11


def _operated(cast: Cast, *, refunded: bool) -> Told:
    """Two stays ten days apart in unrelated hospitals, each with an appendectomy."""
    day = cast.day(18)
    first = cast.pick(cast.geography.hospitals[2:4])
    second = cast.pick(cast.geography.hospitals[:2])
    operation = [Entry(c.APPENDECTOMY, 1, None, {"line_id": "OP1"})]
    operation += [Entry(c.ANAESTHESIA, 1, None, {"line_id": "OP2"})]
    extra: dict[int, Entries] = {1: operation}
    if refunded:
        extra[2] = [
            Entry(item, -1, None, {"line_id": f"{number}R", "refunds_line_id": number})
            for item, number in ((c.APPENDECTOMY, "OP1"), (c.ANAESTHESIA, "OP2"))
        ]
    procedures = () if refunded else ("47.0100",)
    person, one = lie_in(
        cast, first, day, 4, suits=adult, diagnosis="K35.800", extra=extra, procedures=procedures
    )
    again = {1: [(c.APPENDECTOMY, 1), (c.ANAESTHESIA, 1)]}
    _, two = lie_in(
        cast, second, day + 14, 4, person=person, diagnosis="K35.800", extra=again, procedures=("47.0100",)
    )
    return Told(two.admitted, **_about(one, two))


@plants("A11", "同一人两次切除阑尾", "The same person's appendix is removed twice")
def two_appendectomies(cast: Cast) -> Told:
    """What is cut out once is cut out again two weeks later in another hospital."""
    return _operated(cast, refunded=False)


@spares(["A11"], "首次手术取消并退费", "The first operation was called off and refunded")
def operation_called_off(cast: Cast) -> Told:
    """The first operation was entered and taken back; it is done elsewhere."""
    return _operated(cast, refunded=True)


# C01


@plants("C01", "夜查不在床且连日无诊疗", "Not in bed at night, and nothing done for days", tolerates=["C06"])
def bed_empty_at_night(cast: Cast) -> Told:
    """After the first day nothing but the bed is billed, and the night round finds nobody."""
    day = cast.day(7)
    usual = ward_billing(nights=6)
    place = cast.pick(cast.geography.hospitals[2:])
    _, stay = lie_in(cast, place, day, 6, diagnosis="M51.200", billing=usual, night="absent")
    return Told(stay.admitted, **_about(stay))


@plants("C01", "住院期间无床位护理费、无检查治疗", "A stay without bed, nursing, tests or treatment")
def nobody_was_nursed(cast: Cast) -> Told:
    """Five days with nothing but the daily round."""
    day = cast.day(6)
    place = cast.pick(cast.geography.hospitals[2:])
    _, stay = lie_in(
        cast, place, day, 5, diagnosis="M51.200", billing=lambda after: [(c.WARD_ROUND, 1)], night="present"
    )
    return Told(stay.admitted, **_about(stay))


@spares(["C01"], "有请假记录的周末离院", "A weekend at home on record")
def on_leave_for_the_weekend(cast: Cast) -> Told:
    """Two days without treatment; the night round notes the leave."""
    day = cast.day(8)
    treated = ward_billing(c.CEFUROXIME, c.NEBULISER, nights=7)
    rest = ward_billing(nights=7)
    _, stay = lie_in(
        cast,
        cast.pick(cast.geography.hospitals),
        day,
        7,
        diagnosis="M51.200",
        billing=lambda after: (rest if after in (1, 2) else treated)(after),
        night="on_leave",
    )
    return Told(stay.admitted, **_about(stay))


@spares(["C01"], "精神科按床日长期住院", "A psychiatric stay paid by the day")
def paid_by_the_day(cast: Cast) -> Told:
    """Paid by the bed day (2105): no drug or treatment need be billed."""
    day = cast.day(11)
    place = next(p for p in cast.geography.institutions if p.specialty == "psychiatric")
    _, stay = lie_in(
        cast,
        place,
        day,
        10,
        suits=adult,
        diagnosis=c.PSYCHIATRIC_DIAGNOSIS,
        med_type="2105",
        billing=ward_billing(nights=10),
        night="present",
    )
    return Told(stay.admitted, **_about(stay))


@spares(["C01"], "入院次日费用尚未上传", "Admitted yesterday, fees not yet uploaded")
def fees_not_yet_uploaded(cast: Cast) -> Told:
    """The county's last day but one: the fees will come."""
    admitted = (cast.ledger.until // DAY - 1) * DAY + 9 * HOUR + cast.rng.randrange(HOUR)
    person = cast.person(admitted, cast.ledger.until, adult)
    stay = Stay(
        cast.pick(cast.geography.hospitals), admitted, None, diagnosis="K80.200", billing=lambda after: []
    )
    admit(cast.ledger, person, stay)
    return Told(admitted, **_about(stay))


# C03


def _again(
    cast: Cast,
    gap: int,
    *,
    diagnoses: tuple[str, str] = ("I63.900", "I63.900"),
    hours: tuple[int, int] = (9, 9),
    med_type: str = "",
    discharge_way: int = 1,
    same_care: bool = True,
    planned_return: bool = False,
) -> Told:
    """Two stays of one person in one hospital, `gap` days apart."""
    day = cast.day(10 + gap)
    place = cast.pick(cast.geography.hospitals[2:])
    person, one = lie_in(
        cast,
        place,
        day,
        5,
        suits=adult,
        hour=hours[0],
        diagnosis=diagnoses[0],
        discharge_way=discharge_way,
        planned_return=planned_return,
        billing=ward_billing(c.CEFUROXIME, c.INFUSION, nights=5),
    )
    items = (c.CEFUROXIME, c.INFUSION) if same_care else (c.WARD_DRUGS[3], c.NEBULISER, c.ACUPUNCTURE)
    first = (c.BLOOD_COUNT, c.X_RAY) if same_care else (c.LIVER_PANEL, c.ECG, c.GLUCOSE)
    _, two = lie_in(
        cast,
        place,
        day + 5 + gap,
        4,
        person=person,
        hour=hours[1],
        diagnosis=diagnoses[1],
        med_type=med_type,
        billing=ward_billing(*items, first=first, nights=4),
    )
    return Told(two.admitted, **_about(one, two))


@plants("C03", "出院一周内同病再次入院", "Admitted again for the same disease within two weeks")
def one_stay_in_two_parts(cast: Cast) -> Told:
    """Discharged by order, admitted a week later for the same disease."""
    return _again(cast, cast.rng.randint(6, 10))


@plants("C03", "同日出院又入院", "Discharged and admitted on one day")
def out_and_in_on_one_day(cast: Cast) -> Told:
    """Out in the morning, in again in the afternoon, under another diagnosis."""
    return _again(cast, 0, diagnoses=("I63.900", "N20.000"), hours=(9, 15))


@plants("C03", "连续三次分解住院", "A stay taken apart into three")
def one_stay_in_three_parts(cast: Cast) -> Told:
    """Three short stays in a chain."""
    day = cast.day(20)
    place = cast.pick(cast.geography.hospitals[2:])
    usual = ward_billing(c.CEFUROXIME, c.INFUSION, nights=4)
    person, one = lie_in(cast, place, day, 4, suits=adult, diagnosis="J44.100", billing=usual)
    rest = [
        lie_in(cast, place, day + later, 4, person=person, diagnosis="J44.100", billing=usual)[1]
        for later in (7, 14)
    ]
    return Told(rest[-1].admitted, **_about(one, *rest))


@spares(["C03"], "出院十六天后再入院", "Admitted again after sixteen days")
def again_after_sixteen_days(cast: Cast) -> Told:
    """One day beyond the limit."""
    return _again(cast, 16, hours=(9, 11))


@spares(["C03"], "化疗按周期住院", "Chemotherapy in cycles")
def chemotherapy_in_cycles(cast: Cast) -> Told:
    """Admitted every two weeks because the treatment is given so."""
    return _again(cast, 9, diagnoses=(c.CHEMOTHERAPY_DIAGNOSIS, c.CHEMOTHERAPY_DIAGNOSIS))


@spares(["C03"], "十日内因不同疾病再入院", "Another disease ten days later")
def another_disease(cast: Cast) -> Told:
    """Another disease with other treatment."""
    return _again(cast, 9, diagnoses=("I63.900", "N20.000"), same_care=False)


@spares(["C03"], "转院治疗后返回", "Back after a transfer")
def back_after_a_transfer(cast: Cast) -> Told:
    """Sent on to another hospital (discharge way 2) and back again."""
    return _again(cast, 6, discharge_way=2)


@spares(["C03"], "出院时登记的计划内再住院", "Back as planned at the discharge")
def back_as_planned(cast: Cast) -> Told:
    """The discharge says that the second part of the treatment follows within 31 days."""
    return _again(cast, 8, planned_return=True)


# C10


def _doctor(cast: Cast, begin: int, end: int) -> tuple[str, Institution, Person]:
    """A hospital doctor kept for this story who is insured here and free."""
    hospitals = [p for p in cast.geography.hospitals if p is not cast.standing.suspended_doctor_at]
    for place in cast.rng.sample(hospitals, len(hospitals)):
        number = sick_doctor(place)
        person = cast.doctors.get(number)
        if person and cast.ledger.free(person, begin, end, 30 * DAY):
            return number, place, cast.engage(person, begin, end)
    raise NoRoom


def _doctor_in_bed(cast: Cast, at_work: int) -> Told:
    """A doctor lies in another hospital for six nights and orders for a patient so many days after."""
    day = cast.day(10)
    number, own, person = _doctor(cast, day * DAY, (day + 10) * DAY)
    _, stay = lie_in(cast, cast.pick(cast.geography.hospitals, own), day, 6, person=person)
    begin = at_hour(cast, own, day + at_work, 15)
    patient = cast.person(begin, begin, adult)
    entries = [(c.CONSULTATION, 1), (c.BLOOD_COUNT, 1), (c.AMOXICILLIN, 2)]
    pair = attend(cast, patient, own, begin, entries, practitioner=number)[1]
    return Told(begin, encounters=encounters(stay), settlements=[pair], practitioner=number)


@plants("C10", "医师本人住院期间开单", "A doctor orders while lying in hospital")
def doctor_orders_from_bed(cast: Cast) -> Told:
    """The doctor's number is used while the doctor is a patient elsewhere."""
    return _doctor_in_bed(cast, 3)


@spares(["C10"], "医师出院后恢复出诊", "A doctor back at work after a stay")
def doctor_back_at_work(cast: Cast) -> Told:
    """Two days after the discharge."""
    return _doctor_in_bed(cast, 8)


# C12


def _dated(cast: Cast, days: int) -> Told:
    """A stay one line of which is dated so many days after the discharge (negative: before the admission)."""
    day = cast.day(13) + 4
    nights = 5
    at = (day + days if days < 0 else day + nights + days) * DAY + 15 * HOUR
    dated = {"occurred_at": timestamp(at)}
    extra = {nights: [Entry(c.ULTRASOUND, 1, None, dated)]}
    place = cast.pick(cast.geography.hospitals)
    _, stay = lie_in(
        cast, place, day, nights, diagnosis="K80.200", extra=extra, settled_after=4 * DAY + 10 * MINUTE
    )
    return Told(stay.admitted, **_about(stay))


@plants("C12", "出院三天后仍有费用", "Billed three days after the discharge")
def billed_after_the_discharge(cast: Cast) -> Told:
    """The examination is dated three days after the patient left."""
    return _dated(cast, 3)


@plants("C12", "入院四天前的费用计入住院", "Billed four days before the admission")
def billed_before_the_admission(cast: Cast) -> Told:
    """The examination is dated four days before the patient came."""
    return _dated(cast, -4)


@spares(["C12"], "入院前一日检查并入住院", "An examination on the eve of the admission")
def examined_on_the_eve(cast: Cast) -> Told:
    """Examined the day before and admitted upon it."""
    return _dated(cast, -1)


# F08


def _costing(cast: Cast, place: Institution, total: int) -> Told:
    """A stay whose bill comes to a total, in fen."""
    day = cast.day(8)
    nights = 7
    usual = ward_billing(c.CEFUROXIME, c.INFUSION, c.NEBULISER, nights=nights)
    rest = total - sum(item.price for after in range(nights + 1) for item, _ in usual(after))
    _, stay = lie_in(
        cast,
        place,
        day,
        nights,
        suits=adult,
        diagnosis="K80.200",
        billing=usual,
        extra={1: [(c.HAEMOSTATIC, rest // c.HAEMOSTATIC.price)]},
    )
    return Told(stay.admitted, **_about(stay))


@plants("F08", "二级医院住院费用达到五千元", "Five thousand yuan at a second-level hospital")
def five_thousand_at_level_two(cast: Cast) -> Told:
    """Exactly at the threshold: to be reviewed before it is paid."""
    return _costing(cast, cast.geography.hospitals[2], 500_000)


@plants("F08", "三级医院住院费用超过一万元", "More than ten thousand yuan at a third-level hospital")
def ten_thousand_at_level_three(cast: Cast) -> Told:
    """At or above the threshold of a third-level hospital."""
    return _costing(cast, cast.geography.hospitals[0], 1_000_000 + 10 * cast.rng.randrange(30_000))


@spares(["F08"], "略低于前置审查线", "Just below the threshold of the review")
def just_below_the_threshold(cast: Cast) -> Told:
    """One jiao less."""
    return _costing(cast, cast.geography.hospitals[2], 499_990)


# F12


def _injured(cast: Cast, med_type: str) -> Told:
    day = cast.day(7)
    place = cast.pick(cast.geography.hospitals)
    _, stay = lie_in(cast, place, day, 6, suits=adult, diagnosis="S72.000", med_type=med_type)
    return Told(stay.admitted, **_about(stay))


@plants("F12", "外伤按普通住院结算", "An injury settled as an ordinary stay")
def injury_as_an_ordinary_stay(cast: Cast) -> Told:
    """A broken leg under med_type 21: somebody else may have to pay."""
    return _injured(cast, "21")


@spares(["F12"], "外伤按外伤住院结算", "An injury settled as one")
def injury_settled_as_one(cast: Cast) -> Told:
    """The same under med_type 22."""
    return _injured(cast, "22")


STORIES = (
    two_appendectomies,
    operation_called_off,
    bed_empty_at_night,
    nobody_was_nursed,
    on_leave_for_the_weekend,
    paid_by_the_day,
    fees_not_yet_uploaded,
    one_stay_in_two_parts,
    out_and_in_on_one_day,
    one_stay_in_three_parts,
    again_after_sixteen_days,
    chemotherapy_in_cycles,
    another_disease,
    back_after_a_transfer,
    back_as_planned,
    doctor_orders_from_bed,
    doctor_back_at_work,
    billed_after_the_discharge,
    billed_before_the_admission,
    examined_on_the_eve,
    five_thousand_at_level_two,
    ten_thousand_at_level_three,
    just_below_the_threshold,
    injury_as_an_ordinary_stay,
    injury_settled_as_one,
)
