"""The very commands of the containers, with their environment, as processes: a settlement goes all the way.

Only addresses, ports and folders are put in place of the containers' own. Nothing else of this process's
environment reaches them.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.deploy.composition import OURS, ROOT, SECRETS, environment, service
from tests.support.kafka import free_ports

GIVEN = {name: f"{name.lower()} of the tests 0123456789" for name in SECRETS}
PATIENCE = 60.0


def eventually(what: Callable[[], Any], said: Callable[[], str]) -> Any:
    """The first answer that is neither empty nor an error of the network."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if found := what():
                return found
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(said())


class Stand:
    """The three services, each as its container would run it."""

    def __init__(self, folder: Path, kafka: str, database_url: str, prefix: str) -> None:
        self.folder = folder
        self.ports = dict(zip(OURS, free_ports(len(OURS)), strict=True))
        self._kafka, self._database_url, self._prefix = kafka, database_url, prefix
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, name: str) -> dict[str, str]:
        """A container's environment on this machine."""
        own = environment(name, GIVEN)
        port = "QINGFENG_METRICS_PORT" if name == "detector" else "QINGFENG_PORT"
        own |= {
            "QINGFENG_KAFKA": self._kafka,
            "QINGFENG_TOPIC_PREFIX": self._prefix,
            "QINGFENG_PARTITIONS": "4",
            "QINGFENG_HOST": "127.0.0.1",
            "QINGFENG_DATA_DIR": str(self.folder / name),
            port: str(self.ports[name]),
        }
        if "QINGFENG_DATABASE_URL" in own:
            own["QINGFENG_DATABASE_URL"] = self._database_url
        if "QINGFENG_WORKER_DIR" in own:
            own["QINGFENG_WORKER_DIR"] = str(self.folder / name / "worker")
        if name == "alerts":
            own["QINGFENG_WEBHOOK_ALLOW_CIDRS"] = "127.0.0.0/8"
        kept = {known: os.environ[known] for known in ("PATH", "HOME", "LANG") if known in os.environ}
        return kept | own

    def start(self, name: str) -> None:
        """Start a service in a folder it may write to and nowhere else to write."""
        home = self.folder / name
        home.mkdir()
        command = [sys.executable, "-m", "services", *service(name)["command"]]
        given = {**self.environment(name), "PYTHONPATH": str(ROOT)}
        with (home / "output").open("wb") as output:
            self._running[name] = subprocess.Popen(command, cwd=home, env=given, stdout=output, stderr=output)

    def is_healthy(self, name: str) -> bool:
        """What the container's health check says."""
        _, _, option, code = service(name)["healthcheck"]["test"]
        own = code.replace(":8000/", f":{self.ports[name]}/")
        return subprocess.run([sys.executable, option, own], capture_output=True).returncode == 0

    def command(self, name: str, *arguments: str) -> str:
        """As `docker compose exec NAME qingfeng …`."""
        given = {**self.environment(name), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "services", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=given, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def url(self, name: str) -> str:
        """Where a service answers."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def said(self) -> str:
        """The end of what each service wrote."""
        return "\n".join(
            f"--- {name}\n{(self.folder / name / 'output').read_text()[-2000:]}" for name in OURS
        )

    def stop(self) -> dict[str, int]:
        """Tell all to stop; their exit statuses."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(60) for name, process in self._running.items()}

    def kill(self) -> None:
        """End what is left."""
        for process in self._running.values():
            process.kill()


@pytest.fixture
def stand(kafka: Any, database_url: str, topic_prefix: str, tmp_path: Path) -> Iterator[Stand]:
    """All three services, healthy."""
    stand = Stand(tmp_path, kafka.bootstrap, database_url, topic_prefix)
    try:
        for name in OURS:
            stand.start(name)
        for name in OURS:
            eventually(lambda name=name: stand.is_healthy(name), stand.said)
        yield stand
    finally:
        stand.kill()


def test_a_settlement_goes_from_the_door_to_a_webhook(stand: Stand) -> None:
    key = stand.command("ingest", "keys", "create", "--institution", "*")
    token = stand.command("alerts", "users", "create", "li.hua", "--role", "supervisor")
    reader = {"Authorization": f"Bearer {token}"}
    with Receiver() as (url, heard):
        made = httpx.post(f"{stand.url('alerts')}/v1/webhooks", headers=reader, json={"url": url})
        assert made.status_code == 201, made.text
        now = datetime.now(UTC).isoformat(timespec="seconds")
        events = [admission(f"e{number}", f"H{number}", now) for number in (1, 2)]
        posted = httpx.post(
            f"{stand.url('ingest')}/v1/events", headers={"Authorization": f"Bearer {key}"}, json=events
        )
        assert (posted.status_code, posted.json()["accepted"]) == (202, 2)

        def listed() -> list[dict]:
            return httpx.get(f"{stand.url('alerts')}/v1/alerts?rule=A01", headers=reader).json()["items"]

        (alert,) = eventually(listed, stand.said)
        assert alert["institutions"] == ["H1", "H2"]
        headers, body = eventually(lambda: heard and heard[0], stand.said)
    told = Webhook(made.json()["secret"]).verify(body, headers)
    assert (told["type"], told["data"]["alert_id"]) == ("alert.opened", alert["alert_id"])
    assert told["data"]["url"].startswith("http://127.0.0.1:8001/")

    def settled() -> bool:
        status = httpx.get(f"{stand.url('alerts')}/v1/status", headers=reader).json()
        return status["accepted"] == status["judged"] == 2 and status["lag"]["events"] == 0

    eventually(settled, stand.said)
    for name in OURS:
        assert "qingfeng_" in httpx.get(f"{stand.url(name)}/metrics").text
    assert stand.stop() == dict.fromkeys(OURS, 0), stand.said()


def admission(event_id: str, institution: str, at: str) -> dict[str, str]:
    """One person admitted somewhere."""
    return {
        "type": "admission",
        "event_id": event_id,
        "institution_id": institution,
        "occurred_at": at,
        "person_id": "430102199001011234",
        "encounter_id": f"M-{event_id}",
        "med_type": "21",
    }


class Receiver:
    """A webhook's receiver: (its address, what it heard)."""

    def __enter__(self) -> tuple[str, list[tuple[dict[str, str], bytes]]]:
        heard: list[tuple[dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                heard.append((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/", heard

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
