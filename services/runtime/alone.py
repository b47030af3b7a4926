"""One system a data folder: a second one would share its queues without knowing its settings."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from services.runtime.errors import UserError


@contextlib.contextmanager
def alone_in(data_dir: Path) -> Iterator[None]:
    """Hold the folder while the block runs; the lock ends with the process, however it ends.

    Raises UserError when another process holds it.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "system.lock").open("w")
    except OSError as error:
        raise UserError(f"{data_dir}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(
                f"another system already runs on {data_dir}: end it, or choose another --data-dir"
            ) from error
        yield
