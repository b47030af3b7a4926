"""Dead letters as people handle them: list what waits, send it back into judgement.

A listing shows where a letter came from and what went wrong, never its body.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LIST = """
    SELECT id, stage, key, reason, error, seq, request_id, received_at, at, retried_at FROM dead_letter
    WHERE ($1 OR retried_at IS NULL) ORDER BY id DESC LIMIT $2
"""
TAKE = """
    UPDATE dead_letter SET retried_at = $2 WHERE retried_at IS NULL AND ($1::bigint[] IS NULL OR id = ANY($1))
    RETURNING id, stage, key, reason, body, seq, request_id, received_at
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """An entry on its way back. `body` as it stood in the inbox; seq: its place there."""

    id: int
    stage: str
    key: str
    reason: str
    body: bytes
    seq: int
    request_id: str
    received_at: datetime


Resubmit = Callable[[Any, list[Letter]], Awaitable[None]]
"""(asyncpg connection in the transaction that takes the letters, letters): sends them to be judged again.
When it raises, the letters wait on."""


async def waiting(raw: Any, *, retried_too: bool = False, limit: int = 200) -> list[dict[str, Any]]:
    """Dead letters, newest first, without their bodies."""
    return [dict(row) for row in await raw.fetch(LIST, retried_too, limit)]


async def take(raw: Any, ids: Sequence[int] | None, now: datetime) -> list[Letter]:
    """Mark waiting letters as retried (None: all of them) and return them, oldest first.

    Another caller cannot get the same ones; a rollback gives them back.
    """
    rows = await raw.fetch(TAKE, None if ids is None else list(ids), now)
    return sorted((Letter(*row.values()) for row in rows), key=lambda letter: letter.id)


async def retry(raw: Any, ids: Sequence[int] | None, now: datetime, resubmit: Resubmit) -> int:
    """Send waiting letters back into judgement, in the caller's transaction; returns how many."""
    letters = await take(raw, ids, now)
    if letters:
        await resubmit(raw, letters)
    return len(letters)
