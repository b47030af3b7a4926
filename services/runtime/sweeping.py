"""When all memories are looked through for those that are over: once for each day by which as_of moved on.

A memory ages while nothing comes for it, so that nobody would ever look at it again.
"""

EVERY = 24 * 3_600 * 1_000_000
"""Microseconds of as_of from one look to the next."""


class Sweeps:
    """Looks at the memories of one place, one after the other."""

    def __init__(self) -> None:
        self._last: int | None = None

    def begins(self, as_of: int) -> bool:
        """Whether it is time to look again; it then counts as begun."""
        if self._last is not None and as_of < self._last + EVERY:
            return False
        self._last = as_of
        return True
