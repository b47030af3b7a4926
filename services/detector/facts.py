"""Facts: what the judge keeps of an event, and nothing more.

A fact is one event as the judge needs it: its place in time, who and where, its money in fen (exact
integers). A history is a set of facts named by (institution, event_id); everything else is a view.
"""

from decimal import Decimal

import msgspec
from msgspec import Struct

from schemas.moments import HOUR, MINUTE, SECOND
from schemas.records import Approval, Person, Status

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
LINED = 1 << 10
"""It carries billed lines."""
DRUGGED = 1 << 11
"""… of drugs (charge types 09, 10, 11)."""
OPERATED = 1 << 12
"""It names procedures."""
ATTENDED = 1 << 13
"""It, or a line of it, names a practitioner."""
TRACED = 1 << 14
"""Its lines carry trace codes."""
INVOICED = 1 << 15
"""It names an invoice."""
DIAGNOSED = 1 << 16
"""It names diagnoses."""
CARDED = 1 << 17
"""It names the card that was shown."""
DISEASED = 1 << 18
"""It names the special or chronic disease it is settled under (disease_code)."""
FOREIGN = 1 << 19
"""It was told of another person. It competes with this person's versions of the same thing, and is never
judged here (services.detector.elsewhere)."""
EMPTIED = 1 << 20
"""It was paid from the personal account and left less than one yuan in it (rules.md B03)."""
PROMPT = 1 << 21
"""None of its lines is of a later moment than itself; facts of older programs do not say it."""
CONTENTS = LINED | DRUGGED | OPERATED | ATTENDED | TRACED | INVOICED | DIAGNOSED | CARDED | DISEASED
"""Flags that say what a fact carries: a rule that needs one of them is not asked about other facts."""
CLOCK_AHEAD = 10 * MINUTE
"""An event written this long before it happened shows a clock that is off."""


DRUG_CATEGORIES = ("09", "10", "11")
"""Charge types of western, herbal and proprietary Chinese medicines (interface.md §2)."""


class LineRest(Struct, array_like=True, gc=False):
    """What few lines say; None where the event does not."""

    doses: int | None = None
    department: str = ""
    trace_codes: list[str] = []
    split_pack: bool | None = None
    discharge_drug: bool | None = None
    external_prescription: bool | None = None
    approved: bool | None = None
    companion: bool = False


NO_REST = LineRest()


class LineMore(Struct, array_like=True, gc=False):
    """What many lines say. unit_price: decimal yuan. days_supply: days. name_mark: see `naming`."""

    unit: str = ""
    unit_price: Decimal | None = None
    days_supply: int | None = None
    practitioner: str = ""
    packed_rest: LineRest | None = None
    name_mark: str = ""

    @property
    def rest(self) -> LineRest:
        """What few lines say."""
        return self.packed_rest or NO_REST

    @property
    def doses(self) -> int | None:
        """Doses of a herbal prescription."""
        return self.rest.doses

    @property
    def department(self) -> str:
        """Department that ordered it."""
        return self.rest.department

    @property
    def trace_codes(self) -> list[str]:
        """Drug trace codes (追溯码) of the packs."""
        return self.rest.trace_codes

    @property
    def split_pack(self) -> bool | None:
        """Whether packs were opened (拆零)."""
        return self.rest.split_pack

    @property
    def discharge_drug(self) -> bool | None:
        """Whether it is a drug to take home (出院带药)."""
        return self.rest.discharge_drug

    @property
    def external_prescription(self) -> bool | None:
        """Whether the prescription came from elsewhere (外配)."""
        return self.rest.external_prescription

    @property
    def approved(self) -> bool | None:
        """Whether the hospital approved its use (hosp_appr_flag)."""
        return self.rest.approved

    @property
    def companion(self) -> bool:
        """Whether it is, by its name, for who stays with the patient (陪护)."""
        return self.rest.companion


NO_MORE = LineMore()


class Line(Struct, array_like=True, gc=False):
    """A billed item: `amount` and `covered` in fen; `second` since 1970, 0 without a time; `refunds` the line
    it takes back."""

    id: str
    code: str
    quantity: Decimal
    amount: int
    covered: int | None
    second: int
    category: str
    refunds: str | None
    packed_more: LineMore | None = None

    @property
    def at(self) -> int:
        """The moment it was rendered, to the second; 0 when the event does not say."""
        return self.second * SECOND

    @property
    def more(self) -> LineMore:
        """What only some lines say."""
        return self.packed_more or NO_MORE

    @property
    def is_drug(self) -> bool:
        """Whether its charge type is one of medicines."""
        return self.category in DRUG_CATEGORIES


class Procedure(Struct, array_like=True, gc=False):
    """An operation: code (ICD-9-CM-3), moment or 0, practitioner or ""."""

    code: str
    at: int
    practitioner: str


class More(Struct, array_like=True, gc=False):
    """What only some facts say: of settlements, admissions, discharges, checks and inspections."""

    department: str = ""
    insured_region: str = ""
    insurance_type: str = ""
    invoice: str = ""
    drg: str = ""
    bed: str = ""
    method: str = ""
    result: str = ""
    procedures: list[Procedure] = []
    planned_return: bool | None = None


NOTHING_MORE = More()


class Detail(Struct, array_like=True, gc=False):
    """What rules ask of a fact only once its place and money made it interesting.

    recorded, occurred: moments. account, family: fen. number: the beginning
    of the pseudonym of the card shown, 80 bits.
    diagnoses: codes, sorted, joined by blanks. lines_digest: one number for the set of billed lines, 0
    without. defects: names, joined by blanks. method: of a check how, of an inspection day, night, remote.
    owner: of a foreign fact, whose it is.
    """

    recorded: int
    occurred: int
    account: int = 0
    family: int = 0
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
    number: str = ""
    practitioner: str = ""
    lines: list[Line] | None = None
    person: Person | None = None
    approval: Approval | None = None
    status: Status | None = None
    packed_more: More | None = None
    owner: str = ""

    @property
    def more(self) -> More:
        """What only some facts say."""
        return self.packed_more or NOTHING_MORE


_encode_detail = msgspec.msgpack.Encoder(decimal_format="string").encode
_decode_detail = msgspec.msgpack.Decoder(Detail).decode
UNPACKED_AT_MOST = 4_000
"""Details kept unpacked: every rule asks for those of the same few facts. To let go of very many at once
would hold up whoever waits."""
_unpacked: "dict[int, tuple[Fact, Detail]]" = {}


class Fact(Struct, array_like=True, gc=False):
    """One event's fact: what places it, and the rest packed until a rule asks.

    id: settlement_id; encounter_id of admission and discharge; of a cancellation the id that it cancels;
    else event_id. at: visit time (begin_at, else occurred_at). end: end_at, 0 without. Moments are
    microseconds; total and fund are fen. med_type: national 医疗类别. device: device_id, else operator_id.
    card: kind of the card shown.
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
    med_type: str
    device: str
    card: str
    packed: msgspec.Raw

    @property
    def detail(self) -> Detail:
        """Everything else, unpacked; of the facts asked lately it is kept."""
        name = id(self)
        known = _unpacked.get(name)
        if known is not None and known[0] is self:
            return known[1]
        detail = _decode_detail(self.packed)
        _keep(self, detail)
        return detail

    @property
    def recorded(self) -> int:
        """When the institution's system wrote it."""
        return self.detail.recorded

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
    med_type: str = "",
    device: str = "",
    card: str = "",
) -> Fact:
    """A fact with its detail packed."""
    if detail.defects or detail.occurred - detail.recorded > CLOCK_AHEAD:
        flags |= DEFECTIVE
    packed = msgspec.Raw(_encode_detail(detail))
    fact = Fact(
        kind, institution, id, encounter, event, at, flags, end, total, fund, med_type, device, card, packed
    )
    # What has just come is asked about at once.
    _keep(fact, detail)
    return fact


def _keep(fact: Fact, detail: Detail) -> None:
    if len(_unpacked) >= UNPACKED_AT_MOST:
        _unpacked.clear()
    _unpacked[id(fact)] = (fact, detail)


def forget_details() -> None:
    """Let go of all details that are kept unpacked."""
    _unpacked.clear()


def told_of(owner: str, fact: Fact) -> Fact:
    """A fact of another person, as the histories of those hear of it whose things it names too."""
    packed = msgspec.Raw(_encode_detail(msgspec.structs.replace(fact.detail, owner=owner)))
    return msgspec.structs.replace(fact, flags=fact.flags | FOREIGN, packed=packed)


def fen(yuan: Decimal | None) -> int:
    """Decimal yuan as integer fen; what is absent is 0."""
    return int(yuan * 100) if yuan else 0


def is_off(amount: int, quantity: Decimal, unit_price: Decimal | None) -> bool:
    """Whether an amount (fen) is not quantity times price (decimal yuan): by more than 0.05 yuan and 0.5 %
    (rules.md D08). Signs do not matter: refunds are written with either."""
    if unit_price is None:
        return False
    product = abs(quantity * unit_price * 100)
    return abs(abs(amount) - product) > max(Decimal(5), product / 200)


def yuan(amount: int) -> str:
    """Integer fen as decimal yuan, two decimals."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"
