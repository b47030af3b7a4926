"""The way to PostgreSQL: one engine a process, raw asyncpg where it is hot, migrations.

`transaction(engine)` is the usual way: a raw asyncpg connection inside one transaction, committed when
the block ends and rolled back when it raises.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.errors import UserError, is_database_away
from services.runtime.metrics import gauge

MIGRATIONS = Path(__file__).parents[1] / "migrations"
MIGRATION_LOCK = 0x51494E47
CONNECT_SECONDS = 1.5
STATEMENT_SECONDS = 30.0

CONNECTIONS = gauge(
    "database_connections",
    "Connections of this process's pool: in use, idle, and the most there may be.",
    ["state"],
)


def open_engine(
    url: str, *, statement_seconds: float = STATEMENT_SECONDS, pool_size: int = 10
) -> AsyncEngine:
    """An engine on asyncpg. Connecting gives up after 1.5 s and a statement after `statement_seconds`,
    on the server and here, so that a stopped or frozen server is an error and not a hang.

    Raises UserError when the URL cannot be read.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise UserError("QINGFENG_DATABASE_URL: not a database URL (postgresql://user@host/name)") from error
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise UserError("QINGFENG_DATABASE_URL: only PostgreSQL serves (postgresql://user@host/name)")
    address = address.set(drivername="postgresql+asyncpg")
    if "sslmode" in address.query:
        mode = address.query["sslmode"]
        address = address.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    engine = create_async_engine(
        address,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": statement_seconds,
            "server_settings": {
                "application_name": "qingfeng",
                "statement_timeout": str(int(statement_seconds * 1_000)),
                "idle_in_transaction_session_timeout": "60000",
            },
        },
    )
    pool: Any = engine.pool
    CONNECTIONS.labels("in use").set_function(pool.checkedout)
    CONNECTIONS.labels("idle").set_function(pool.checkedin)
    CONNECTIONS.labels("limit").set(2 * pool_size)
    return engine


@contextlib.asynccontextmanager
async def driver(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """A raw asyncpg connection of the pool, each statement a transaction of its own."""
    async with engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        try:
            yield raw
        except BaseException as error:
            if is_database_away(error) or isinstance(error, asyncio.CancelledError):
                with contextlib.suppress(Exception):
                    await connection.invalidate(error)
            raise


@contextlib.asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """A raw asyncpg connection inside one transaction."""
    async with driver(engine) as connection, connection.transaction():
        yield connection


async def ping(engine: AsyncEngine, seconds: float = CONNECT_SECONDS) -> None:
    """Returns when the database answers; raises what it raises, TimeoutError after `seconds`."""

    async def ask() -> None:
        async with asyncio.timeout(seconds), driver(engine) as connection:
            await connection.fetchval("SELECT 1")

    # Left to end by itself when late: taking leave of a frozen server takes seconds of its own.
    asked = asyncio.create_task(ask())
    await asyncio.wait([asked], timeout=seconds)
    if not asked.done():
        asked.add_done_callback(lambda task: task.cancelled() or task.exception())
        raise TimeoutError
    asked.result()


async def migrate(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring the schema to a revision, the newest unless told; processes that start together take turns.

    Raises UserError where a newer program has brought it further than this one knows.
    """
    async with driver(engine) as guard:
        await guard.fetchval("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade, revision)
        finally:
            await guard.fetchval("SELECT pg_advisory_unlock($1)", MIGRATION_LOCK)


def _upgrade(connection: Any, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    stands = MigrationContext.configure(connection).get_current_revision()
    if stands is not None and stands not in {script.revision for script in scripts.walk_revisions()}:
        raise UserError(
            f"the database's schema {stands} is newer than this program's {scripts.get_current_head()}:"
            " upgrade the program here, or restore a backup of before"
        )
    command.upgrade(config, revision)


@contextlib.contextmanager
def database_at(database_url: str, data_dir: Path) -> Iterator[str]:
    """The URL to use: the given one, or the private server's, which runs while the block lasts."""
    if database_url:
        yield database_url
        return
    server = EmbeddedPostgres(data_dir)
    try:
        yield server.start()
    finally:
        server.stop()
