"""The life of one alert as a value: what its keys said of it, and which changes that made.

No I/O here. An alert is open while any key says so. The version counts only what outsiders compare;
new words or new evidence alone refresh the stored alert and count nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct

from schemas.finding import NOT_COMPARED, Alert, AlertMessage, Origin

Event = Literal["alert.opened", "alert.changed", "alert.withdrawn"]

COMPARED = tuple(name for name in Alert.__struct_fields__ if name not in NOT_COMPARED)

decode_alert = msgspec.json.Decoder(Alert).decode
encode_alert = msgspec.json.Encoder().encode


class Voice(Struct):
    """What one key last said. `alert` stands even when that key has withdrawn it."""

    epoch: str
    revision: int
    open: bool
    alert: Alert


@dataclass(frozen=True, slots=True)
class Change:
    """One version of one alert, as it becomes history.

    number: its place among all changes, strictly growing in the order of commits. at: when it was
    stored. origin: the event that led to it. before: the alert as it stood.
    """

    number: int
    alert_id: str
    version: int
    event: Event
    alert: Alert
    at: datetime
    origin: Origin
    before: Alert | None = None


@dataclass(slots=True)
class Kept:
    """An alert as it is stored. `version` 0: nothing is stored yet. `born`, `change`: change numbers."""

    alert_id: str
    voices: dict[str, Voice] = field(default_factory=dict)
    alert: Alert | None = None
    version: int = 0
    born: int = 0
    change: int = 0
    detected_at: datetime | None = None
    changed_at: datetime | None = None
    touched: set[str] = field(default_factory=set)
    refreshed: bool = False

    def take(self, message: AlertMessage, epoch: str) -> Event | None:
        """Take one message in; the event it makes, or None for a repeat, a late repeat or a mere refresh.

        epoch: identity of the log it came from; revisions are compared only within one log. The caller
        counts the version when there is an event.
        """
        if not self._hear(message, epoch):
            return None
        said = self._said()
        before, self.alert = self.alert, said
        if before is not None and same(before, said):
            self.refreshed = self.refreshed or encode_alert(before) != encode_alert(said)
            return None
        if said.status == "withdrawn":
            return "alert.withdrawn"
        return "alert.opened" if before is None or before.status == "withdrawn" else "alert.changed"

    def _hear(self, message: AlertMessage, epoch: str) -> bool:
        voice = self.voices.get(message.key)
        if voice is not None and voice.epoch == epoch and message.revision < voice.revision:
            return False
        if message.alert is None or message.status == "withdrawn":
            if voice is None:
                return False
            alert, is_open = voice.alert, False
        else:
            alert, is_open = message.alert, True
        self.voices[message.key] = Voice(epoch, message.revision, is_open, alert)
        self.touched.add(message.key)
        return True

    def _said(self) -> Alert:
        """The word that counts: of several open voices that of the greatest key, so that it does not
        depend on who spoke last; when all have withdrawn, what stood last."""
        speaking = [key for key, voice in self.voices.items() if voice.open]
        if speaking:
            return msgspec.structs.replace(self.voices[max(speaking)].alert, status="open")
        stood = self.alert or next(iter(self.voices.values())).alert
        return msgspec.structs.replace(stood, status="withdrawn")


class Side(Protocol):
    """What `as_seen` asks of an alert."""

    status: Any
    shadow: Any


def as_seen(event: Event, alert: Side, before: Side | None, trial: bool = False) -> Event | None:
    """A change as those see it who read only alerts in force, or only those of rules on trial: what goes over
    to the others is withdrawn for them, what comes over is opened. None where they see nothing."""
    was_here = before is not None and bool(before.shadow) is trial
    if bool(alert.shadow) is trial:
        return "alert.opened" if event == "alert.changed" and not was_here else event
    return "alert.withdrawn" if was_here and before.status == "open" else None  # type: ignore[union-attr]


def same(one: Alert, other: Alert) -> bool:
    """Whether two states of an alert agree in every compared field."""
    return all(getattr(one, name) == getattr(other, name) for name in COMPARED)
