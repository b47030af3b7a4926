"""PostgreSQL stopped, killed, frozen or shared: a clear answer in time, and all goes on by itself."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.runtime.database import driver, migrate, open_engine
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.settings import Settings
from tests.ingest.conftest import Door, settlement


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A migrated server of the test's own."""
    folder = Path(tempfile.mkdtemp(prefix="qingfeng-trouble-"))
    server = EmbeddedPostgres(folder)

    async def prepare() -> None:
        engine = open_engine(server.start())
        await migrate(engine)
        await engine.dispose()

    asyncio.run(prepare())
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def own_settings(server: EmbeddedPostgres) -> Settings:
    return Settings(
        data_dir=server.folder.parent,
        database_url=server.url,
        pseudonym_key="pseudonym key for the tests only",
        vault_key="vault key for the tests only, 123",
    )


def timed_post(door: Door, event_id: str) -> tuple[int, float]:
    began = time.monotonic()
    status = door.post(settlement(event_id)).status_code
    return status, time.monotonic() - began


def until_accepted(door: Door, event_id: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while timed_post(door, event_id)[0] != 202:
        assert time.monotonic() < deadline, "the door stays closed"
        time.sleep(0.1)


def assert_refused_in_time(answers: list[tuple[int, float]]) -> None:
    """All are refused, and the quickest within two seconds: a machine may be slow now and then."""
    assert [status for status, _ in answers] == [503] * len(answers)
    assert min(seconds for _, seconds in answers) < 2


def test_with_postgresql_stopped_503_comes_within_two_seconds_and_all_goes_on_after(
    server: EmbeddedPostgres,
) -> None:
    with Door(own_settings(server)) as door:
        until_accepted(door, "before")
        server.kill()
        assert_refused_in_time([timed_post(door, f"during-{number}") for number in range(3)])
        ready = door.client.get("/readyz")
        assert (ready.status_code, list(ready.json()["missing"])) == (503, ["database"])
        assert door.client.get("/healthz").status_code == 200
        server.start()
        until_accepted(door, "after")
        assert door.client.get("/readyz").status_code == 200
        kept = {row[0] for row in door.sql("SELECT event_id FROM inbox WHERE kind = 'event'")}
        assert kept == {"before", "after"}


def test_with_postgresql_frozen_503_comes_within_two_seconds_and_nothing_is_lost_after(
    server: EmbeddedPostgres,
) -> None:
    with Door(own_settings(server)) as door:
        until_accepted(door, "before")
        frozen = [server.pid, *_children(server.pid)]
        try:
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            assert_refused_in_time([timed_post(door, "during") for _ in range(3)])
        finally:
            for pid in reversed(frozen):
                os.kill(pid, signal.SIGCONT)
        until_accepted(door, "after")
        until_accepted(door, "during")


def test_a_terminated_connection_is_no_more_than_a_retry(server: EmbeddedPostgres) -> None:
    with Door(own_settings(server)) as door:
        until_accepted(door, "before")
        door.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'qingfeng'")
        until_accepted(door, "after")


def test_a_door_opened_while_the_database_is_away_begins_when_it_comes(server: EmbeddedPostgres) -> None:
    settings = own_settings(server)
    key = Door(settings).key
    server.kill()
    door = Door(replace(settings, database_url=""))
    door.settings = settings
    door.client.headers["Authorization"] = f"Bearer {key}"
    with door:
        assert timed_post(door, "x")[0] == 503
        server.start()
        until_accepted(door, "x")


HOLDER = """
import sys, time
from pathlib import Path
from services.runtime.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print("ready", flush=True)
sys.stdin.readline()
server.stop()
"""


def hold(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_share_the_server_and_the_last_stops_it(tmp_path: Path) -> None:
    first, second = hold(tmp_path), hold(tmp_path)
    observer = EmbeddedPostgres(tmp_path)
    pid = observer.pid
    first.communicate("\n", timeout=60)
    assert observer.running
    assert observer.pid == pid
    second.communicate("\n", timeout=60)
    assert not observer.running


def test_the_server_survives_kill_9_of_its_user_and_the_next_one_finds_it(tmp_path: Path) -> None:
    victim = hold(tmp_path)
    observer = EmbeddedPostgres(tmp_path)
    pid = observer.pid
    victim.kill()
    victim.communicate()
    assert observer.running
    successor = hold(tmp_path)
    assert observer.pid == pid
    successor.communicate("\n", timeout=60)
    assert not observer.running


def test_after_kill_9_of_the_server_itself_the_next_start_finds_all_committed(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)

    async def write_and_kill() -> None:
        engine = open_engine(server.start())
        async with driver(engine) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
            assert await connection.fetchval("SHOW fsync") == "on"
            os.kill(server.pid, signal.SIGKILL)
        await engine.dispose()
        # A killed process takes a moment to be gone; a start before that finds it still there.
        while server.running:
            await asyncio.sleep(0.02)

    async def look() -> int:
        engine = open_engine(server.start())
        async with driver(engine) as connection:
            value = await connection.fetchval("SELECT value FROM kept")
        await engine.dispose()
        return value

    try:
        asyncio.run(write_and_kill())
        assert asyncio.run(look()) == 42
    finally:
        server.stop()


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in listed.stdout.split()]
