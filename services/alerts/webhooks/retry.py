"""When a delivery is tried again: a pure value. 75.6 hours in ten tries, the schedule of the
Standard Webhooks specification."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from services.alerts.webhooks.health import LONGEST_RETRY_AFTER

MINUTE = 60.0
HOUR = 60 * MINUTE
SCHEDULE = (0.0, 5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Seconds before the first, second, … try."""
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Retry:
    """schedule: seconds before each try. jitter: share by which a wait varies, so that receivers that
    come back are not met by all at once."""

    schedule: tuple[float, ...] = SCHEDULE
    jitter: float = JITTER

    def wait(
        self, tries: int, chance: Callable[[], float], retry_after: float | None = None
    ) -> timedelta | None:
        """How long to wait after `tries` failed tries; None when there are no more.

        chance: a number in [0, 1). retry_after: seconds the receiver asked for; it lengthens a wait up to
        an hour and never shortens one.
        """
        if tries >= len(self.schedule):
            return None
        base = self.schedule[tries]
        seconds = base * (1 + self.jitter * (2 * chance() - 1))
        if retry_after is not None:
            seconds = max(seconds, min(retry_after, LONGEST_RETRY_AFTER))
        return timedelta(seconds=seconds)
