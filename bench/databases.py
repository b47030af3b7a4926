"""A PostgreSQL of a benchmark's own."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from services.runtime import database
from services.runtime.embedded.postgres import EmbeddedPostgres


@contextlib.contextmanager
def fresh() -> Iterator[str]:
    """URL of a fresh, migrated database with a server of its own."""
    folder = Path(tempfile.mkdtemp(prefix="qingfeng-bench-"))
    server = EmbeddedPostgres(folder)
    url = server.start()
    try:
        asyncio.run(_migrate(url))
        yield url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _migrate(url: str) -> None:
    engine = database.open_engine(url)
    await database.migrate(engine)
    await engine.dispose()
