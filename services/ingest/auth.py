"""Institutions' keys: Bearer credentials, stored as SHA-256, several per institution, revocable.

A credential has 256 random bits, so a plain hash of it cannot be searched. Look-ups are remembered for
some seconds: a revocation works within `REMEMBERED_SECONDS`.
"""

import asyncio
import base64
import hashlib
import secrets
import time
from datetime import datetime
from typing import NamedTuple

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ingest.metrics import REQUESTS_REFUSED
from services.runtime.database import driver
from services.runtime.errors import Problem, Unavailable, UserError, is_database_away

REMEMBERED_SECONDS = 3.0
REMEMBERED_AT_MOST = 10_000
ANSWER_SECONDS = 1.5
ANY = "*"
PLATFORM_RATE_FACTOR = 10
"""The regional platform's key carries many institutions' events."""

FIND = "SELECT id, institutions FROM institution_key WHERE sha256 = $1 AND revoked_at IS NULL"
CREATE = "INSERT INTO institution_key (id, prefix, sha256, institutions) VALUES ($1, $2, $3, $4)"
LIST = """
SELECT id, prefix, institutions, created_at, revoked_at FROM institution_key ORDER BY created_at, id
"""
REVOKE = "UPDATE institution_key SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id"


class Key(NamedTuple):
    """A valid key: its id and the institutions it posts for; `everywhere` for the platform's."""

    id: str
    institutions: frozenset[str]
    everywhere: bool

    def may_post_for(self, institution_id: str) -> bool:
        """Whether events of this institution may come with this key."""
        return self.everywhere or institution_id in self.institutions


class KeyRow(NamedTuple):
    """A key as its keeper sees it; the credential itself is stored nowhere."""

    id: str
    prefix: str
    institutions: list[str]
    created_at: datetime
    revoked_at: datetime | None


async def create_key(connection: asyncpg.Connection, institutions: list[str]) -> str:
    """A new credential for these institutions ("*" alone: for all). Raises UserError for a bad list."""
    if not institutions or any(not one or len(one) > 64 or not one.isprintable() for one in institutions):
        raise UserError("--institution: one or more institution ids of 1 to 64 characters, or '*'")
    identity = base64.b32encode(secrets.token_bytes(5)).decode().lower()
    credential = f"qfk_{identity}_{secrets.token_urlsafe(32)}"
    await connection.execute(
        CREATE, identity, f"qfk_{identity}", _digest(credential), sorted(set(institutions))
    )
    return credential


async def list_keys(connection: asyncpg.Connection) -> list[KeyRow]:
    """All keys, oldest first."""
    return [KeyRow(*row) for row in await connection.fetch(LIST)]


async def revoke_key(connection: asyncpg.Connection, identity: str) -> None:
    """Revoke by id (or the prefix shown in the list). Raises UserError when no valid key has it."""
    if await connection.fetchval(REVOKE, identity.removeprefix("qfk_").split("_")[0]) is None:
        raise UserError("no valid key has this id; `qingfeng keys list` shows them")


class Keys:
    """Finds the key of a request, and holds each key to its rate."""

    def __init__(self, engine: AsyncEngine, rate: int, burst: int) -> None:
        self._engine = engine
        self._rate = rate
        self._burst = burst
        self._known: dict[bytes, tuple[float, Key | None]] = {}
        self._asked: dict[bytes, asyncio.Task[Key | None]] = {}
        self._buckets: dict[str, tuple[float, float]] = {}

    async def authenticate(self, authorization: bytes) -> Key:
        """The key of an Authorization header. Raises Problem 401, Unavailable (within `ANSWER_SECONDS`)."""
        scheme, _, credential = authorization.strip().partition(b" ")
        key = None
        if scheme.lower() == b"bearer" and credential:
            key = await self._find(hashlib.sha256(credential.strip()).digest())
        if key is None:
            REQUESTS_REFUSED.labels("unauthenticated").inc()
            challenge = {"WWW-Authenticate": 'Bearer realm="qingfeng"'}
            raise Problem(401, "a valid key is required: Authorization: Bearer <key>", headers=challenge)
        return key

    def spend(self, key: Key, events: int) -> None:
        """Take `events` from the key's bucket. Raises Problem 429 with the seconds until they fit."""
        factor = PLATFORM_RATE_FACTOR if key.everywhere else 1
        rate, burst = self._rate * factor, self._burst * factor
        now = time.monotonic()
        level, since = self._buckets.get(key.id, (float(burst), now))
        level = min(burst, level + (now - since) * rate)
        if level < min(events, burst):
            self._buckets[key.id] = (level, now)
            REQUESTS_REFUSED.labels("rate").inc()
            wait = max(1, round((events - level) / rate + 0.5))
            raise Problem(429, "this key posts too fast", headers={"Retry-After": str(wait)})
        self._buckets[key.id] = (level - events, now)

    async def _find(self, digest: bytes) -> Key | None:
        now = time.monotonic()
        known = self._known.get(digest)
        if known is not None and known[0] > now:
            return known[1]
        asked = self._asked.get(digest)
        if asked is None:
            asked = self._asked[digest] = asyncio.create_task(self._look_up(digest))
            asked.add_done_callback(lambda _: self._asked.pop(digest, None))
        # Not cancelled when it takes too long: leaving a frozen server politely would take longer still.
        await asyncio.wait([asked], timeout=ANSWER_SECONDS)
        if not asked.done():
            raise Unavailable("the database does not answer")
        try:
            key = asked.result()
        except Exception as error:
            if is_database_away(error):
                raise Unavailable("the database is away") from error
            raise
        if len(self._known) >= REMEMBERED_AT_MOST:
            self._known.clear()
        self._known[digest] = (now + REMEMBERED_SECONDS, key)
        return key

    async def _look_up(self, digest: bytes) -> Key | None:
        async with asyncio.timeout(ANSWER_SECONDS), driver(self._engine) as connection:
            row = await connection.fetchrow(FIND, digest)
        if row is None:
            return None
        institutions = frozenset(row["institutions"])
        return Key(row["id"], institutions, ANY in institutions)


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()
