"""Facts: what the judge keeps of an event, and nothing more.

A fact is one event as the judge needs it: its place in time, who and where, its money in fen (exact
integers). A history is a set of facts named by (institution, event_id); everything else is a view.
"""

from decimal import Decimal
from enum import IntEnum
from hashlib import blake2b

from msgspec import Struct

from schemas import event as wire
from schemas.entry import Entry
from schemas.moments import HOUR, Calendar
from schemas.registry import Person, decode_person_record

INPATIENT_TYPES = ("21", "22", "23", "24", "25", "26", "28", "52", "9901", "9921", "9925")
"""med_type prefixes of in-patient care (interface.md §2); 61 long-term care is a class of its own."""
OUTPATIENT_TYPES = ("11", "12", "13", "14", "15", "16", "19", "51", "53", "81")
PHARMACY_TYPES = ("41",)
NEWBORN_TYPES = ("9901", "9921", "5212")
EMERGENCY_TYPES = ("13", "24")
BACKFILL_AFTER = 24 * HOUR
"""rules.md §0.5 (5): an event written more than a day after its visit was entered afterwards."""


class Kind(IntEnum):
    """What a fact tells. The four settlements differ by care; their identity is the same."""

    ADMISSION = 1
    DISCHARGE = 2
    INPATIENT = 3
    VISIT = 4
    PHARMACY = 5
    OTHER_SETTLEMENT = 6
    FEE_LINES = 7
    IDENTITY_CHECK = 8
    INSPECTION = 9
    CANCELLATION = 10
    PERSON = 11


SETTLEMENTS = frozenset((Kind.INPATIENT, Kind.VISIT, Kind.PHARMACY, Kind.OTHER_SETTLEMENT))
OUTPATIENT = frozenset((Kind.VISIT, Kind.PHARMACY))
STAY_KINDS = frozenset((Kind.ADMISSION, Kind.DISCHARGE, Kind.INPATIENT))

AT_DAY = 1
END_DAY = 2
HAS_BEGIN = 4
HISTORICAL = 8
MID_STAY = 16
EMERGENCY = 32
PRESENT = 64
"""The person stood at a counter at `at`: an admission or a settlement that shows a real clock time."""
NEGATIVE = 128
BACKFILLED = 256


class Line(Struct, array_like=True, gc=False):
    """A billed item: `amount` and `covered` in fen; `at` moment or 0; `refunds` the line it takes back."""

    id: str
    code: str
    quantity: Decimal
    amount: int
    covered: int | None
    at: int
    category: str
    refunds: str | None


class Detail(Struct, array_like=True, gc=False):
    """What only some facts have."""

    account: int = 0
    family: int = 0
    card: str = ""
    region: str = ""
    channel: str = ""
    emergency: int = 0
    discharge_way: int = 0
    transfer_to: str = ""
    external_institution: str = ""
    prescription: str = ""
    disease: str = ""
    diagnoses: str = ""
    main_diagnosis: str = ""
    lines_digest: int = 0
    cancels_type: str = ""
    cancels_line: str = ""
    cancels_event: str = ""
    defects: str = ""


class Fact(Struct, array_like=True, gc=False):
    """One event's fact.

    id: settlement_id; encounter_id of admission and discharge; else event_id; of a cancellation the id
    that it cancels. at: visit time (begin_at, else occurred_at). end: end_at. Moments are microseconds;
    total and fund are fen.
    """

    kind: int
    institution: str
    id: str
    encounter: str
    event: str
    at: int
    recorded: int
    occurred: int
    flags: int
    end: int
    med_type: str
    total: int
    fund: int
    device: str
    detail: Detail
    lines: list[Line] | None = None
    person: Person | None = None

    @property
    def place(self) -> tuple[int, str, str, str]:
        """Where it stands in the order of a person's facts: time, institution, id; then the event."""
        return (self.at, self.institution, self.id, self.event)


NO_DETAIL = Detail()


def read_entry(entry: Entry, calendar: Calendar) -> Fact | None:
    """The fact of an inbox entry; None for what no stream rule reads yet (stock)."""
    if entry.kind == "person":
        return _person(entry)
    return fact_of(wire.decode_event(entry.body), calendar, historical=entry.historical)


def fact_of(event: wire.AnyEvent, calendar: Calendar, *, historical: bool = False) -> Fact | None:
    """The fact of an event in its normal form."""
    make = _MAKERS.get(type(event))
    if make is None:
        return None
    occurred, is_day = calendar.read(event.occurred_at)
    if event.recorded_at is None or event.recorded_at == event.occurred_at:
        recorded = occurred
    else:
        recorded = calendar.read(event.recorded_at)[0]
    flags = AT_DAY if is_day else 0
    if historical:
        flags |= HISTORICAL
    return make(event, calendar, occurred, recorded, flags)


def fen(yuan: Decimal | None) -> int:
    """Decimal yuan as integer fen; what is absent is 0."""
    return int(yuan * 100) if yuan else 0


def yuan(amount: int) -> str:
    """Integer fen as decimal yuan, two decimals."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def _settlement(event: wire.Settlement, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    at, end = occurred, 0
    if event.begin_at is not None:
        flags = flags & ~AT_DAY | HAS_BEGIN
        if event.begin_at != event.occurred_at:
            at, is_day = calendar.read(event.begin_at)
        else:
            is_day = len(event.begin_at) == 10
        flags |= AT_DAY if is_day else 0
    if event.end_at is not None:
        end, is_day = calendar.read(event.end_at)
        flags |= END_DAY if is_day else 0
    kind = settlement_kind(event.med_type)
    emergency = event.emergency or 0
    if emergency == 1 or event.med_type.startswith(EMERGENCY_TYPES):
        flags |= EMERGENCY
    if event.mid_stay:
        flags |= MID_STAY
    total = fen(event.amounts.total)
    if total < 0:
        flags |= NEGATIVE
    detail = _settlement_detail(event, emergency)
    if recorded - at > BACKFILL_AFTER:
        flags |= BACKFILLED
    elif _over_the_counter(event, flags, detail) and at != calendar.midnight(calendar.day(at)):
        flags |= PRESENT
    lines = _lines(event.lines, calendar) if event.lines and kind == Kind.INPATIENT else None
    return Fact(
        kind, event.institution_id, event.settlement_id, event.encounter_id, event.event_id, at,
        recorded, occurred, flags, end, event.med_type, total, fen(event.amounts.fund),
        event.device_id or event.operator_id or "", detail, lines,
    )  # fmt: skip


def settlement_kind(med_type: str) -> Kind:
    """Which care a settlement's med_type means."""
    if med_type.startswith(OUTPATIENT_TYPES):
        return Kind.VISIT
    if med_type.startswith(PHARMACY_TYPES):
        return Kind.PHARMACY
    return Kind.INPATIENT if med_type.startswith(INPATIENT_TYPES) else Kind.OTHER_SETTLEMENT


def _over_the_counter(event: wire.Settlement, flags: int, detail: Detail) -> bool:
    return (
        not flags & (AT_DAY | NEGATIVE)
        and event.channel in (None, "counter")
        and event.online is not False
        and not detail.family
    )


def _settlement_detail(event: wire.Settlement, emergency: int) -> Detail:
    amounts = event.amounts
    return Detail(
        account=fen(amounts.account),
        family=fen(amounts.family),
        card=event.card.kind if event.card else "",
        region=event.region or "",
        channel=event.channel or "",
        emergency=emergency,
        external_institution=event.external_institution or "",
        prescription=event.prescription_id or "",
        disease=event.disease_code or "",
        lines_digest=_lines_digest(event.lines) if event.lines else 0,
        defects=_settlement_defects(event),
        **_diagnoses(event.diagnoses),
    )


def _settlement_defects(event: wire.Settlement) -> str:
    """Names of the contradictions inside a settlement, joined by blanks."""
    found = []
    amounts = event.amounts
    if amounts.account is not None and amounts.cash is not None:
        # A relative's account may stand inside the personal account's sum or beside it (interface.md §0 (8)).
        surplus = amounts.fund + amounts.account + amounts.cash - amounts.total
        if min(abs(surplus), abs(surplus + (amounts.family or 0))) > _TOLERANCE:
            found.append("amounts_do_not_add_up")
    if any(line.amount < 0 and line.refunds_line_id is None for line in event.lines):
        found.append("negative_line")
    if event.begin_at is not None and event.end_at is not None and event.end_at < event.begin_at:
        found.append("end_before_begin")
    return " ".join(found)


_TOLERANCE = Decimal("0.05")
"""interface.md §0 (8): parts may differ from the whole by rounding."""


def _admission(event: wire.Admission, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    if event.med_type.startswith(EMERGENCY_TYPES):
        flags |= EMERGENCY
    if recorded - occurred > BACKFILL_AFTER:
        flags |= BACKFILLED
    elif not flags & AT_DAY and occurred != calendar.midnight(calendar.day(occurred)):
        flags |= PRESENT
    detail = Detail(
        card=event.card.kind if event.card else "",
        region=event.region or "",
        **_diagnoses(event.diagnoses),
    )
    return Fact(
        Kind.ADMISSION, event.institution_id, event.encounter_id, event.encounter_id, event.event_id,
        occurred, recorded, occurred, flags, 0, event.med_type, 0, 0,
        event.device_id or event.operator_id or "", detail,
    )  # fmt: skip


def _discharge(event: wire.Discharge, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    detail = Detail(
        discharge_way=event.discharge_way or 0,
        transfer_to=event.transfer_to or "",
        **_diagnoses(event.diagnoses),
    )
    return _bare(Kind.DISCHARGE, event, event.encounter_id, occurred, recorded, flags, detail)


def _fee_lines(event: wire.FeeLines, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    negative = any(line.amount < 0 and line.refunds_line_id is None for line in event.lines)
    detail = Detail(defects="negative_line") if negative else NO_DETAIL
    fact = _bare(Kind.FEE_LINES, event, event.event_id, occurred, recorded, flags, detail)
    fact.lines = _lines(event.lines, calendar)
    return fact


def _watched(event, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    kind = Kind.INSPECTION if isinstance(event, wire.Inspection) else Kind.IDENTITY_CHECK
    return _bare(kind, event, event.event_id, occurred, recorded, flags, NO_DETAIL)


def _cancellation(
    event: wire.Cancellation, calendar: Calendar, occurred: int, recorded: int, flags: int
) -> Fact | None:
    cancels = event.cancels
    if event.person_id is None:
        return None
    detail = Detail(
        cancels_type=cancels.type, cancels_line=cancels.line_id or "", cancels_event=cancels.event_id or ""
    )
    fact = _bare(Kind.CANCELLATION, event, cancels.id, occurred, recorded, flags, detail)
    fact.encounter = cancels.id
    return fact


def _bare(kind: Kind, event, id: str, occurred: int, recorded: int, flags: int, detail: Detail) -> Fact:
    return Fact(
        kind, event.institution_id, id, getattr(event, "encounter_id", ""), event.event_id, occurred,
        recorded, occurred, flags, 0, "", 0, 0, "", detail,
    )  # fmt: skip


def _person(entry: Entry) -> Fact:
    loaded = decode_person_record(entry.body)
    record = loaded.record
    return Fact(
        Kind.PERSON, "", record.effective_from or "", "", f"{loaded.loaded}", 0, loaded.loaded, 0, 0, 0, "",
        0, 0, "", NO_DETAIL, None, record,
    )  # fmt: skip


def _diagnoses(diagnoses: list[wire.Diagnosis]) -> dict[str, str]:
    if not diagnoses:
        return {}
    main = next((item.code for item in diagnoses if item.main), "")
    return {"diagnoses": " ".join(sorted({item.code for item in diagnoses})), "main_diagnosis": main}


def _lines(lines: list[wire.Line], calendar: Calendar) -> list[Line]:
    return [
        Line(
            line.line_id,
            line.code,
            line.quantity,
            fen(line.amount),
            None if line.covered_amount is None else fen(line.covered_amount),
            calendar.read(line.occurred_at)[0] if line.occurred_at else 0,
            line.category or "",
            line.refunds_line_id,
        )
        for line in lines
    ]


def _lines_digest(lines: list[wire.Line]) -> int:
    """One number for the set of (code, quantity, amount); never 0."""
    content = sorted(f"{line.code}|{line.quantity.normalize()}|{fen(line.amount)}" for line in lines)
    return int.from_bytes(blake2b("\n".join(content).encode(), digest_size=7).digest()) or 1


_MAKERS = {
    wire.Settlement: _settlement,
    wire.Admission: _admission,
    wire.Discharge: _discharge,
    wire.FeeLines: _fee_lines,
    wire.IdentityCheck: _watched,
    wire.Inspection: _watched,
    wire.Cancellation: _cancellation,
}
