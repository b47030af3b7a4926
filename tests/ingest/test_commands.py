"""The `qingfeng` command as a user types it: keys, registry, import, up; running or not."""

import contextlib
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.__main__ import main
from services.settings import Settings
from tests.ingest.conftest import settlement


class Shell:
    """Runs `qingfeng` with the settings of a test."""

    def __init__(self, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("QINGFENG_")}
        self.environment = {**kept, **environment, "COLUMNS": "200"}

    def run(self, *arguments: str, status: int = 0) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "services", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", "services", *arguments], env=self.environment)


@pytest.fixture
def shell(settings: Settings) -> Shell:
    return Shell(
        QINGFENG_DATABASE_URL=settings.database_url,
        QINGFENG_DATA_DIR=str(settings.data_dir),
        QINGFENG_PSEUDONYM_KEY=settings.pseudonym_key,
    )


def rows(settings: Settings, statement: str) -> list[Any]:
    import asyncio

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    return [tuple(row) for row in asyncio.run(ask())]


def test_keys_are_created_listed_and_revoked(shell: Shell, settings: Settings) -> None:
    created = shell.run("keys", "create", "--institution", "H1,H2")
    credential = created.stdout.strip()
    assert len(created.stdout.splitlines()) == 1
    ((identity, institutions),) = rows(settings, "SELECT id, institutions FROM institution_key")
    assert institutions == ["H1", "H2"]
    listed = shell.run("keys", "list").stdout
    assert identity in listed
    assert credential not in listed
    shell.run("keys", "revoke", identity)
    assert rows(settings, "SELECT count(*) FROM institution_key WHERE revoked_at IS NULL") == [(0,)]
    again = shell.run("keys", "revoke", identity, status=2)
    assert len(again.stderr.strip().splitlines()) == 1


MISTAKES = [
    (["registry", "load", "nowhere"], {}, "nowhere"),
    (["import", "nowhere"], {}, "nowhere"),
    (["import", "--format", "xml", "."], {}, "--format"),
    (["keys", "create", "--institution", ","], {}, "--institution"),
    (["keys", "revoke", "nobody"], {}, "keys list"),
    (["up", "--port", "99999"], {}, "99999"),
    (["ingest"], {"QINGFENG_DATABASE_URL": ""}, "QINGFENG_DATABASE_URL"),
    (["up"], {"QINGFENG_PORT": "many"}, "QINGFENG_PORT"),
    (
        ["keys", "list"],
        {"QINGFENG_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        "cannot be reached",
    ),
    (["keys", "list"], {"QINGFENG_DATABASE_URL": "mysql://x/y"}, "QINGFENG_DATABASE_URL"),
    (["registry", "load", "."], {"QINGFENG_TIMEZONE": "Mars/Base"}, "QINGFENG_TIMEZONE"),
]


@pytest.mark.parametrize(("arguments", "environment", "word"), MISTAKES)
def test_a_users_mistake_is_one_clear_line_and_status_2(
    arguments: list[str],
    environment: dict[str, str],
    word: str,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    usual = {"QINGFENG_DATABASE_URL": settings.database_url, "QINGFENG_DATA_DIR": str(settings.data_dir)}
    for name, value in {**usual, **environment}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "institutions.csv").write_text("institution_id\nH1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["qingfeng", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("qingfeng: ")
    assert len(said.splitlines()) == 1
    assert word in said


def test_wrong_usage_is_status_2_too(shell: Shell) -> None:
    shell.run("keys", "create", status=2)
    shell.run("dance", status=2)


def test_registry_faults_are_shown_with_their_lines_and_good_files_are_loaded(
    shell: Shell, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "institutions.csv").write_text("institution_id,kind\nH1,hospital\n")
    (tmp_path / "persons.csv").write_text("person_id,sex\np1,1\np2,9\np3,8\n")
    said = shell.run("registry", "load", str(tmp_path), status=2)
    assert "institutions.csv: 1 records, 1 new or changed" in said.stdout
    assert "persons.csv:3: sex" in said.stderr
    assert "persons.csv:4: sex" in said.stderr
    assert rows(settings, "SELECT kind FROM inbox") == [("registry",)]


def test_history_is_imported_in_time_order_once_and_marked(
    shell: Shell, settings: Settings, tmp_path: Path
) -> None:
    events = [settlement(f"e{day}", occurred_at=f"2012-01-{day:02}") for day in (3, 1, 2)]
    lines = [json.dumps(event) for event in events]
    (tmp_path / "one.ndjson").write_text("\n".join([lines[0], "", "{broken"]))
    with gzip.open(tmp_path / "two.ndjson.gz", "wt") as file:
        file.write("\n".join([*lines[1:], json.dumps(settlement("x", zzz=1))]))
    said = shell.run("import", str(tmp_path), status=2)
    assert "accepted 3, duplicates 0, rejected 2" in said.stdout
    assert "one.ndjson:3: type" in said.stderr
    assert "two.ndjson.gz:3: unknown_field /zzz" in said.stderr
    stored = rows(settings, "SELECT event_id, historical FROM inbox WHERE kind = 'event' ORDER BY seq")
    assert stored == [("e1", True), ("e2", True), ("e3", True)]
    assert "accepted 0, duplicates 3" in shell.run("import", str(tmp_path), status=2).stdout


def test_desynpuf_is_imported_with_its_persons(shell: Shell, settings: Settings, tmp_path: Path) -> None:
    codes = ",".join(f"ICD9_DGNS_CD_{number}" for number in range(1, 11))
    (tmp_path / "inpatient_claims.csv").write_text(
        f"DESYNPUF_ID,CLM_ID,CLM_PMT_AMT,PRVDR_NUM,AT_PHYSN_NPI,CLM_ADMSN_DT,NCH_BENE_DSCHRG_DT,{codes}\n"
        f"AA,1,100.00,P1,D1,20080105,20080109,V1{',' * 9}\n"
    )
    (tmp_path / "beneficiary.csv").write_text(
        "DESYNPUF_ID,BENE_SEX_IDENT_CD,BENE_BIRTH_DT,BENE_DEATH_DT\nAA,1,19300101,20090301\n"
    )
    said = shell.run("import", "--format", "desynpuf", str(tmp_path))
    assert "accepted 1" in said.stdout
    assert rows(settings, "SELECT kind FROM inbox ORDER BY seq") == [("person",), ("event",)]


@contextlib.contextmanager
def running(shell: Shell, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = shell.start("up", "--port", str(port))
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            assert process.poll() is None, "up ended"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)


def test_up_survives_kill_9_keys_work_running_or_not_and_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shell = Shell(QINGFENG_DATA_DIR=str(tmp_path / "data"), QINGFENG_LOG_LEVEL="error")
    before = shell.run("keys", "create", "--institution", "H1").stdout.strip()

    def post(key: str, event_id: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.post(
            f"http://127.0.0.1:{port}/v1/events", json=settlement(event_id), headers=headers
        ).json()

    with running(shell, port) as process:
        during = shell.run("keys", "create", "--institution", "*").stdout.strip()
        assert post(before, "a")["accepted"] == 1
        assert post(during, "b")["accepted"] == 1
        process.kill()
    with running(shell, port) as process:
        assert post(before, "a")["duplicates"] == 1
        assert post(before, "c")["accepted"] == 1
        said = shell.run("up", "--port", str(port), status=2).stderr
        assert "in use" in said
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    secrets = tmp_path / "data" / "secrets"
    assert {oct(file.stat().st_mode & 0o777) for file in secrets.iterdir()} == {"0o600"}
