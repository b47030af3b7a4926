"""Innocent look-alikes of two stays at once: what A01 and A02 have to leave alone."""

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE
from services.demo.care import Stay, admit, cancel
from services.demo.cast import Cast, encounters
from services.demo.geography import Institution
from services.demo.people import Person


def _at(day: int, hour: int, minute: int = 0) -> int:
    return day * DAY + hour * HOUR + minute * MINUTE


def _both(
    cast: Cast,
    rules: list[str],
    story: str,
    one: Stay,
    two: Stay,
    zh: str,
    en: str,
    person: Person | None = None,
) -> None:
    """Posts two stays of one person and says which rules must not mind."""
    end = max(stay.discharged or cast.ledger.until for stay in (one, two))
    person = person or cast.person(one.admitted, end + 2 * HOUR)
    admit(cast.ledger, person, one)
    admit(cast.ledger, person, two)
    cast.innocent(rules, story, two.admitted, zh, en, encounters=encounters(one, two))


def transfer_to_another_hospital(cast: Cast) -> None:
    """The first hospital names the second one (discharge way 2), but closes its books next morning."""
    day = cast.day(8)
    first = cast.hospital()
    second = cast.hospital(first)
    one = Stay(
        first, _at(day, 10), _at(day + 4, 9, 10), diagnosis="I63.900", discharge_way=2, transfer_to=second
    )
    two = Stay(second, _at(day + 3, 15, 20), _at(day + 8, 10), diagnosis="I63.900")
    _both(
        cast,
        ["A01", "A05"],
        "transfer_to_another_hospital",
        one,
        two,
        "转院：前一医院次日才办结",
        "A transfer whose first hospital closes its books next morning",
    )


def admitted_as_a_transfer(cast: Cast) -> None:
    """The second stay says by its med_type that it came from elsewhere; the overlap is below 24 hours."""
    day = cast.day(8)
    first = cast.hospital()
    one = Stay(first, _at(day, 11), _at(day + 3, 11), diagnosis="K35.800")
    two = Stay(
        cast.hospital(first),
        _at(day + 2, 17, 30),
        _at(day + 8, 9),
        diagnosis="K35.800",
        med_type=cast.rng.choice(("23", "24", "9925")),
    )
    _both(
        cast,
        ["A01", "A05"],
        "admitted_as_a_transfer",
        one,
        two,
        "转入住院（医疗类别标明），重叠不足一天",
        "Admitted as a transfer, less than a day of overlap",
    )


def discharge_registered_late(cast: Cast) -> None:
    """The first hospital tells of the discharge days after the next admission elsewhere."""
    day = cast.day(10)
    first = cast.hospital()
    one = Stay(first, _at(day, 9, 30), _at(day + 4, 10), diagnosis="J44.100", told_after=3 * DAY + 5 * HOUR)
    two = Stay(cast.hospital(first), _at(day + 5, 15), _at(day + 10, 9), diagnosis="K80.200")
    _both(
        cast,
        ["A01"],
        "discharge_registered_late",
        one,
        two,
        "出院补登：次院入院后才上传",
        "The discharge is registered days after the next admission elsewhere",
    )


def day_surgery_during_a_stay(cast: Cast) -> None:
    """Cataract surgery elsewhere as day surgery (med_type 28), below 24 hours."""
    day = cast.day(7)
    first = cast.hospital()
    one = Stay(first, _at(day, 9), _at(day + 7, 10), diagnosis="I50.900")
    two = Stay(
        cast.pick(cast.geography.hospitals, first),
        _at(day + 3, 15),
        _at(day + 4, 11),
        med_type="28",
        diagnosis=catalogue.CATARACT_DIAGNOSIS,
    )
    _both(
        cast,
        ["A01"],
        "day_surgery_during_a_stay",
        one,
        two,
        "住院期间外院日间手术，不足24小时",
        "Day surgery elsewhere during a stay, below 24 hours",
    )


def _mother(cast: Cast, begin: int, end: int) -> Person:
    return cast.person(begin, end, lambda person: person.sex == 2 and 20 <= person.age <= 42)


def _birth(cast: Cast, story: str, baby_place: str, med_type: str, rule: str, zh: str, en: str) -> None:
    day = cast.day(6)
    maternity = next(p for p in cast.geography.institutions if p.specialty == "maternity")
    place: Institution = maternity if baby_place == "same" else cast.geography.hospitals[0]
    one = Stay(
        maternity, _at(day, 3, 40), _at(day + 6, 9), med_type="52", diagnosis=catalogue.BIRTH_DIAGNOSIS
    )
    two = Stay(
        place,
        _at(day + 1, 11, 30),
        _at(day + 5, 15),
        med_type=med_type,
        diagnosis=catalogue.NEWBORN_DIAGNOSIS,
        daily=(catalogue.NEWBORN_CARE, catalogue.WARD_ROUND),
    )
    person = _mother(cast, one.admitted, (one.discharged or 0) + 2 * HOUR)
    _both(cast, [rule], story, one, two, zh, en, person)


def newborn_beside_the_mother(cast: Cast) -> None:
    """The newborn is admitted on the mother's card in the same hospital."""
    _birth(
        cast,
        "newborn_beside_the_mother",
        "same",
        cast.rng.choice(("9901", "5212")),
        "A02",
        "新生儿随母住院，同一医院",
        "A newborn on the mother's card in the same hospital",
    )


def newborn_in_another_hospital(cast: Cast) -> None:
    """The newborn lies in the county hospital on the card of its mother in the maternity hospital."""
    _birth(
        cast,
        "newborn_in_another_hospital",
        "other",
        cast.rng.choice(("9901", "5212")),
        "A01",
        "新生儿使用母亲凭证在另一医院住院",
        "A newborn on the mother's card in another hospital",
    )


def registration_taken_back(cast: Cast) -> None:
    """The ward registers the same patient twice by mistake and cancels the second registration."""
    day = cast.day(6)
    place = cast.hospital()
    one = Stay(place, _at(day, 9), _at(day + 6, 9), diagnosis="N20.000")
    mistake = Stay(place, _at(day + 1, 10), None, diagnosis="N20.000", settled_after=None)
    person = cast.person(one.admitted, _at(day + 6, 12))
    admit(cast.ledger, person, one)
    _register_only(cast, person, mistake)
    cancel(cast.ledger, person, place, "admission", mistake.encounter, mistake.admitted + 40 * MINUTE)
    cast.innocent(
        ["A02"],
        "registration_taken_back",
        mistake.admitted,
        "重复登记当日撤销",
        "A second registration by mistake, cancelled within the hour",
        encounters=encounters(one, mistake),
    )


def _register_only(cast: Cast, person: Person, stay: Stay) -> None:
    """An admission with nothing after it: neither fees nor rounds."""
    ledger = cast.ledger
    stay.encounter = ledger.new_id("M", stay.place)
    event = ledger.head("admission", stay.place, stay.admitted, stay.place.terminals[0])
    event |= {
        "person_id": person.person_id,
        "insured_region": person.insured_region,
        "bed": ledger.bed(stay.place, stay.admitted, stay.admitted + DAY),
        "encounter_id": stay.encounter,
        "med_type": "21",
    }
    ledger.post(event, stay.admitted + ledger.delay())


def long_stay_settled_in_parts(cast: Cast) -> None:
    """A psychiatric stay with two intermediate settlements: one encounter, three settlement numbers."""
    day = cast.day(13)
    place = next(p for p in cast.geography.institutions if p.specialty == "psychiatric")
    stay = Stay(
        place,
        _at(day, 10),
        _at(day + 13, 10),
        diagnosis=catalogue.PSYCHIATRIC_DIAGNOSIS,
        mid_stay=(_at(day + 4, 15), _at(day + 9, 15)),
    )
    person = cast.person(stay.admitted, _at(day + 13, 12))
    admit(cast.ledger, person, stay)
    cast.innocent(
        ["A01", "A02", "A03", "A07", "D14"],
        "long_stay_settled_in_parts",
        stay.admitted,
        "长期住院中途结算",
        "A long stay settled in parts",
        encounters=encounters(stay),
        settlements=stay.settlements,
    )


STORIES = (
    transfer_to_another_hospital,
    admitted_as_a_transfer,
    discharge_registered_late,
    day_surgery_during_a_stay,
    newborn_beside_the_mother,
    newborn_in_another_hospital,
    registration_taken_back,
    long_stay_settled_in_parts,
)
