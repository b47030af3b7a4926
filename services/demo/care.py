"""Encounters as events: a settlement at a counter, an out-patient visit, a hospital stay door to door."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE, day_text, timestamp
from services.demo.billing import Bill, Entry, bill, fund_rate, split
from services.demo.geography import Institution, Terminal
from services.demo.ledger import Ledger
from services.demo.people import Person

Pair = tuple[str, str]
Entries = Sequence[Entry | tuple[catalogue.Item, int]]
_FEES_AT = 20 * HOUR
_BEFORE_DISCHARGE = 15 * MINUTE
_NOBODY_CHECKED = ("internet", "delivery", "agent")
_OXYGEN_DIAGNOSES = ("J44", "J18", "I50")


@dataclass(slots=True)
class Stay:
    """What a hospital stay is made of. `discharged` None = never registered, the stay remains open.

    `told_after`: seconds between the true discharge and its record. `settled_after`: seconds from
    discharge to the settlement; None = not settled. `mid_stay`: moments of intermediate settlements.
    `extra`: what is billed besides on a day, by days after admission. `billing`: replaces the ward's usual
    daily bill, by days after admission. `night`: what the night round found; "" = drawn by lot. `department`:
    "" = the doctor's.
    """

    place: Institution
    admitted: int
    discharged: int | None
    med_type: str = ""
    diagnosis: str = "J18.900"
    discharge_way: int = 1
    transfer_to: Institution | None = None
    planned_return: bool = False
    told_after: int = 0
    settled_after: int | None = 20 * MINUTE
    mid_stay: tuple[int, ...] = ()
    external: Institution | None = None
    daily: tuple[catalogue.Item, ...] = (catalogue.BED, catalogue.WARD_ROUND, catalogue.NURSING)
    extra: dict[int, Entries] = field(default_factory=dict)
    billing: Callable[[int], Entries] | None = None
    night: str = ""
    bed: str = ""
    doctor: str = ""
    department: str = ""
    procedures: tuple[str, ...] = ()
    encounter: str = ""
    settlements: list[Pair] = field(default_factory=list)

    @property
    def pair(self) -> Pair:
        return (self.place.institution_id, self.encounter)


def person_head(
    ledger: Ledger, kind: str, person: Person, place: Institution, at: int, terminal: Terminal | None = None
) -> dict[str, Any]:
    """The fields that every event of a person has."""
    event = ledger.head(kind, place, at, terminal)
    event["person_id"] = person.person_id
    event["insured_region"] = person.insured_region
    return event


def settle(
    ledger: Ledger,
    person: Person,
    place: Institution,
    *,
    encounter: str,
    med_type: str,
    begin: int,
    at: int,
    total: Bill,
    amounts: dict[str, str] | None = None,
    recorded: int | None = None,
    terminal: Terminal | None = None,
    diagnosis: str | None = None,
    practitioner: str = "",
    **more: Any,
) -> Pair:
    """Posts a settlement and returns (institution, settlement_id). `more` are further contract fields."""
    event = person_head(ledger, "settlement", person, place, at, terminal or ledger.terminal(place))
    event["card"] = person.card
    event["practitioner_id"] = practitioner or ledger.doctor(place, begin)
    event["settlement_id"] = ledger.new_id("S", place)
    event["encounter_id"] = encounter
    event["med_type"] = med_type
    event["amounts"] = amounts or split(
        total.total, fund_rate(ledger.rng, med_type, person), person, ledger.rng
    )
    event["begin_at"] = timestamp(begin)
    event["insurance_type"] = person.insurance_type
    event["invoice_no"] = ledger.new_invoice(place)
    if place.kind != "pharmacy":
        event["department"] = place.department(event["practitioner_id"])
    if diagnosis:
        event["diagnoses"] = [{"code": diagnosis, "main": True}]
    if total.lines:
        event["lines"] = total.lines
    event.update(more)
    ledger.mark(place, begin, at)
    ledger.post(event, at + ledger.delay() if recorded is None else recorded)
    return (place.institution_id, event["settlement_id"])


def visit(
    ledger: Ledger,
    person: Person,
    place: Institution,
    *,
    begin: int,
    at: int,
    total: Bill,
    med_type: str = "11",
    upload_lines: bool = False,
    checked: str = "match",
    practitioner: str = "",
    **more: Any,
) -> tuple[Pair, Pair]:
    """An out-patient visit or a purchase: returns its encounter and its settlement.

    `checked`: what the check of the face found where the authority asks for one; "" = none was made.
    """
    encounter = ledger.new_id("M", place)
    practitioner = practitioner or ledger.doctor(place, begin)
    if place.kind != "pharmacy":
        sign(total, practitioner, place.department(practitioner))
    if checked and place.index in ledger.standing.face_check and more.get("channel") not in _NOBODY_CHECKED:
        check_identity(ledger, person, place, encounter, at - 30, checked)
    if upload_lines:
        event = person_head(ledger, "fee_lines", person, place, at - 40)
        event["encounter_id"] = encounter
        event["lines"] = total.lines
        ledger.post(event, at - 38)
    pair = settle(
        ledger,
        person,
        place,
        encounter=encounter,
        med_type=med_type,
        begin=begin,
        at=at,
        total=total,
        practitioner=practitioner,
        **more,
    )
    return (place.institution_id, encounter), pair


def sign(total: Bill, practitioner: str, department: str) -> None:
    """Every line says who ordered it."""
    for line in total.lines:
        line.setdefault("practitioner_id", practitioner)
        line.setdefault("department", department)


def check_identity(
    ledger: Ledger, person: Person, place: Institution, encounter: str, at: int, result: str
) -> None:
    """The check of the face at a counter: match, mismatch or skipped."""
    check = person_head(ledger, "identity_check", person, place, at)
    check |= {"encounter_id": encounter, "method": "face", "result": result}
    ledger.post(check, at + 2)


def cancel(ledger: Ledger, person: Person, place: Institution, kind: str, business_id: str, at: int) -> None:
    """Takes back a settlement or an admission by its business id."""
    event = person_head(ledger, "cancellation", person, place, at)
    event["cancels"] = {"type": kind, "id": business_id}
    ledger.post(event, at + 1)


def admit(ledger: Ledger, person: Person, stay: Stay) -> Stay:
    """Posts every event of a stay in its true order of time; what lies after the world's end is left out."""
    place = stay.place
    stay.encounter = ledger.new_id("M", place)
    stay.med_type = stay.med_type or catalogue.inpatient_type(stay.diagnosis)
    stay.doctor = stay.doctor or ledger.doctor(place, stay.admitted // DAY * DAY + 12 * HOUR)
    stay.department = stay.department or place.department(stay.doctor)
    end = ledger.until if stay.discharged is None else stay.discharged
    person.stays.append((stay.admitted, end))
    stay.bed = stay.bed or ledger.bed(place, stay.admitted, end)
    terminal = ledger.terminal(place)
    event = person_head(ledger, "admission", person, place, stay.admitted, terminal)
    event |= {
        "card": person.card,
        "practitioner_id": stay.doctor,
        "department": stay.department,
        "encounter_id": stay.encounter,
        "med_type": stay.med_type,
        "diagnoses": [{"code": stay.diagnosis, "main": True}],
        "bed": stay.bed,
    }
    ledger.post(event, stay.admitted + ledger.delay())
    check_identity(ledger, person, place, stay.encounter, stay.admitted + 5 * MINUTE, "match")
    _inspect(ledger, person, stay)
    _bill_and_settle(ledger, person, stay)
    if stay.discharged is not None:
        event = person_head(ledger, "discharge", person, place, stay.discharged, terminal)
        event |= {
            "encounter_id": stay.encounter,
            "discharge_way": stay.discharge_way,
            "diagnoses": [{"code": stay.diagnosis, "main": True}],
        }
        if stay.transfer_to:
            event["transfer_to"] = stay.transfer_to.institution_id
        if stay.planned_return:
            event["planned_return"] = True
        ledger.post(event, stay.discharged + stay.told_after + ledger.delay())
    return stay


def _inspect(ledger: Ledger, person: Person, stay: Stay) -> None:
    """One stay in three meets the night round of the insurance office."""
    if not stay.night and ledger.rng.random() > 0.33:
        return
    night = (stay.admitted // DAY + 1) * DAY + 22 * HOUR + int(ledger.rng.random() * HOUR)
    if stay.discharged is None or night < stay.discharged:
        event = person_head(ledger, "inspection", person, stay.place, night)
        event |= {"encounter_id": stay.encounter, "kind": "night", "result": stay.night or "present"}
        ledger.post(event, night + 30)


def _day_items(ledger: Ledger, stay: Stay, day: int) -> list[Entry | tuple[catalogue.Item, int]]:
    """What a ward bills for one day: head counted, tail not."""
    rng = ledger.rng
    first, last = day == stay.admitted // DAY, stay.discharged is not None and day == stay.discharged // DAY
    entries: list[Entry | tuple[catalogue.Item, int]]
    entries = [(item, 1) for item in stay.daily if not (last and item is catalogue.BED)]
    entries += [(item, 1 + int(rng.random() * 3)) for item in rng.sample(catalogue.WARD_DRUGS, 2)]
    entries.append((catalogue.TREATMENTS[int(rng.random() * len(catalogue.TREATMENTS))], 1))
    if stay.diagnosis.startswith(_OXYGEN_DIAGNOSES) and not last:
        entries.append((catalogue.OXYGEN, 4 + int(rng.random() * 8)))
    if first:
        entries += [(item, 1) for item in rng.sample(catalogue.LABORATORY, 3)]
        entries.append((catalogue.EXAMINATIONS[int(rng.random() * len(catalogue.EXAMINATIONS))], 1))
        if stay.med_type == "28":
            entries += [(catalogue.CATARACT_OPERATION, 1), (catalogue.LOCAL_ANAESTHESIA, 1)]
    elif last and rng.random() < 0.4:
        entries.append(Entry(catalogue.AMOXICILLIN, 2, None, {"discharge_drug": True}))
    return entries


def _day_bill(ledger: Ledger, stay: Stay, day: int) -> list[Entry | tuple[catalogue.Item, int]]:
    after = day - stay.admitted // DAY
    usual = _day_items(ledger, stay, day) if stay.billing is None else stay.billing(after)
    return [*usual, *stay.extra.get(after, ())]


def _bill_and_settle(ledger: Ledger, person: Person, stay: Stay) -> None:
    """A fee upload each day; each settlement, intermediate or last, pays what was uploaded since."""
    last = ledger.until if stay.discharged is None else stay.discharged
    owed, since, lines = 0, stay.admitted, 1
    mid_stay = list(stay.mid_stay)
    for day in range(stay.admitted // DAY, last // DAY + 1):
        at = min(max(day * DAY + _FEES_AT, stay.admitted + HOUR), last - _BEFORE_DISCHARGE)
        if mid_stay and mid_stay[0] // DAY == day:
            moment = mid_stay.pop(0)
            _settle_stay(ledger, person, stay, since, moment, moment, owed, mid_stay=True)
            owed, since = 0, moment
        entries = _day_bill(ledger, stay, day)
        if not entries:
            continue
        day_bill = bill(entries, lines, at)
        sign(day_bill, stay.doctor, stay.department)
        event = person_head(ledger, "fee_lines", person, stay.place, at)
        event |= {"encounter_id": stay.encounter, "lines": day_bill.lines}
        ledger.post(event, at + stay.told_after * (day == last // DAY) + ledger.delay())
        owed, lines = owed + day_bill.total, lines + len(day_bill.lines)
    if stay.discharged is not None and stay.settled_after is not None:
        _settle_stay(ledger, person, stay, since, stay.discharged, stay.discharged + stay.settled_after, owed)


def _settle_stay(
    ledger: Ledger,
    person: Person,
    stay: Stay,
    begin: int,
    end: int,
    at: int,
    owed: int,
    mid_stay: bool = False,
) -> None:
    more: dict[str, Any] = {"end_at": timestamp(end), "department": stay.department}
    if mid_stay:
        more["mid_stay"] = True
    if stay.external:
        more["external_institution"] = stay.external.institution_id
    if stay.procedures:
        more["procedures"] = [
            {"code": code, "occurred_at": timestamp(stay.admitted + DAY), "practitioner_id": stay.doctor}
            for code in stay.procedures
        ]
    if stay.place.kind == "township" and not mid_stay:
        # Township software keeps dates only.
        more |= {"begin_at": day_text(begin // DAY), "end_at": day_text(end // DAY)}
    stay.settlements.append(
        settle(
            ledger,
            person,
            stay.place,
            encounter=stay.encounter,
            med_type=stay.med_type,
            begin=begin,
            at=at,
            total=Bill([], owed),
            recorded=at + stay.told_after + ledger.delay(),
            diagnosis=stay.diagnosis,
            practitioner=stay.doctor,
            **more,
        )
    )
