"""The console's session: a signed cookie, made at login, worth nothing once the user is revoked.

Every form of the console is refused when another site sent it; the cookie does not come with such a form in
the first place (SameSite), and goes to no address but the console's.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from services.alerts import users
from services.alerts.office import Office
from services.alerts.users import User
from services.runtime.errors import Problem

COOKIE = "qingfeng_session"
PATH = "/console"
MAC_BYTES = 32


class Ticket(msgspec.Struct, array_like=True):
    """What the cookie says. expires: microseconds since 1970."""

    name: str
    session: str
    expires: int


def open_session(office: Office, response: Response, user: User) -> None:
    """Let the browser come back as this user, for the hours of the settings."""
    seconds = office.settings.session_hours * 3_600
    ticket = Ticket(user.name, user.session, office.clock() + seconds * 1_000_000)
    body = msgspec.json.encode(ticket)
    response.set_cookie(
        COOKIE,
        base64.urlsafe_b64encode(_mac(office, body) + body).decode(),
        max_age=seconds,
        path=PATH,
        secure=office.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def close_session(response: Response) -> None:
    """Forget the browser."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")


async def user_of(office: Office, raw: Any, request: Request) -> User | None:
    """Who is logged in; None for no cookie, a forged or expired one, or a user without access."""
    ticket = _read(office, request.cookies.get(COOKIE, ""))
    if ticket is None or ticket.expires <= office.clock():
        return None
    return await users.by_session(raw, ticket.name, ticket.session)


def same_site_only(request: Request) -> None:
    """Raises a 403 problem for a form that another site sent."""
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise Problem(403, "this form was sent from another site")


def _read(office: Office, cookie: str) -> Ticket | None:
    try:
        sealed = base64.urlsafe_b64decode(cookie)
    except (binascii.Error, ValueError):
        return None
    mac, body = sealed[:MAC_BYTES], sealed[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(office, body)):
        return None
    return msgspec.json.decode(body, type=Ticket)


def _mac(office: Office, body: bytes) -> bytes:
    return hmac.new(office.signing, b"session\0" + body, hashlib.sha256).digest()
