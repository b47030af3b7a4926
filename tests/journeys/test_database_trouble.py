"""The private database killed, or without disk, under the whole system: nothing is lost, nothing doubled."""

import contextlib
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.system import Running, embedded
from services.demo import county
from services.runtime.embedded.postgres import EmbeddedPostgres
from tests.support.systems import due, of_the_stream, said_by_the_stream

BATCH = 50
DISK_MEBIBYTES = 400


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    until = datetime.now(UTC) - timedelta(seconds=5)
    return list(county.generate(seed=8, days=10, persons=400, until=until).events)


def post_all(system: Running, events: list[dict[str, Any]]) -> None:
    """Post as a billing system does: what was not answered is sent again until it is."""
    for begin in range(0, len(events), BATCH):
        while True:
            try:
                system.post(events[begin : begin + BATCH])
                break
            except (OSError, urllib.error.URLError):
                time.sleep(0.2)


def test_a_database_that_is_killed_again_and_again_amid_work_loses_and_doubles_nothing(events):
    with embedded() as system:
        sender = threading.Thread(target=post_all, args=(system, events))
        sender.start()
        for mode in ("immediate", "fast", "immediate"):
            time.sleep(1.0)
            EmbeddedPostgres(system.folder).kill(mode)
        sender.join()
        system.wait_judged()
        assert said_by_the_stream(system) == of_the_stream(due(system, events))
        found = system.get("/v1/status")
        assert (found["accepted"], found["judged"]) == (len(events), len(events))


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own that a test can fill."""
    folder = Path(tempfile.mkdtemp(prefix="qingfeng-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEBIBYTES}m,mode=755", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        folder.rmdir()
        pytest.skip(f"no disk of its own can be had here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def fill(ballast: Path, leave: float) -> None:
    """Leave so much of the disk free, as a share of it."""
    usage = shutil.disk_usage(ballast.parent)
    size = int(usage.free - leave * usage.total)
    with contextlib.suppress(OSError), ballast.open("ab") as file:
        while size > 0:
            part = min(size, 1 << 20)
            file.write(b"\0" * part)
            file.flush()
            size -= part


def status_of(system: Running, part: list[dict[str, Any]]) -> int:
    try:
        system.post(part)
    except urllib.error.HTTPError as error:
        return error.code
    return 202


def until(system: Running, part: list[dict[str, Any]], wanted: int, seconds: float = 90.0) -> None:
    """Post until the answer is as wanted."""
    deadline = time.monotonic() + seconds
    while (status := status_of(system, part)) != wanted:
        assert time.monotonic() < deadline, status
        time.sleep(0.2)


def test_a_full_disk_closes_the_door_and_all_goes_on_once_there_is_room(events, small_disk: Path):
    ballast = small_disk / "ballast"
    system = Running(small_disk / "data", {})
    system.folder.mkdir()
    system.start()
    try:
        half = len(events) // 2
        post_all(system, events[:half])
        fill(ballast, 0.05)
        # The door closes before the database has to: what is judged meanwhile still has room.
        until(system, events[half : half + 1], 503)
        fill(ballast, 0.0)
        assert status_of(system, events[half : half + 1]) == 503
        ballast.unlink()
        until(system, events[half : half + 1], 202)
        post_all(system, events[half:])
        system.wait_judged()
        assert said_by_the_stream(system) == of_the_stream(due(system, events))
        assert system.get("/v1/status")["accepted"] == len(events)
    finally:
        system.stop()
