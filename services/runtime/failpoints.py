"""Failpoints, for fault tests: the process ends at once at the point that QINGFENG_FAILPOINT names.

Each stands between two effects, so that a test can show that a crash there loses and doubles nothing.
"""

import os
from collections.abc import Callable

Failpoint = Callable[[str], None]
"""Called with the name of the point that has been reached."""


def failpoint(wanted: str) -> Failpoint:
    """A failpoint that ends the process (status 70) when `wanted` is reached; "" never."""

    def reach(point: str) -> None:
        if wanted and point == wanted:
            os._exit(70)

    return reach
