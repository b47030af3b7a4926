"""`qingfeng doctor` names each trouble in one line, says what to do, and touches nothing."""

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from services.doctor.command import doctor, examine
from services.doctor.finding import Finding
from services.ingest.pseudonyms import make_pseudonyms
from services.ingest.rows import Identifier
from services.ingest.vault import make_vault
from services.runtime import database
from services.runtime.kafka.topics import DAY_MS, Topic, apply
from services.settings import Settings
from services.topics import topics_of

KEYS = {
    "QINGFENG_PSEUDONYM_KEY": "pseudonym key for the tests only",
    "QINGFENG_VAULT_KEY": "vault key for the tests only, 123",
}

A_DEAD_LETTER = """
    INSERT INTO dead_letter (stage, key, reason, error, body, seq, request_id, received_at, at)
    VALUES ('x', '', '', '', '', 0, '', now(), now())
"""
A_PLACEHOLDER = """
    INSERT INTO data_defect (defect_id, key, epoch, revision, open, institution_id, event_id, code, path,
                             message_zh, message_en, first_at, changed_at)
    VALUES ('d', 'k', '', 1, true, '', 'k', 'placeholder_person', '', '', '', now(), now())
"""
JUDGED_ANEW = """
    INSERT INTO rejudging (version, after, done, total, began_at)
    VALUES (2, '', 5000, 50000, now() - interval '1 hour')
"""


@pytest.fixture
def given(settings: Settings) -> dict[str, str]:
    """The environment of a system in order."""
    settings.data_dir.mkdir()
    return {
        **KEYS,
        "QINGFENG_DATABASE_URL": settings.database_url,
        "QINGFENG_DATA_DIR": str(settings.data_dir),
    }


def found(environment: dict[str, str], state: str = "") -> list[Finding]:
    return [finding for finding in examine(environment) if finding.state == state or not state]


def bad(environment: dict[str, str]) -> str:
    """All that is wrong, as one text."""
    return "\n".join(finding.line for finding in found(environment, "bad"))


def run(url: str, statement: str, *values: str) -> None:
    async def go() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute(statement, *values)
        await connection.close()

    asyncio.run(go())


def keep_somebody(settings: Settings) -> None:
    """One person in the vault."""

    async def go() -> None:
        vault = make_vault(settings)
        pseudonym = make_pseudonyms(settings).of("person", "somebody")
        engine = database.open_engine(settings.database_url)
        async with database.transaction(engine) as raw:
            await vault.store(raw, vault.seal([Identifier("person", pseudonym, "somebody")]))
        await engine.dispose()

    asyncio.run(go())


def test_a_system_in_order_is_found_in_order_line_by_line(given, settings):
    keep_somebody(settings)
    told = found(given)
    assert {finding.state for finding in told} == {"ok"}
    names = {finding.name.en for finding in told}
    assert names == {"settings", "keys", "disk", "database", "clock", "schema", "keys and data", "work"}
    assert all("\n" not in finding.line for finding in told)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("QINGFENG_PORT", "eight", "QINGFENG_PORT"),
        ("QINGFENG_TIMEZONE", "Mars/Olympus", "QINGFENG_TIMEZONE"),
        ("QINGFENG_WEBHOOK_ALLOW_CIDRS", "10.0.0.0/99", "QINGFENG_WEBHOOK_ALLOW_CIDRS"),
        ("QINGFENG_FAILPOINT", "after_commit", "QINGFENG_FAILPOINT"),
        ("QINGFENG_VAULT_KEY", "secret", "QINGFENG_VAULT_KEY"),
        ("QINGFENG_VAULT_KEY", "1111111111111111", "QINGFENG_VAULT_KEY"),
        ("QINGFENG_VAULT_KEY", KEYS["QINGFENG_PSEUDONYM_KEY"], "the same"),
        ("QINGFENG_DATABASE_URL", "mysql://x", "QINGFENG_DATABASE_URL"),
        ("QINGFENG_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "cannot be reached"),
    ],
)
def test_a_setting_that_cannot_serve_is_named_and_never_its_value(given, name, value, words):
    said = bad({**given, name: value})
    assert words in said
    if name.endswith("_KEY"):
        assert value not in said


def test_a_misspelt_variable_is_pointed_at(given):
    told = found({**given, "QINGFENG_PROT": "8000"}, "warn")
    assert ["QINGFENG_PROT" in finding.line for finding in told] == [True]


def test_keys_that_others_may_read_are_told_with_the_command_that_mends_it(given, settings):
    folder = settings.data_dir / "secrets"
    folder.mkdir(mode=0o700)
    (folder / "alerts").write_text("ab" * 32)
    (folder / "alerts").chmod(0o640)
    assert "alerts" in bad(given)
    assert f"chmod -R u=rwX,go= {folder}" in bad(given)
    os.system(f"chmod -R u=rwX,go= {folder}")
    assert bad(given) == ""


def test_keys_that_did_not_write_the_data_are_found_out(given, settings):
    keep_somebody(settings)
    other = {**given, "QINGFENG_PSEUDONYM_KEY": "quite another key, of the same length"}
    assert "not the keys" in bad(other)
    assert "not the keys" in bad({**given, "QINGFENG_VAULT_KEY": "quite another key, of the same length"})


def test_keys_that_are_missing_beside_data_are_told_before_new_ones_are_made(given, settings):
    keep_somebody(settings)
    del given["QINGFENG_VAULT_KEY"]
    assert "there is data, and vault-key is missing" in bad(given)


@pytest.mark.parametrize(
    ("revision", "state", "todo"),
    [("0003", "bad", "database migrate"), ("9999", "bad", "upgrade the program")],
)
def test_a_schema_that_is_older_or_newer_is_told_and_left_as_it_is(given, settings, revision, state, todo):
    run(settings.database_url, "UPDATE alembic_version SET version_num = $1", revision)
    for _ in range(2):
        told = [finding for finding in examine(given) if finding.name.en == "schema"]
        assert [(finding.state, todo in finding.line) for finding in told] == [(state, True)]


def test_a_clock_that_differs_from_the_databases_is_told(given, monkeypatch):
    for ahead, state in ((5, "warn"), (-3_600, "bad")):
        monkeypatch.setattr("services.doctor.database.time", _Clock(ahead))
        told = [finding for finding in examine(given) if finding.name.en == "clock"]
        assert [finding.state for finding in told] == [state]


class _Clock:
    """The machine's clock, wrong by some seconds."""

    def __init__(self, ahead: float) -> None:
        self._ahead = ahead

    def time(self) -> float:
        import time

        return time.time() + self._ahead


def test_what_waits_for_people_is_counted(given, settings):
    for statement in (A_DEAD_LETTER, A_PLACEHOLDER):
        run(settings.database_url, statement)
    told = "\n".join(finding.line for finding in found(given, "warn"))
    assert "qingfeng dead-letters list" in told
    assert "qingfeng suspended" in told


def test_how_far_judging_anew_has_come_is_told_and_nothing_is_said_to_wait_for_it(given, settings):
    run(settings.database_url, JUDGED_ANEW)
    (told,) = [finding.line for finding in found(given, "ok") if finding.name.en == "work"]
    assert "待判断 0；按新名录重新判断，已完成 10%" in told
    assert "0 wait to be judged; the past is judged anew" in told


def test_a_database_that_counts_behind_its_rows_is_told(given, settings):
    place = (
        "INSERT INTO progress (name, xid, seq, as_of, count) VALUES ('embedded', 1::bigint << 60, 1, 1, 1)"
    )
    run(settings.database_url, place)
    (told,) = found(given, "warn")
    assert "restored from another server" in told.line


def test_nothing_is_made_where_there_is_nothing_yet(tmp_path: Path):
    folder = tmp_path / "none"
    told = found({"QINGFENG_DATA_DIR": str(folder)})
    assert [finding.name.en for finding in told if finding.state == "warn"] == ["database"]
    assert not folder.exists()


def test_kafka_is_compared_with_what_is_declared_and_one_that_is_away_is_named(
    given, settings, kafka, topic_prefix
):
    here = {
        **given,
        "QINGFENG_KAFKA": kafka.bootstrap,
        "QINGFENG_TOPIC_PREFIX": topic_prefix,
        "QINGFENG_PARTITIONS": "2",
    }
    told = [finding for finding in examine(here) if finding.name.en == "topics"]
    assert [(finding.state, "missing" in finding.line) for finding in told] == [("warn", True)]
    events, *others = topics_of(replace(settings, topic_prefix=topic_prefix, partitions=2))
    wrong = Topic(events.name, 3, retention_ms=DAY_MS, largest_record=events.largest_record)
    asyncio.run(apply(kafka.bootstrap, [wrong, *others]))
    said = bad(here)
    assert f"{events.name} has 3 partitions, not 2" in said
    assert f"{events.name} has retention.ms {DAY_MS}" in said
    assert "cannot be reached" in bad({**here, "QINGFENG_KAFKA": "127.0.0.1:1"})


def test_processes_that_would_each_make_their_own_keys_are_warned_of(given):
    given = {name: value for name, value in given.items() if name not in KEYS}
    assert "every process would make its own" in bad({**given, "QINGFENG_KAFKA": "127.0.0.1:1"})


@pytest.mark.parametrize(("port", "status"), [("8000", 0), ("eight", 1)])
def test_the_exit_status_says_whether_anything_is_wrong(given, monkeypatch, port, status):
    import typer

    for name, value in {**given, "QINGFENG_PORT": port}.items():
        monkeypatch.setenv(name, value)
    app = typer.Typer()
    app.command()(doctor)
    done = CliRunner().invoke(app, ["--json"])
    assert done.exit_code == status
    lines = [json.loads(line) for line in done.output.splitlines()]
    assert ("bad" in {line["state"] for line in lines}) == bool(status)
    assert all(line["said"]["zh"] and line["said"]["en"] for line in lines)
