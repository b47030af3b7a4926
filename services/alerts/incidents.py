"""Data defects and dead letters as rows.

A defect is what an institution sent that contradicts itself. A dead letter is an entry that made a rule
raise: kept whole, so that it can be judged again once the rule is mended.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from schemas.finding import DeadLetterMessage, DefectMessage
from schemas.moments import instant

PUT_DEFECTS = """
    INSERT INTO data_defect (defect_id, key, epoch, revision, open, institution_id, event_id, code, path,
                             message_zh, message_en, shares, first_at, changed_at)
    SELECT d.defect_id, d.key, d.epoch, d.revision, d.open, d.institution_id, d.event_id, d.code, d.path,
           d.zh, d.en, d.shares::jsonb, $13::timestamptz, $13::timestamptz
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::text[], $7::text[],
                $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
        d (defect_id, key, epoch, revision, open, institution_id, event_id, code, path, zh, en, shares)
    ON CONFLICT (defect_id) DO UPDATE SET key = excluded.key, epoch = excluded.epoch,
        revision = excluded.revision, open = true, code = excluded.code, path = excluded.path,
        message_zh = excluded.message_zh, message_en = excluded.message_en, shares = excluded.shares,
        changed_at = excluded.changed_at
    WHERE data_defect.epoch <> excluded.epoch OR data_defect.revision <= excluded.revision
    RETURNING code, xmax = 0 AS fresh
"""
# Who says that a defect is mended no longer says what it was: that stands as it was told.
MEND_DEFECTS = """
    UPDATE data_defect SET key = m.key, epoch = m.epoch, revision = m.revision, open = false, changed_at = $5
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) m (defect_id, key, epoch, revision)
    WHERE data_defect.defect_id = m.defect_id
        AND (data_defect.epoch <> m.epoch OR data_defect.revision <= m.revision)
"""
PUT_DEAD_LETTERS = """
    INSERT INTO dead_letter (stage, key, reason, error, body, seq, request_id, received_at, at)
    SELECT d.*, $9::timestamptz
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::text[],
                $8::timestamptz[]) d
    ON CONFLICT (stage, key, seq, md5(body)) WHERE retried_at IS NULL DO NOTHING
    RETURNING error
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
    standing = [_row(defect, epoch) for defect in last.values() if defect.open]
    mended = [
        (defect.defect_id, defect.key, epoch, defect.revision) for defect in last.values() if not defect.open
    ]
    if mended:
        await raw.execute(MEND_DEFECTS, *map(list, zip(*mended, strict=True)), now)
    if not standing:
        return Counter()
    stored = await raw.fetch(PUT_DEFECTS, *map(list, zip(*standing, strict=True)), now)
    return Counter(row["code"] for row in stored if row["fresh"])


def _row(defect: DefectMessage, epoch: str) -> tuple[Any, ...]:
    return (
        defect.defect_id,
        defect.key,
        epoch,
        defect.revision,
        True,
        defect.institution_id,
        defect.event_id,
        defect.code,
        defect.path,
        defect.message.zh,
        defect.message.en,
        msgspec.json.encode(defect.shares).decode(),
    )


async def store_dead_letters(raw: Any, messages: Sequence[DeadLetterMessage], now: datetime) -> Counter:
    """Keep dead letters, each once while it waits. Returns how many were new, by kind of error."""
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
    return Counter(row["error"] for row in stored)
