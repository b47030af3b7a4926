"""When a shared key is over: all that is told there lies further back than anything is kept.

Persons' histories forget what lies a horizon behind as_of, and cannot say it again. A memory of that time is
therefore dropped, unless a finding stands, which keeps it whole; and a register that comes to such a key for
the first time is too late for it: of what was told there it would be only a part.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.moments import DAY, SECOND, Calendar
from services.detector.shared.history import SharedHistory
from services.detector.shared.keys import DAILY, read_key
from services.detector.shared.registers import Register

GRACE = 30 * DAY
"""Memories stay so much longer, for what is on its way from a person that was judged at an earlier as_of."""


@dataclass(frozen=True)
class Ageing:
    """horizon: microseconds behind as_of at which persons' facts are forgotten; None: never."""

    horizon: int | None
    calendar: Calendar

    def is_too_late(self, history: SharedHistory, register: Register, as_of: int) -> bool:
        """Whether a register comes to a key that persons may have forgotten parts of; news of what the key
        knows never does. as_of: that of the event that moved it."""
        if self.horizon is None or not register.entries or register.name in history.registers:
            return False
        return self._has_passed(history.key, [register], as_of - self.horizon)

    def may_be_over(self, key: str, as_of: int) -> bool:
        """False where a key alone tells that it is not over."""
        if self.horizon is None:
            return False
        return key[0] not in DAILY or self._end_of(key) < as_of - self.horizon - GRACE

    def is_over(self, history: SharedHistory, as_of: int) -> bool:
        """Whether nothing stands at a key, and nothing that is told there is kept anywhere."""
        if self.horizon is None or history.said:
            return False
        before = as_of - self.horizon - GRACE
        # `turns` began as a time (`SharedStage.step`): what a key says in a later life counts as later.
        return history.turns * SECOND < before and self._has_passed(
            history.key, history.registers.values(), before
        )

    def _has_passed(self, key: str, registers: Iterable[Register], before: int) -> bool:
        """Whether all entries lie before a moment, the key's day too; what was imported never does."""
        for register in registers:
            for entry in register.entries:
                if entry.at >= before or entry.historical:
                    return False
        return key[0] not in DAILY or self._end_of(key) < before

    def _end_of(self, key: str) -> int:
        return self.calendar.midnight(int(read_key(key)[1][-1]) + 1)
