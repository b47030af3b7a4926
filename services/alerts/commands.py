"""The command line of the alerts service: `users` and `dead-letters`.

Exit status 0 = done. A UserError reaches the entry point, which prints its one line and exits with 2.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from services.alerts import dead_letters, users
from services.alerts.dead_letters import Resubmit
from services.runtime import database
from services.runtime.errors import UserError
from services.settings import read_settings

Result = TypeVar("Result")


def users_commands() -> typer.Typer:
    """`qingfeng users create|list|revoke`."""
    commands = typer.Typer(help="People who read alerts.", no_args_is_help=True)

    @commands.command()
    def create(
        name: Annotated[str, typer.Argument(help="Also the login name of the console.")],
        role: Annotated[str, typer.Option(help="handler, supervisor, admin or auditor.")],
    ) -> None:
        """Create a user; prints the token, which is shown only now and is the console's password too."""
        typer.echo(in_database(lambda raw: users.create(raw, name, role, _now())))

    @commands.command("list")
    def list_users() -> None:
        """List all users."""
        rows = in_database(users.everyone)
        _table(["name", "role", "created_at", "revoked_at"], rows)

    @commands.command()
    def revoke(name: Annotated[str, typer.Argument(help="Whose access ends.")]) -> None:
        """End a user's access at once."""
        in_database(lambda raw: users.revoke(raw, name, _now()))

    return commands


def dead_letters_commands(resubmit: Resubmit) -> typer.Typer:
    """`qingfeng dead-letters list|retry`; `resubmit` leads back into judgement."""
    commands = typer.Typer(help="Entries that could not be judged.", no_args_is_help=True)

    @commands.command("list")
    def list_letters(
        everything: Annotated[bool, typer.Option("--all", help="Those that were retried too.")] = False,
    ) -> None:
        """List dead letters, newest first."""
        rows = in_database(lambda raw: dead_letters.waiting(raw, retried_too=everything))
        _table(["id", "at", "stage", "reason", "error", "seq", "request_id", "retried_at"], rows)

    @commands.command()
    def retry(
        ids: Annotated[list[int] | None, typer.Argument(help="Numbers from the list.")] = None,
        everything: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
    ) -> None:
        """Judge dead letters again, once what they stumbled over is mended."""
        if bool(ids) == everything:
            raise UserError("name dead letters by their numbers, or --all")
        chosen = None if everything else ids
        count = in_database(lambda raw: dead_letters.retry(raw, chosen, _now(), resubmit))
        typer.echo(f"{count} sent back into judgement")

    return commands


def in_database(work: Callable[[Any], Awaitable[Result]]) -> Result:
    """Run `work(asyncpg connection)` in one transaction on the system's database, whether the system
    runs or not. Raises UserError when the database cannot be reached."""
    settings = read_settings()
    with database.database_at(settings.database_url, settings.data_dir) as url:
        return asyncio.run(_run(url, work))


async def _run(url: str, work: Callable[[Any], Awaitable[Result]]) -> Result:
    engine = database.open_engine(url)
    try:
        await database.migrate(engine)
        async with database.transaction(engine) as raw:
            return await work(raw)
    except OSError as error:
        raise UserError("the database cannot be reached; is QINGFENG_DATABASE_URL right?") from error
    finally:
        await engine.dispose()


def _table(columns: list[str], rows: list[dict[str, Any]]) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if row[column] is None else _cell(row[column]) for column in columns))
    width = None if sys.stdout.isatty() else 220  # a pipe's reader wants a line a row
    Console(width=width).print(table)


def _cell(value: Any) -> str:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def _now() -> datetime:
    return datetime.now(UTC)
