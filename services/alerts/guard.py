"""The door of the alerts API: a user's Bearer token, and what its role may do."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.alerts import users
from services.alerts.office import Office
from services.alerts.users import Permission, User
from services.runtime.errors import Problem

BEARER = HTTPBearer(
    auto_error=False, scheme_name="user", description="A user's token (`qingfeng users create`)."
)
INSTITUTION_KEY = "qfk_"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="qingfeng"'}


def office_of(request: Request) -> Office:
    """The office this application was built with."""
    return request.app.state.alerts_office


Given = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
Here = Annotated[Office, Depends(office_of)]


def needs(*permissions: Permission) -> Callable[..., Awaitable[User]]:
    """A dependency that lets in users with all the permissions: 401 without a known token, else 403."""

    async def user(office: Here, given: Given = None) -> User:
        known = None
        if given is not None:
            async with office.transaction() as raw:
                known = await users.by_token(raw, given.credentials)
        if known is None:
            detail = "a user's token is needed; an institution's key reads nothing here"
            raise Problem(401, detail, headers=CHALLENGE)
        if not all(known.may(permission) for permission in permissions):
            raise Problem(403, f"the role {known.role} may not do this")
        return known

    return user


class Feed(NamedTuple):
    """Whose data defects a request may read: those of these institutions, None for all; `is_user` for the
    system's own people, who see whose a suspended key is."""

    institutions: frozenset[str] | None
    is_user: bool


async def feed_reader(office: Here, given: Given = None) -> Feed:
    """A dependency that lets in users who read alerts, and institutions' keys to what they sent."""
    if given is not None and given.credentials.startswith(INSTITUTION_KEY):
        return Feed(await office.neighbours.feed_of(given.credentials), is_user=False)
    await needs("read_alerts")(office, given)
    return Feed(None, is_user=True)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes these refusals."""
    return {
        status: {
            "description": "A problem (RFC 9457)",
            "content": {"application/problem+json": {"schema": PROBLEM}},
        }
        for status in (*statuses, 503)
    }


PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
