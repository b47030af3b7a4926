"""The dashboards: as they are written in code, as Grafana's schema has them, and each of their queries
returns data when a real Prometheus watches the embedded system at work."""

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.system import Running, embedded
from services.ingest.entries import append_again
from services.runtime.clock import system_clock
from services.runtime.database import open_engine, transaction
from services.runtime.embedded.postgres import EmbeddedPostgres
from tests.deploy.composition import ROOT
from tests.deploy.dashboards import FILES, GRAFANA, faults, queries, read, targets
from tests.support.prometheus import Prometheus

every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def test_the_dashboards_are_those_that_are_written_as_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(GRAFANA)
    import dashboards

    written = {file.name: file.read_text(encoding="utf-8") for file in FILES}
    assert written == dashboards.files(), "run: python deploy/grafana/dashboards.py"


@every_file
def test_a_dashboard_is_as_grafanas_schema_has_it(file: Path) -> None:
    assert faults(read(file)) == []


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        ((), "refreshes", "10s"),
        (("panels", 1), "gridPos", {"x": 0, "y": "top", "w": 8, "h": 8}),
        (("panels", 1, "fieldConfig", "defaults"), "unit", 5),
        (("panels", 1, "fieldConfig", "defaults", "custom"), "fill", 10),
        (("panels", 1, "options", "legend"), "displayMode", "table of contents"),
        (("panels", 1, "targets", 0), "query", "up"),
    ],
    ids=str,
)
def test_the_schema_finds_what_is_wrong(where: tuple[Any, ...], name: str, value: Any) -> None:
    dashboard = part = read(FILES[0])
    for step in where:
        part = part[step]
    part[name] = value
    assert faults(dashboard)


@every_file
def test_titles_are_in_both_languages_and_every_panel_says_what_it_means(file: Path) -> None:
    dashboard = read(file)
    for title in (dashboard["title"], *(panel["title"] for panel in dashboard["panels"])):
        chinese, english = title.split(" / ")
        assert not chinese.isascii()
        assert english.isascii()
    assert all(panel["description"] for panel in dashboard["panels"] if panel["type"] != "row")


@every_file
def test_a_dashboard_asks_the_datasource_that_is_provided(file: Path) -> None:
    provided = yaml.safe_load(
        (GRAFANA / "provisioning/datasources/prometheus.yml").read_text(encoding="utf-8")
    )
    uid = provided["datasources"][0]["uid"]
    assert {target["datasource"]["uid"] for target in targets(file)} == {uid}


def test_the_dashboards_folder_is_the_one_that_is_mounted_and_one_of_them_is_the_first_page() -> None:
    provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/qingfeng.yml").read_text(encoding="utf-8"))
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    grafana = compose["services"]["grafana"]
    folder = provider["providers"][0]["options"]["path"]
    assert f"./deploy/grafana/dashboards:{folder}:ro" in grafana["volumes"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home in [f"{folder}/{file.name}" for file in FILES]


@pytest.fixture
def hooks() -> Iterator[str]:
    """Receivers: one that takes everything, and /gone."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(410 if self.path == "/gone" else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_every_panel_shows_data_of_a_system_at_work(
    watch: Callable[[dict[str, str]], Prometheus], hooks: str, tmp_path: Path
) -> None:
    with embedded(QINGFENG_WEBHOOK_ALLOW_CIDRS="127.0.0.0/8") as system:
        prometheus = watch({"qingfeng": f"127.0.0.1:{system.port}"})
        prometheus.answering(["qingfeng_inbox_backlog_rows"])
        (tmp_path / "institutions.csv").write_text(
            "institution_id,name,kind,level,region\nH1,One,hospital,2,430102\nH2,Two,hospital,2,430102\n"
        )
        system.qingfeng("registry", "load", str(tmp_path))
        for path in ("/taken", "/gone"):
            subscribe(system, hooks + path)
        for turn in range(2):
            work(system, turn)
            asyncio.run(poison(system))
            time.sleep(1.0)
        prometheus.answering(queries(of_kafka=False))
        assert prometheus.ask('sum(rate(qingfeng_detector_screenings_total{region="430102"}[20s]))')[0] > 0
        stands = {
            "max(qingfeng_alerts_open_institutions)": 2,
            'max(qingfeng_webhook_endpoints{health="disabled"})': 1,
            "max(qingfeng_dead_letters_waiting)": 2,
        }

        def found() -> dict[str, float]:
            return {query: max(prometheus.ask(query), default=-1) for query in stands}

        prometheus.eventually(lambda: found() == stands, found)


def work(system: Running, turn: int) -> None:
    """An alert that stands, one that is withdrawn; contradictions, resends, mistakes; somebody looks on."""
    stays = [admission(turn, person, place) for person in "ab" for place in (1, 2)]
    settled = settlement(turn)
    system.post([*stays, settled])
    system.post([settled])
    system.post([{**cancelled, "event_id": f"x{turn}"} for cancelled in [cancellation(turn)]])
    for path in ("/v1/alerts", "/v1/status"):
        system.get(path)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{system.port}{path}", timeout=5)
    with pytest.raises(urllib.error.HTTPError):
        system.post([{"type": "admission", "event_id": "bad"}])
    system.wait_judged()


def admission(turn: int, person: str, place: int) -> dict[str, Any]:
    """One of two stays that overlap."""
    return {
        "type": "admission",
        "event_id": f"a{turn}{person}{place}",
        "institution_id": f"H{place}",
        "encounter_id": f"M{turn}{person}{place}",
        "person_id": f"person {turn}{person}",
        "med_type": "21",
        "occurred_at": f"2026-11-0{place}T09:00:00+08:00",
    }


def cancellation(turn: int) -> dict[str, Any]:
    """Takes back one of the second person's stays."""
    return {
        "type": "cancellation",
        "institution_id": "H2",
        "person_id": f"person {turn}b",
        "occurred_at": "2026-11-03T09:00:00+08:00",
        "cancels": {"type": "admission", "id": f"M{turn}b2"},
    }


def settlement(turn: int) -> dict[str, Any]:
    """An out-patient visit whose parts are not its total."""
    return {
        "type": "settlement",
        "event_id": f"s{turn}",
        "institution_id": "H1",
        "settlement_id": f"S{turn}",
        "encounter_id": f"V{turn}",
        "person_id": f"person {turn}c",
        "med_type": "11",
        "occurred_at": "2026-11-04T09:00:00+08:00",
        "amounts": {"total": "100.00", "fund": "50.00", "account": "1.00", "cash": "1.00", "family": "1.00"},
    }


async def poison(system: Running) -> None:
    """An entry that no rule can judge."""
    postgres = EmbeddedPostgres(system.folder)
    engine = open_engine(postgres.start())
    try:
        async with transaction(engine) as connection:
            await append_again(connection, [("poison", b'{"type": "settlement"}')], system_clock())
    finally:
        await engine.dispose()
        postgres.stop()


def subscribe(system: Running, url: str) -> None:
    """A webhook for all alerts."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{system.port}/v1/webhooks",
        json.dumps({"url": url}).encode(),
        {"Authorization": f"Bearer {system.admin}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()
