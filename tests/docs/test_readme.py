"""The README is followed word for word, against a real system; only ports are put in place of its own."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
import typer

from services import __main__ as entry
from services.settings import PREFIX, Settings
from tests.docs.pages import ROOT, Block, blocks

README = ROOT / "README.md"
RUN_SECONDS = 120
SETTLE = """
TOKEN=
status() { curl -s {url}/v1/status -H "Authorization: Bearer $TOKEN"; }
settle() { while [ "$TOKEN" ] && ! status | grep -q '"events":0'; do sleep 0.1; done; }
"""


def commands() -> list[Block]:
    """The README's shell blocks."""
    return blocks(README, "sh")


def free_port() -> int:
    """A port nobody serves on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Walk:
    """What happened: the output of each block by a word that stands in it, and the folder it was done in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.receiver_port = free_port()
        self.outputs: list[tuple[str, str]] = []
        self.token = ""
        (folder / ".venv").symlink_to(sys.prefix)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.environment = {**kept, "QINGFENG_WEBHOOK_ALLOW_CIDRS": "127.0.0.0/8", "NO_COLOR": "1"}
        self._children: list[subprocess.Popen[bytes]] = []

    def here(self, text: str) -> str:
        """The README's text with the ports of this walk."""
        own = text.replace("http://127.0.0.1:8000", self.url)
        return own.replace("9099", str(self.receiver_port))

    def start(self, *command: str) -> Path:
        """Start a process in the folder; the file of its output."""
        output = self.folder / f"output-{len(self._children)}"
        with output.open("wb") as file:
            self._children.append(
                subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=file, stderr=file)
            )
        return output

    def all_run(self) -> bool:
        """Whether nothing that was started has ended by itself."""
        return all(child.poll() is None for child in self._children)

    def stop(self) -> None:
        """End what was started, the last first."""
        for child in reversed(self._children):
            child.send_signal(signal.SIGINT)
            child.wait(60)

    def run(self, codes: list[str]) -> None:
        """Run blocks in one shell, each once everything before is judged."""
        script = "set -eu\n" + SETTLE.replace("{url}", self.url)
        for number, code in enumerate(codes):
            script += f"settle\nprintf '\\n=== {number}\\n'\n{self.here(code)}\n"
        script += "echo $TOKEN > token\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_SECONDS,
        )
        assert done.returncode == 0, done.stdout
        outputs = re.split(r"^=== \d+\n", done.stdout, flags=re.MULTILINE)[1:]
        self.outputs += zip(codes, outputs, strict=True)
        self.token = (self.folder / "token").read_text().strip()

    def output(self, word: str) -> str:
        """What the first block with this word in it printed."""
        return next(output for code, output in self.outputs if word in code)

    def get(self, path: str) -> dict:
        """What the API answers a handler."""
        answer = httpx.get(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The README done from top to bottom, as far as it needs neither Docker nor Kafka."""
    walk = Walk(tmp_path_factory.mktemp("readme"))
    try:
        started = walk.start(".venv/bin/qingfeng", "up", "--port", walk.url.rsplit(":", 1)[1])
        deadline = time.monotonic() + 60
        while "serves on" not in started.read_text():
            assert walk.all_run(), started.read_text()
            assert time.monotonic() < deadline, started.read_text()
            time.sleep(0.1)
        for block in blocks(README):
            if block.mark.startswith("file "):
                (walk.folder / block.mark.removeprefix("file ")).write_text(walk.here(block.code))
        for block in commands():
            if block.mark == "background":
                walk.start(*shlex.split(walk.here(block.code)))
        codes = [block.code for block in commands() if not block.mark]
        again = [code for code in codes if "NOW=$(date" in code]  # "Raise the warning of above again"
        walk.run([*codes, *again])
        yield walk
    finally:
        walk.stop()


def test_two_admissions_are_accepted(walk: Walk) -> None:
    assert json.loads(walk.output("NOW=$(date")) == {"accepted": 2, "duplicates": 0, "rejected": []}
    assert walk.output("NOW=$(date").strip() in README.read_text(encoding="utf-8")


def test_the_warning_is_read_back_whole(walk: Walk) -> None:
    (alert,) = json.loads(walk.output("/v1/alerts?"))["items"]
    assert (alert["rule"], alert["status"]) == ("A01", "open")
    assert alert["institutions"] == ["H43010200001", "H43010200007"]
    assert "430102199001011234" not in walk.output("/v1/alerts?")


def test_the_cancellation_takes_the_warning_back(walk: Walk) -> None:
    assert json.loads(walk.output('"type": "cancellation"'))["accepted"] == 1
    withdrawn = walk.get("/v1/alerts?rule=A01&status=withdrawn")["items"]
    assert [alert["institutions"] for alert in withdrawn] == [["H43010200001", "H43010200007"]]


def test_the_status_shows_that_all_is_judged(walk: Walk) -> None:
    told = json.loads(walk.output("/v1/status"))
    assert told["accepted"] == told["judged"] == 3
    assert told["lag"] == {"events": 0, "seconds": 0.0}


def test_keys_are_listed_by_their_institutions(walk: Walk) -> None:
    assert "P43010200011, P43010200012" in walk.output("keys list")


def test_the_registry_goes_in(walk: Walk) -> None:
    assert "institutions.csv: 3 records, 3 new or changed" in walk.output("registry load registry")


def test_the_replay_writes_open_alerts(walk: Walk) -> None:
    lines = (walk.folder / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines
    assert {json.loads(line)["status"] for line in lines} == {"open"}


def test_the_history_is_imported_whole(walk: Walk) -> None:
    events = (walk.folder / "county" / "events.ndjson").read_text(encoding="utf-8").splitlines()
    assert f"accepted {len(events)}, duplicates 0, rejected 0" in walk.output("qingfeng import")


def test_the_receiver_verifies_and_prints_what_it_is_told(walk: Walk) -> None:
    deadline = time.monotonic() + 60
    while "alert.opened A01-" not in (heard := (walk.folder / "output-1").read_text()):
        assert time.monotonic() < deadline, heard
        time.sleep(0.1)
    assert "Traceback" not in heard


def test_make_has_what_the_readme_asks_of_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    asked = {
        target for block in commands() for target in re.findall(r"^make ([\w-]+)", block.code, re.MULTILINE)
    }
    assert asked == {"up", "test"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in asked)
    assert re.search(r"^up: install.*\n\t@?exec \$\(BIN\)/qingfeng up --demo$", makefile, re.MULTILINE)


def test_blocks_that_are_not_run_say_why() -> None:
    marks = {block.mark.split(",")[0].split(" ")[0] for block in blocks(README)}
    assert marks <= {"", "system", "skip", "background", "file", "kafka"}
    assert all(", it " in block.mark for block in commands() if block.mark.startswith("skip"))


def test_the_commands_on_kafka_exist_and_set_what_can_be_set() -> None:
    entry.register_all()
    known = set(typer.main.get_command(entry.app).commands)  # type: ignore[attr-defined]
    settings = {PREFIX + knob.name.upper() for knob in fields(Settings)}
    code = "\n".join(block.code for block in commands() if block.mark in ("kafka", "skip, it needs Docker"))
    run = set(re.findall(r"(?:bin/|ingest |alerts )qingfeng (\w+)", code))
    assert {"ingest", "detector", "alerts"} <= run <= known
    assert set(re.findall(r"\bQINGFENG_\w+", code)) <= settings
