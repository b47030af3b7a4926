"""What a running system must say in the end: the open alerts of one clean run over the same events."""

import json
import time
from collections.abc import Iterable

import msgspec

from bench.system import Running
from schemas.finding import NOT_COMPARED, Alert
from schemas.registry import Record
from services import replaying
from services.detector.rules import RULES
from services.settings import read_settings
from tests.support.months import hurry

STREAM = frozenset(rule.id for rule in RULES)
COMPARED = [name for name in Alert.__struct_fields__ if name not in NOT_COMPARED]


def said(system: Running, seconds: float = 120.0) -> dict[str, dict]:
    """Open alerts of a system by id, compared fields only, once the rules over months have been run."""
    deadline = time.monotonic() + seconds
    while (found := system.get("/v1/status"))["months_waiting"]:
        assert time.monotonic() < deadline, found
        system.ask(hurry)
        time.sleep(0.1)
    return {alert["alert_id"]: _compared(alert) for alert in system.alerts()}


def of_the_stream(alerts: dict[str, dict]) -> dict[str, dict]:
    """Without what rules over months say, for which a test would have to wait."""
    return {alert_id: alert for alert_id, alert in alerts.items() if alert["rule"] in STREAM}


def said_by_the_stream(system: Running) -> dict[str, dict]:
    """Open alerts of a system that come as events are judged, by id, compared fields only."""
    return of_the_stream({alert["alert_id"]: _compared(alert) for alert in system.alerts()})


def due(
    system: Running,
    events: Iterable[dict],
    known: Iterable[Record] = (),
) -> dict[str, dict]:
    """Open alerts of one clean ordered run over the same events and registry rows, under the system's own
    keys."""
    settings = read_settings({"QINGFENG_DATA_DIR": str(system.folder)})
    texts = [(str(number), json.dumps(event).encode()) for number, event in enumerate(events)]
    done = replaying.run(settings, texts, list(known))
    assert not done.refused
    assert not done.failed
    return {alert_id: _compared(msgspec.to_builtins(alert)) for alert_id, alert in done.open.items()}


def _compared(alert: dict) -> dict:
    return {name: alert[name] for name in COMPARED if name in alert}
