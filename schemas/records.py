"""Rows of the registry: what is known of institutions, persons, practitioners, and of what the fund pays for.

One struct a file (contract, section 7; docs/registry.md shows each with an example). Days are YYYY-MM-DD,
local; a row with `effective_from` holds from that day until the next one of the same id, a row with `from`
and `to` on both of these days and between them; either may be missing. Ages are full years. An absent
cell says nothing: a rule that needs it is silent.
"""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal, NamedTuple

from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Level = Annotated[int, Meta(ge=0, le=3)]
"""Level of an institution; 0 = none (clinic, village post, pharmacy)."""
Age = Annotated[int, Meta(ge=0, le=150)]
Count = Annotated[int, Meta(ge=0)]
Title = Annotated[int, Meta(ge=1, le=4)]
"""1 住院医师 resident, 2 主治 attending, 3 副主任 associate chief, 4 主任 chief."""
InstitutionKind = Literal["hospital", "township", "community", "clinic", "village", "pharmacy"]
Setting = Literal["inpatient", "emergency", "outpatient", "pharmacy", "internet"]


class Place(NamedTuple):
    """What tells rows of one table apart: a later row of the same place takes the place of the earlier.

    effective_from: the day from which it holds, "" = since ever.
    """

    id: str
    effective_from: str


class Record(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A row of a registry file.

    `TABLE` is the file's name without its ending, `KEY` the fields that say what a row is about, `BEGINS` the
    field with the day from which it holds, "" where every row holds for ever.
    """

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    BEGINS: ClassVar[str] = "effective_from"

    @property
    def place(self) -> Place:
        """Where it stands in its table. A key of one field is told as it is, what is absent of more is ""."""
        parts = [getattr(self, name) for name in self.KEY]
        if len(parts) == 1:
            return Place(parts[0], self.begins)
        return Place(joined(*("" if part is None else str(part) for part in parts)), self.begins)

    @property
    def begins(self) -> str:
        """The day from which it holds, "" = since ever."""
        return (getattr(self, self.BEGINS) or "") if self.BEGINS else ""


class Institution(Record):
    """A designated institution. `group_id`: 医共体; `chain_id`: pharmacy chain; latitude and longitude
    in degrees (WGS 84); `open_24h`: has a night counter; `internet`: an internet hospital."""

    TABLE: ClassVar[str] = "institutions"
    KEY: ClassVar[tuple[str, ...]] = ("institution_id",)
    institution_id: Name
    name: str = ""
    kind: InstitutionKind | None = None
    level: Level | None = None
    region: str | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    beds: Count | None = None
    group_id: str | None = None
    chain_id: str | None = None
    open_24h: bool | None = None
    internet: bool | None = None
    effective_from: str | None = None


class Person(Record):
    """An insured person. `person_id` is a pseudonym once past the door. `death_date` is a date, or YYYY-MM
    when only the month is known. `assistance`: 低保 or 精准扶贫. `community_id`: village, employer or
    nursing home, whose people rightly travel together."""

    TABLE: ClassVar[str] = "persons"
    KEY: ClassVar[tuple[str, ...]] = ("person_id",)
    person_id: Name
    sex: Literal["1", "2"] | None = None
    birth_date: str | None = None
    death_date: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}(-\d{2})?$")] | None = None
    insured_from: str | None = None
    insured_to: str | None = None
    household_id: str | None = None
    effective_from: str | None = None
    assistance: bool | None = None
    community_id: str | None = None


class Practitioner(Record, rename={"from_": "from"}):
    """One registration of a practitioner at an institution. `person_id`: the practitioner's own number as
    an insured person, a pseudonym once past the door."""

    TABLE: ClassVar[str] = "practitioners"
    KEY: ClassVar[tuple[str, ...]] = ("practitioner_id", "institution_id")
    BEGINS: ClassVar[str] = "from_"
    practitioner_id: Name
    institution_id: Name
    from_: str | None = None
    to: str | None = None
    person_id: Name | None = None
    title: Title | None = None


class Status(Record, rename={"from_": "from"}):
    """Standing of an institution, practitioner or person over an interval."""

    TABLE: ClassVar[str] = "status"
    KEY: ClassVar[tuple[str, ...]] = ("kind", "id")
    BEGINS: ClassVar[str] = "from_"
    kind: Literal["institution", "practitioner", "person"]
    id: Name
    status: Literal["normal", "suspended", "terminated"]
    from_: str | None = None
    to: str | None = None
    reason: str = ""


class Limit(Record):
    """What a code is limited to. Empty `settings` and `insurance_types`: not limited by them.

    day_max, encounter_max: quantity in the code's unit on one local day and in one encounter; lifetime_max:
    times in a life; course_days: days that are paid for. nature: whether a maximum follows from anatomy (it
    cannot be exceeded) or from practice. alone_not_paid: not paid for when it stands alone (单方不予支付).
    hourly: its unit is the hour. minutes: standard minutes of a one-to-one service.
    """

    TABLE: ClassVar[str] = "limits"
    KEY: ClassVar[tuple[str, ...]] = ("code",)
    code: Name
    sex: Literal["1", "2"] | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    min_level: Level | None = None
    settings: tuple[Setting, ...] = ()
    day_max: Decimal | None = None
    encounter_max: Decimal | None = None
    lifetime_max: Count | None = None
    course_days: Count | None = None
    nature: Literal["anatomical", "clinical"] | None = None
    min_title: Title | None = None
    insurance_types: tuple[Name, ...] = ()
    alone_not_paid: bool = False
    hourly: bool = False
    minutes: Count | None = None
    effective_from: str | None = None


class Price(Record):
    """What a code may cost at institutions of a level (None: at all). `max_price`: decimal yuan a unit;
    `markup_percent`: on the purchase price; `second_operation_percent`: what of its price a second operation
    of one session may cost."""

    TABLE: ClassVar[str] = "prices"
    KEY: ClassVar[tuple[str, ...]] = ("code", "level")
    code: Name
    level: Level | None = None
    max_price: Decimal | None = None
    markup_percent: Decimal | None = None
    second_operation_percent: Decimal | None = None
    effective_from: str | None = None


class ExclusivePair(Record):
    """Two codes that are not paid for together on one day, or in one encounter; `other_code` is the one that
    is not payable then."""

    TABLE: ClassVar[str] = "exclusive_pairs"
    KEY: ClassVar[tuple[str, ...]] = ("code", "other_code")
    code: Name
    other_code: Name
    scope: Literal["day", "encounter"]
    effective_from: str | None = None


class Bundle(Record):
    """What a code contains (its component may not be billed beside it) or requires (at least one of the
    required components must be there)."""

    TABLE: ClassVar[str] = "bundles"
    KEY: ClassVar[tuple[str, ...]] = ("code", "component_code", "relation")
    code: Name
    component_code: Name
    relation: Literal["contains", "requires"]
    effective_from: str | None = None


class Indication(Record):
    """The diagnoses that a restricted drug is paid for, as beginnings of ICD-10 codes."""

    TABLE: ClassVar[str] = "indications"
    KEY: ClassVar[tuple[str, ...]] = ("code",)
    code: Name
    icd_prefixes: Annotated[tuple[Name, ...], Meta(min_length=1)]
    effective_from: str | None = None


class Pack(Record):
    """A medicine: `ingredient` is one name for all its brands and strengths; units_per_pack and daily_units
    (the usual daily dose) in the same unit; `antibiotic_grade`: 0 none, 1 非限制, 2 限制, 3 特殊使用级."""

    TABLE: ClassVar[str] = "packs"
    KEY: ClassVar[tuple[str, ...]] = ("code",)
    code: Name
    ingredient: str = ""
    atc: str = ""
    units_per_pack: Decimal | None = None
    daily_units: Decimal | None = None
    high_value: bool = False
    resale_prone: bool = False
    antibiotic_grade: Annotated[int, Meta(ge=0, le=3)] = 0
    injection: bool = False
    effective_from: str | None = None


class Approval(Record, rename={"from_": "from"}):
    """A person's entitlement to a special or chronic disease's benefits (门诊慢特病). `person_id` is a
    pseudonym once past the door."""

    TABLE: ClassVar[str] = "approvals"
    KEY: ClassVar[tuple[str, ...]] = ("person_id", "disease_code")
    BEGINS: ClassVar[str] = "from_"
    person_id: Name
    disease_code: Name
    from_: str | None = None
    to: str | None = None


class Scope(Record, rename={"from_": "from"}):
    """What an institution may settle: `service` is a disease_code or a med_type."""

    TABLE: ClassVar[str] = "scopes"
    KEY: ClassVar[tuple[str, ...]] = ("institution_id", "service")
    BEGINS: ClassVar[str] = "from_"
    institution_id: Name
    service: Name
    from_: str | None = None
    to: str | None = None


class Holiday(Record):
    """A public holiday, or (`workday`) a weekend day that is worked for one."""

    TABLE: ClassVar[str] = "holidays"
    KEY: ClassVar[tuple[str, ...]] = ("day",)
    BEGINS: ClassVar[str] = ""
    day: str
    name: str = ""
    kind: Literal["holiday", "workday"] = "holiday"


class FaceCheck(Record, rename={"from_": "from"}):
    """Where a face check is required, and when."""

    TABLE: ClassVar[str] = "face_check"
    KEY: ClassVar[tuple[str, ...]] = ("institution_id",)
    BEGINS: ClassVar[str] = "from_"
    institution_id: Name
    from_: str | None = None
    to: str | None = None


class Held(Record):
    """The word that a table of which only persons hold rows was loaded at all: only then does it mean
    something that a person has none."""

    TABLE: ClassVar[str] = "held"
    KEY: ClassVar[tuple[str, ...]] = ("table",)
    BEGINS: ClassVar[str] = ""
    table: Name


class Baseline(Record):
    """What is usual at the terminals of one institution, as the judge of months measured it on a day with a
    crowd, and until the next such day. Made by the system itself; no file brings it.

    usual: by local hour (24 of them) how many different persons one terminal sees in some minutes (B01's
    parameters say how many minutes, and which quantile of the four weeks before counts). same_day: what the
    fullest minutes of that hour saw on the same day of both months before, the less of the two; empty where
    the institution was not there to be seen. chain_shops: how many other shops of its chain had far
    more customers than usual on the day; None without a chain. together: when the last of a crowd swiped,
    of those crowds of the day of which many (B01 says what share) stood together there on an earlier day of
    the four weeks: microseconds since 1970, in order.
    """

    TABLE: ClassVar[str] = "baselines"
    KEY: ClassVar[tuple[str, ...]] = ("institution_id",)
    institution_id: Name
    effective_from: str
    usual: tuple[Count, ...] = ()
    same_day: tuple[Count, ...] = ()
    chain_shops: Count | None = None
    together: tuple[int, ...] = ()


def joined(*parts: str) -> str:
    """One id of several; blanks inside a part are marked, so that no two lists of parts make the same."""
    return " ".join(part.replace("\\", "\\\\").replace(" ", "\\ ") for part in parts)
