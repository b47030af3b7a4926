"""`qingfeng rules` as a user meets it: what is in force and who says so, files in, the old set kept."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from services import __main__ as entry
from services.detector.catalogue import CATALOGUE
from services.ingest.registry import load_registry
from services.runtime.database import driver, open_engine

BASE = """
[A05]
speed_kmh = "100 km/h"
near_minutes = "300 s"
"""
REGION = """
[[A05]]
speed_kmh = 90
[[A05]]
effective_from = 2026-07-01
shadow = true
severity = 3

[B01]
enabled = false
"""


@pytest.fixture
def qingfeng(settings, tmp_path, monkeypatch, capsys):
    """Runs a command on the test's own database: (status, standard output, standard error)."""
    for name in ("database_url", "data_dir", "pseudonym_key"):
        monkeypatch.setenv(f"QINGFENG_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.toml").write_text(BASE)
    (tmp_path / "430600.toml").write_text(REGION)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["qingfeng", *arguments])
        with pytest.raises(SystemExit) as ended:
            entry.main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def registry_of(settings):
    """(the registry as the detector would load it, how often the stream was told of it)."""

    async def ask():
        engine = open_engine(settings.database_url)
        async with driver(engine) as connection:
            known = await load_registry(connection)
            told = await connection.fetchval("SELECT count(*) FROM inbox WHERE kind = 'registry'")
        await engine.dispose()
        return known, told

    return asyncio.run(ask())


def shown(qingfeng, *arguments: str) -> dict[str, tuple]:
    """(value, who gave it, since when) of every switch and parameter of A05."""
    status, out, err = qingfeng("rules", "show", "A05", "--json", *arguments)
    assert status == 0, err
    told = json.loads(out)
    return {
        one["name"]: (one["value"], one["source"], one["effective_from"])
        for one in (*told["switches"], *told["parameters"])
    }


@pytest.mark.parametrize("name", ["A07b", "a07b", "A07B"])
def test_a_rule_is_found_in_capitals_or_not(qingfeng, name):
    status, out, err = qingfeng("rules", "show", name, "--json")
    assert status == 0, err
    assert json.loads(out)["rule"] == "A07b"


def test_without_files_the_code_speaks(qingfeng):
    held = shown(qingfeng)
    assert held["speed_kmh"] == (120.0, "default", "")
    assert held["enabled"] == (True, "default", "")
    assert {source for _, source, _ in held.values()} == {"default"}


def test_asking_makes_no_system_where_there_is_none(qingfeng, monkeypatch, tmp_path):
    monkeypatch.setenv("QINGFENG_DATABASE_URL", "")
    monkeypatch.setenv("QINGFENG_DATA_DIR", str(tmp_path / "nothing"))
    assert shown(qingfeng)["speed_kmh"] == (120.0, "default", "")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("loaded", [True, False])
def test_each_value_names_the_file_that_gave_it(qingfeng, loaded):
    files = ["--files", "."]
    if loaded:
        assert qingfeng("rules", "load", "rules.toml", "430600.toml")[0] == 0
        files = []
    before = shown(qingfeng, "--region", "430600", "--day", "2026-06-30", *files)
    assert before["speed_kmh"] == (90.0, "430600.toml", "")
    assert before["near_minutes"] == (5.0, "rules.toml", "")
    assert before["near_km"] == (10.0, "default", "")
    assert before["shadow"] == (False, "default", "")
    after = shown(qingfeng, "--region", "430602", "--day", "2026-07-01", *files)
    assert after["speed_kmh"] == (90.0, "430600.toml", "")
    assert after["shadow"] == (True, "430600.toml", "2026-07-01")
    assert after["severity"] == (3, "430600.toml", "2026-07-01")
    elsewhere = shown(qingfeng, "--region", "4310", *files)
    assert elsewhere["speed_kmh"] == (100.0, "rules.toml", "")


def test_people_read_it_in_their_language(qingfeng):
    arguments = ("rules", "show", "a05", "--region", "430602", "--day", "2026-07-01", "--files", ".")
    _, chinese, _ = qingfeng(*arguments)
    assert "430600.toml 2026-07-01起" in chinese
    assert "合理最高速度" in chinese
    assert "试运行（不下发）" in chinese
    _, english, _ = qingfeng(*arguments, "--lang", "en")
    assert "430600.toml since 2026-07-01" in english
    assert "the fastest plausible travel" in english
    _, listed, _ = qingfeng("rules", "list", "--region", "430600", "--files", ".")
    (kept_cards,) = [line for line in listed.splitlines() if "B01" in line]
    assert "否" in kept_cards


def test_the_list_for_programs_says_what_is_switched_on(qingfeng):
    status, out, _ = qingfeng("rules", "list", "--json", "--region", "430600", "--files", "430600.toml")
    assert status == 0
    assert {rule["rule"]: rule["enabled"] for rule in json.loads(out)}["B01"] is False
    assert {rule["rule"] for rule in json.loads(out)} == {rule.id for rule in CATALOGUE}


def test_files_become_records_and_the_stream_is_told_once(qingfeng, settings):
    status, out, _ = qingfeng("rules", "load", ".")
    assert status == 0
    assert "2 rules" in out
    known, told = registry_of(settings)
    assert told == 1
    assert {(row.rule, row.region, row.effective_from, row.source) for row in known.records("rules")} == {
        ("A05", "", "", "rules.toml"),
        ("A05", "4306", "", "430600.toml"),
        ("A05", "4306", "2026-07-01", "430600.toml"),
        ("B01", "4306", "", "430600.toml"),
    }
    Path("rules.toml").write_text("# in another order\n[A05]\nnear_minutes = 5.0\nspeed_kmh = 100\n")
    assert "0 records new or changed" in qingfeng("rules", "load", ".")[1]
    assert registry_of(settings)[1] == 1, "what says the same is no news"


def test_what_a_file_no_longer_says_goes_back_to_what_is_beneath(qingfeng):
    qingfeng("rules", "load", ".")
    Path("430600.toml").write_text("[A05]\nnear_km = '8 km'\n")
    assert qingfeng("rules", "load", "430600.toml")[0] == 0
    held = shown(qingfeng, "--region", "430600", "--day", "2026-08-01")
    assert held["near_km"] == (8.0, "430600.toml", "")
    assert held["speed_kmh"] == (100.0, "rules.toml", "")
    assert held["shadow"] == (False, "default", "")


@pytest.mark.parametrize(
    ("line", "fault", "word"),
    [
        ("speed = 80", "430600.toml:3:", "speed_kmh"),
        ("speed_kmh = '80 min'", "430600.toml:3:", "km/h"),
        ("speed_kmh = true", "430600.toml:3:", "number"),
        ("[A05", "430600.toml:3:", ""),
    ],
)
def test_one_fault_and_the_old_set_stays_in_force(qingfeng, settings, line, fault, word):
    qingfeng("rules", "load", ".")
    before = shown(qingfeng, "--region", "430600")
    Path("rules.toml").write_text("[A05]\nspeed_kmh = 1\n")
    Path("430600.toml").write_text(f"[A05]\nnear_km = 1\n{line}\n")
    status, _, err = qingfeng("rules", "load", ".")
    assert status == 2
    assert fault in err
    assert word in err
    assert "stays" in err.splitlines()[-1]
    assert shown(qingfeng, "--region", "430600") == before
    assert registry_of(settings)[1] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "Z99"),
        ("show", "A05", "--region", "4306021"),
        ("show", "A05", "--day", "tomorrow"),
        ("show", "A05", "--files", "nowhere.toml"),
        ("show", "A05", "--lang", "fr"),
        ("list", "--region", "hunan"),
        ("load", "nowhere"),
    ],
)
def test_a_users_mistake_is_one_line_and_status_2(qingfeng, arguments):
    status, _, err = qingfeng("rules", *arguments)
    assert status == 2
    assert len(err.strip().splitlines()) == 1


def test_what_is_exported_can_be_loaded_and_changes_nothing(qingfeng):
    _, out, _ = qingfeng("rules", "export")
    Path("mine.toml").write_text(out)
    before = {name: value for name, (value, *_) in shown(qingfeng).items()}
    assert qingfeng("rules", "load", "mine.toml")[0] == 0
    held = shown(qingfeng)
    assert {name: value for name, (value, *_) in held.items()} == before
    assert held["speed_kmh"][1] == "mine.toml"
