"""Billing integrity line by line: stories of D01 to D10 and of invoices used twice (D17)."""

from services.demo import catalogue as c
from services.demo.almanac import DAY, HOUR, MINUTE, timestamp
from services.demo.billing import Entry, yuan
from services.demo.care import Entries, cancel
from services.demo.cast import Cast, NoRoom, encounters
from services.demo.catalogue import Item
from services.demo.geography import Institution
from services.demo.staging import adult, at_hour, attend, cheap_drugs, lie_in, ward_billing
from services.demo.standing import reserve_doctors
from services.demo.telling import Told, plants, spares

_NIGHTS = 5


def _stay(cast: Cast, extra: dict[int, Entries], *items: Item, nights: int = _NIGHTS) -> Told:
    """A plain stay with something billed besides, by days after the admission."""
    day = cast.day(nights + 1)
    billing = ward_billing(c.CEFUROXIME, *items, nights=nights)
    place = cast.pick(cast.geography.hospitals[:4])
    _, stay = lie_in(cast, place, day, nights, suits=adult, diagnosis="K80.200", billing=billing, extra=extra)
    return Told(stay.admitted, encounters=encounters(stay), settlements=stay.settlements)


def _visit(cast: Cast, *entries: Entry | tuple[Item, int], level: int | None = None) -> Told:
    """An out-patient visit at a hospital with a given bill."""
    hospitals = [place for place in cast.geography.hospitals if level in (None, place.level)]
    place = cast.pick(hospitals)
    begin = cast.counter_time(place, cast.day(1), 30 * MINUTE)
    person = cast.person(begin, begin, adult)
    entries = ((c.CONSULTATION, 1), *entries)
    encounter, pair = attend(cast, person, place, begin, entries, lasts=20 * MINUTE)
    return Told(begin, encounters=[encounter], settlements=[pair])


@plants("D01", "床位费超过住院天数", "More bed days than nights")
def more_beds_than_nights(cast: Cast) -> Told:
    """Five nights, eight beds."""
    return _stay(cast, {1: [(c.BED, 3)]})


@spares(["D01"], "床位费多一天（容差内）与陪护床", "One bed day more, and a companion's bed")
def one_bed_more_and_a_companion(cast: Cast) -> Told:
    """The day of leaving is billed too, and a companion sleeps beside the patient."""
    return _stay(cast, {_NIGHTS: [(c.BED, 1)], 1: [(c.COMPANION_BED, 4)]})


@plants("D02", "单日吸氧超过二十四小时", "More than twenty-four hours of oxygen in a day")
def more_hours_than_a_day_has(cast: Cast) -> Told:
    """Sixteen and fourteen hours on one day."""
    return _stay(cast, {1: [(c.OXYGEN, 16), (c.OXYGEN, 14)]})


@spares(["D02"], "全天二十四小时监测", "Monitored all day and night")
def monitored_around_the_clock(cast: Cast) -> Told:
    """Twelve hours and twelve hours."""
    return _stay(cast, {1: [(c.MONITORING, 12), (c.MONITORING, 12)]})


@spares(["D02"], "三日监测合并一行上传", "Three days of monitoring in one line", mild=True)
def three_days_in_one_line(cast: Cast) -> Told:
    """Seventy-two hours in one line of a stay that is long enough: to be split, no more."""
    return _stay(cast, {3: [(c.MONITORING, 72)]})


@plants("D03", "单日项目次数超过上限", "More tests on one day than allowed")
def fourteen_glucose_tests_a_day(cast: Cast) -> Told:
    """Eight a day are allowed."""
    return _stay(cast, {2: [(c.GLUCOSE, 14)]})


@plants("D03", "住院期间检查次数超过上限", "More examinations in a stay than allowed")
def fifteen_cardiograms_in_a_stay(cast: Cast) -> Told:
    """Ten in an encounter are allowed."""
    return _stay(cast, {day: [(c.ECG, 3)] for day in range(_NIGHTS)})


@spares(["D03"], "单日血糖监测八次（上限内）", "Eight glucose tests a day, as many as allowed")
def eight_glucose_tests_a_day(cast: Cast) -> Told:
    """Exactly the limit."""
    return _stay(cast, {2: [(c.GLUCOSE, 8)]})


@plants("D04", "同日重复收取两种血细胞分析", "Two kinds of blood count on one day")
def two_blood_counts_on_one_day(cast: Cast) -> Told:
    """The greater contains the smaller."""
    return _visit(cast, (c.BLOOD_COUNT, 1), (c.SIMPLE_BLOOD_COUNT, 1))


@plants("D04", "住院诊察费与门诊诊察费同时收取", "The ward's round and a consultation in one stay")
def ward_round_and_consultation(cast: Cast) -> Told:
    """Exclusive within an encounter."""
    return _stay(cast, {2: [(c.CONSULTATION, 1)]})


@spares(["D04"], "两种血细胞分析不在同一天", "Two kinds of blood count on two days")
def two_blood_counts_on_two_days(cast: Cast) -> Told:
    """Exclusive on one day only."""
    return _stay(cast, {2: [(c.SIMPLE_BLOOD_COUNT, 1)]})


@plants("D05", "肝功能组套与单项同时收取", "A panel and its parts billed together")
def a_panel_and_its_parts(cast: Cast) -> Told:
    """The liver panel contains both transaminases."""
    return _visit(cast, (c.LIVER_PANEL, 1), (c.ALT, 1), (c.AST, 1))


@spares(["D05"], "只收单项", "The parts alone")
def the_parts_alone(cast: Cast) -> Told:
    """Only the transaminases."""
    return _visit(cast, (c.ALT, 1), (c.AST, 1))


def _two_operations(cast: Cast, second_price: int | None) -> Told:
    second = Entry(c.HERNIA_REPAIR, 1, second_price)
    return _stay(cast, {1: [(c.CHOLECYSTECTOMY, 1), second, (c.ANAESTHESIA, 1)]})


@plants("D06", "同台第二手术未折价", "A second operation at the full price")
def second_operation_at_full_price(cast: Cast) -> Told:
    """Two operations under one anaesthesia, both at the full price."""
    return _two_operations(cast, None)


@spares(["D06"], "同台第二手术按百分之五十收取", "A second operation at half the price")
def second_operation_at_half_price(cast: Cast) -> Told:
    """As the price list says."""
    return _two_operations(cast, c.HERNIA_REPAIR.price // 2)


@plants("D07", "收费超过价格上限", "Above the price cap")
def above_the_price_cap(cast: Cast) -> Told:
    """Half as much again."""
    return _visit(cast, Entry(c.ULTRASOUND, 1, c.ULTRASOUND.price * 3 // 2))


@spares(["D07"], "按三级医院上限收费", "At the cap of a third-level hospital")
def at_the_price_cap(cast: Cast) -> Told:
    """What would be too much elsewhere is allowed at level three."""
    return _visit(cast, Entry(c.ULTRASOUND, 1, c.ULTRASOUND.price * 6 // 5), level=3)


@plants("D08", "金额与数量乘单价不符", "The amount is not quantity times price")
def amount_is_not_quantity_times_price(cast: Cast) -> Told:
    """The unit price was entered wrongly."""
    wrong = {"unit_price": yuan(c.X_RAY.price // 2)}
    return _visit(cast, Entry(c.X_RAY, 1, None, wrong))


@plants("D09", "手术无麻醉", "An operation without anaesthesia")
def operation_without_anaesthesia(cast: Cast) -> Told:
    """The gall bladder comes out of a patient who was awake."""
    return _stay(cast, {1: [(c.CHOLECYSTECTOMY, 1)]})


@plants("D09", "增强CT无对比剂", "A contrast scan without contrast agent")
def contrast_scan_without_agent(cast: Cast) -> Told:
    """The dearer scan is billed, the agent is not."""
    return _visit(cast, (c.CONTRAST_CT, 1))


@plants("D09", "输液次数多于输液药品", "More infusions than bottles", tolerates=["D03"])
def more_infusions_than_bottles(cast: Cast) -> Told:
    """Four infusions, one bottle."""
    return _visit(cast, (c.INFUSION, 4), (c.SALINE, 1))


@spares(["D09"], "一次输液用多支药品", "One infusion of several bottles")
def one_infusion_of_several_bottles(cast: Cast) -> Told:
    """Two drugs in one bag."""
    return _visit(cast, (c.INFUSION, 1), (c.SALINE, 1), (c.CEFUROXIME, 2))


@spares(["D09"], "手术与麻醉、增强CT与对比剂齐全", "An operation and a scan with all that belongs to them")
def complete_operation(cast: Cast) -> Told:
    """Operation with anaesthesia, contrast scan with agent."""
    return _stay(
        cast,
        {
            1: [(c.CHOLECYSTECTOMY, 1), (c.ANAESTHESIA, 1)],
            2: [(c.CONTRAST_CT, 1), (c.CONTRAST_AGENT, 1)],
        },
    )


def _therapist(cast: Cast, day: int) -> tuple[Institution, tuple[str, ...]]:
    """A hospital and its doctors without everyday work, who treat in one story a day."""
    place = cast.geography.hospitals[2]
    key = ("therapist", place.index, day)
    if key in cast.used:
        raise NoRoom
    cast.used.add(key)
    return place, reserve_doctors(place)


def _treatments(cast: Cast, therapists: int) -> Told:
    """Ten patients with two one-to-one sessions of forty minutes each, on one day."""
    day = cast.day(0)
    place, staff = _therapist(cast, day)
    pairs = []
    for number in range(10):
        begin = day * DAY + 8 * HOUR + number * 55 * MINUTE + cast.rng.randrange(10 * MINUTE)
        patient = cast.customer(begin, begin + 50 * MINUTE, place, adult)
        therapist = staff[number % therapists]
        pairs.append(
            attend(
                cast,
                patient,
                place,
                begin,
                [(c.TUINA, 2)],
                lasts=50 * MINUTE,
                diagnosis="M54.500",
                practitioner=therapist,
            )[1]
        )
    return Told(day * DAY + 8 * HOUR, settlements=pairs, practitioner=staff[0])


@plants(
    "D10", "一名治疗师单日一对一治疗超过十二小时", "More than twelve hours of one-to-one treatment by one"
)
def more_minutes_than_a_day(cast: Cast) -> Told:
    """Eight hundred minutes of tuina in one working day."""
    return _treatments(cast, 1)


@spares(["D10"], "两名治疗师分担治疗", "The same treatments by two therapists")
def treatments_by_two_therapists(cast: Cast) -> Told:
    """Four hundred minutes each."""
    return _treatments(cast, 2)


def _two_patients(cast: Cast, minutes: int) -> Told:
    """Two patients of forty minutes of tuina by one therapist, so many minutes apart."""
    day = cast.day(0)
    place, staff = _therapist(cast, day)
    first = at_hour(cast, place, day, cast.rng.randint(9, 14))
    pairs = []
    for begin in (first, first + minutes * MINUTE):
        patient = cast.customer(begin, begin + 50 * MINUTE, place, adult)
        treated = {"practitioner_id": staff[0], "occurred_at": timestamp(begin)}
        entries = [(c.CONSULTATION, 1), Entry(c.TUINA, 1, more=treated)]
        pairs.append(attend(cast, patient, place, begin, entries, lasts=50 * MINUTE, diagnosis="M54.500")[1])
    return Told(first, settlements=pairs, practitioner=staff[0])


@plants("D10", "一名治疗师同时为两名患者推拿", "One therapist with two patients at once")
def two_patients_at_once(cast: Cast) -> Told:
    """The second begins while the first has twenty-five minutes to go."""
    return _two_patients(cast, 15)


@spares(["D10"], "两名患者先后推拿", "Two patients, one after the other")
def two_patients_in_turn(cast: Cast) -> Told:
    """The second begins two minutes before the first should be over."""
    return _two_patients(cast, 38)


def _same_invoice(cast: Cast, *, other_person: bool, cancelled: bool = False) -> Told:
    """Two settlements three days apart that name one invoice."""
    place = cast.pick(cast.geography.of_kind("clinic", "community"))
    day = cast.day(4)
    times = [at_hour(cast, place, day + later, hour) for later, hour in ((0, 9), (3, 15))]
    persons = cast.persons(2 if other_person else 1, times[0], times[1], adult)
    invoice = cast.ledger.new_invoice(place)
    pairs = [
        attend(cast, person, place, begin, [(c.GENERAL_FEE, 1), drug], invoice_no=invoice)[1]
        for person, begin, drug in zip((persons[0], persons[-1]), times, cheap_drugs(cast, 2), strict=True)
    ]
    if cancelled:
        cancel(cast.ledger, persons[0], place, "settlement", pairs[0][1], times[0] + 20 * MINUTE)
    return Told(times[1], settlements=pairs)


@plants("D17", "同一张发票结算两次", "One invoice settled twice")
def one_invoice_twice(cast: Cast) -> Told:
    """The same person's second visit names the first one's invoice."""
    return _same_invoice(cast, other_person=False)


@plants("D17", "同一张发票用于两名参保人", "One invoice for two persons")
def one_invoice_for_two_persons(cast: Cast) -> Told:
    """Another person's visit names the invoice."""
    return _same_invoice(cast, other_person=True)


@spares(["D17"], "撤销后发票重新使用", "An invoice used again after a cancellation")
def invoice_used_again_after_cancelling(cast: Cast) -> Told:
    """The first settlement was cancelled."""
    return _same_invoice(cast, other_person=False, cancelled=True)


STORIES = (
    more_beds_than_nights,
    one_bed_more_and_a_companion,
    more_hours_than_a_day_has,
    monitored_around_the_clock,
    three_days_in_one_line,
    fourteen_glucose_tests_a_day,
    fifteen_cardiograms_in_a_stay,
    eight_glucose_tests_a_day,
    two_blood_counts_on_one_day,
    ward_round_and_consultation,
    two_blood_counts_on_two_days,
    a_panel_and_its_parts,
    the_parts_alone,
    second_operation_at_full_price,
    second_operation_at_half_price,
    above_the_price_cap,
    at_the_price_cap,
    amount_is_not_quantity_times_price,
    operation_without_anaesthesia,
    contrast_scan_without_agent,
    complete_operation,
    more_infusions_than_bottles,
    one_infusion_of_several_bottles,
    more_minutes_than_a_day,
    treatments_by_two_therapists,
    two_patients_at_once,
    two_patients_in_turn,
    one_invoice_twice,
    one_invoice_for_two_persons,
    invoice_used_again_after_cancelling,
)
