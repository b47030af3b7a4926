"""Data defects and dead letters as rows.

A defect is what an institution sent that contradicts itself. A dead letter is an entry that made a rule
raise: kept whole, so that it can be judged again once the rule is mended.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.finding import DeadLetterMessage, DefectMessage
from schemas.moments import instant

PUT_DEFECTS = """
    INSERT INTO data_defect (defect_id, key, epoch, revision, open, institution_id, event_id, code, path,
                             message_zh, message_en, first_at, changed_at)
    SELECT d.*, $12::timestamptz, $12::timestamptz
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::text[], $7::text[],
                $8::text[], $9::text[], $10::text[], $11::text[]) d
    ON CONFLICT (defect_id) DO UPDATE SET key = excluded.key, epoch = excluded.epoch,
        revision = excluded.revision, open = excluded.open, code = excluded.code, path = excluded.path,
        message_zh = excluded.message_zh, message_en = excluded.message_en, changed_at = excluded.changed_at
    WHERE data_defect.epoch <> excluded.epoch OR data_defect.revision <= excluded.revision
    RETURNING code, open, xmax = 0 AS fresh
"""
PUT_DEAD_LETTERS = """
    INSERT INTO dead_letter (stage, key, reason, error, body, seq, request_id, received_at, at)
    SELECT d.*, $9::timestamptz
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::text[],
                $8::timestamptz[]) d
    ON CONFLICT (stage, key, seq, md5(body)) WHERE retried_at IS NULL DO NOTHING
    RETURNING reason
"""


async def store_defects(raw: Any, messages: Sequence[DefectMessage], now: datetime, epoch: str) -> Counter:
    """Upsert defects by identity; a smaller revision of the same log is a late repeat.

    Returns how many were new and open, by code.
    """
    last: dict[str, DefectMessage] = {}
    for message in messages:
        known = last.get(message.defect_id)
        if known is None or message.revision >= known.revision:
            last[message.defect_id] = message
    if not last:
        return Counter()
    rows = [
        (
            defect.defect_id,
            defect.key,
            epoch,
            defect.revision,
            defect.open,
            defect.institution_id,
            defect.event_id,
            defect.code,
            defect.path,
            defect.message.zh,
            defect.message.en,
        )
        for defect in last.values()
    ]
    stored = await raw.fetch(PUT_DEFECTS, *map(list, zip(*rows, strict=True)), now)
    return Counter(row["code"] for row in stored if row["fresh"] and row["open"])


async def store_dead_letters(raw: Any, messages: Sequence[DeadLetterMessage], now: datetime) -> Counter:
    """Keep dead letters, each once while it waits. Returns how many were new, by reason."""
    if not messages:
        return Counter()
    rows = [
        (
            letter.stage,
            letter.key,
            letter.reason,
            letter.error.replace("\0", ""),
            letter.body,
            letter.origin.seq,
            letter.origin.request_id,
            instant(letter.origin.received_at),
        )
        for letter in messages
    ]
    stored = await raw.fetch(PUT_DEAD_LETTERS, *map(list, zip(*rows, strict=True)), now)
    return Counter(row["reason"] for row in stored)
