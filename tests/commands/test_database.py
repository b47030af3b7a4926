"""`qingfeng database`: a dump is one private file, and a restore touches nothing that holds anything."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import pytest

from services.runtime.embedded.postgres import EmbeddedPostgres
from tests.support.database import TestServer

ROW = "INSERT INTO vault (domain, pseudonym, nonce, sealed) VALUES ('person', 'p', '', '')"


def sql(url: str, statement: str) -> list[asyncpg.Record]:
    async def go() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    return asyncio.run(go())


@pytest.fixture
def qingfeng(tmp_path: Path):
    """Run `qingfeng database …` on a database; what it printed and its status."""

    def run(url: str, *arguments: str) -> tuple[int, str]:
        given = {**os.environ, "QINGFENG_DATABASE_URL": url, "QINGFENG_DATA_DIR": str(tmp_path / "data")}
        command = [sys.executable, "-m", "services", "database", *arguments]
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_dump_goes_into_an_empty_database_and_into_no_other(
    qingfeng, postgres: TestServer, database_url: str, tmp_path: Path
):
    sql(database_url, ROW)
    backup = tmp_path / "backup.dump"
    status, said = qingfeng(database_url, "dump", str(backup))
    assert (status, "QINGFENG_VAULT_KEY" in said or "secrets" in said) == (0, True)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert qingfeng(database_url, "dump", str(backup))[0] == 2

    other = postgres.create()
    try:
        assert qingfeng(other, "restore", str(backup))[0] == 0
        assert len(sql(other, "SELECT FROM vault")) == 1
        status, said = qingfeng(other, "restore", str(backup))
        assert (status, "not empty" in said) == (2, True)
        assert len(sql(other, "SELECT FROM vault")) == 1
    finally:
        postgres.drop(other)


def test_what_is_no_dump_is_refused_in_one_line(qingfeng, database_url: str, tmp_path: Path):
    wrong = tmp_path / "wrong.dump"
    wrong.write_text("no dump")
    status, said = qingfeng(database_url, "restore", str(wrong))
    assert status == 2
    assert said.startswith("qingfeng: pg_restore failed")
    assert said.count("\n") == 1
    # The empty tables that were there are made again at the next start.
    assert qingfeng(database_url, "migrate")[0] == 0
    assert sql(database_url, "SELECT FROM inbox") == []


def test_a_schema_that_a_newer_program_made_is_refused_in_one_line(qingfeng, database_url: str):
    sql(database_url, "UPDATE alembic_version SET version_num = '9999'")
    status, said = qingfeng(database_url, "migrate")
    assert (status, len(said.splitlines())) == (2, 1)
    assert "9999 is newer than this program's" in said


@pytest.mark.skipif(os.getuid() != 0, reason="only root copies what belongs to another")
def test_a_data_folder_that_root_copied_starts():
    with tempfile.TemporaryDirectory(prefix="qingfeng-") as folder:
        kept, copied = Path(folder, "kept"), Path(folder, "copied")
        server = EmbeddedPostgres(kept)
        server.start()
        server.stop()
        shutil.copytree(kept, copied)
        server = EmbeddedPostgres(copied)
        assert sql(server.start(), "SELECT 1")
        server.stop()
