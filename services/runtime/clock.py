"""The wall clock as a port: for deadlines, receive times and refusing the future, never for judgement."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns now in microseconds since 1970 UTC."""


def system_clock() -> int:
    """Now, microseconds since 1970 UTC."""
    return time.time_ns() // 1_000
