"""The product as its commands show it: its catalogue, and what a replay says beside what the oracle says."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from services.ingest.pseudonyms import PERSON, Pseudonyms
from services.replay_parts import DOCUMENTED_KEY
from tests.oracle.comparing import Comparison
from tests.oracle.county_sql import RULES, CountyOracle, Row

ROOT = Path(__file__).resolve().parents[2]

BURST_RULE = "A07b"


def qingfeng(*words: str, home: Path = ROOT) -> str:
    """What a command prints; it knows no data folder, so its pseudonyms are those of the documented key."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QINGFENG_")}
    done = subprocess.run(
        [sys.executable, "-m", "services", *words],
        env={**environment, "PYTHONPATH": str(ROOT)},
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """The rules that the product knows, by id, as it tells them."""
    return {rule["rule"]: rule for rule in json.loads(qingfeng("rules", "list", "--json"))}


def compare(folder: Path, *source: str) -> Comparison:
    """Judges a history by the command and by SQL, by every rule that both know.

    folder: events.ndjson and registry files. source: what the command is told to read.
    """
    both = RULES.keys() & catalogue().keys()
    out = folder / "alerts.jsonl"
    qingfeng("replay", "--registry", str(folder), "--out", str(out), *source, home=folder)
    said = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    rows = CountyOracle(folder, sorted(both), **_left_open()).found(*both)
    pseudonyms = Pseudonyms(DOCUMENTED_KEY)
    return Comparison(
        [_as_listed(row) for row in rows],
        [alert for alert in said if alert["rule"] in both | {BURST_RULE}],
        lambda person: pseudonyms.of(PERSON, person),
    )


def _as_listed(row: Row) -> Row:
    """A row by the id that the product lists its form under: A07's burst is a rule of its own there."""
    return row._replace(rule=BURST_RULE, form=None) if row.form == "burst" else row


def _left_open() -> dict[str, float]:
    """Figures that the catalogue names without a number: the oracle takes the product's."""
    in_yuan = [
        float(item["value"])
        for item in catalogue().get("F09", {}).get("parameters", ())
        if item.get("unit") in ("yuan", "元")
    ]
    return {"f09_limit": in_yuan[0]} if in_yuan else {}
