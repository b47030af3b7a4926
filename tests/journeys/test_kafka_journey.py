"""Kafka, PostgreSQL and three services, by the very commands the containers run: from POST to webhook."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from services.settings import Settings
from tests.support.deployment import ROOT, Deployment
from tests.support.entries import admission
from tests.support.kafka import free_ports


class Receiver(BaseHTTPRequestHandler):
    """Somebody's webhook endpoint."""

    received: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append((dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    received: list[tuple[dict[str, str], bytes]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Hook", (Receiver,), {"received": received}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()


@pytest.fixture
def deployment(kafka, topic_prefix: str, settings: Settings, tmp_path) -> Iterator[Deployment]:
    settings = replace(settings, kafka=kafka.bootstrap, topic_prefix=topic_prefix, partitions=2)
    deployment = Deployment(settings, tmp_path)
    yield deployment
    deployment.close()


def ask(url: str, token: str = "", body: Any = None) -> tuple[int, Any]:
    """(status, JSON of the answer)."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def eventually(holds: Callable[[], Any], deployment: Deployment, seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := holds():
                return found
        except OSError:
            pass
        assert time.monotonic() < deadline, deployment.said()
        time.sleep(0.05)


def qingfeng(deployment: Deployment, *arguments: str) -> str:
    """A command of the same deployment; what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=ROOT,
        env={**os.environ, **deployment.environment()},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_posted_overlap_reaches_a_receiver_signed_and_all_services_stop_in_order(
    deployment: Deployment, receiver
):
    hook, received = receiver
    door, office, health = (f"http://127.0.0.1:{port}" for port in free_ports(3))
    deployment.start("ingest", port=door.rsplit(":", 1)[1])
    deployment.start("alerts", port=office.rsplit(":", 1)[1], webhook_allow_cidrs="127.0.0.0/8")
    deployment.start("worker", metrics_port=health.rsplit(":", 1)[1])
    key = qingfeng(deployment, "keys", "create", "--institution", "*")
    admin = qingfeng(deployment, "users", "create", "wang", "--role", "admin")
    token = qingfeng(deployment, "users", "create", "li", "--role", "handler")
    for service in (door, office, health):
        eventually(lambda service=service: ask(f"{service}/readyz")[0] == 200, deployment)
    status, made = ask(f"{office}/v1/webhooks", admin, {"url": hook, "events": ["alert.*"]})
    assert status == 201, made

    posted = [admission("03-01 09:00", "H1", "a"), admission("03-02 09:00", "H2", "b")]
    assert ask(f"{door}/v1/events", key, posted) == (202, {"accepted": 2, "duplicates": 0, "rejected": []})
    headers, body = eventually(lambda: received, deployment)[0]
    told = Webhook(made["secret"]).verify(body, {name.lower(): value for name, value in headers.items()})
    assert told["type"] == "alert.opened"
    assert told["data"]["rule"] == "A01"

    alerts = ask(f"{office}/v1/alerts?status=open", token)[1]["items"]
    assert [alert["alert_id"] for alert in alerts] == [told["data"]["alert_id"]]
    found = eventually(lambda: _settled(office, token), deployment)
    assert (found["accepted"], found["judged"], found["alerts_stored"]) == (2, 2, 1)
    with urllib.request.urlopen(f"{health}/metrics", timeout=60) as answer:
        assert b"qingfeng_detector_events_total" in answer.read()
    assert ask(f"{health}/healthz") == (200, {"status": "ok"})
    assert [deployment.services[name].stop() for name in ("worker", "ingest", "alerts")] == [0, 0, 0]


def _settled(office: str, token: str) -> dict[str, Any] | None:
    found = ask(f"{office}/v1/status", token)[1]
    return found if found["lag"]["events"] == 0 else None
