"""From a request's bytes to the texts of its events: sizes, media types, JSON or NDJSON."""

import asyncio
import contextlib
import re
from collections.abc import Sequence

import msgspec
from starlette.types import Receive, Scope

from services.runtime.errors import Problem

BODY_AT_MOST = 8 * 1024 * 1024
EVENTS_AT_MOST = 1_000
LEFT_AT_MOST = 8 * BODY_AT_MOST
LEFT_SECONDS = 10.0
"""What is still taken of a body that was refused, and for how long."""
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


class Body:
    """A request's body, to be read once or left."""

    __slots__ = ("_headers", "_is_whole", "_receive")

    def __init__(self, headers: dict[bytes, bytes], receive: Receive) -> None:
        self._headers = headers
        self._receive = receive
        self._is_whole = False

    async def read(self) -> bytes:
        """All of it. Raises Problem 413 as soon as it is known to be too large, ClientGone."""
        declared = self._headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > BODY_AT_MOST:
            raise _too_large()
        piece = await self._piece()
        if self._is_whole and len(piece) <= BODY_AT_MOST:
            return piece
        pieces = [piece]
        size = len(piece)
        while size <= BODY_AT_MOST:
            if self._is_whole:
                return b"".join(pieces)
            piece = await self._piece()
            size += len(piece)
            pieces.append(piece)
        raise _too_large()

    async def leave(self) -> None:
        """Let the rest come and drop it, up to a bound: who is hung up on while still sending sees a broken
        connection and never the answer. One who asked first (100-continue) has sent nothing yet."""
        if b"expect" in self._headers:
            return
        size = 0
        with contextlib.suppress(ClientGone, TimeoutError):
            async with asyncio.timeout(LEFT_SECONDS):
                while not self._is_whole and size < LEFT_AT_MOST:
                    size += len(await self._piece())

    async def _piece(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._is_whole = True
            raise ClientGone
        self._is_whole = not message.get("more_body")
        return message.get("body", b"")


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
