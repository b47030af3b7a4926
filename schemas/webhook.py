"""What receivers of webhooks and readers of the stream are told: the types from which the schemas in
docs/schemas are made.

A body is `{"type", "timestamp", "sequence", "data"}`; here are the `data` of each type of event.
"""

from typing import Literal

from msgspec import Struct

from schemas.finding import Alert, Words


class AlertAsRead(Alert, kw_only=True):
    """An alert as `GET /v1/alerts/{alert_id}` shows it, without its history: what the stream tells. Of one
    alert the greatest version counts. Money is decimal yuan as text, times are RFC 3339 with offset."""

    version: int
    detected_at: str


class FullAlert(AlertAsRead, kw_only=True):
    """`data` of an alert's event with full payload: the alert as of this version. url: the alert in the
    API."""

    url: str


class ThinAlert(Struct):
    """`data` of an alert's event with thin payload: who may read alerts asks `url` for the rest."""

    alert_id: str
    version: int
    status: Literal["open", "withdrawn"]
    rule: str
    severity: int
    institutions: list[str]
    url: str


class WebhookTest(Struct):
    """`data` of `webhook.test`."""

    webhook_id: str
    requested_by: str
    message: Words


class EndpointDisabled(Struct):
    """`data` of `endpoint.disabled`. reason: gone (it answered 410), failing (nothing got through for 120
    hours), by_hand. failing_since: its first failure since a success. url: the endpoint in the API."""

    webhook_id: str
    description: str
    reason: Literal["gone", "failing", "by_hand"]
    note: str
    disabled_at: str
    disabled_by: str
    failing_since: str | None
    message: Words
    url: str
