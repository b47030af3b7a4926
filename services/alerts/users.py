"""Who reads alerts: users with one role each, known by a Bearer token that is stored only as its hash.

What a role may do is named here and nowhere else, by least privilege: handlers, supervisors and auditors
read alerts; admins look after users and webhooks and read no case data; supervisors, who may read what a
webhook carries, may also set one up, and they alone one that carries whole alerts. Supervisors, auditors and
admins read how much was screened: counts and sums, no cases. Supervisors and admins send what could not be
judged back into judgement. Everybody sees the status. An institution's key is no user at all; of what is
read here it sees the defects of its own feed.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.runtime.errors import UserError

Role = Literal["handler", "supervisor", "admin", "auditor"]
Permission = Literal["read_alerts", "read_counts", "manage_webhooks", "retry_judgement", "read_status"]

MAY: dict[str, frozenset[Permission]] = {
    "handler": frozenset({"read_alerts", "read_status"}),
    "supervisor": frozenset(
        {"read_alerts", "read_counts", "manage_webhooks", "retry_judgement", "read_status"}
    ),
    "auditor": frozenset({"read_alerts", "read_counts", "read_status"}),
    "admin": frozenset({"read_counts", "manage_webhooks", "retry_judgement", "read_status"}),
}
NAME = re.compile(r"[\w.@-]{1,64}")
PREFIX = "qfu_"


@dataclass(frozen=True, slots=True)
class User:
    """A user as requests see one. `session` changes with the token, so a new token ends old sessions."""

    name: str
    role: Role
    session: str

    def may(self, permission: Permission) -> bool:
        """Whether the role includes the permission."""
        return permission in MAY[self.role]


async def create(raw: Any, name: str, role: str, now: datetime) -> str:
    """A new user; returns the token, which is stored nowhere. Revoked names may be used again.

    Raises UserError for a name that is taken or unusable, and for an unknown role.
    """
    if role not in MAY:
        raise UserError(f"no role {role!r}; there are {', '.join(MAY)}")
    if not NAME.fullmatch(name):
        raise UserError("a user's name is 1 to 64 letters, digits, or any of _ . @ -")
    token = PREFIX + secrets.token_urlsafe(32)
    made = await raw.fetchval(
        "INSERT INTO app_user (name, role, token_sha256, created_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (name) DO UPDATE SET role = excluded.role, token_sha256 = excluded.token_sha256,"
        " created_at = excluded.created_at, revoked_at = NULL WHERE app_user.revoked_at IS NOT NULL"
        " RETURNING name",
        name,
        role,
        _digest(token),
        now,
    )
    if made is None:
        raise UserError(f"there is a user {name!r} already; revoke it first")
    return token


async def everyone(raw: Any) -> list[dict[str, Any]]:
    """All users, revoked ones too: name, role, created_at, revoked_at."""
    rows = await raw.fetch("SELECT name, role, created_at, revoked_at FROM app_user ORDER BY name")
    return [dict(row) for row in rows]


async def revoke(raw: Any, name: str, now: datetime) -> None:
    """End a user's access at once. Raises UserError when there is no such user."""
    done = await raw.fetchval(
        "UPDATE app_user SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL RETURNING name", name, now
    )
    if done is None:
        raise UserError(f"there is no user {name!r} with access")


async def by_token(raw: Any, token: str) -> User | None:
    """The user of a token, None for an unknown or revoked one."""
    if not token.startswith(PREFIX):
        return None
    digest = _digest(token)
    row = await raw.fetchrow(
        "SELECT name, role, token_sha256 FROM app_user WHERE token_sha256 = $1 AND revoked_at IS NULL", digest
    )
    if row is None or not hmac.compare_digest(row["token_sha256"], digest):
        return None
    return _user(row)


async def by_session(raw: Any, name: str, session: str) -> User | None:
    """The user of a console session, None once revoked or given another token."""
    row = await raw.fetchrow(
        "SELECT name, role, token_sha256 FROM app_user WHERE name = $1 AND revoked_at IS NULL", name
    )
    if row is None:
        return None
    user = _user(row)
    return user if hmac.compare_digest(user.session, session) else None


async def still(raw: Any, users: Collection[User]) -> set[User]:
    """Those of these users who are what they were: not revoked, in the same role, with the same token."""
    rows = await raw.fetch(
        "SELECT name, role, token_sha256 FROM app_user WHERE name = ANY($1::text[]) AND revoked_at IS NULL",
        [user.name for user in users],
    )
    return set(users) & {_user(row) for row in rows}


def _user(row: Any) -> User:
    return User(row["name"], row["role"], hashlib.sha256(b"session" + row["token_sha256"]).hexdigest()[:24])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
