"""The settlement event as institutions post it, field by field (contract, section 2).

One struct a `type`. Times stay texts here: an instant is RFC 3339 with an offset, a bare date means
day precision; `schemas.moments` reads both. Money is decimal yuan. Unknown fields are refused by name.
"""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Identifier = Annotated[str, Meta(min_length=1, max_length=64)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=200)]
RegionCode = Annotated[str, Meta(min_length=6, max_length=6)]
MedicalType = Annotated[str, Meta(min_length=1, max_length=6)]
Time = Annotated[str, Meta(min_length=10, max_length=40)]

EventType = Literal[
    "admission",
    "discharge",
    "fee_lines",
    "settlement",
    "cancellation",
    "identity_check",
    "inspection",
    "stock",
]
LINES_AT_MOST = 5_000
"""Lines in one event; the longest stays seen in public settlement lists stay well below."""


class Part(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A part of an event."""


class Card(Part):
    """What the person showed. `number` is replaced by its pseudonym at the door."""

    kind: Literal["e_voucher", "id_card", "social_card", "face"]
    number: Identifier


class Diagnosis(Part):
    """ICD code of a diagnosis; `main` marks the principal one."""

    code: Code
    main: bool = False


class Amounts(Part):
    """Decimal yuan. `fund` is what the pooled fund pays, `account` the personal account, `family` a
    relative's account (家庭共济), `cash` the person. The hospital's own share is not among them. `balance`
    is what the personal account holds afterwards (balc)."""

    total: Decimal
    fund: Decimal
    account: Decimal | None = None
    cash: Decimal | None = None
    family: Decimal | None = None
    balance: Decimal | None = None


class Line(Part):
    """One billed item. `covered_amount` is the part within policy (inscp_amt)."""

    line_id: Identifier
    code: Code
    quantity: Decimal
    amount: Decimal
    occurred_at: Time | None = None
    name: Text | None = None
    category: Annotated[str, Meta(pattern=r"^(0[1-9]|1[0-4])$")] | None = None
    unit: Text | None = None
    unit_price: Decimal | None = None
    covered_amount: Decimal | None = None
    days_supply: Annotated[int, Meta(ge=0, le=3_660)] | None = None
    doses: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    practitioner_id: Identifier | None = None
    department: Text | None = None
    trace_codes: Annotated[list[Code], Meta(max_length=1_000)] = []
    split_pack: bool | None = None
    discharge_drug: bool | None = None
    external_prescription: bool | None = None
    approved: bool | None = None
    refunds_line_id: Identifier | None = None


class Procedure(Part):
    """An operation or procedure performed."""

    code: Code
    name: Text | None = None
    occurred_at: Time | None = None
    practitioner_id: Identifier | None = None


class Cancels(Part):
    """What a cancellation removes: the business id of `type`, one line of it, or one event's version."""

    type: EventType
    id: Identifier
    line_id: Identifier | None = None
    event_id: Identifier | None = None


class Event(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, tag_field="type"):
    """What every event carries."""

    event_id: Identifier
    institution_id: Identifier
    occurred_at: Time
    recorded_at: Time | None = None
    region: RegionCode | None = None
    device_id: Identifier | None = None
    operator_id: Identifier | None = None


class PersonEvent(Event, kw_only=True):
    """What every event of a person carries."""

    person_id: Identifier
    insured_region: RegionCode | None = None
    card: Card | None = None
    practitioner_id: Identifier | None = None
    department: Text | None = None


class Admission(PersonEvent, tag="admission", kw_only=True):
    """入院登记 (2401)."""

    encounter_id: Identifier
    med_type: MedicalType
    diagnoses: Annotated[list[Diagnosis], Meta(max_length=100)] = []
    bed: Text | None = None


class Discharge(PersonEvent, tag="discharge", kw_only=True):
    """出院办理 (2402). `discharge_way`: 1 by order, 2 to another hospital, 3 to community or township,
    4 against advice, 5 death, 9 other (6–8 are regional). `planned_return`: the settlement list says that the
    patient is to come back within 31 days (days_rinp_flag_31)."""

    encounter_id: Identifier
    discharge_way: Annotated[int, Meta(ge=1, le=9)] | None = None
    transfer_to: Identifier | None = None
    planned_return: bool | None = None
    diagnoses: Annotated[list[Diagnosis], Meta(max_length=100)] = []


class FeeLines(PersonEvent, tag="fee_lines", kw_only=True):
    """费用明细上传 (2204 out-patient, 2301 in-patient)."""

    encounter_id: Identifier
    lines: Annotated[list[Line], Meta(min_length=1, max_length=LINES_AT_MOST)]


class Settlement(PersonEvent, tag="settlement", kw_only=True):
    """结算 (2207 out-patient, 2304 in-patient, 2102 pharmacy).

    `emergency` (er_flag): 0 no, 1 emergency, 2 pre-operative out-patient check, 3 planned operation.
    `online` false = manual reimbursement.
    """

    settlement_id: Identifier
    encounter_id: Identifier
    med_type: MedicalType
    amounts: Amounts
    begin_at: Time | None = None
    end_at: Time | None = None
    diagnoses: Annotated[list[Diagnosis], Meta(max_length=100)] = []
    lines: Annotated[list[Line], Meta(max_length=LINES_AT_MOST)] = []
    procedures: Annotated[list[Procedure], Meta(max_length=200)] = []
    emergency: Annotated[int, Meta(ge=0, le=3)] | None = None
    mid_stay: bool | None = None
    insurance_type: MedicalType | None = None
    channel: Literal["counter", "internet", "delivery", "agent"] | None = None
    online: bool | None = None
    external_institution: Identifier | None = None
    prescription_id: Identifier | None = None
    invoice_no: Identifier | None = None
    disease_code: Code | None = None
    drg_code: Code | None = None


class Cancellation(Event, tag="cancellation", kw_only=True):
    """撤销、冲正 (2103, 2208, 2305, 2404, 2405, 2601). `person_id` is required unless stock is cancelled."""

    cancels: Cancels
    person_id: Identifier | None = None
    insured_region: RegionCode | None = None
    card: Card | None = None
    practitioner_id: Identifier | None = None
    department: Text | None = None


class IdentityCheck(PersonEvent, tag="identity_check", kw_only=True):
    """实人核验."""

    encounter_id: Identifier
    method: Text
    result: Literal["match", "mismatch", "skipped"]


class Inspection(PersonEvent, tag="inspection", kw_only=True):
    """查房、夜查."""

    encounter_id: Identifier
    kind: Literal["day", "night", "remote"]
    result: Literal["present", "absent", "on_leave"]


class Stock(Event, tag="stock", kw_only=True):
    """进销存 (3501–3506)."""

    product_code: Code
    movement: Literal["count", "adjust", "purchase", "purchase_return", "sale", "sale_return"]
    quantity: Decimal
    trace_codes: Annotated[list[Code], Meta(max_length=1_000)] = []
    document_id: Identifier | None = None


AnyEvent = Admission | Discharge | FeeLines | Settlement | Cancellation | IdentityCheck | Inspection | Stock

decode_event = msgspec.json.Decoder(AnyEvent).decode
encode_event = msgspec.json.Encoder(decimal_format="string").encode
