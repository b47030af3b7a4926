"""Dead letters as people handle them: list what waits, send it back into judgement.

A listing shows where a letter came from and what went wrong, never its body and never whose it is.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.finding import Words
from schemas.topics import CROSSINGS, EVENTS

PERIOD = "period"
"""The stage of a month that a rule over months could not judge; its key names rule and month."""

PAGE = """
    SELECT id, stage, CASE stage WHEN 'period' THEN substr(key, 8) ELSE '' END AS about, reason, error, seq,
           request_id, received_at, at, retried_at
    FROM dead_letter
    WHERE ($1 OR retried_at IS NULL) AND ($2::text IS NULL OR stage = $2) AND ($3::bigint IS NULL OR id < $3)
    ORDER BY id DESC LIMIT $4
"""
TAKE = """
    UPDATE dead_letter SET retried_at = $2 WHERE retried_at IS NULL AND ($1::bigint[] IS NULL OR id = ANY($1))
    RETURNING id, stage, key, reason, body, seq, request_id, received_at
"""
MEND = Words(
    "请把出错的函数和行号告知维护人员；修好并升级后重试。重试是安全的，不会产生重复预警。",
    "Tell whoever maintains the system the function and line; retry once it is mended. Retrying is safe: "
    "nothing is counted twice.",
)
WHAT = {
    EVENTS: Words(
        "一条上传的记录在判断时出错，已整条搁置；该人员的其他记录照常判断。",
        "One record that was posted could not be judged and was set aside whole; all else goes on.",
    ),
    "persons": Words(
        "一条人员名录记录无法读取，已搁置；该人员暂按原名录判断。",
        "One registry row of a person could not be read; the person is judged by what was known before.",
    ),
    CROSSINGS: Words(
        "同一终端、医师、卡或追溯码上的一次比对出错；涉及它的预警可能缺漏。",
        "What is compared at a terminal, practitioner, card or trace code failed; findings may be missing.",
    ),
    "rejudge": Words(
        "名录变更后重新判断时出错；该人员仍按变更前的结果。",
        "Judging anew after a change of the registry failed; for that person the former findings stand.",
    ),
    "screening": Words(
        "一笔结算未能登记为“已筛查”；按月的规则看不到它。",
        "A settlement could not be recorded as screened; rules over months do not see it.",
    ),
    PERIOD: Words(
        "一条按月的规则未能判断该月；该月仍是上一次的结果。",
        "A rule over months could not judge this month; what it said last stands.",
    ),
    "alerts record": Words(
        "一批判断结果未能存入；其中的预警暂时看不到。",
        "A batch of results could not be stored; the alerts in it are not shown yet.",
    ),
}
UNREADABLE = Words(
    "消息队列中的一批记录无法读取；其中的上传记录尚未判断。",
    "A batch of records in the message queue could not be read; what was posted in it is not judged yet.",
)


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
When it raises, the letters wait on; a UserError says in one line why."""


def explained(stage: str) -> Words:
    """What a letter of a stage means."""
    return WHAT.get(stage, UNREADABLE)


async def page(
    raw: Any,
    *,
    retried_too: bool = False,
    stage: str | None = None,
    limit: int = 200,
    after: int | None = None,
) -> tuple[list[dict[str, Any]], int | None]:
    """Dead letters with numbers below `after`, newest first, without their bodies; and the number to go on
    after, None at the end. about: rule and month of a letter of stage `period`."""
    rows = await raw.fetch(PAGE, retried_too, stage, after, limit + 1)
    shown = [dict(row) for row in rows[:limit]]
    return shown, shown[-1]["id"] if len(rows) > limit else None


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
