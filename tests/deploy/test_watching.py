"""Prometheus' configuration and rules: valid, and, like the dashboards, about metrics that exist."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.runtime.metrics import exposition
from tests.deploy.composition import OURS, ROOT
from tests.deploy.dashboards import FILES, targets
from tests.docs.metrics import metrics, names

PROMETHEUS = ROOT / "deploy" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
USED = re.compile(r"\bqingfeng_\w+")
FEW = {
    "care", "code", "event", "health", "method", "outcome", "partition", "reason", "region", "result",
    "route", "rule", "severity", "stage", "state", "status", "topic", "type",
}  # fmt: skip
"""Labels that have few values: words of the code, codes of the registry's regions, ids of rules."""
HEADINGS = ("**Meaning.**", "**Impact.**", "**Diagnosis.**", "**Mitigation.**")


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus' own checker."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "rules.yml"),
        ("test", "rules", "rules_test.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_accepts(arguments: tuple[str, ...], promtool: str) -> None:
    done = subprocess.run([promtool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_finds_nothing_against_names_and_units(promtool: str) -> None:
    assert metrics()
    done = subprocess.run([promtool, "check", "metrics"], input=exposition()[0], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_every_metric_is_ours_says_what_it_means_in_a_sentence_and_has_no_id_for_a_label() -> None:
    for metric in metrics():
        assert metric.name.startswith("qingfeng_")
        assert metric.meaning.endswith("."), metric
        assert set(re.findall(r"\w+", metric.labels)) <= FEW, metric


def test_every_service_of_ours_is_scraped_where_it_answers() -> None:
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    found = {job["job_name"]: job["dns_sd_configs"][0] for job in jobs if "dns_sd_configs" in job}
    assert set(found) == set(OURS)
    for name, look_up in found.items():
        assert (look_up["names"], look_up["port"]) == ([name], 8000)


@pytest.mark.parametrize(
    "file", [PROMETHEUS / "rules.yml", PROMETHEUS / "rules_test.yml", *FILES], ids=lambda file: file.name
)
def test_every_metric_asked_for_exists(file: Path) -> None:
    used = set(USED.findall("".join(line for line in file.open(encoding="utf-8") if '"uid"' not in line)))
    assert used
    assert used - names() == set()


def test_every_label_asked_for_exists() -> None:
    known = {label for metric in metrics() for label in re.findall(r"\w+", metric.labels)}
    for query in (
        *(rule["expr"] for rule in rules()),
        *(one["expr"] for file in FILES for one in targets(file)),
    ):
        asked = set(re.findall(r"[{,]\s*(\w+)\s*(?:=|!=|=~|!~)", query))
        asked |= {label for labels in re.findall(r"by \(([\w, ]+)\)", query) for label in labels.split(", ")}
        assert asked <= known | {"job", "instance", "le"}, query


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_has_a_runbook_with_its_four_parts(rule: dict[str, Any]) -> None:
    page = ROOT / rule["annotations"]["runbook"]
    assert page == RUNBOOKS / f"{rule['alert']}.md"
    text = page.read_text(encoding="utf-8")
    assert [heading for heading in HEADINGS if heading in text] == list(HEADINGS)
    assert rule["labels"]["severity"] in ("page", "ticket", "none")


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == {rule["alert"] for rule in rules()}


def test_every_alert_is_tried_out() -> None:
    tried = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {
        check["alertname"] for test in tried for check in test["alert_rule_test"] if check.get("exp_alerts")
    }
    assert {rule["alert"] for rule in rules()} - fired == {"Watchdog"}


def test_no_page_names_a_path_of_somebodys_machine() -> None:
    for page in Path(RUNBOOKS).glob("*.md"):
        assert not re.search(r"/(work|home|root)/", page.read_text(encoding="utf-8"))
