"""The form of an endpoint: between what stands in its fields and what the webhooks API takes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.alerts.console.frame import Form, first
from services.alerts.webhooks.payload import CHANGED, DISABLED, OPENED, WITHDRAWN
from services.alerts.webhooks.shapes import WebhookChange, WebhookIn
from services.runtime.errors import Problem

EVENTS = (OPENED, CHANGED, WITHDRAWN, DISABLED)
"""What can be ticked."""
LISTS = ("institutions", "rules", "regions")
TEXTS = ("url", "description", "headers", "rate", "concurrency", "payload", "min_severity", *LISTS)
APART = re.compile(r"[\s,;，；、]+")
EMPTY: dict[str, Any] = {
    **dict.fromkeys(TEXTS, ""),
    "events": [OPENED, CHANGED, WITHDRAWN],
    "payload": "thin",
    "min_severity": "3",
    "concurrency": "5",
}
"""A form for a new endpoint."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field. code: which of the console's words say it; values: what stands in them;
    message: what the API says, for what the console has no words for."""

    code: str
    values: Mapping[str, Any]
    message: str


Faults = dict[str, Fault]
"""What is wrong, by field."""


def filled(webhook: Mapping[str, Any]) -> dict[str, Any]:
    """The form of an endpoint that the API has shown."""
    told = webhook["filter"]
    return {
        "url": webhook["url"],
        "description": webhook["description"],
        "events": ticked(webhook["events"]),
        "payload": webhook["payload"],
        "min_severity": str(told["min_severity"]),
        **{name: "\n".join(told[name]) for name in LISTS},
        "headers": "\n".join(f"{name}: {value}" for name, value in webhook["headers"].items()),
        "rate": str(webhook["rate"] or ""),
        "concurrency": str(webhook["concurrency"]),
    }


def sent(form: Form) -> dict[str, Any]:
    """The form as it was sent, to be shown again with what is wrong."""
    return {**{name: first(form, name) for name in TEXTS}, "events": form.get("events", [])}


def new(values: Mapping[str, Any]) -> WebhookIn:
    """What to ask of the API for a new endpoint. Raises ValidationError."""
    return WebhookIn.model_validate({**_asked(values), "headers": _headers(values["headers"])})


def change(values: Mapping[str, Any], webhook: Mapping[str, Any]) -> WebhookChange:
    """What to ask of the API to change one. Raises ValidationError.

    A credential is shown as dots; left as dots it stays, and a line that was taken out takes it away. Ticks
    that say the same as the patterns that stand there leave them as they are.
    """
    asked = _asked(values)
    if set(ticked(webhook["events"])) == set(values["events"]):
        del asked["events"]
    given = _headers(values["headers"])
    kept = {name for name, value in webhook["headers"].items() if given.get(name) == value}
    headers: dict[str, str | None] = {name: value for name, value in given.items() if name not in kept}
    named = {name.lower() for name in given}
    headers |= {name: None for name in webhook["headers"] if name.lower() not in named}
    return WebhookChange.model_validate({**asked, "headers": headers})


def ticked(patterns: Iterable[str]) -> list[str]:
    """The events that patterns name."""
    asked = set(patterns)
    return [name for name in EVENTS if asked & {name, "*", f"{name.split('.', 1)[0]}.*"}]


def faults(error: ValidationError | Problem) -> Faults:
    """What is wrong with which field; "" where it is none of them."""
    if isinstance(error, Problem):
        told = error.more.get("errors") or [{"path": "", "code": "", "message": error.detail}]
        return {one["path"].split("/")[-1]: Fault(one["code"], {}, one["message"]) for one in told}
    return {_field(one["loc"]): _fault(one) for one in error.errors()}


def _fault(one: Mapping[str, Any]) -> Fault:
    """A fault as pydantic tells it. What stands among several in a list is named: these are no secrets."""
    item = len(one["loc"]) > 1 and one["loc"][-2] in LISTS
    code = "item" if item else one["type"]
    values = {**one.get("ctx", {}), "item": one["input"]} if item else one.get("ctx", {})
    return Fault(code, values, one["msg"].removeprefix("Value error, "))


def _asked(values: Mapping[str, Any]) -> dict[str, Any]:
    chosen = values["events"]
    return {
        "url": values["url"],
        "description": values["description"],
        "events": ["alert.*", *chosen[3:]] if chosen[:3] == list(EVENTS[:3]) else chosen,
        "payload": values["payload"],
        "filter": {
            "min_severity": values["min_severity"],
            **{name: [word for word in APART.split(values[name]) if word] for name in LISTS},
        },
        "rate": values["rate"] or None,
        "concurrency": values["concurrency"],
    }


def _headers(text: str) -> dict[str, str]:
    """Lines `Name: value`; dots that stand for a new name's value are refused like any odd value."""
    lines = [line for line in text.splitlines() if line.strip()]
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _field(place: tuple[int | str, ...]) -> str:
    names = [part for part in place if isinstance(part, str)]
    return names[1] if names[:1] == ["filter"] and len(names) > 1 else "".join(names[:1])
