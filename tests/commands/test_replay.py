"""`qingfeng replay` and `demo` as a user meets them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.detector.catalogue import CATALOGUE

STAYS = [
    ("e1", "H1", "M1", "2026-03-01T08:00:00+08:00", "2026-03-10T10:00:00+08:00"),
    ("e2", "H2", "M2", "2026-03-05T09:00:00+08:00", "2026-03-08T09:00:00+08:00"),
]


def qingfeng(*arguments: str, folder: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "QINGFENG_DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-m", "services", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def listed(table: str) -> list[str]:
    """The rules of the summary."""
    return re.findall(r"^│ (\w+) ", table, re.MULTILINE)


def stay(event_id: str, institution: str, encounter: str, begin: str, end: str) -> dict:
    return {
        "type": "settlement",
        "event_id": event_id,
        "institution_id": institution,
        "person_id": "P1",
        "settlement_id": f"S-{encounter}",
        "encounter_id": encounter,
        "med_type": "21",
        "occurred_at": end,
        "begin_at": begin,
        "end_at": end,
        "amounts": {"total": "100.00", "fund": "80.00"},
    }


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    folder.mkdir()
    lines = [json.dumps(stay(*values)) for values in STAYS]
    (folder / "events.ndjson").write_text("\n".join([*lines, lines[0], "", '{"type": "settlement"}']))
    return folder


def test_replay_writes_one_open_alert_a_line_and_says_what_it_left_out(history, tmp_path):
    out = tmp_path / "alerts.jsonl"
    done = qingfeng("replay", "--out", str(out), str(history), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    alerts = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(alert["rule"], alert["severity"], alert["amount"]) for alert in alerts] == [("A01", 1, "80.00")]
    assert {"version", "detected_at", "status", "checked", "basis"} <= alerts[0].keys()
    assert "1 duplicates" in done.stdout
    assert listed(done.stdout) == [rule.id for rule in CATALOGUE]
    assert "events.ndjson:5: required" in done.stderr


def test_replay_judges_only_the_rules_asked_for(history, tmp_path):
    out = tmp_path / "alerts.jsonl"
    done = qingfeng("replay", "--rules", "A02,a08", "--out", str(out), str(history), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert out.read_text() == ""
    assert listed(done.stdout) == ["A02", "A08"]


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("[A01]\ntolerance_hours = '4 d'\n", []),
        ("[A01]\nenabled = false\n", []),
        ("[A01]\nseverity = 3\n", [("A01", 3, None)]),
        ("[[A01]]\neffective_from = 2026-03-05\nshadow = true\n", [("A01", 1, True)]),
        ("[[A01]]\neffective_from = 2026-03-06\nshadow = true\n", [("A01", 1, None)]),
    ],
)
def test_replay_judges_by_the_parameters_of_files(history, tmp_path, table, found):
    out, rules = tmp_path / "alerts.jsonl", tmp_path / "rules.toml"
    rules.write_text(table)
    done = qingfeng("replay", "--parameters", str(rules), "--out", str(out), str(history), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    alerts = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(alert["rule"], alert["severity"], alert.get("shadow")) for alert in alerts] == found


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--parameters", "nowhere.toml"), "nowhere.toml"),
        (("--rules", "Z99"), "Z99"),
        (("--format", "national"), "national"),
        (("--format", "desynpuf"), "inpatient_claims.csv"),
        (("--registry", "nowhere"), "nowhere"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_status_2(history, tmp_path, arguments, word):
    done = qingfeng("replay", *arguments, "--out", str(tmp_path / "a"), str(history), folder=tmp_path)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_county_is_written_and_scored(tmp_path):
    out = tmp_path / "county"
    done = qingfeng(
        "demo", "--out", str(out), "--days", "20", "--persons", "1500", "--score", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} >= {"events.ndjson", "labels.jsonl", "institutions.csv"}
    assert "planted" in done.stdout
