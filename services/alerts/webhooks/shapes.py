"""The JSON of the webhooks API."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from services.alerts.shapes import Id, Instant, PageQuery, Region, Severity, Strict, Words
from services.alerts.webhooks import headers, queue

EventPattern = Literal[
    "*", "alert.*", "alert.opened", "alert.changed", "alert.withdrawn", "endpoint.*", "endpoint.disabled"
]
EventType = Literal["alert.opened", "alert.changed", "alert.withdrawn", "endpoint.disabled", "webhook.test"]
State = Literal["pending", "delivered", "failed"]
Payload = Literal["thin", "full"]


def _words(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("one_line", "printable characters only, in one line")
    return text.strip()


def _own(given: dict[str, str | None]) -> dict[str, str | None]:
    """Refuses headers that may not be set; says why, without their values."""
    if len({name.lower() for name in given}) < len(given):
        raise PydanticCustomError("header_twice", "a header stands there twice")
    for name, value in given.items():
        if value is not None and (said := headers.fault(name, value)):
            raise PydanticCustomError(*said, {"name": name})
    return given


Url = Annotated[str, Field(min_length=8, max_length=2_048, examples=["https://example.org/hooks"])]
Patterns = Annotated[list[EventPattern], Field(min_length=1, max_length=7)]
Note = Annotated[str, Field(max_length=200), AfterValidator(_words)]
Rate = Annotated[int, Field(ge=1, le=1_000)]
Concurrency = Annotated[int, Field(ge=1, le=queue.MOST_AT_ONCE)]
OwnHeaders = Annotated[dict[str, str], Field(max_length=headers.MOST), AfterValidator(_own)]
ChangedHeaders = Annotated[dict[str, str | None], Field(max_length=headers.MOST), AfterValidator(_own)]


class FilterIn(Strict):
    """Which alerts; empty means all. min_severity 2: severities 1 and 2. regions: 2, 4 or 6 digits; alerts
    whose institutions or settlements lie there, by the registry or as posted."""

    institutions: list[Id] = Field([], max_length=1_000)
    rules: list[Id] = Field([], max_length=200)
    min_severity: Severity = 3
    regions: list[Region] = Field([], max_length=200)


class WebhookIn(Strict):
    """Whom to tell, and what. thin: ids that point to the alert; full: the alert itself. headers: sent with
    every delivery. rate: deliveries a second, none: as many as there are. concurrency: deliveries at once."""

    url: Url
    events: Patterns = Field(["alert.*"])
    filter: FilterIn = FilterIn()
    payload: Payload = "thin"
    description: Note = ""
    headers: OwnHeaders = Field({})
    rate: Rate | None = None
    concurrency: Concurrency = queue.MOST_AT_ONCE


class WebhookChange(Strict):
    """What is to be changed; what is left out stays. `filter` is set as a whole. headers: a value sets one,
    null takes one away, the others stay; with another host in `url`, credentials among them are dropped
    unless given here. enabled: false switches it off, with `reason`; true switches it on and sends what
    waits (`recover` also tells what was missed)."""

    url: Url | None = None
    events: Patterns | None = None
    filter: FilterIn | None = None
    payload: Payload | None = None
    description: Note | None = None
    headers: ChangedHeaders = Field({})
    rate: Rate | None = None
    concurrency: Concurrency | None = None
    enabled: bool | None = None
    reason: Note = ""

    @model_validator(mode="before")
    @classmethod
    def _says_something(cls, given: Any) -> Any:
        """null stands for something only at `rate`."""
        if isinstance(given, dict):
            for name, value in given.items():
                if value is None and name != "rate":
                    raise ValueError(f"{name} is given as null; leave it out to keep it")
        return given

    @model_validator(mode="after")
    def _reason_of_switching_off(self) -> "WebhookChange":
        if self.reason and self.enabled is not False:
            raise ValueError("reason goes with enabled: false")
        return self


class RecoverIn(Strict):
    """From when on missed alerts are told."""

    since: Instant


class FilterOut(BaseModel):
    """The filter as it is kept; a region by its leading digits."""

    institutions: list[str]
    rules: list[str]
    min_severity: int
    regions: list[str]


class WebhookOut(BaseModel):
    """An endpoint; the secret is shown only when made, credentials among `headers` never. health: well;
    slowed (it asked for less, nothing goes out before `throttled_until`); failing (nothing got through since
    `failing_since`); disabled. disabled_reason: gone (it answered 410), failing (nothing got through for 120
    hours), by_hand; disabled_by: a user, or `system`."""

    id: str
    url: str
    description: str
    events: list[str]
    filter: FilterOut
    payload: Payload
    headers: dict[str, str]
    rate: int | None
    concurrency: int
    enabled: bool
    health: Literal["well", "slowed", "failing", "disabled"]
    created_at: str
    created_by: str
    failing_since: str | None
    throttled_until: str | None
    disabled_at: str | None
    disabled_reason: Literal["gone", "failing", "by_hand"] | None
    disabled_by: str | None
    disabled_note: str


class WebhookWithSecret(WebhookOut):
    """A new endpoint; `secret` is shown this once."""

    secret: str


class WebhookList(BaseModel):
    """All endpoints, oldest first."""

    items: list[WebhookOut]


class EventTypeOut(BaseModel):
    """A type of event. subscribable: may stand in `events`; the others come unasked."""

    type: EventType
    meaning: Words
    subscribable: bool


class EventTypeList(BaseModel):
    """Every type of event that is delivered."""

    items: list[EventTypeOut]


class SecretOut(BaseModel):
    """A new secret, shown this once; the old one signs beside it until `old_secret_until`."""

    id: str
    secret: str
    old_secret_until: str


class DeliveryQuery(PageQuery):
    """Which deliveries; what is left out filters nothing."""

    state: list[State] = Field([], description="pending, delivered or failed.")
    event: list[EventType] = Field([], description="Type of event.")
    since: Instant | None = Field(None, description="Made at or after.")


class DeliveryOut(BaseModel):
    """One event to one endpoint; `id` is its webhook-id on every try, `sequence` its number among those of
    the endpoint. `alert_id` and `version` are null where it is about no alert."""

    id: str
    type: EventType
    sequence: int
    alert_id: str | None
    version: int | None
    state: State
    tries: int
    created_at: str
    next_try_at: str | None
    last_try_at: str | None
    last_status: int | None
    last_error: str | None
    last_response: str | None


class TryOut(BaseModel):
    """One try. status: null without an answer, then `error` says why. response: the first 20,000 bytes,
    null where the endpoint hears whole alerts and the reader may not."""

    attempt: int
    at: str
    latency_ms: int
    status: int | None
    error: str | None
    response: str | None


class DeliveryWithTries(DeliveryOut):
    """A delivery with every try, first to last."""

    attempts: list[TryOut]


class DeliveryPage(BaseModel):
    """Deliveries, newest first."""

    items: list[DeliveryOut]
    next_cursor: str | None


class Accepted(BaseModel):
    """How many deliveries were put back into the queue."""

    queued: int


class Recovered(Accepted):
    """… and whether there is more than one call looks through: call again."""

    more: bool


class QueuedTest(Accepted):
    """… and the test's id, by which its tries can be read."""

    delivery_id: str
