"""Parameters of rules between files and the system: what `qingfeng rules` needs of the database."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.rules import RuleParameters
from services.ingest import rules_files
from services.ingest.commands import in_database, in_system
from services.ingest.custody import refuse_new_keys
from services.ingest.pseudonyms import make_pseudonyms
from services.ingest.registry import Loaded, Loader
from services.ingest.vault import make_vault
from services.retrying import judge_all_again
from services.runtime import database
from services.runtime.clock import system_clock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.settings import Settings, read_settings


def known_parameters() -> list[RuleParameters]:
    """What the system holds; nothing where there is no system yet, and none is made by asking."""
    settings = read_settings()
    if not settings.database_url and not EmbeddedPostgres(settings.data_dir).folder.exists():
        return []
    return in_database(rules_files.standing)


def judge_anew() -> None:
    """Have all judged by the rules as this program has them."""
    in_database(judge_all_again)


def load_parameters(records: Sequence[RuleParameters], regions: Sequence[str]) -> str:
    """Take records in; a line that says what changed."""

    async def work(engine: AsyncEngine, settings: Settings) -> Loaded:
        await refuse_new_keys(engine, settings)
        loader = Loader(make_pseudonyms(settings), make_vault(settings))
        async with database.transaction(engine) as connection:
            return await rules_files.load(connection, loader, records, regions, system_clock())

    loaded = in_system(work)
    where = ", ".join(region or "everywhere" for region in sorted(regions))
    rules = len({record.rule for record in records})
    return f"{rules} rules for {where}: {loaded.changed} records new or changed"
