"""The command line of the alerts service: `users`, `data-defects`, `suspended` and `dead-letters`.

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

from schemas.finding import Share, Words
from services.alerts import dead_letters, defects, suspensions, users
from services.alerts.dead_letters import Resubmit
from services.alerts.suspensions import JudgeAgain
from services.runtime import database
from services.runtime.errors import UserError
from services.settings import read_settings

Result = TypeVar("Result")
ROWS = 200


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
        rows, _ = in_database(lambda raw: dead_letters.page(raw, retried_too=everything, limit=ROWS))
        columns = ["id", "at", "stage", "about", "reason", "error", "seq", "request_id", "retried_at"]
        _table(columns, rows)
        for stage in dict.fromkeys(row["stage"] for row in rows):
            _explain(stage, dead_letters.explained(stage))
        if rows:
            _explain("→", dead_letters.MEND)

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


def data_defects(
    institution: Annotated[list[str] | None, typer.Option(help="Only of these institutions.")] = None,
    code: Annotated[list[str] | None, typer.Option(help="Only of these kinds.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Only in these fields: /amounts/total.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Changed at or after, UTC unless told.")] = None,
    each: Annotated[bool, typer.Option("--each", help="One by one instead of summed up.")] = False,
    mended: Annotated[bool, typer.Option("--mended", help="Those that were mended too.")] = False,
) -> None:
    """What institutions sent that contradicts itself, by institution and field: where to mend a feed."""
    wanted = defects.Wanted(
        institutions=institution or (),
        codes=code or (),
        fields=field or (),
        is_open=None if mended else True,
        since=since if since is None or since.tzinfo else since.replace(tzinfo=UTC),
    )
    if each:
        rows, more = in_database(lambda raw: defects.page(raw, wanted, ROWS, None))
        columns = ["institution_id", "path", "code", "event_id", "open", "first_at", "changed_at"]
    else:
        rows, more = in_database(lambda raw: defects.summary(raw, wanted, ROWS, None))
        columns = ["institution_id", "path", "code", "open", "mended", "event_id", "first_at", "last_at"]
    _table(columns, rows)
    for row in {row["code"]: row for row in rows}.values():
        typer.echo(f"{row['code']}: {row['message_zh']} / {row['message_en']}")
        _explain("  →", defects.advice(row["code"]))
    if more is not None:
        typer.echo(f"… 仅列出 {ROWS} 行，请用选项缩小范围 / the first {ROWS} rows: narrow them by options")


def suspended_commands(judge_again: JudgeAgain) -> typer.Typer:
    """`qingfeng suspended [list|retry]`; `judge_again` leads back into judgement."""
    commands = typer.Typer(help="Person ids that stand for many and are not judged.")

    @commands.callback(invoke_without_command=True)
    def shown(context: typer.Context) -> None:
        """Person ids that stand for many and are not judged: who sent them, and what ends it."""
        if context.invoked_subcommand is None:
            list_suspended()

    @commands.command("list")
    def list_suspended(
        institution: Annotated[str | None, typer.Option(help="Only those that it sent facts of.")] = None,
    ) -> None:
        """List suspended keys (pseudonyms), newest first."""
        rows, _ = in_database(lambda raw: suspensions.page(raw, institution, ROWS, None))
        _table(["key", "since", "institutions"], [{**row, "institutions": _shares(row)} for row in rows])
        limit = read_settings().person_facts_limit
        if rows:
            _explain("!", suspensions.why(limit))
            _explain("→", suspensions.what_ends_it(limit))

    @commands.command()
    def retry(
        keys: Annotated[list[str] | None, typer.Argument(help="Keys from the list.")] = None,
        everything: Annotated[bool, typer.Option("--all", help="All that are suspended.")] = False,
    ) -> None:
        """Judge suspended keys again now; those that still have too many facts stay suspended."""
        if bool(keys) == everything:
            raise UserError("name suspended keys as the list shows them, or --all")
        chosen = None if everything else keys
        count = in_database(lambda raw: suspensions.retry(raw, chosen, judge_again))
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


def _shares(row: dict[str, Any]) -> str:
    shares: list[Share] = row["shares"]
    return ", ".join(f"{share.institution_id}: {share.facts} ({share.event_id})" for share in shares)


def _explain(mark: str, words: Words) -> None:
    typer.echo(f"{mark} {words.zh} / {words.en}")


def _cell(value: Any) -> str:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def _now() -> datetime:
    return datetime.now(UTC)
