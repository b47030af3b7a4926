"""How an endpoint fares: a pure value that tries change. It is slowed when it asks for less, and switched
off when it is gone or when nothing got through for five days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

GONE = 410
OVERLOADED = frozenset({429, 502, 504})
"""Answers that speak of the whole endpoint, not of one delivery (Standard Webhooks)."""
FAILING_FOR = timedelta(hours=120)
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
LONGEST_RETRY_AFTER = 3_600.0
"""Seconds: whoever asks for a longer silence gets an hour."""
SLOWED_PLACES = 1
"""While it is slowed, one delivery at a time shows whether it is well again."""

Reason = Literal["gone", "failing"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the endpoint said to one try. claimed_at: when the try was set on its way."""

    claimed_at: datetime
    status: int | None
    delivered: bool
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """failing_since: the first failure since the last success. slowed: how many pauses in a row it asked
    for. throttled_until: end of the present one."""

    failing_since: datetime | None = None
    slowed: int = 0
    throttled_until: datetime | None = None

    def after(self, outcomes: Sequence[Outcome], now: datetime) -> "Health":
        """The health once these tries came back: any success makes it well, then pauses count."""
        delivered = any(one.delivered for one in outcomes)
        failed = not all(one.delivered for one in outcomes)
        health = Health() if delivered else self
        if failed and not delivered:
            health = replace(health, failing_since=health.failing_since or now)
        for one in outcomes:
            if one.status in OVERLOADED:
                health = health._slower(one, now)
        return health

    def off(self, outcomes: Sequence[Outcome], now: datetime) -> Reason | None:
        """Why the endpoint has to be switched off; None where it stays."""
        if any(one.status == GONE for one in outcomes):
            return "gone"
        lasting = self.failing_since is not None and self.failing_since < now - FAILING_FOR
        return "failing" if lasting else None

    def _slower(self, one: Outcome, now: datetime) -> "Health":
        """Tries that were on their way together ask for one pause, not for several."""
        again = self.throttled_until is None or self.throttled_until <= one.claimed_at
        slowed = self.slowed + 1 if again else self.slowed
        until = now + timedelta(seconds=pause(slowed, one.retry_after))
        return replace(self, slowed=slowed, throttled_until=max(until, self.throttled_until or until))


def pause(slowed: int, retry_after: float | None) -> float:
    """Seconds to leave an endpoint alone at its `slowed`-th asking: what it asked for, up to an hour; else
    5 s, doubled each time, up to 5 min."""
    if retry_after is not None:
        return min(max(retry_after, 1.0), LONGEST_RETRY_AFTER)
    return min(FIRST_PAUSE * 2.0 ** min(slowed - 1, 10), LONGEST_PAUSE)
