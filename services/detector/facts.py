"""Facts: what the judge keeps of an event, and nothing more.

A fact is one event as the judge needs it: its place in time, who and where, its money in fen (exact
integers). A history is a set of facts named by (institution, event_id); everything else is a view.
"""

from decimal import Decimal
from hashlib import blake2b

import msgspec
from msgspec import Struct

from schemas import event as wire
from schemas.entry import Entry
from schemas.moments import HOUR, MINUTE, Calendar
from schemas.registry import Person, decode_person_record

INPATIENT_TYPES = ("21", "22", "23", "24", "25", "26", "28", "52", "9901", "9921", "9925")
"""med_type prefixes of in-patient care (interface.md §2); 61 long-term care is a class of its own."""
OUTPATIENT_TYPES = ("11", "12", "13", "14", "15", "16", "19", "51", "53", "81")
PHARMACY_TYPES = ("41",)
NEWBORN_TYPES = ("9901", "9921", "5212")
EMERGENCY_TYPES = ("13", "24")
BACKFILL_AFTER = 24 * HOUR
"""rules.md §0.5 (5): an event written more than a day after its visit was entered afterwards."""


class Kind:
    """What a fact tells, as plain integers: comparing them is the judge's commonest act. The four
    settlements differ by care; their identity is the same."""

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
DEFECTIVE = 512
"""It contradicts itself, or was written before it happened."""
CLOCK_AHEAD = 10 * MINUTE
"""An event written this long before it happened shows a clock that is off."""


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
    """What rules ask of a fact only once its place and money made it interesting.

    recorded, occurred: moments. account, family: fen. diagnoses: codes, sorted, joined by blanks.
    lines_digest: one number for the set of billed lines, 0 without. defects: names, joined by blanks.
    """

    recorded: int
    occurred: int
    med_type: str = ""
    device: str = ""
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
    lines: list[Line] | None = None
    person: Person | None = None


_encode_detail = msgspec.msgpack.Encoder(decimal_format="string").encode
_decode_detail = msgspec.msgpack.Decoder(Detail).decode


class Fact(Struct, array_like=True, gc=False):
    """One event's fact: what places it, and the rest packed until a rule asks.

    id: settlement_id; encounter_id of admission and discharge; of a cancellation the id that it cancels;
    else event_id. at: visit time (begin_at, else occurred_at). end: end_at, 0 without. Moments are
    microseconds; total and fund are fen.
    """

    kind: int
    institution: str
    id: str
    encounter: str
    event: str
    at: int
    flags: int
    end: int
    total: int
    fund: int
    packed: msgspec.Raw

    @property
    def detail(self) -> Detail:
        """Everything else."""
        return _decode_detail(self.packed)

    @property
    def recorded(self) -> int:
        """When the institution's system wrote it."""
        return self.detail.recorded

    @property
    def med_type(self) -> str:
        """National 医疗类别."""
        return self.detail.med_type

    @property
    def place(self) -> tuple[int, str, str, str]:
        """Where it stands in the order of a person's facts: time, institution, id; then the event."""
        return (self.at, self.institution, self.id, self.event)


def make_fact(
    kind: int,
    institution: str,
    id: str,
    encounter: str,
    event: str,
    at: int,
    flags: int,
    detail: Detail,
    *,
    end: int = 0,
    total: int = 0,
    fund: int = 0,
) -> Fact:
    """A fact with its detail packed."""
    if detail.defects:
        flags |= DEFECTIVE
    if detail.occurred - detail.recorded > CLOCK_AHEAD:
        flags |= DEFECTIVE
    packed = msgspec.Raw(_encode_detail(detail))
    return Fact(kind, institution, id, encounter, event, at, flags, end, total, fund, packed)


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
    lines = _lines(event.lines, calendar) if event.lines and kind == Kind.INPATIENT else None
    is_reversed = bool(end and flags & HAS_BEGIN) and _ends_before(at, end, flags, calendar)
    detail = _settlement_detail(event, occurred, recorded, emergency, lines, is_reversed=is_reversed)
    if recorded - at > BACKFILL_AFTER:
        flags |= BACKFILLED
    elif _over_the_counter(event, flags, detail) and _shows_its_time(at, occurred, recorded, calendar):
        flags |= PRESENT
    return make_fact(
        kind, event.institution_id, event.settlement_id, event.encounter_id, event.event_id, at, flags,
        detail, end=end, total=total, fund=fen(event.amounts.fund),
    )  # fmt: skip


def _ends_before(begin: int, end: int, flags: int, calendar: Calendar) -> bool:
    if flags & (AT_DAY | END_DAY):
        return calendar.day(end) < calendar.day(begin)
    return end < begin


def settlement_kind(med_type: str) -> int:
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


def _shows_its_time(at: int, occurred: int, recorded: int, calendar: Calendar) -> bool:
    """Whether a clock time can be believed: local 00:00:00 means that it is missing, and a clock that is
    off tells nothing (rules.md A05)."""
    return occurred - recorded <= CLOCK_AHEAD and not calendar.is_midnight(at)


def _settlement_detail(
    event: wire.Settlement,
    occurred: int,
    recorded: int,
    emergency: int,
    lines: list[Line] | None,
    *,
    is_reversed: bool,
) -> Detail:
    amounts = event.amounts
    diagnoses, main_diagnosis = _diagnoses(event.diagnoses)
    return Detail(
        recorded,
        occurred,
        event.med_type,
        event.device_id or event.operator_id or "",
        fen(amounts.account),
        fen(amounts.family),
        event.card.kind if event.card else "",
        event.region or "",
        event.channel or "",
        emergency,
        external_institution=event.external_institution or "",
        prescription=event.prescription_id or "",
        disease=event.disease_code or "",
        diagnoses=diagnoses,
        main_diagnosis=main_diagnosis,
        lines_digest=_lines_digest(event.lines) if event.lines else 0,
        defects=_settlement_defects(event, is_reversed=is_reversed),
        lines=lines,
    )


def _settlement_defects(event: wire.Settlement, *, is_reversed: bool) -> str:
    """Names of the contradictions inside a settlement, joined by blanks."""
    found = []
    amounts = event.amounts
    if amounts.account is not None and amounts.cash is not None:
        # A relative's account may stand inside the personal account's sum or beside it (interface.md §0 (8)).
        surplus = amounts.fund + amounts.account + amounts.cash - amounts.total
        if min(abs(surplus), abs(surplus + (amounts.family or 0))) > _TOLERANCE:
            found.append("amounts_do_not_add_up")
    if event.lines and any(line.amount < 0 and line.refunds_line_id is None for line in event.lines):
        found.append("negative_line")
    if is_reversed:
        found.append("end_before_begin")
    return " ".join(found)


_TOLERANCE = Decimal("0.05")
"""interface.md §0 (8): parts may differ from the whole by rounding."""


def _admission(event: wire.Admission, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    if event.med_type.startswith(EMERGENCY_TYPES):
        flags |= EMERGENCY
    if recorded - occurred > BACKFILL_AFTER:
        flags |= BACKFILLED
    elif not flags & AT_DAY and _shows_its_time(occurred, occurred, recorded, calendar):
        flags |= PRESENT
    diagnoses, main_diagnosis = _diagnoses(event.diagnoses)
    detail = Detail(
        recorded,
        occurred,
        event.med_type,
        event.device_id or event.operator_id or "",
        card=event.card.kind if event.card else "",
        region=event.region or "",
        diagnoses=diagnoses,
        main_diagnosis=main_diagnosis,
    )
    return _bare(Kind.ADMISSION, event, event.encounter_id, flags, detail)


def _discharge(event: wire.Discharge, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    diagnoses, main_diagnosis = _diagnoses(event.diagnoses)
    detail = Detail(
        recorded,
        occurred,
        discharge_way=event.discharge_way or 0,
        transfer_to=event.transfer_to or "",
        diagnoses=diagnoses,
        main_diagnosis=main_diagnosis,
    )
    return _bare(Kind.DISCHARGE, event, event.encounter_id, flags, detail)


def _fee_lines(event: wire.FeeLines, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    negative = any(line.amount < 0 and line.refunds_line_id is None for line in event.lines)
    detail = Detail(
        recorded,
        occurred,
        defects="negative_line" if negative else "",
        lines=_lines(event.lines, calendar),
    )
    return _bare(Kind.FEE_LINES, event, event.event_id, flags, detail)


def _watched(
    event: wire.Inspection | wire.IdentityCheck, calendar: Calendar, occurred: int, recorded: int, flags: int
) -> Fact:
    kind = Kind.INSPECTION if isinstance(event, wire.Inspection) else Kind.IDENTITY_CHECK
    return _bare(kind, event, event.event_id, flags, Detail(recorded, occurred))


def _cancellation(
    event: wire.Cancellation, calendar: Calendar, occurred: int, recorded: int, flags: int
) -> Fact | None:
    cancels = event.cancels
    if event.person_id is None:
        return None
    detail = Detail(
        recorded,
        occurred,
        cancels_type=cancels.type,
        cancels_line=cancels.line_id or "",
        cancels_event=cancels.event_id or "",
    )
    return make_fact(
        Kind.CANCELLATION,
        event.institution_id,
        cancels.id,
        cancels.id,
        event.event_id,
        occurred,
        flags,
        detail,
    )


def _bare(kind: int, event: wire.AnyEvent, id: str, flags: int, detail: Detail) -> Fact:
    """A fact whose time is that of the event."""
    return make_fact(
        kind, event.institution_id, id, event.encounter_id, event.event_id, detail.occurred, flags, detail
    )


def _person(entry: Entry) -> Fact:
    loaded = decode_person_record(entry.body)
    record = loaded.record
    detail = Detail(loaded.loaded, 0, person=record)
    return make_fact(
        Kind.PERSON, "", record.effective_from or "", "", f"{loaded.loaded}", 0, HISTORICAL, detail
    )


def _diagnoses(diagnoses: list[wire.Diagnosis]) -> tuple[str, str]:
    """(all codes, the main one)."""
    if not diagnoses:
        return "", ""
    if len(diagnoses) == 1:
        only = diagnoses[0]
        return only.code, only.code if only.main else ""
    main = next((item.code for item in diagnoses if item.main), "")
    return " ".join(sorted({item.code for item in diagnoses})), main


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
