"""From a request's bytes to the texts of its events: sizes, media types, JSON or NDJSON."""

import re
from collections.abc import Sequence

import msgspec
from starlette.types import Receive, Scope

from services.runtime.errors import Problem

BODY_AT_MOST = 8 * 1024 * 1024
EVENTS_AT_MOST = 1_000
JSON = "application/json"
NDJSON = "application/x-ndjson"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Text = bytes | msgspec.Raw

_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder(msgspec.Raw).decode


class ClientGone(Exception):
    """The client left before its request was whole."""


def media_type(headers: dict[bytes, bytes]) -> str:
    """JSON or NDJSON. Raises Problem 415 for any other, and for compressed bodies."""
    if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"identity", b""):
        raise Problem(415, "compressed bodies are not accepted; send the body as it is")
    name, *parameters = headers.get(b"content-type", b"").decode("latin-1").lower().split(";")
    charsets = [text.split("=")[-1].strip(' "') for text in parameters if text.strip().startswith("charset")]
    if name.strip() not in (JSON, NDJSON) or any(
        one not in ("utf-8", "utf8", "us-ascii") for one in charsets
    ):
        raise Problem(415, f"expected {JSON} or {NDJSON}, in UTF-8")
    return name.strip()


async def read_body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """The whole body. Raises Problem 413 as soon as it is known to be too large, ClientGone."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > BODY_AT_MOST:
        raise _too_large()
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body = message.get("body", b"")
        if len(body) > BODY_AT_MOST:
            raise _too_large()
        return body
    pieces = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        size += len(piece)
        if size > BODY_AT_MOST:
            raise _too_large()
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)
        message = await receive()


def event_texts(body: bytes, media: str) -> Sequence[Text]:
    """One text an event. Raises Problem 400 for what is no JSON, 413 for more than 1,000 events."""
    body = body.removeprefix(BYTE_ORDER_MARK)
    if media == NDJSON:
        texts: Sequence[Text] = [line for line in body.split(b"\n") if line.strip()]
    else:
        texts = _json_texts(body)
    if len(texts) > EVENTS_AT_MOST:
        raise Problem(413, f"more than {EVENTS_AT_MOST} events in one request")
    return texts


def _json_texts(body: bytes) -> Sequence[Text]:
    decode = _decode_array if body.lstrip()[:1] == b"[" else _decode_one
    try:
        try:
            return decode(body)
        except msgspec.DecodeError:
            return decode(_ESCAPE.sub(_break_half_characters, body))
    except RecursionError:
        raise Problem(400, "the body is nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeError):
        raise Problem(400, "the body is no JSON") from None


def _decode_one(body: bytes) -> Sequence[Text]:
    return [_decode_any(body)]


def _break_half_characters(escape: re.Match[bytes]) -> bytes:
    """Half of a surrogate pair is an error of its event, not of the whole body: as a byte that is no
    UTF-8 it passes the splitting and fails in its place."""
    return b"\xff" if escape.group(1) else escape.group()


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers; of a repeated one the last."""
    return dict(scope["headers"])


def _too_large() -> Problem:
    return Problem(413, f"the body is larger than {BODY_AT_MOST // 1024 // 1024} MiB")
