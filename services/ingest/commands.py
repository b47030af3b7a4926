"""The command line of ingest: `keys`, `registry load`, `import`.

They work on the system's database, whether the system runs or not. A UserError reaches the entry point,
which prints its one line and exits with 2.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.moments import Calendar
from services.formats import desynpuf
from services.ingest import auth
from services.ingest.custody import refuse_new_keys
from services.ingest.entries import COMMANDS
from services.ingest.importing import Import, Report, Spool
from services.ingest.pseudonyms import make_pseudonyms
from services.ingest.registry import Loader, by_transaction
from services.ingest.registry_files import ParsedFile, parse_folder, parse_rows
from services.ingest.vault import make_vault
from services.runtime import database
from services.runtime.clock import system_clock
from services.runtime.errors import UserError
from services.settings import Settings, read_settings

Result = TypeVar("Result")
FAULTS_SHOWN = 20


def keys_commands() -> typer.Typer:
    """`qingfeng keys create|list|revoke`."""
    commands = typer.Typer(help="Institutions' keys for POST /v1/events.", no_args_is_help=True)

    @commands.command()
    def create(
        institution: Annotated[str, typer.Option(help="ID[,ID…], or '*' for the regional platform.")],
    ) -> None:
        """Create a key; prints the credential, which is shown only now."""
        institutions = [one.strip() for one in institution.split(",")]
        typer.echo(in_database(lambda raw: auth.create_key(raw, institutions)))

    @commands.command("list")
    def list_keys() -> None:
        """List all keys, never their credentials."""
        table = Table("id", "institutions", "created", "revoked")
        for row in in_database(auth.list_keys):
            revoked = f"{row.revoked_at:%Y-%m-%d %H:%M}" if row.revoked_at else ""
            table.add_row(row.id, ", ".join(row.institutions), f"{row.created_at:%Y-%m-%d %H:%M}", revoked)
        Console().print(table)

    @commands.command()
    def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")]) -> None:
        """Revoke a key; running systems refuse it within five seconds."""
        in_database(lambda raw: auth.revoke_key(raw, key_id))
        typer.echo(f"revoked {key_id}")

    return commands


def registry_commands() -> typer.Typer:
    """`qingfeng registry load FOLDER`."""
    commands = typer.Typer(
        help="Institutions, persons, limits, prices: docs/registry.md.", no_args_is_help=True
    )

    @commands.callback()
    def registry() -> None:
        """Institutions, persons, limits, prices: docs/registry.md."""

    @commands.command()
    def load(folder: Path) -> None:
        """Load registry files: all of a file or nothing of it; each fault with its line."""
        parsed = parse_folder(folder)
        good = [file for file in parsed if not file.faults]
        if good:
            in_system(lambda engine, settings: _load(engine, settings, good))
        faults = [fault for file in parsed for fault in file.faults]
        for fault in faults[:FAULTS_SHOWN]:
            typer.echo(str(fault), err=True)
        if faults:
            rest = f" ({len(faults) - FAULTS_SHOWN} more)" if len(faults) > FAULTS_SHOWN else ""
            names = ", ".join(file.name for file in parsed if file.faults)
            raise UserError(f"nothing was loaded of {names}: {len(faults)} faults{rest}")

    return commands


def import_history(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files or folders.")],
    form: Annotated[str, typer.Option("--format", help="qingfeng or desynpuf.")] = "qingfeng",
) -> None:
    """Bring history in through the inbox: in time order, resumable, judged whatever its age."""
    settings = read_settings()
    spool = Spool(Calendar(settings.timezone))
    persons = _spool(spool, paths, form)
    report: Report = in_system(lambda engine, own: _import(engine, own, spool, persons))
    typer.echo(f"accepted {report.accepted}, duplicates {report.duplicates}, rejected {report.rejected}")
    for fault in report.faults:
        typer.echo(fault, err=True)
    if report.rejected:
        raise UserError(f"{report.rejected} events were rejected; what was accepted is in")


async def _load(engine: AsyncEngine, settings: Settings, files: list[ParsedFile]) -> None:
    await refuse_new_keys(engine, settings)
    loader = Loader(make_pseudonyms(settings), make_vault(settings))
    for together in by_transaction(files):
        async with database.transaction(engine) as connection:
            done = await loader.load_together(connection, together, system_clock())
        for loaded in done:
            typer.echo(f"{loaded.name}: {loaded.records} records, {loaded.changed} new or changed")


async def _import(engine: AsyncEngine, settings: Settings, spool: Spool, persons: list[ParsedFile]) -> Report:
    from services.ingest.app import Ingest

    await refuse_new_keys(engine, settings)
    if persons:
        await _load(engine, settings, persons)
    reader = "relay" if settings.kafka else "embedded"
    ingest = Ingest(settings, engine, reader=reader, writer=COMMANDS)
    await ingest.inbox.start()
    watch = asyncio.create_task(ingest.backlog.watch())
    columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("importing", total=len(spool))
            work = Import(
                ingest.admission, ingest.inbox, ingest.backlog, lambda count: progress.advance(bar, count)
            )
            return await work.run(spool, system_clock())
    finally:
        watch.cancel()
        await ingest.inbox.close()


def _spool(spool: Spool, paths: list[Path], form: str) -> list[ParsedFile]:
    """Fill the spool; returns the person records that come with the format."""
    persons: list[ParsedFile] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
        if form == "desynpuf":
            persons.append(_spool_desynpuf(spool, path))
        elif form == "qingfeng":
            for file in _event_files(path):
                spool.add_file(file)
        else:
            raise UserError("--format: qingfeng or desynpuf")
    for file in persons:
        if file.faults:
            raise UserError(str(file.faults[0]))
    return persons


def _spool_desynpuf(spool: Spool, folder: Path) -> ParsedFile:
    try:
        spool.add_events(desynpuf.CLAIMS, desynpuf.read_claims(folder))
        return parse_rows(desynpuf.BENEFICIARIES, "persons", desynpuf.read_persons(folder))
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{folder}: not readable as desynpuf ({error})") from error


def _event_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    names = ("*.ndjson", "*.ndjson.gz", "*.jsonl", "*.jsonl.gz")
    found = sorted(file for name in names for file in path.glob(name) if not file.name.startswith("labels."))
    if not found:
        raise UserError(f"{path}: no .ndjson or .jsonl file in it")
    return found


def in_database(work: Callable[[Any], Awaitable[Result]]) -> Result:
    """Run `work(asyncpg connection)` in one transaction on the system's database."""

    async def run(engine: AsyncEngine, _: Settings) -> Result:
        async with database.transaction(engine) as raw:
            return await work(raw)

    return in_system(run)


def in_system(work: Callable[[AsyncEngine, Settings], Awaitable[Result]]) -> Result:
    settings = read_settings()

    async def run(url: str) -> Result:
        engine = database.open_engine(url)
        try:
            await database.migrate(engine)
            return await work(engine, replace(settings, database_url=url))
        finally:
            await engine.dispose()

    with database.database_at(settings.database_url, settings.data_dir) as url:
        sys.stdout.flush()
        return asyncio.run(run(url))
