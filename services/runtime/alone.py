"""Work that one process does alone: on a data folder by a file lock, on a database by an advisory lock."""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg

from services.runtime.errors import UserError

ASK_SECONDS = 1.0


@contextlib.contextmanager
def alone_in(data_dir: Path) -> Iterator[None]:
    """Hold a data folder while the block runs; the lock ends with the process, however it ends. A second
    system on it would share its queues without knowing its settings.

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


@contextlib.asynccontextmanager
async def alone_on(
    connection: asyncpg.Connection, lock: int, waits: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """Hold an advisory lock of the database while the block runs, once no other process holds it; it ends
    with the connection at the latest. waits: called at each vain attempt."""
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
        waits()
        await asyncio.sleep(ASK_SECONDS)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):
            await connection.execute("SELECT pg_advisory_unlock($1)", lock)
