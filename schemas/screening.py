"""A settlement as the judge sees it once its person is known: what rules over institutions and months read.

A screening stands for one settlement, or for an admission that nothing was settled of yet
(`settlement_id` ""). It travels on the topic `alerts` among the alert messages of its key and says all
that rules over institutions, peers and months may ask; beside the person's pseudonym it names nobody.
"""

from hashlib import blake2b
from typing import Literal

import msgspec
from msgspec import Struct

Care = Literal["inpatient", "visit", "pharmacy", "other"]

FLAGS = (
    "historical", "backfilled", "mid_stay", "emergency", "negative", "newborn", "offset", "defective",
    "present", "emptied", "on_leave", "under_alert",
)  # fmt: skip
"""What `ScreeningMessage.flags` may name. historical: came by import. backfilled: written more than a day
after the visit. newborn: by med_type, or born at most 28 days before. offset: a negative mirror takes it
back, or it is that mirror. defective: it contradicts itself. present: it shows the person at a counter at a
clock time. emptied: the personal account paid and holds less than one yuan afterwards. on_leave: a
round of its encounter noted a leave. under_alert: it was taken back, and an alert over its person named it by
all that had been recorded until then."""

ITEMS_AT_MOST = 2_000
"""Lines kept one by one; of longer encounters the sums by code, practitioner left out."""


class Item(Struct, array_like=True, gc=False, frozen=True):
    """A billed item. quantity: decimal text. amount, covered: fen (covered None: not said). unit_price:
    decimal yuan. day: local day as proleptic ordinal, 0 unknown. doses: of herbal prescriptions. minute:
    local minute of the day, None where the time of day is missing. split_pack: sold by the piece. name_mark:
    a sign for each character of its name, by which names are compared."""

    code: str
    category: str
    quantity: str
    amount: int
    covered: int | None
    unit_price: str | None = None
    practitioner: str = ""
    day: int = 0
    doses: int | None = None
    minute: int | None = None
    split_pack: bool = False
    name_mark: str = ""


class ScreeningMessage(Struct, tag="screening", kw_only=True, omit_defaults=True):
    """One settlement, or one admission without any.

    key: pseudonym of the person. revision: grows with what is known of the key. withdrawn: cancelled, of an
    admission also that something was settled of it; the rest says what stood last. versions: events
    known of this settlement, so that screenings add up to what the door accepted.

    month ("YYYY-MM") and day (ordinal) are local, of the visit time; discharge_day of a stay that ended;
    occurred_day of `occurred_at`, by which the door counts. begun, ended: moments, ended 0 while open or
    unknown; at_is_date: begun or ended is a bare date. minute: local minute of the day, None where
    the time of day is missing. recorded: when the institution's system wrote it. nights: of a stay that
    ended.

    total, fund, account, family: fen. by_category: charge type → [amount, covered], fen, of `items`. Lines
    of an encounter stand on its last settlement, so that none counts twice.

    sex: 1 male, 2 female, 0 unknown. age: whole years at the visit. household: a digest that members of one
    household share. procedures, diagnoses: codes.
    alerts: ids of the standing findings that name this settlement's encounter. rules_hash: of the rules and
    parameters it was screened under.
    """

    key: str
    revision: int
    institution_id: str
    settlement_id: str
    encounter_id: str
    care: Care
    med_type: str
    month: str
    day: int
    begun: int
    recorded: int
    rules_hash: str
    withdrawn: bool = False
    versions: int = 1
    occurred_day: int = 0
    discharge_day: int | None = None
    ended: int = 0
    at_is_date: bool = False
    minute: int | None = None
    nights: int | None = None
    region: str = ""
    insured_region: str = ""
    insurance_type: str = ""
    total: int = 0
    fund: int = 0
    account: int = 0
    family: int = 0
    by_category: dict[str, tuple[int, int]] = {}
    items: list[Item] = []
    sex: int = 0
    age: int | None = None
    community_id: str = ""
    household: str = ""
    assistance: bool = False
    practitioner: str = ""
    department: str = ""
    device: str = ""
    card_kind: str = ""
    channel: str = ""
    emergency: int = 0
    main_diagnosis: str = ""
    diagnoses: list[str] = []
    procedures: list[str] = []
    disease_code: str = ""
    prescription_id: str = ""
    drg: str = ""
    bed: str = ""
    discharge_way: int = 0
    flags: list[str] = []
    alerts: list[str] = []

    @property
    def name(self) -> str:
        """What tells screenings of one institution and person apart."""
        return f"S{self.settlement_id}" if self.settlement_id else f"A{self.encounter_id}"


_encode = msgspec.msgpack.Encoder().encode


def digest(message: ScreeningMessage) -> bytes:
    """Eight bytes over all that a screening says but its revision: what is equal need not be said again."""
    revision, message.revision = message.revision, 0
    try:
        return blake2b(_encode(message), digest_size=8).digest()
    finally:
        message.revision = revision


COLUMNS = {
    "institution_id": "text", "name": "text", "person": "text", "revision": "bigint", "withdrawn": "boolean",
    "versions": "integer", "settlement_id": "text", "encounter_id": "text", "care": "text",
    "med_type": "text", "month": "text", "day": "integer", "occurred_day": "integer",
    "discharge_day": "integer", "begun": "bigint", "ended": "bigint", "at_is_date": "boolean",
    "minute": "smallint", "recorded": "bigint", "nights": "integer", "region": "text",
    "insured_region": "text", "insurance_type": "text", "total": "bigint", "fund": "bigint",
    "account": "bigint", "family": "bigint", "by_category": "text", "items": "text", "sex": "smallint",
    "age": "integer", "community_id": "text", "household": "text", "assistance": "boolean",
    "practitioner": "text", "department": "text", "device": "text", "card_kind": "text", "channel": "text",
    "emergency": "smallint", "main_diagnosis": "text", "diagnoses": "text", "procedures": "text",
    "disease_code": "text", "prescription_id": "text", "drg": "text", "bed": "text",
    "discharge_way": "smallint", "flags": "text", "alerts": "text", "rules_hash": "text",
}  # fmt: skip
"""A screening as a row: name and SQL type of each column, in order. `name` is `ScreeningMessage.name`,
`person` the key; `by_category` and `items` are JSON; diagnoses, procedures, flags and alerts are joined by
blanks."""

_json = msgspec.json.Encoder().encode


def row_of(message: ScreeningMessage) -> tuple:
    """The values of `COLUMNS`."""
    return (
        message.institution_id, message.name, message.key, message.revision, message.withdrawn,
        message.versions, message.settlement_id, message.encounter_id, message.care, message.med_type,
        message.month, message.day, message.occurred_day, message.discharge_day, message.begun,
        message.ended, message.at_is_date, message.minute, message.recorded, message.nights, message.region,
        message.insured_region, message.insurance_type, message.total, message.fund, message.account,
        message.family, _json(message.by_category).decode() if message.by_category else "{}",
        _json(message.items).decode() if message.items else "[]", message.sex, message.age,
        message.community_id, message.household, message.assistance, message.practitioner,
        message.department, message.device, message.card_kind, message.channel, message.emergency,
        message.main_diagnosis, " ".join(message.diagnoses), " ".join(message.procedures),
        message.disease_code, message.prescription_id, message.drg, message.bed, message.discharge_way,
        " ".join(message.flags), " ".join(message.alerts), message.rules_hash,
    )  # fmt: skip
