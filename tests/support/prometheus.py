"""A real Prometheus that watches what a test runs: Debian's, with the rules as they are deployed."""

import json
import math
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.kafka import free_ports

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
INTERVAL = "500ms"
WINDOW = "20s"
"""What stands for Grafana's interval of rates."""


class Prometheus:
    """One server in a folder of its own. jobs: name of a job → host and port it scrapes."""

    def __init__(self, program: str, folder: Path, jobs: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        self._output = folder / "prometheus.out"
        config = folder / "prometheus.yml"
        rules = folder / "rules.yml"
        rules.write_text(hasty_rules(), encoding="utf-8")
        config.write_text(
            yaml.safe_dump(
                {
                    "global": {
                        "scrape_interval": INTERVAL,
                        "scrape_timeout": INTERVAL,
                        "evaluation_interval": INTERVAL,
                    },
                    "rule_files": [str(rules)],
                    "scrape_configs": [
                        {"job_name": name, "static_configs": [{"targets": [target]}]}
                        for name, target in jobs.items()
                    ],
                }
            )
        )
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    program,
                    f"--config.file={config}",
                    f"--storage.tsdb.path={folder / 'tsdb'}",
                    f"--web.listen-address={self.url.removeprefix('http://')}",
                    "--log.level=warn",
                ],
                stdout=output,
                stderr=output,
            )

    def ask(self, query: str) -> list[float]:
        """The finite values that a query returns now."""
        query = query.replace("$__rate_interval", WINDOW)
        found = self._get("/api/v1/query?" + urllib.parse.urlencode({"query": query}))
        values = [float(one["value"][1]) for one in found["result"]]
        return [value for value in values if math.isfinite(value)]

    def firing(self) -> dict[str, dict[str, Any]]:
        """Alerts that fire, by name."""
        found = self._get("/api/v1/alerts")["alerts"]
        return {one["labels"]["alertname"]: one for one in found if one["state"] == "firing"}

    def eventually(self, holds: Callable[[], Any], said: Callable[[], Any], seconds: float = 60.0) -> Any:
        """What `holds` says once that is true."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if found := holds():
                    return found
            except OSError:
                pass
            assert time.monotonic() < deadline, (said(), self._output.read_text()[-2000:])
            time.sleep(0.2)

    def answering(self, queries: list[str], seconds: float = 60.0) -> None:
        """Wait until every one of these queries returns data."""

        def silent() -> list[str]:
            return [query for query in queries if not self.ask(query)]

        self.eventually(lambda: not silent(), silent, seconds)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)["data"]


def hasty_rules() -> str:
    """The rules as they are deployed, but firing as soon as their expression holds."""
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    return yaml.safe_dump(rules, allow_unicode=True)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], Prometheus]]:
    """Starts a Prometheus over jobs; it ends with the test."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    started: list[Prometheus] = []

    def start(jobs: dict[str, str]) -> Prometheus:
        folder = tmp_path / f"prometheus-{len(started)}"
        folder.mkdir()
        started.append(Prometheus(program, folder, jobs))
        return started[-1]

    yield start
    for server in started:
        server.close()
