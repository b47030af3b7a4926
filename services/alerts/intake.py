"""Messages of the detector become rows, inside the caller's transaction and wherever they come from.

Storing twice is the same as storing once: alerts by identity and revision, defects by identity, dead
letters by what they hold, judged records by offset, screenings by name and revision, stock by event. The
transaction must be READ COMMITTED, and should end soon after `store`: storing alerts holds the ledger's
lock, which puts changes in the order of commits.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas import moments
from schemas.finding import (
    Alert,
    AlertMessage,
    DeadLetterMessage,
    DefectMessage,
    JudgedMessage,
    Message,
    Origin,
)
from schemas.screening import ScreeningMessage
from schemas.stock import StockMessage
from schemas.topics import ALERTS
from services.alerts import incidents, metrics, progress, screenings, stock
from services.alerts.broadcast import CHANNEL
from services.alerts.ledger import Change, Event, Kept, Voice, decode_alert, encode_alert
from services.alerts.webhooks import outbox
from services.runtime.tracing import tracing

LOAD = """
    SELECT a.alert_id, a.version, a.body, a.born, a.change, a.detected_at, a.changed_at,
           v.key, v.epoch, v.revision, v.status AS voice_status, v.body AS voice_body
    FROM alert a JOIN alert_voice v USING (alert_id) WHERE a.alert_id = ANY($1::text[])
"""
PUT_ALERT = """
    INSERT INTO alert (alert_id, version, status, rule, severity, institutions, historical, shadow, body,
                       born, change, detected_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (alert_id) DO UPDATE SET version = excluded.version, status = excluded.status,
        rule = excluded.rule, severity = excluded.severity, institutions = excluded.institutions,
        historical = excluded.historical, shadow = excluded.shadow, body = excluded.body,
        change = excluded.change, changed_at = excluded.changed_at
"""
PUT_VOICES = """
    INSERT INTO alert_voice (alert_id, key, epoch, revision, status, body)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
    ON CONFLICT (alert_id, key) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision,
        status = excluded.status, body = excluded.body
"""
PUT_VERSIONS = """
    INSERT INTO alert_version (alert_id, version, change, event, body, changed_at)
    SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])
"""
PUT_LEDGER = f"""
    WITH counted AS (
        UPDATE alert_ledger SET change = change + $1, stored = stored + $2, open = open + $3 RETURNING change
    )
    SELECT pg_notify('{CHANNEL}', '') FROM counted
"""  # noqa: S608 - a name of ours


@dataclass(frozen=True, slots=True)
class Stored:
    """What one call stored. The caller calls `committed` once its transaction is."""

    changes: list[Change] = field(default_factory=list)
    repeats: int = 0
    deliveries: int = 0
    dead_letters: Counter = field(default_factory=Counter)
    defects: Counter = field(default_factory=Counter)

    def committed(self) -> None:
        """Count it in the metrics: only what is really stored is counted."""
        for change in self.changes:
            event = change.event.removeprefix("alert.")
            metrics.ALERTS.labels(change.alert.rule, str(change.alert.severity), event).inc()
            if event == "opened" and not change.alert.shadow:
                metrics.AMOUNT.labels(change.alert.rule).inc(max(0.0, float(change.alert.amount)))
            if event == "opened" and change.origin.received_at:
                waited = moments.micros(change.at) - change.origin.received_at
                metrics.LATENCY.observe(max(waited, 0) / moments.SECOND)
        for error, count in self.dead_letters.items():
            metrics.DEAD_LETTERS.labels(error).inc(count)
        for code, count in self.defects.items():
            metrics.DEFECTS.labels(code).inc(count)
        metrics.LATE_REPEATS.inc(self.repeats)


async def store(
    connection: AsyncConnection | asyncpg.Connection,
    messages: Sequence[Message],
    now: datetime,
    epoch: str = "",
) -> Stored:
    """Store messages in their order, inside the transaction of `connection`.

    now: aware; becomes `detected_at` and the time of each change. epoch: identity of the log the messages
    come from (a Kafka topic's id; "" embedded): revisions of another log are not compared.
    """
    raw = await _driver(connection)
    alerts = _of(AlertMessage, messages)
    changes: list[Change] = []
    repeats = 0
    if alerts:
        with tracing.processing(ALERTS, lambda: (message.origin.request_id for message in alerts)):
            changes, repeats = await _store_alerts(raw, alerts, now, epoch)
    # Before the outbox: an endpoint may ask where a settlement took place.
    await screenings.store(raw, _of(ScreeningMessage, messages), now, epoch)
    stored = Stored(
        changes=changes,
        repeats=repeats,
        deliveries=await outbox.put(raw, changes, now) if changes else 0,
        defects=await incidents.store_defects(raw, _of(DefectMessage, messages), now, epoch),
        dead_letters=await incidents.store_dead_letters(raw, _of(DeadLetterMessage, messages), now),
    )
    await stock.store(raw, _of(StockMessage, messages), now)
    await progress.store(raw, _of(JudgedMessage, messages), epoch)
    return stored


async def _driver(connection: Any) -> Any:
    """The asyncpg connection beneath a SQLAlchemy one, its transaction begun; any other is one already."""
    if isinstance(connection, AsyncConnection):
        await connection.execute(text("SELECT 1"))
        return (await connection.get_raw_connection()).driver_connection
    return connection


def _of(kind: type, messages: Sequence[Any]) -> list[Any]:
    return [message for message in messages if isinstance(message, kind)]


async def _store_alerts(
    raw: Any, messages: list[AlertMessage], now: datetime, epoch: str
) -> tuple[list[Change], int]:
    number = await raw.fetchval("SELECT change FROM alert_ledger FOR UPDATE")
    kept = await _load(raw, {message.alert_id for message in messages})
    before = {alert_id: alert.alert for alert_id, alert in kept.items()}
    changes: list[Change] = []
    repeats = 0
    for message in messages:
        alert = kept.setdefault(message.alert_id, Kept(message.alert_id))
        stood = alert.alert
        event = alert.take(message, epoch)
        if event is None:
            repeats += 1
        else:
            changes.append(_count(alert, event, number + len(changes) + 1, now, message.origin, stood))
    await _write(raw, [alert for alert in kept.values() if alert.alert is not None], changes, before)
    return changes, repeats


def _count(
    kept: Kept, event: Event, number: int, now: datetime, origin: Origin, before: Alert | None
) -> Change:
    kept.version += 1
    kept.change = number
    kept.born = kept.born or number
    kept.detected_at = kept.detected_at or now
    kept.changed_at = now
    return Change(number, kept.alert_id, kept.version, event, kept.alert, now, origin, before)


async def _load(raw: Any, alert_ids: set[str]) -> dict[str, Kept]:
    """The stored alerts among these, each with what its keys said."""
    kept: dict[str, Kept] = {}
    for row in await raw.fetch(LOAD, list(alert_ids)):
        alert = kept.get(row["alert_id"])
        if alert is None:
            alert = kept[row["alert_id"]] = Kept(
                row["alert_id"],
                alert=decode_alert(row["body"]),
                version=row["version"],
                born=row["born"],
                change=row["change"],
                detected_at=row["detected_at"],
                changed_at=row["changed_at"],
            )
        said = decode_alert(row["voice_body"])
        alert.voices[row["key"]] = Voice(row["epoch"], row["revision"], row["voice_status"] == "open", said)
    return kept


async def _write(raw: Any, kept: list[Kept], changes: list[Change], before: dict[str, Any]) -> None:
    changed = {change.alert_id for change in changes}
    await raw.executemany(
        PUT_ALERT, [_alert_row(alert) for alert in kept if alert.refreshed or alert.alert_id in changed]
    )
    voices = [(alert, key, alert.voices[key]) for alert in kept for key in alert.touched]
    if voices:
        await raw.execute(PUT_VOICES, *map(list, zip(*map(_voice_row, voices), strict=True)))
    if changes:
        await raw.execute(PUT_VERSIONS, *map(list, zip(*map(_version_row, changes), strict=True)))
        born = sum(alert.alert_id not in before for alert in kept)
        opened = sum(_is_open(alert.alert) - _is_open(before.get(alert.alert_id)) for alert in kept)
        await raw.execute(PUT_LEDGER, len(changes), born, opened)


def _is_open(alert: Any) -> int:
    """1 for what is somebody's work: open, and not of a rule on trial."""
    return int(alert is not None and alert.status == "open" and not alert.shadow)


def _alert_row(kept: Kept) -> tuple:
    alert = kept.alert
    return (
        kept.alert_id,
        kept.version,
        alert.status,
        alert.rule,
        alert.severity,
        alert.institutions,
        alert.historical,
        bool(alert.shadow),
        encode_alert(alert).decode(),
        kept.born,
        kept.change,
        kept.detected_at,
        kept.changed_at,
    )


def _voice_row(said: tuple[Kept, str, Voice]) -> tuple:
    kept, key, voice = said
    status = "open" if voice.open else "withdrawn"
    return kept.alert_id, key, voice.epoch, voice.revision, status, encode_alert(voice.alert).decode()


def _version_row(change: Change) -> tuple:
    body = encode_alert(change.alert).decode()
    return change.alert_id, change.version, change.number, change.event, body, change.at
