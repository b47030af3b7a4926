"""Keys are made where there is nothing yet, and never beside data that was written under others."""

import asyncio
from dataclasses import replace

import pytest

from services.assembly import embedded_system
from services.ingest.commands import _load
from services.ingest.custody import KEYS
from services.ingest.rows import Identifier
from services.ingest.vault import make_vault
from services.runtime.database import open_engine, transaction
from services.runtime.errors import UserError
from services.settings import Settings

LOST = {"pseudonym_key": "", "vault_key": ""}


def keep_somebody(settings: Settings) -> None:
    async def go() -> None:
        vault, engine = make_vault(settings), open_engine(settings.database_url)
        async with transaction(engine) as raw:
            await vault.store(raw, vault.seal([Identifier("person", "p" * 26, "somebody")]))
        await engine.dispose()

    asyncio.run(go())


def start(settings: Settings) -> None:
    async def go() -> None:
        async with embedded_system(settings):
            pass

    asyncio.run(go())


def load(settings: Settings) -> None:
    async def go() -> None:
        engine = open_engine(settings.database_url)
        try:
            await _load(engine, settings, [])
        finally:
            await engine.dispose()

    asyncio.run(go())


@pytest.mark.parametrize("work", [start, load])
def test_beside_data_no_key_is_made(settings: Settings, work):
    keep_somebody(settings)
    lost = replace(settings, **LOST)
    with pytest.raises(UserError, match=r"pseudonym-key.*vault-key is missing"):
        work(lost)
    assert not (settings.data_dir / "secrets").exists()


def test_where_nothing_is_they_are_made_and_serve_from_then_on(settings: Settings):
    new = replace(settings, **LOST)
    start(new)
    assert {path.name for path in (settings.data_dir / "secrets").iterdir()} >= set(KEYS)
    keep_somebody(new)
    start(new)


def test_who_says_that_a_key_is_lost_for_good_goes_on(settings: Settings):
    keep_somebody(settings)
    folder = settings.data_dir / "secrets"
    folder.mkdir(parents=True)
    for key in KEYS:
        (folder / key).write_text("ab" * 32 + "\n")
    start(replace(settings, **LOST))
