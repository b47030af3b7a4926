"""The JSON of the webhooks API."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.alerts.shapes import Id, Instant, Severity, Strict

EventPattern = Literal["*", "alert.*", "alert.opened", "alert.changed", "alert.withdrawn"]


class FilterIn(Strict):
    """Which alerts; empty means all. min_severity 2: severities 1 and 2."""

    institutions: list[Id] = Field([], max_length=1_000)
    rules: list[Id] = Field([], max_length=200)
    min_severity: Severity = 3


class WebhookIn(Strict):
    """Whom to tell, and what. thin: ids that point to the alert; full: the alert itself."""

    url: Annotated[str, Field(min_length=8, max_length=2_048, examples=["https://example.org/hooks"])]
    events: list[EventPattern] = Field(["alert.*"], min_length=1, max_length=5)
    filter: FilterIn = FilterIn()
    payload: Literal["thin", "full"] = "thin"


class RecoverIn(Strict):
    """From when on missed alerts are told."""

    since: Instant


class FilterOut(BaseModel):
    """The filter as it is kept."""

    institutions: list[str]
    rules: list[str]
    min_severity: int


class WebhookOut(BaseModel):
    """An endpoint; the secret is shown only when made. disabled_reason: gone (it answered 410) or
    failing (nothing got through for five days); `recover` switches it on again."""

    id: str
    url: str
    events: list[str]
    filter: FilterOut
    payload: Literal["thin", "full"]
    created_at: str
    created_by: str
    failing_since: str | None
    disabled_at: str | None
    disabled_reason: str | None


class WebhookWithSecret(WebhookOut):
    """A new endpoint; `secret` is shown this once."""

    secret: str


class WebhookList(BaseModel):
    """All endpoints, oldest first."""

    items: list[WebhookOut]


class SecretOut(BaseModel):
    """A new secret, shown this once; the old one signs beside it until `old_secret_until`."""

    id: str
    secret: str
    old_secret_until: str


class DeliveryOut(BaseModel):
    """One event to one endpoint; `id` is its webhook-id on every try. state: pending, delivered, failed."""

    id: str
    type: str
    alert_id: str
    version: int
    state: Literal["pending", "delivered", "failed"]
    tries: int
    created_at: str
    next_try_at: str | None
    last_try_at: str | None
    last_status: int | None
    last_error: str | None
    last_response: str | None


class DeliveryPage(BaseModel):
    """Deliveries, newest first."""

    items: list[DeliveryOut]
    next_cursor: str | None


class Accepted(BaseModel):
    """How many deliveries were put back into the queue."""

    queued: int
