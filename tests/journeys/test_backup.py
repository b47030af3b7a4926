"""The commands of docs/operate.md, word for word: what was dumped is there again after all was lost."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.system import Running
from services.demo import county
from tests.docs.pages import ROOT, blocks
from tests.support.systems import STREAM, due, of_the_stream, said_by_the_stream

PAGE = ROOT / "docs" / "operate.md"
BATCH = 200


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder like a clone's: with a .venv, and short enough for the private server's socket."""
    folder = Path(tempfile.mkdtemp(prefix="qingfeng-"))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def system(home: Path) -> Iterator[Running]:
    (home / ".qingfeng").mkdir()
    running = Running(home / ".qingfeng", {})
    running.start()
    yield running
    running.stop()


def run(home: Path, mark: str) -> str:
    """Run the block of the page that bears a mark; what it printed."""
    (block,) = [block for block in blocks(PAGE, "sh") if block.mark == mark]
    done = subprocess.run(["bash", "-e", "-c", block.code], cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def everything(system: Running) -> dict[str, tuple]:
    """All alerts of the stream, with what only this system knows of them."""
    return {
        alert["alert_id"]: (alert["version"], alert["status"])
        for alert in system.alerts("")
        if alert["rule"] in STREAM
    }


def test_what_was_dumped_while_it_ran_is_there_again_after_all_was_lost(home: Path, system: Running):
    until = datetime.now(UTC) - timedelta(seconds=5)
    made = county.generate(seed=6, days=10, persons=300, until=until)
    events = list(made.events)
    kept, late = events[: len(events) // 2], events[len(events) // 2 :]
    for begin in range(0, len(kept), BATCH):
        system.post(kept[begin : begin + BATCH])
    # Dumped amid work: what is accepted and not yet judged is in it too.
    assert "secrets" in run(home, "backup")
    system.wait_judged()
    alerts, accepted = everything(system), system.get("/v1/status")["accepted"]
    assert len(alerts) > 5
    assert accepted == len(kept)

    for begin in range(0, len(late), BATCH):
        system.post(late[begin : begin + BATCH])
    assert system.stop() == 0
    told = run(home, "restore")
    assert "keys and data: 相符" in told
    system.start()
    system.wait_judged()
    assert system.get("/v1/status")["accepted"] == accepted
    assert everything(system) == alerts

    # Senders post again what they are not sure of; the keys of before serve.
    answers = [system.post(events[begin : begin + BATCH]) for begin in range(0, len(events), BATCH)]
    assert sum(answer["duplicates"] for answer in answers) == len(kept)
    assert sum(answer["accepted"] for answer in answers) == len(late)
    system.wait_judged()
    assert said_by_the_stream(system) == of_the_stream(due(system, made.events))

    refused = subprocess.run(
        [".venv/bin/qingfeng", "database", "restore", "backup.dump"], cwd=home, capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "another system" in refused.stderr
