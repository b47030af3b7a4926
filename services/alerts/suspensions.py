"""Suspended keys: persons with more live facts than one person can have, hence ids that stand for many.

Such a person is not judged: what was found is withdrawn, and one data defect says so (code
`placeholder_person`). It is judged again by itself once so much was cancelled, corrected or aged out that the
rest is below the limit. To ask for that at once, after the limit was raised, is `JudgeAgain`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from schemas.finding import Share, Words
from services.alerts.defects import PLACEHOLDER

LIST = f"""
    SELECT event_id AS key, born, changed_at AS since, shares::text AS shares FROM data_defect
    WHERE code = '{PLACEHOLDER}' AND open AND ($1::text IS NULL OR shares @> jsonb_build_array(
              jsonb_build_object('institution_id', $1::text)))
        AND ($2::bigint IS NULL OR born < $2)
    ORDER BY born DESC LIMIT $3
"""  # noqa: S608 - a constant of ours
KNOWN = f"SELECT event_id FROM data_defect WHERE code = '{PLACEHOLDER}' AND open"  # noqa: S608

JudgeAgain = Callable[[Any, Sequence[str]], Awaitable[None]]
"""(asyncpg connection in a transaction, keys): has these persons judged again, from the beginning."""

_shares = msgspec.json.Decoder(list[Share]).decode


def why(limit: int) -> Words:
    """Why a key is suspended."""
    return Words(
        f"同一人员编号的有效记录超过 {limit:,} 条，疑似多人共用的占位编号；已暂停判断，原有预警已撤回。",
        f"More than {limit:,} live records under one person id: probably a placeholder that many people go "
        "under. It is not judged, and what had been found is withdrawn.",
    )


def what_ends_it(limit: int) -> Words:
    """What ends a suspension."""
    return Words(
        f"机构按就诊人本人编号更正、撤销记录，或旧记录过期，有效记录不超过 {limit:,} 条时自动恢复判断；"
        "如确系同一人，请系统管理员调高 QINGFENG_PERSON_FACTS_LIMIT 并重启，再在此重试。",
        f"It is judged again by itself once {limit:,} records or fewer are left: institutions correct or "
        "cancel what belongs to others, or records age out. If it really is one person, have "
        "QINGFENG_PERSON_FACTS_LIMIT raised, restart, and retry here.",
    )


async def page(
    raw: Any, institution: str | None, limit: int, after: int | None
) -> tuple[list[dict[str, Any]], int | None]:
    """Up to `limit` suspended keys, newest first: key, born, since, shares (most facts first); and the number
    to go on after. institution: only those that it sent facts of."""
    rows = await raw.fetch(LIST, institution, after, limit + 1)
    shown = [{**dict(row), "shares": _sorted(_shares(row["shares"]))} for row in rows[:limit]]
    return shown, shown[-1]["born"] if len(rows) > limit else None


async def retry(raw: Any, keys: Sequence[str] | None, judge_again: JudgeAgain) -> int:
    """Have suspended keys (None: all) judged again, in the caller's transaction; how many there were."""
    known = [row["event_id"] for row in await raw.fetch(KNOWN)]
    chosen = known if keys is None else sorted(set(known) & set(keys))
    if chosen:
        await judge_again(raw, chosen)
    return len(chosen)


def _sorted(shares: list[Share]) -> list[Share]:
    return sorted(shares, key=lambda share: (-share.facts, share.institution_id))
