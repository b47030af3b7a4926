"""Ending the process at once: the answer to every state in which going on could lose or double something.

Nothing is flushed, committed or marked as cleanly stopped, so the next start takes the way of a crash,
which is the way that is always right: local tables are rebuilt, uncommitted messages are read again.
"""

import logging
import os
from typing import NoReturn

EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits: a supervisor restarts on it, and it differs from a signal's status."""

logger = logging.getLogger(__name__)


def exit_now(reason: str) -> NoReturn:
    """End this process with `EXIT_STATUS`; the reason is the last line logged."""
    logger.critical("ending the process: %s", reason)
    logging.shutdown()
    os._exit(EXIT_STATUS)
