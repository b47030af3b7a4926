"""An endpoint's own headers: which may be set, how they are kept, and how much of them is shown.

A name is free unless HTTP, the transport or the signature speaks by it. All are sealed at rest. What looks
like a credential is shown to nobody again, and does not follow the endpoint to another host.
"""

import re
from collections.abc import Mapping

import msgspec

from services.alerts.webhooks import signing

MOST = 10
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
LONGEST_NAME = 64
VALUE = re.compile(r"[!-~]([ -~]{0,998}[!-~])?")
"""Printable ASCII without a blank at either end, up to 1,000."""
RESERVED = frozenset({
    "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "cookie",
    "date", "expect", "forwarded", "host", "keep-alive", "te", "trailer", "traceparent", "tracestate",
    "transfer-encoding", "upgrade", "user-agent", "via",
})  # fmt: skip
RESERVED_FAMILIES = ("proxy-", "sec-", "webhook-", "x-forwarded-")
CREDENTIAL = re.compile(r"auth|cookie|credential|key|pass|secret|session|sign|token", re.IGNORECASE)
HIDDEN = "••••••"


def fault(name: str, value: str) -> tuple[str, str] | None:
    """Why a header may not be set, as a code and in words that do not repeat its value; None where it may."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        return "header_name", "a header's name is letters and digits, joined by hyphens, 64 at most"
    if name.lower() in RESERVED or name.lower().startswith(RESERVED_FAMILIES):
        return "header_reserved", "the header {name} is not for an endpoint to set"
    if not VALUE.fullmatch(value):
        return (
            "header_value",
            "the value of {name} is 1 to 1,000 printable ASCII characters, without blanks around them",
        )
    return None


def is_credential(name: str) -> bool:
    """Whether what stands under such a name is likely to be a secret."""
    return CREDENTIAL.search(name) is not None


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers for those who manage endpoints: credentials hidden."""
    return {name: HIDDEN if is_credential(name) else value for name, value in headers.items()}


def merged(headers: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Headers after a change: None takes one away, what is not named stays. Case tells no names apart."""
    named = {name.lower() for name in changes}
    kept = {name: value for name, value in headers.items() if name.lower() not in named}
    return {**kept, **{name: value for name, value in changes.items() if value is not None}}


def without_credentials(headers: Mapping[str, str]) -> dict[str, str]:
    """What may follow the endpoint to another host."""
    return {name: value for name, value in headers.items() if not is_credential(name)}


def seal(key: bytes, webhook_id: str, headers: Mapping[str, str]) -> bytes | None:
    """The headers as they are stored; None where there are none."""
    text = msgspec.json.encode(headers).decode()
    return signing.seal(key, _place(webhook_id), text) if headers else None


def unseal(key: bytes, webhook_id: str, sealed: bytes | None) -> dict[str, str]:
    """The stored headers."""
    if sealed is None:
        return {}
    return msgspec.json.decode(signing.unseal(key, _place(webhook_id), sealed), type=dict[str, str])


def _place(webhook_id: str) -> str:
    return f"{webhook_id}/headers"
