"""The JSON that outsiders read and send, as OpenAPI shows it. Only fields named here leave the house."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from schemas.rules import region_prefix

RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+ -]\d\d:\d\d)")


def _instant(text: Any) -> datetime:
    """An RFC 3339 time; a blank where `+` stood is forgiven, for that is what URLs make of it."""
    if not isinstance(text, str) or not RFC3339.fullmatch(text):
        raise ValueError("a time with offset, such as 2026-05-01T08:00:00+08:00")
    if text[-6] == " ":
        text = f"{text[:-6]}+{text[-5:]}"
    try:
        return datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time between the years 1 and 9999") from error


def _plain(text: str) -> str:
    if "\0" in text or not text.isprintable():
        raise ValueError("printable characters only")
    return text


Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
Id = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Severity = Annotated[int, Field(ge=1, le=3)]
Status = Literal["open", "withdrawn"]
Region = Annotated[str, AfterValidator(region_prefix), Field(max_length=6, examples=["4306"])]


class Words(BaseModel):
    """The same text in Chinese and English."""

    zh: str
    en: str


class Subject(BaseModel):
    """Whom or what it is about; ids of persons and cards are pseudonyms."""

    kind: Literal[
        "person", "terminal", "institution", "practitioner", "group", "card", "trace_code", "invoice"
    ]
    id: str


class AlertOut(BaseModel):
    """An alert (contract, section 3). Severity 1 is gravest; amount in yuan, two decimals."""

    alert_id: str
    version: int
    status: Status
    rule: str
    rule_version: str
    phase: Literal["pre", "in_process", "post"]
    severity: int
    result_type: Literal["suspected", "violation"]
    subject: Subject
    institutions: list[str]
    encounters: list[str]
    settlements: list[str]
    happened_at: str
    detected_at: str
    amount: str
    title: Words
    message: Words
    evidence: dict[str, Any]
    basis: list[str]
    checked: list[str]
    historical: bool
    shadow: bool = Field(False, description="Of a rule on trial; only there where it is true.")


class AlertPage(BaseModel):
    """Alerts, newest first; `next_cursor` is null at the end."""

    items: list[AlertOut]
    next_cursor: str | None


class VersionOut(BaseModel):
    """One version of an alert, its evidence frozen as it stood."""

    version: int
    status: Status
    changed_at: str
    alert: AlertOut


class AlertWithHistory(AlertOut):
    """An alert and its versions, first to last."""

    history: list[VersionOut]


class Lag(BaseModel):
    """What is accepted and not yet judged and stored; seconds: age of the oldest of it."""

    events: int
    seconds: float


class Rejudging(BaseModel):
    """The past is judged anew by a changed registry: done of total parts (memories of persons and terminals
    in one process, partitions on Kafka)."""

    registry_version: int
    done: int
    total: int


class StatusOut(BaseModel):
    """How far the system has come. lag 0: everything accepted so far is judged and its alerts are stored.
    months_waiting: months whose rules will be run again, as their settlements or the registry changed."""

    accepted: int
    judged: int
    alerts_stored: int
    alerts_open: int
    dead_letters: int
    too_late: int
    lag: Lag
    rejudging: Rejudging | None
    months_waiting: int
    as_of: str | None


class Screened(BaseModel):
    """What was screened: `settlements` and `admissions` (nothing settled of them yet) that stand,
    `withdrawn` settlements, `events` of settlements (a correction is one more). Sums of what stands, yuan."""

    settlements: int
    admissions: int
    withdrawn: int
    events: int
    total: str
    fund: str
    account: str
    family: str


class ScreenedAt(Screened):
    """… at one institution, of one kind of care."""

    institution_id: str
    care: Literal["inpatient", "visit", "pharmacy", "other"]


class ScreenedMonth(BaseModel):
    """A month by institution and care, and in all."""

    month: str
    items: list[ScreenedAt]
    totals: Screened


class ScreeningQuery(BaseModel):
    """Which screenings are counted."""

    month: Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-05"])] = Field(
        description="Local month of `occurred_at`."
    )
    institution: list[Id] = Field([], description="Only these institutions.")


class PageQuery(BaseModel):
    """Which stretch of a list."""

    limit: int = Field(100, ge=1, le=200, description="At most so many items.")
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before.")


class AlertFilter(BaseModel):
    """Which alerts; what is left out filters nothing."""

    status: list[Status] = Field([], description="open or withdrawn; both if left out.")
    rule: list[Id] = Field([], description="Rule, such as A01.")
    institution: list[Id] = Field([], description="Institutions that take part.")
    region: list[Region] = Field(
        [],
        max_length=200,
        description="2, 4 or 6 digits: an institution or a settlement of the alert lies there, by registry"
        " or as posted.",
    )
    severity: list[Severity] = Field([], description="1 is gravest.")
    shadow: bool = Field(False, description="Alerts of rules on trial instead of all others.")


class AlertQuery(PageQuery, AlertFilter):
    """Which stretch of which alerts."""

    since: Instant | None = Field(None, description="Last changed at or after.")


class StreamQuery(AlertFilter):
    """Changes of which alerts, and from where on."""

    last_event_id: str | None = Field(
        None, max_length=200, description="Last-Event-ID for those who cannot set headers."
    )


class Strict(BaseModel):
    """What outsiders send: unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")
