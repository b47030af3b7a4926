"""`qingfeng database dump|restore|migrate`: the database as a whole, by PostgreSQL's own tools.

A dump is taken from one state of the database while the system runs. A restore goes into an empty database
only, and is whole or nothing.
"""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ingest.reader import settle_after_restore
from services.runtime import database
from services.runtime.alone import alone_in
from services.runtime.embedded.postgres import binaries
from services.runtime.errors import UserError
from services.settings import read_settings

REVISION = "SELECT version_num FROM alembic_version"
HOLDS = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' AND tablename = 'inbox')"
FILLED = "SELECT EXISTS (SELECT FROM inbox) OR EXISTS (SELECT FROM vault) OR EXISTS (SELECT FROM app_user)"
EMPTY = ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")

KEYS_APART = "密钥不在备份里，请另存他处 / the keys are not in it, keep them in another place: {keys}"


def database_commands() -> typer.Typer:
    """`qingfeng database …`."""
    commands = typer.Typer(help="Back up, restore and upgrade the database.", no_args_is_help=True)

    @commands.command()
    def dump(
        file: Annotated[Path, typer.Argument(help="Where the backup goes; must not exist yet.")],
    ) -> None:
        """Back the database up into one file, while the system runs or not."""
        settings = read_settings()
        if file.exists():
            raise UserError(f"{file}: there is a file already")
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        try:
            with database.database_at(settings.database_url, settings.data_dir) as url:
                _run("pg_dump", url, "--format=custom", f"--file={draft}")
            draft.rename(file)
        finally:
            draft.unlink(missing_ok=True)
        keys = "QINGFENG_PSEUDONYM_KEY, QINGFENG_VAULT_KEY"
        if not (settings.pseudonym_key and settings.vault_key):
            keys = str(settings.data_dir / "secrets")
        typer.echo(KEYS_APART.format(keys=keys))

    @commands.command()
    def restore(file: Annotated[Path, typer.Argument(help="A backup made by `dump`.", exists=True)]) -> None:
        """Restore a backup into an empty database, and bring it up to this program's schema."""
        settings = read_settings()
        with (
            alone_in(settings.data_dir),
            database.database_at(settings.database_url, settings.data_dir) as url,
        ):
            asyncio.run(_empty(url))
            arguments = ("--no-owner", "--single-transaction", "--exit-on-error", "--dbname", _name(url))
            _run("pg_restore", url, *arguments, str(file))
            asyncio.run(_migrate(url, settle_after_restore))

    @commands.command()
    def migrate() -> None:
        """Bring the schema up to date; what runs at every start, by itself."""
        settings = read_settings()
        with database.database_at(settings.database_url, settings.data_dir) as url:
            asyncio.run(_migrate(url))

    return commands


async def _migrate(url: str, *then: Callable[[AsyncEngine], Awaitable[None]]) -> None:
    engine = database.open_engine(url)
    try:
        await database.migrate(engine)
        for step in then:
            await step(engine)
        async with database.driver(engine) as raw:
            revision = await raw.fetchval(REVISION)
    finally:
        await engine.dispose()
    typer.echo(f"schema {revision}")


async def _empty(url: str) -> None:
    """Take away the empty tables of a first start. Raises UserError where anything is in them."""
    engine = database.open_engine(url)
    try:
        async with database.transaction(engine) as raw:
            if await raw.fetchval(HOLDS) and await _filled(raw):
                raise UserError("the database is not empty: restore only into an empty one")
            for statement in EMPTY:
                await raw.execute(statement)
    finally:
        await engine.dispose()


async def _filled(raw: Any) -> bool:
    try:
        return await raw.fetchval(FILLED)
    except asyncpg.UndefinedTableError:
        return True  # somebody else's tables


def _run(tool: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's tools on a database. The password goes by the environment, which other users of
    the machine cannot read. Raises UserError with the last line of what it said."""
    command = [str(binaries() / tool), *arguments]
    done = subprocess.run(command, env={**os.environ, **_address(url)}, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UserError(f"{tool} failed: {said[-1] if said else done.returncode}")


def _address(url: str) -> dict[str, str]:
    """A database's URL as libpq's environment."""
    parts = make_url(url)
    given = {
        "PGHOST": parts.query.get("host") or parts.host,
        "PGPORT": parts.port,
        "PGUSER": parts.username,
        "PGPASSWORD": parts.password,
        "PGDATABASE": parts.database,
        "PGSSLMODE": parts.query.get("sslmode") or parts.query.get("ssl"),
    }
    return {name: str(value) for name, value in given.items() if value}


def _name(url: str) -> str:
    return make_url(url).database or "postgres"
