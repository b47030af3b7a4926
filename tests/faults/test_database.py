"""PostgreSQL stopped and frozen under services on Kafka: the door says so, offsets wait, nothing is lost."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.runtime.database import migrate, open_engine
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.settings import Settings
from tests.support.deployment import Deployment, undisturbed_in_the_end
from tests.support.load import load, parts

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

AWAY_SECONDS = 30


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A migrated server of the test's own."""
    folder = Path(tempfile.mkdtemp(prefix="qingfeng-"))
    server = EmbeddedPostgres(folder)

    async def prepare() -> None:
        engine = open_engine(server.start())
        await migrate(engine)
        await engine.dispose()

    asyncio.run(prepare())
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def deployment(
    server: EmbeddedPostgres, kafka, topic_prefix: str, settings: Settings, tmp_path: Path
) -> Iterator[Deployment]:
    chosen = replace(
        settings,
        database_url=server.url,
        kafka=kafka.bootstrap,
        topic_prefix=topic_prefix,
        partitions=4,
        relay_batch=5,
        lateness_days=3_650,
    )
    deployment = Deployment(chosen, tmp_path)
    yield deployment
    deployment.close()


def processes(server: EmbeddedPostgres) -> list[int]:
    """The server and its children."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.pid)], capture_output=True, text=True)
    return [server.pid, *map(int, listed.stdout.split())]


@pytest.mark.parametrize("way", ["stopped", "frozen"])
def test_a_database_that_is_away_for_half_a_minute_costs_time_and_nothing_else(
    deployment: Deployment, server: EmbeddedPostgres, way: str
):
    events = load(persons=1_500, days=30, seed=4)

    async def story() -> None:
        for name in ("alerts", "ingest", "worker"):
            deployment.start(name)
        async with undisturbed_in_the_end(deployment, seconds=300) as opened:
            first, second = parts(events, 2)
            await opened.post(first)
            if way == "stopped":
                server.kill()
                await asyncio.sleep(AWAY_SECONDS)
                await asyncio.to_thread(server.start)
            else:
                frozen = processes(server)
                for pid in frozen:
                    os.kill(pid, signal.SIGSTOP)
                await asyncio.sleep(AWAY_SECONDS)
                for pid in reversed(frozen):
                    os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(2)
            await opened.post(second)

    asyncio.run(story())
