"""Messages of the detector for the tests, with defaults for all that a test does not speak of."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from schemas.finding import (
    Alert,
    AlertMessage,
    DeadLetterMessage,
    DefectMessage,
    JudgedMessage,
    Origin,
    Share,
    Subject,
    Words,
)
from schemas.screening import ScreeningMessage

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
RECEIVED = 1_777_636_799_000_000
MAY_1 = date(2026, 5, 1).toordinal()


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def an_alert(alert_id: str = "a1", **given: Any) -> Alert:
    """An overlap of two stays, at two institutions."""
    values: dict[str, Any] = {
        "status": "open",
        "rule": "A01",
        "rule_version": "1",
        "phase": "in_process",
        "severity": 2,
        "result_type": "suspected",
        "subject": Subject("person", "p" * 32),
        "institutions": ["H1", "H2"],
        "encounters": ["M1", "M2"],
        "settlements": ["S1"],
        "happened_at": "2026-04-30T08:00:00+08:00",
        "amount": "1234.56",
        "title": Words("跨机构重复住院", "Overlapping stays at two institutions"),
        "message": Words("两次住院重叠 72 小时", "Two stays overlap by 72 hours"),
        "evidence": {"overlap_hours": 72},
        "basis": ["医疗保障基金使用监督管理条例 第三十八条"],
        "checked": ["same_day_transfer"],
    }
    return Alert(alert_id=alert_id, **(values | given))


def said(alert_id: str = "a1", revision: int = 1, key: str = "k1", **given: Any) -> AlertMessage:
    """The detector opens or changes an alert."""
    origin = given.pop("origin", Origin("req-1", RECEIVED, 1))
    alert = an_alert(alert_id, **given)
    return AlertMessage(
        key=key, revision=revision, alert_id=alert_id, status="open", alert=alert, origin=origin
    )


def taken_back(alert_id: str = "a1", revision: int = 2, key: str = "k1") -> AlertMessage:
    """The detector withdraws an alert."""
    return AlertMessage(
        key=key,
        revision=revision,
        alert_id=alert_id,
        status="withdrawn",
        alert=None,
        origin=Origin("req-2", RECEIVED, 2),
    )


def judged(offset: int, entries: int = 1, partition: int = 0, **given: Any) -> JudgedMessage:
    """A record of the events topic is judged."""
    values = {"topic": "qingfeng.events", "events": entries, "too_late": 0, "as_of": 0}
    return JudgedMessage(partition=partition, offset=offset, entries=entries, **(values | given))


def a_defect(defect_id: str = "d1", revision: int = 1, is_open: bool = True, **given: Any) -> DefectMessage:
    """An institution sent sums that do not add up."""
    values = {"institution_id": "H1", "event_id": "e1", "code": "sum", "path": "/amounts/total"}
    return DefectMessage(
        key="k1",
        revision=revision,
        defect_id=defect_id,
        open=is_open,
        message=Words("合计不符", "The parts do not add up"),
        origin=Origin("req-1", RECEIVED, 1),
        **(values | given),
    )


def a_placeholder(
    key: str = "k" * 26,
    facts: Iterable[tuple[str, int]] = (("H1", 900), ("H2", 101)),
    is_open: bool = True,
    revision: int = 1,
) -> DefectMessage:
    """A person id that stands for many."""
    shares = [Share(name, count, f"last of {name}") for name, count in facts]
    return a_defect(
        f"p-{key[:4]}",
        revision,
        is_open,
        institution_id="",
        event_id=key,
        code="placeholder_person",
        path="/person_id",
        shares=shares,
    )


def a_dead_letter(seq: int = 7, **given: Any) -> DeadLetterMessage:
    """An entry made a rule raise."""
    values = {"stage": "person", "key": "k1", "error": "ZeroDivisionError", "reason": "rule"}
    return DeadLetterMessage(
        body=given.pop("body", b"{}"), origin=Origin("req-1", RECEIVED, seq), **(values | given)
    )


def a_screening(settlement_id: str = "S1", revision: int = 1, **given: Any) -> ScreeningMessage:
    """A purchase at a pharmacy in May 2026."""
    values: dict[str, Any] = {
        "key": "k1",
        "institution_id": "P1",
        "encounter_id": f"E-{settlement_id}",
        "care": "pharmacy",
        "med_type": "41",
        "month": "2026-05",
        "day": MAY_1,
        "occurred_day": MAY_1,
        "begun": RECEIVED,
        "recorded": RECEIVED,
        "total": 10_000,
        "fund": 6_000,
        "rules_hash": "r",
    }
    return ScreeningMessage(settlement_id=settlement_id, revision=revision, **(values | given))
