"""`runtime`: a running system, once embedded and once on Kafka, shared by the stories told to it.

Stories keep apart by their persons and institutions; after each of them everything is compared anew.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.assembly import System
from services.runtime.database import open_engine
from services.runtime.embedded import runner
from services.settings import Settings
from tests.support.database import TestServer
from tests.support.deployment import Deployment, Door, door

FACTS_LIMIT = 40
LATENESS_DAYS = 3_650


class Embedded:
    """The embedded system in a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    async def _run(self) -> None:
        engine = open_engine(self._settings.database_url)
        system = System(self._settings, engine)
        await system.start()
        await asyncio.to_thread(self._stop.wait)
        await system.close()
        await engine.dispose()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def said(self) -> str:
        return ""


class Runtime:
    """A running system; `tell` a story to its door and see it settled."""

    def __init__(self, settings: Settings, system: Embedded | Deployment) -> None:
        self.settings = settings
        self.system = system

    def tell(self, story: Callable[[Door], Awaitable[Any]]) -> Any:
        """Run a story; returns what it returns."""

        async def run() -> Any:
            async with door(self.settings) as opened:
                return await story(opened)

        return asyncio.run(run())

    async def settled(self, opened: Door) -> dict[str, Any]:
        """Wait for lag 0, then hold the law; the status."""
        found = await opened.settled(said=self.system.said)
        assert await opened.open_alerts() == await opened.expected()
        return found


@pytest.fixture(scope="module", params=["embedded", "kafka"])
def runtime(
    request: pytest.FixtureRequest, postgres: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runtime]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    settings = Settings(
        data_dir=folder / "data",
        database_url=postgres.create(),
        pseudonym_key="pseudonym key for the tests only",
        vault_key="vault key for the tests only, 123",
        person_facts_limit=FACTS_LIMIT,
        lateness_days=LATENESS_DAYS,
        log_level="error",
    )
    narrow = pytest.MonkeyPatch()
    if request.param == "embedded":
        # Hardly any memory is at hand: all are let go, packed, and told by the database again and again.
        narrow.setattr(runner, "HOTTEST", 1)
        narrow.setattr(runner, "PACKED_BYTES", 4_096)
        system: Any = Embedded(settings)
    else:
        kafka = request.getfixturevalue("kafka")
        settings = replace(settings, kafka=kafka.bootstrap, topic_prefix=f"{folder.name}.", partitions=3)
        system = Deployment(settings, folder)
        for name in ("ingest", "alerts", "worker"):
            system.start(name)
    yield Runtime(settings, system)
    system.close()
    narrow.undo()
    postgres.drop(settings.database_url)
