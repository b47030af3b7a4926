"""The demo county in a new system: `up --demo` makes a login and a key, and lets the county's days arrive.

The credentials of a demo are kept in the data folder (mode 0600), so that a second start can show them
again. They are made only where the demo itself made the data.
"""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts import users
from services.demo import county, play
from services.ingest import auth
from services.ingest.app import Ingest
from services.ingest.pseudonyms import make_pseudonyms
from services.ingest.refusals import Refused
from services.ingest.registry import Loader, by_transaction
from services.ingest.registry_files import parse_folder
from services.ingest.vault import make_vault
from services.runtime.clock import system_clock
from services.runtime.database import transaction
from services.runtime.logs import log
from services.settings import Settings

LOGIN = "demo"
BATCH = 500
PAUSE_SECONDS = 0.05
"""Between batches, so that people and programs find the system answering while the county plays."""


class Welcome(msgspec.Struct):
    """What a demo shows at each start."""

    login: str
    password: str
    platform_key: str


def welcome(settings: Settings) -> Welcome | None:
    """The demo's credentials, None where no demo was played in this data folder."""
    path = _welcome_file(settings)
    return msgspec.json.decode(path.read_bytes(), type=Welcome) if path.exists() else None


async def prepare(settings: Settings, engine: AsyncEngine) -> Welcome | None:
    """Make login and key in a new data folder; None where other data is already there."""
    known = welcome(settings)
    if known is not None:
        return known
    async with transaction(engine) as connection:
        if await _has_data(connection):
            return None
        made = Welcome(
            LOGIN,
            await users.create(connection, LOGIN, "supervisor", datetime.now(UTC)),
            await auth.create_key(connection, ["*"]),
        )
    _keep(_welcome_file(settings), made)
    return made


async def play_county(settings: Settings, engine: AsyncEngine, ingest: Ingest) -> int:
    """Let the county arrive through the inbox, unless events are there; returns how many came."""
    async with transaction(engine) as connection:
        if await _has_data(connection):
            return 0
    until = datetime.now(UTC) - timedelta(seconds=1)
    made = await asyncio.to_thread(
        county.generate, seed=1, days=play.DEMO_DAYS, persons=play.DEMO_PERSONS, until=until
    )
    await _load_registry(settings, engine, made)
    count = 0
    events = list(play.play_order(made))
    for begin in range(0, len(events), BATCH):
        rows = []
        for event in events[begin : begin + BATCH]:
            row = ingest.admission.judge(msgspec.json.encode(event), system_clock())
            if not isinstance(row, Refused):
                rows.append(row)
        await ingest.inbox.append(rows, "demo")
        count += len(rows)
        await asyncio.sleep(PAUSE_SECONDS)
    log.info("demo_county_played", events=count)
    return count


async def _load_registry(settings: Settings, engine: AsyncEngine, made: county.County) -> None:
    loader = Loader(make_pseudonyms(settings), make_vault(settings))
    with TemporaryDirectory() as folder:
        await asyncio.to_thread(county.write_registry, Path(folder), made)
        files = await asyncio.to_thread(parse_folder, Path(folder))
    for together in by_transaction(files):
        async with transaction(engine) as connection:
            await loader.load_together(connection, together, system_clock())


async def _has_data(connection: asyncpg.Connection) -> bool:
    """Whether anybody has posted or loaded anything."""
    return await connection.fetchval(
        "SELECT EXISTS (SELECT FROM inbox WHERE kind <> 'tick') OR EXISTS (SELECT FROM registry_record)"
    )


def _welcome_file(settings: Settings) -> Path:
    return settings.data_dir / "secrets" / "demo-welcome.json"


def _keep(path: Path, made: Welcome) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(msgspec.to_builtins(made)) + "\n")


CURL = """curl -s {url}/v1/events \\
  -H 'Authorization: Bearer {key}' -H 'Content-Type: application/x-ndjson' --data-binary @- <<'EOF'
{{"type":"admission","event_id":"try-1-{mark}","institution_id":"H43010299901","occurred_at":"{first}","person_id":"P-TRY-{mark}","encounter_id":"TRY-1-{mark}","med_type":"21"}}
{{"type":"admission","event_id":"try-2-{mark}","institution_id":"H43010299902","occurred_at":"{second}","person_id":"P-TRY-{mark}","encounter_id":"TRY-2-{mark}","med_type":"21"}}
EOF"""


def greeting(url: str, made: Welcome) -> str:
    """What `up --demo` prints: where to look, how to get in, and one thing to try."""
    now = datetime.now().astimezone().replace(microsecond=0)
    curl = CURL.format(
        url=url,
        key=made.platform_key,
        mark=f"{now:%m%d%H%M%S}",
        first=(now - timedelta(days=3)).isoformat(),
        second=(now - timedelta(days=1)).isoformat(),
    )
    return (
        f"\n清风 Qingfeng serves on {url}\n\n"
        f"  console        {url}/\n"
        f"  demo login     {made.login}\n"
        f"  password       {made.password}\n"
        f"  platform key   {made.platform_key}\n\n"
        f"Try it: one person in two hospitals at once. The warning shows in the console within a second.\n\n"
        f"{curl}\n\nCtrl-C ends it; all data stays in the data folder.\n"
    )
