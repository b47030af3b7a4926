"""What a delivery says: the same bytes on every try, for it is made of one stored version alone."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from schemas.finding import Alert
from schemas.moments import micros, normal
from services.alerts.reading import fields


def build(
    *, event: str, sequence: int, at: datetime, alert: Alert, version: int, detected_at: datetime,
    full: bool, public_url: str,
) -> bytes:  # fmt: skip
    """The JSON body. `sequence` grows with every stored change: a receiver that has a greater one for an
    alert may drop this. Thin data point to the alert; full data are the alert as of this version. An alert
    that entered a rule's trial is withdrawn for receivers, whatever its own status."""
    if event == "alert.withdrawn":
        alert = replace(alert, status="withdrawn")
    data = fields(alert, version, detected_at) if full else _thin(alert, version)
    data["url"] = f"{public_url}/v1/alerts/{alert.alert_id}"
    body = {"type": event, "timestamp": normal(micros(at)), "sequence": sequence, "data": data}
    return msgspec.json.encode(body)


def _thin(alert: Alert, version: int) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "version": version,
        "status": alert.status,
        "rule": alert.rule,
        "severity": alert.severity,
        "institutions": alert.institutions,
    }
