"""What a delivery says: the same bytes on every try, for it is made of one stored version alone, or of data
that were stored with the delivery.

EVENTS is the catalogue of their types, DATA what each carries.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schemas.finding import Alert, Words
from schemas.moments import micros, normal
from schemas.webhook import EndpointDisabled, FullAlert, ThinAlert, WebhookTest
from services.alerts.reading import fields

OPENED = "alert.opened"
CHANGED = "alert.changed"
WITHDRAWN = "alert.withdrawn"
DISABLED = "endpoint.disabled"
TEST = "webhook.test"

EVENTS: dict[str, Words] = {
    OPENED: Words(
        "新的疑点，或已撤销的疑点重新成立。请调取详情核实。",
        "A suspected violation is new, or stands again after it was withdrawn. Read it and look into it.",
    ),
    CHANGED: Words(
        "疑点内容有变化（如金额、涉及机构）。请以新版本为准。",
        "What is compared of a suspected violation changed, such as its amount. The new version counts.",
    ),
    WITHDRAWN: Words(
        "疑点已撤销：相关结算被冲正或更正，疑点不再成立。",
        "A suspected violation is withdrawn: what led to it was cancelled or corrected.",
    ),
    DISABLED: Words(
        "另一个接收端点已停用，不再收到疑点。请通知其负责人。",
        "Another endpoint was switched off and hears of no alerts any more. Tell its owner.",
    ),
    TEST: Words(
        "测试投递，由管理员发起；不论订阅了什么都会收到。无需处理。",
        "A test that a manager asked for; it comes whatever was subscribed to. Nothing is to be done.",
    ),
}
"""Types of events, and what each means."""

DATA: dict[str, tuple[type[Struct], ...]] = {
    **dict.fromkeys((OPENED, CHANGED, WITHDRAWN), (ThinAlert, FullAlert)),
    DISABLED: (EndpointDisabled,),
    TEST: (WebhookTest,),
}
"""What the `data` of each type may be."""

FAMILIES = ("alert", "endpoint")
"""Types that can be subscribed to; `webhook.test` comes unasked."""


def build(
    *, event: str, sequence: int, at: datetime, alert: Alert, version: int, detected_at: datetime,
    full: bool, public_url: str,
) -> bytes:  # fmt: skip
    """The JSON body about an alert. `sequence` counts the endpoint's deliveries: a missing number is
    one not yet received, or missed. Of one alert the greatest `version` counts. Thin data point to the
    alert; full data are the alert as of this version. An alert that entered a rule's trial is withdrawn for
    receivers, whatever its own status."""
    if event == WITHDRAWN:
        alert = replace(alert, status="withdrawn")
    url = f"{public_url}/v1/alerts/{alert.alert_id}"
    data = {**fields(alert, version, detected_at), "url": url} if full else _thin(alert, version, url)
    return _body(event, sequence, at, data)


def wrap(*, event: str, sequence: int, at: datetime, data: str) -> bytes:
    """The JSON body of an event that carries its own data."""
    return _body(event, sequence, at, msgspec.Raw(data.encode()))


def sample_data(webhook_id: str, by: str) -> str:
    """The data of a test delivery, asked for by a user."""
    message = Words(
        "测试投递成功。疑点将按订阅发送到此端点，请确认签名校验通过。",
        "The test arrived. Alerts will be sent here as subscribed; see that the signature verifies.",
    )
    return _encoded(WebhookTest(webhook_id, by, message))


def disabled_data(row: Any, public_url: str) -> str:
    """The data that tell of an endpoint (its row) that was switched off. Its address stays with its owner."""
    return _encoded(
        EndpointDisabled(
            webhook_id=row["webhook_id"],
            description=row["description"],
            reason=row["disabled_reason"],
            note=row["disabled_note"],
            disabled_at=_text(row["disabled_at"]),
            disabled_by=row["disabled_by"],
            failing_since=_text(row["failing_since"]) if row["failing_since"] else None,
            message=WHY_DISABLED[row["disabled_reason"]],
            url=f"{public_url}/v1/webhooks/{row['webhook_id']}",
        )
    )


WHY_DISABLED = {
    "gone": Words(
        "端点返回 410（已废弃），已停用。确认地址后启用，再用 recover 补发。",
        "It answered 410, gone, and was switched off. Check its address; recover switches it on and sends "
        "what was missed.",
    ),
    "failing": Words(
        "连续 120 小时没有一次投递成功，已停用。修复接收系统后用 recover 启用并补发。",
        "No delivery got through for 120 hours, so it was switched off. Mend the receiver; recover switches "
        "it on and sends what was missed.",
    ),
    "by_hand": Words(
        "管理员已停用该端点，停用期间不投递。启用后可用 recover 补发。",
        "A manager switched it off; meanwhile nothing is delivered. Recover switches it on and sends what "
        "was missed.",
    ),
}
"""Why an endpoint is off, and what to do."""


def _body(event: str, sequence: int, at: datetime, data: Any) -> bytes:
    return msgspec.json.encode({"type": event, "timestamp": _text(at), "sequence": sequence, "data": data})


def _thin(alert: Alert, version: int, url: str) -> ThinAlert:
    return ThinAlert(
        alert.alert_id, version, alert.status, alert.rule, alert.severity, alert.institutions, url
    )


def _encoded(data: Struct) -> str:
    return msgspec.json.encode(data).decode()


def _text(moment: datetime) -> str:
    return normal(micros(moment))
