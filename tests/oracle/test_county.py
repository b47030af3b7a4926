"""The demo county, alert by alert: the judge and the SQL oracle agree on every rule that both know.

A rule takes part from the moment the catalogue lists it. Readings that the catalogue leaves open stand as
comments in the queries; here are those of the first rules: a stay closed by its settlement's end counts as
closed; the burst rule takes what was entered within a day; a settlement of a stay begun before a death is
innocent however late it comes.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from services.demo.county import write_county
from services.ingest.pseudonyms import PERSON, Pseudonyms
from services.replaying import DOCUMENTED_KEY
from tests.oracle.comparing import Comparison
from tests.oracle.county_sql import RULES, CountyOracle, Row

UNTIL = datetime.fromisoformat("2026-06-30T12:00:00+08:00")
SIZES = {"seed 1": (1, 45, 1_500), "seed 2": (2, 45, 1_500), "seed 3": (3, 45, 1_500)}
LARGE = (1, 400, 25_000)
EVENTS_AT_LEAST = 200_000
FIRST = ("A01", "A02", "A03", "A04", "A05", "A07", "A08", "B01", "D14")
"""Rules of which every county shows at least two cases."""


@dataclass(frozen=True)
class Judged:
    """A county judged twice."""

    events: int
    comparison: Comparison


def qingfeng(*words: str, home: Path | None = None) -> str:
    """What a command prints; it knows no data folder, so its pseudonyms are those of the documented key."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QINGFENG_")}
    command = [sys.executable, "-m", "services", *words]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        command,
        env={**environment, "PYTHONPATH": str(root), "COLUMNS": "200"},
        cwd=home or root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """The rules that the product knows, by id, as it tells them."""
    return {rule["rule"]: rule for rule in json.loads(qingfeng("rules", "list", "--json"))}


def left_open() -> dict[str, float]:
    """Figures that the catalogue names without a number: the oracle takes the product's."""
    in_yuan = [
        float(item["value"])
        for item in catalogue().get("F09", {}).get("parameters", ())
        if item.get("unit") in ("yuan", "元")
    ]
    return {"f09_limit": in_yuan[0]} if in_yuan else {}


def is_listed(row: Row) -> bool:
    """Whether the product knows the form of a row: A07's burst comes with a parameter in minutes."""
    figures = catalogue()[row.rule]["parameters"]
    return row.form != "burst" or any(item.get("unit") in ("min", "minutes", "分钟") for item in figures)


def judged(folder: Path, size: tuple[int, int, int]) -> Judged:
    """A county made, replayed by the command and asked by SQL."""
    seed, days, persons = size
    summary = write_county(folder, seed=seed, days=days, persons=persons, until=UNTIL)
    events, alerts = folder / "events.ndjson", folder / "alerts.jsonl"
    qingfeng("replay", "--registry", str(folder), "--out", str(alerts), str(events), home=folder)
    both = RULES.keys() & catalogue().keys()
    said = [json.loads(line) for line in alerts.read_text(encoding="utf-8").splitlines()]
    known_as = Pseudonyms(DOCUMENTED_KEY)
    rows = CountyOracle(folder, sorted(both), **left_open()).found(*both)
    comparison = Comparison(
        filter(is_listed, rows),
        [alert for alert in said if alert["rule"] in both],
        lambda person: known_as.of(PERSON, person),
    )
    return Judged(summary.events, comparison)


@pytest.fixture(scope="module", params=SIZES, ids=str)
def county(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """A small county of each seed."""
    return judged(tmp_path_factory.mktemp("county"), SIZES[request.param])


@pytest.fixture(scope="module")
def large_county(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Four hundred days of twenty-five thousand persons."""
    return judged(tmp_path_factory.mktemp("large"), LARGE)


def listed(rule: str) -> str:
    """The rule, or a skip until the product's catalogue lists it."""
    if rule not in catalogue():
        pytest.skip(f"{rule} is not in the catalogue of the product yet")
    return rule


def differences(judged: Judged, rule: str) -> list[str]:
    """What the judge and the oracle say differently of one rule."""
    return [line for line in judged.comparison.differences() if line.startswith(rule)]


@pytest.mark.parametrize("rule", RULES)
def test_the_judge_and_the_oracle_agree_alert_by_alert(rule, county):
    assert differences(county, listed(rule)) == []


@pytest.mark.parametrize("rule", FIRST)
def test_every_county_shows_the_first_rules_at_least_twice(rule, county):
    assert Counter(row.rule for row, _ in county.comparison.met)[rule] >= 2


@pytest.mark.faults
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("rule", RULES)
def test_they_agree_on_a_large_county(rule, large_county):
    assert differences(large_county, listed(rule)) == []


@pytest.mark.faults
@pytest.mark.timeout(1_200)
def test_the_large_county_is_large(large_county):
    assert large_county.events >= EVENTS_AT_LEAST
    assert {row.rule for row, _ in large_county.comparison.met} >= set(FIRST)
