"""Events become facts: what each kind of event says, in the judge's own terms."""

from decimal import Decimal
from functools import lru_cache

from schemas import event as wire
from schemas.entry import Entry
from schemas.moments import Calendar
from schemas.records import Approval, Person
from schemas.registry import decode_person_record
from services.detector.facts import (
    AT_DAY,
    ATTENDED,
    BACKFILL_AFTER,
    BACKFILLED,
    CARDED,
    CLOCK_AHEAD,
    DIAGNOSED,
    DISEASED,
    EMERGENCY,
    EMERGENCY_TYPES,
    EMPTIED,
    END_DAY,
    HAS_BEGIN,
    HISTORICAL,
    INPATIENT_TYPES,
    INVOICED,
    MID_STAY,
    NEGATIVE,
    OPERATED,
    OUTPATIENT_TYPES,
    PHARMACY_TYPES,
    PRESENT,
    Detail,
    Fact,
    Kind,
    More,
    Procedure,
    fen,
    make_fact,
    told_of,
)
from services.detector.reading_lines import contents_of, line_defects, lines_digest, read_lines


def read_entry(entry: Entry, calendar: Calendar) -> Fact | None:
    """The fact of an inbox entry, foreign where it tells of another person than its key; None for stock,
    which is nobody's (services.detector.shared.stock)."""
    if entry.kind == "person":
        return _person(entry)
    event = wire.decode_event(entry.body)
    fact = fact_of(event, calendar, historical=entry.historical)
    # By what the event says, not by how it came: a dead letter that is tried again is told of nobody else.
    if fact is None or event.person_id == entry.key:
        return fact
    return told_of(event.person_id, fact)


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


def _settlement(event: wire.Settlement, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    at, end, flags = _span(event, calendar, occurred, flags)
    is_reversed = bool(end and flags & HAS_BEGIN) and _ends_before(at, end, flags, calendar)
    amounts = event.amounts
    total, family = fen(amounts.total), fen(amounts.family)
    if total < 0:
        flags |= NEGATIVE
    flags = _marks(event, flags)
    if recorded - at > BACKFILL_AFTER:
        flags |= BACKFILLED
    elif (
        not family and _is_at_the_counter(event, flags) and _shows_its_time(at, occurred, recorded, calendar)
    ):
        flags |= PRESENT
    lines = None
    if event.lines:
        lines = read_lines(event.lines, calendar)
        flags |= contents_of(lines, max(at, end))
    diagnoses, main_diagnosis = _diagnoses(event.diagnoses) if event.diagnoses else ("", "")
    flags, card, number, practitioner = _who(event, flags, diagnoses)
    # By their places: by name they would cost a microsecond.
    detail = Detail(
        recorded, occurred, fen(amounts.account), family, event.region or "", event.channel or "",
        event.emergency or 0, 0, "", event.external_institution or "", event.prescription_id or "",
        event.disease_code or "", diagnoses, main_diagnosis, lines_digest(lines) if lines else 0,
        "", "", "", _settlement_defects(event, is_reversed=is_reversed), number, practitioner, lines,
        None, None, None, _more_of(event, calendar),
    )  # fmt: skip
    return make_fact(
        settlement_kind(event.med_type), event.institution_id, event.settlement_id, event.encounter_id,
        event.event_id, at, flags, detail, end=end, total=total, fund=fen(amounts.fund),
        med_type=event.med_type, device=event.device_id or event.operator_id or "", card=card,
    )  # fmt: skip


def _span(event: wire.Settlement, calendar: Calendar, occurred: int, flags: int) -> tuple[int, int, int]:
    """(when the visit began, when it ended or 0, flags with what is told of both and how)."""
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
    return at, end, flags


def _marks(event: wire.Settlement, flags: int) -> int:
    """Flags with what the event's own fields mark."""
    amounts = event.amounts
    if event.emergency == 1 or event.med_type.startswith(EMERGENCY_TYPES):
        flags |= EMERGENCY
    if event.mid_stay:
        flags |= MID_STAY
    if event.invoice_no is not None:
        flags |= INVOICED
    if event.disease_code is not None:
        flags |= DISEASED
    if event.procedures:
        flags |= OPERATED
    if amounts.balance is not None and amounts.balance < EMPTY and amounts.account:
        flags |= EMPTIED
    return flags


def _is_at_the_counter(event: wire.Settlement, flags: int) -> bool:
    """Whether the insured person paid at a counter, at a time that is told."""
    return (
        not flags & (AT_DAY | NEGATIVE) and event.channel in (None, "counter") and event.online is not False
    )


def _who(event: wire.PersonEvent, flags: int, diagnoses: str) -> tuple[int, str, str, str]:
    """(flags with what is named, kind of the card, its number, the practitioner)."""
    if diagnoses:
        flags |= DIAGNOSED
    practitioner = event.practitioner_id or ""
    if practitioner:
        flags |= ATTENDED
    if event.card is None:
        return flags, "", "", practitioner
    return flags | CARDED, event.card.kind, event.card.number[:CARD_LENGTH], practitioner


def _more_of(event: wire.Settlement, calendar: Calendar) -> More | None:
    if not (
        event.department
        or event.insured_region
        or event.insurance_type
        or event.invoice_no
        or event.drg_code
        or event.procedures
    ):
        return None
    return More(
        event.department or "",
        event.insured_region or "",
        event.insurance_type or "",
        event.invoice_no or "",
        event.drg_code or "",
        procedures=[
            Procedure(
                item.code,
                calendar.read(item.occurred_at)[0] if item.occurred_at else 0,
                item.practitioner_id or "",
            )
            for item in event.procedures
        ],
    )


def _ends_before(begin: int, end: int, flags: int, calendar: Calendar) -> bool:
    if flags & (AT_DAY | END_DAY):
        return calendar.day(end) < calendar.day(begin)
    return end < begin


@lru_cache(maxsize=1_000)
def settlement_kind(med_type: str) -> int:
    """Which care a settlement's med_type means."""
    if med_type.startswith(OUTPATIENT_TYPES):
        return Kind.VISIT
    if med_type.startswith(PHARMACY_TYPES):
        return Kind.PHARMACY
    return Kind.INPATIENT if med_type.startswith(INPATIENT_TYPES) else Kind.OTHER_SETTLEMENT


def _shows_its_time(at: int, occurred: int, recorded: int, calendar: Calendar) -> bool:
    """Whether a clock time can be believed: local 00:00:00 means that it is missing, and a clock that is
    off tells nothing (rules.md A05)."""
    return occurred - recorded <= CLOCK_AHEAD and not calendar.is_midnight(at)


def _settlement_defects(event: wire.Settlement, *, is_reversed: bool) -> str:
    """Names of the contradictions inside a settlement, joined by blanks."""
    found = []
    amounts = event.amounts
    if amounts.account is not None and amounts.cash is not None:
        # A relative's account may stand inside the personal account's sum or beside it (interface.md §0 (8)).
        surplus = amounts.fund + amounts.account + amounts.cash - amounts.total
        if min(abs(surplus), abs(surplus + (amounts.family or 0))) > _TOLERANCE:
            found.append("amounts_do_not_add_up")
    found += line_defects(event.lines)
    if is_reversed:
        found.append("end_before_begin")
    return " ".join(found)


CARD_LENGTH = 16
"""Characters of a card's pseudonym that tell cards apart (base 32: 80 bits)."""


EMPTY = Decimal(1)
"""Yuan: an account that holds less is empty (rules.md B03)."""
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
    flags, card, number, practitioner = _who(event, flags, diagnoses)
    detail = Detail(
        recorded,
        occurred,
        number=number,
        practitioner=practitioner,
        region=event.region or "",
        diagnoses=diagnoses,
        main_diagnosis=main_diagnosis,
        packed_more=More(event.department or "", event.insured_region or "", bed=event.bed or "")
        if event.department or event.insured_region or event.bed
        else None,
    )
    return _bare(Kind.ADMISSION, event, event.encounter_id, flags, detail, event.med_type, card)


def _discharge(event: wire.Discharge, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    diagnoses, main_diagnosis = _diagnoses(event.diagnoses)
    flags, _card, _number, practitioner = _who(event, flags & ~CARDED, diagnoses)
    detail = Detail(
        recorded,
        occurred,
        practitioner=practitioner,
        discharge_way=event.discharge_way or 0,
        transfer_to=event.transfer_to or "",
        diagnoses=diagnoses,
        main_diagnosis=main_diagnosis,
        packed_more=None if event.planned_return is None else More(planned_return=event.planned_return),
    )
    return _bare(Kind.DISCHARGE, event, event.encounter_id, flags, detail)


def _fee_lines(event: wire.FeeLines, calendar: Calendar, occurred: int, recorded: int, flags: int) -> Fact:
    lines = read_lines(event.lines, calendar)
    detail = Detail(
        recorded,
        occurred,
        defects=" ".join(line_defects(event.lines)),
        practitioner=event.practitioner_id or "",
        lines=lines,
        packed_more=More(event.department) if event.department else None,
    )
    flags |= contents_of(lines, occurred) | (ATTENDED if event.practitioner_id else 0)
    return _bare(Kind.FEE_LINES, event, event.event_id, flags, detail)


def _watched(
    event: wire.Inspection | wire.IdentityCheck, calendar: Calendar, occurred: int, recorded: int, flags: int
) -> Fact:
    if isinstance(event, wire.Inspection):
        kind, more = Kind.INSPECTION, More(method=event.kind, result=event.result)
    else:
        kind, more = Kind.IDENTITY_CHECK, More(method=event.method, result=event.result)
    return _bare(kind, event, event.event_id, flags, Detail(recorded, occurred, packed_more=more))


def _cancellation(
    event: wire.Cancellation, calendar: Calendar, occurred: int, recorded: int, flags: int
) -> Fact | None:
    cancels = event.cancels
    if cancels.type == "stock":
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


def _bare(
    kind: int,
    event: wire.AnyEvent,
    id: str,
    flags: int,
    detail: Detail,
    med_type: str = "",
    card: str = "",
) -> Fact:
    """A fact whose time is that of the event."""
    return make_fact(
        kind, event.institution_id, id, event.encounter_id, event.event_id, detail.occurred, flags, detail,
        med_type=med_type, device=event.device_id or event.operator_id or "", card=card,
    )  # fmt: skip


def _person(entry: Entry) -> Fact:
    """A registry record: `id` names what it speaks of, `event` the load as well."""
    loaded = decode_person_record(entry.body)
    record = loaded.record
    about = record.disease_code if isinstance(record, Approval) else ""
    name = f"{loaded.table}/{about}/{record.place.effective_from}"
    detail = Detail(loaded.loaded, 0)
    if isinstance(record, Person):
        detail.person = record
    elif isinstance(record, Approval):
        detail.approval = record
    else:
        detail.status = record
    return make_fact(Kind.PERSON, "", name, "", f"{name}@{loaded.loaded}", 0, HISTORICAL, detail)


def _diagnoses(diagnoses: list[wire.Diagnosis]) -> tuple[str, str]:
    """(all codes, the main one)."""
    if not diagnoses:
        return "", ""
    if len(diagnoses) == 1:
        only = diagnoses[0]
        return only.code, only.code if only.main else ""
    main = next((item.code for item in diagnoses if item.main), "")
    return " ".join(sorted({item.code for item in diagnoses})), main


_MAKERS = {
    wire.Settlement: _settlement,
    wire.Admission: _admission,
    wire.Discharge: _discharge,
    wire.FeeLines: _fee_lines,
    wire.IdentityCheck: _watched,
    wire.Inspection: _watched,
    wire.Cancellation: _cancellation,
}
