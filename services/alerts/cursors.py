"""Opaque signed cursors: a place in a list, good only for the very list it was made for."""

import base64
import binascii
import hashlib
import hmac

from services.runtime.errors import Problem

WIDTH = 16


class BadCursor(ValueError):
    """The cursor is not one of ours, or belongs to a list with other filters."""


def seal(key: bytes, place: int, listing: str) -> str:
    """A cursor for `place` (a whole number ≥ 0) in `listing` (a text naming the list and its filters)."""
    number = str(place).encode()
    return base64.urlsafe_b64encode(_mac(key, number, listing) + number).decode().rstrip("=")


def unseal(key: bytes, cursor: str, listing: str) -> int:
    """The place of a cursor. Raises BadCursor."""
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadCursor("not a cursor") from error
    mac, number = sealed[:WIDTH], sealed[WIDTH:]
    if not hmac.compare_digest(mac, _mac(key, number, listing)):
        raise BadCursor("this cursor belongs to another list")
    return int(number)


def place(key: bytes, cursor: str | None, listing: str) -> int | None:
    """The place a request asks for, None from the start. Raises the problem that says what is wrong."""
    try:
        return None if cursor is None else unseal(key, cursor, listing)
    except BadCursor as error:
        raise Problem(422, str(error), errors=[{"path": "/query/cursor", "message": str(error)}]) from error


def _mac(key: bytes, number: bytes, listing: str) -> bytes:
    return hmac.new(key, number + b"\0" + listing.encode(), hashlib.sha256).digest()[:WIDTH]
