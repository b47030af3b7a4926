"""docs/webhooks.md: its receivers take what is really sent and refuse what is forged; schemas and the
AsyncAPI document are made from the code and hold what is really sent."""

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import jsonschema_rs
import pytest

from services.alerts import users
from services.alerts.app import create_app
from services.alerts.webhooks import book, notices, payload, signing
from services.runtime import database
from tests.alerts.making import NOON, at, said, taken_back
from tests.alerts.serving import bearer, serving
from tests.docs import catalogue
from tests.docs.pages import ROOT, blocks
from tests.support.fetched import fetched, maven, npm
from tests.support.kafka import free_ports

PAGE = ROOT / "docs" / "webhooks.md"
SCHEMAS = {name: json.loads((catalogue.FOLDER / f"{name}.json").read_text()) for name in payload.EVENTS}


def code(info: str) -> str:
    """The one block of the page with this info."""
    (block,) = blocks(PAGE, info)
    return block.code


def shell(info: str, folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a block of the page."""
    return subprocess.run(
        ["sh", "-euc", code(info)], cwd=folder, env={"PATH": os.environ["PATH"], **given},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def python(folder: Path) -> list[str]:
    (folder / "receiver.py").write_text(code("python receiver"))
    return [sys.executable, "receiver.py"]


def java(folder: Path) -> list[str]:
    jar = maven("com.standardwebhooks", "standardwebhooks", "1.1.0")
    (folder / "Receiver.java").write_text(code("java receiver"))
    return ["java", "-cp", str(jar), "Receiver.java"]


def node(folder: Path) -> list[str]:
    modules = npm("standardwebhooks", "1.1.1") / "node_modules"
    (folder / "node_modules").symlink_to(modules)
    (folder / "receiver.mjs").write_text(code("js receiver"))
    return ["node", "receiver.mjs"]


class Hook(NamedTuple):
    """An endpoint as its owner knows it."""

    id: str
    secret: str
    port: int


@pytest.fixture
def api(desk, settings) -> Iterator[httpx.Client]:
    """A client of a running alerts service, whose webhooks may go to this machine; with a chief's token."""
    token = desk.ask(users.create, "chief", "supervisor", NOON)
    opened = dataclasses.replace(settings, webhook_allow_cidrs="127.0.0.0/8")
    app = create_app(database.open_engine(desk.url), opened)
    with serving(app) as url, httpx.Client(base_url=url, headers=bearer(token), trust_env=False) as client:
        yield client


def subscribed(api: httpx.Client, folder: Path, port: int) -> Hook:
    """An endpoint made as the page says."""
    made = shell("sh subscribe", folder, RECEIVER=f"http://127.0.0.1:{port}/hooks", **as_chief(api))
    assert made.returncode == 0, made.stderr
    answer = json.loads(made.stdout)
    return Hook(answer["id"], answer["secret"], port)


def as_chief(api: httpx.Client) -> dict[str, str]:
    return {"QINGFENG": str(api.base_url).rstrip("/"), "TOKEN": api.headers["authorization"].split(" ")[1]}


@contextlib.contextmanager
def receiving(command: list[str], folder: Path, hook: Hook) -> Iterator[subprocess.Popen[str]]:
    """A receiver of the page at work."""
    given = {**os.environ, "PORT": str(hook.port), "WEBHOOK_SECRET": hook.secret}
    process = subprocess.Popen(command, cwd=folder, env=given, stdout=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{hook.port}/", trust_env=False)
                break
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def delivered(api: httpx.Client, hook: Hook, count: int) -> list[dict[str, Any]]:
    """The deliveries of an endpoint once so many are there and none waits."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        items = api.get(f"/v1/webhooks/{hook.id}/deliveries").json()["items"]
        if len(items) == count and all(one["last_status"] for one in items):
            return items
        time.sleep(0.05)
    raise AssertionError(items)


@pytest.mark.parametrize("language", [python, java, node])
def test_a_receiver_of_the_page_takes_what_is_sent_and_refuses_what_is_forged(language, api, desk, tmp_path):
    if shutil.which(language.__name__) is None and language is not python:
        pytest.skip(f"no {language.__name__} here")
    command = language(tmp_path)
    hook = subscribed(api, tmp_path, free_ports(1)[0])
    with receiving(command, tmp_path, hook) as process:
        tested = shell("sh test", tmp_path, WEBHOOK_ID=hook.id, **as_chief(api))
        assert tested.returncode == 0, tested.stderr
        desk.store(said("a1"))
        assert {one["last_status"] for one in delivered(api, hook, 2)} == {204}
        body = b'{"type": "alert.opened", "data": {"alert_id": "forged"}}'
        now = datetime.now(UTC)
        for sent, headers, status in (
            (body, signing.headers([hook.secret], "msg_1", now, body), 204),
            (body + b" ", signing.headers([hook.secret], "msg_2", now, body), 400),
            (body, signing.headers([signing.new_secret()], "msg_3", now, body), 400),
            (body, signing.headers([hook.secret], "msg_4", now - timedelta(minutes=6), body), 400),
            (body, signing.headers([signing.new_secret(), hook.secret], "msg_5", now, body), 204),
            (body, signing.headers([hook.secret], "msg_1", now, body), 204),
        ):
            answer = httpx.post(
                f"http://127.0.0.1:{hook.port}/hooks", content=sent, headers=headers, trust_env=False
            )
            assert answer.status_code == status, headers["webhook-id"]
    taken = process.stdout.read().splitlines()
    assert len(taken) == 4, "each delivery once, forged ones not at all"
    assert sum("webhook.test" in line for line in taken) == 1


def test_by_hand_a_delivery_is_told_from_a_forged_one(tmp_path):
    secret, body = signing.new_secret(), '{"type":"alert.opened","title":"疑点"}'.encode()
    (tmp_path / "body.json").write_bytes(body)

    def checked(secrets: list[str], moment: datetime) -> bool:
        given = signing.headers(secrets, "msg_1", moment, body)
        names = {name.removeprefix("webhook-").upper(): value for name, value in given.items()}
        return shell("sh verify", tmp_path, WEBHOOK_SECRET=secret, **names).returncode == 0

    now = datetime.now(UTC)
    assert checked([secret], now)
    assert checked([signing.new_secret(), secret], now)
    assert not checked([signing.new_secret()], now)
    assert not checked([secret], now - timedelta(minutes=6))
    assert not checked([secret], now + timedelta(minutes=6))
    (tmp_path / "body.json").write_bytes(body + b"\n")
    assert not checked([secret], now)


def test_the_stream_is_read_as_the_page_says(api, desk, tmp_path):
    desk.store(said("a1"), said("a2"))
    token = desk.ask(users.create, "li", "handler", NOON)
    given = {**as_chief(api), "TOKEN": token, "LAST_ID": "1"}
    process = subprocess.Popen(
        ["sh", "-euc", f"exec {code('sh stream').lstrip()}"],
        env={"PATH": os.environ["PATH"], **given}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        lines = iter(process.stdout.readline, "")
        assert next(line for line in lines if line.startswith("event")) == "event: alert.opened\n"
        alert = json.loads(next(lines).removeprefix("data: "))
    finally:
        process.terminate()
        process.wait(60)
    assert alert["alert_id"] == "a2"
    described = json.loads((catalogue.FOLDER / "stream.alert.json").read_text())
    jsonschema_rs.validate(described, alert)
    assert set(alert) == set(described["$defs"]["AlertAsRead"]["properties"]) - {"shadow"}


def test_every_type_that_is_sent_is_as_its_schema_says(post, desk):
    """The bodies that the courier really sends, thin and full, of every type in the catalogue."""
    for form in ("thin", "full"):
        post.endpoint(f"https://{form}.example", events=["*"], payload=form)
    other, _ = post.endpoint("https://other.example")
    desk.ask(notices.send_test, other["webhook_id"], "li", NOON)
    post.turn(NOON)
    desk.store(said("a1"), now=at(0))
    post.turn(at(1))
    desk.store(said("a1", revision=2, severity=1), now=at(2))
    post.turn(at(10))
    desk.store(taken_back("a1", revision=3), now=at(11))
    post.turn(at(12))
    desk.ask(book.switch_off, other["webhook_id"], "li", "moved", "https://qf.example", at(15))
    post.turn(at(20))
    sent = [(url, json.loads(body)) for url, _, body in post.receiver.tries]
    assert {body["type"] for _, body in sent} == set(payload.EVENTS)
    for url, body in sent:
        jsonschema_rs.validate(SCHEMAS[body["type"]], body)
        assert set(body) == {"type", "timestamp", "sequence", "data"}
        (kind,) = [one for one in payload.DATA[body["type"]] if fits(one, url)]
        properties = SCHEMAS[body["type"]]["$defs"][kind.__name__]["properties"]
        assert set(body["data"]) == set(properties) - {"shadow"}, "every field is described, and none besides"


def fits(kind: type, url: str) -> bool:
    """Whether an endpoint hears this kind of data, of those that there are."""
    return kind.__name__ not in ("ThinAlert", "FullAlert") or (kind.__name__ == "FullAlert") == (
        "full" in url
    )


def test_a_schema_refuses_what_is_not_sent():
    body = json.loads(code("json body"))
    schema = SCHEMAS["alert.opened"]
    jsonschema_rs.validate(schema, body)
    wrong = (
        {**body, "type": "alert.changed"},
        {**body, "sequence": 0},
        {name: value for name, value in body.items() if name != "timestamp"},
        {**body, "data": {**body["data"], "status": "closed"}},
        {**body, "data": {name: value for name, value in body["data"].items() if name != "version"}},
    )
    for one in wrong:
        assert not jsonschema_rs.is_valid(schema, one), one


def test_the_documents_are_those_of_the_code():
    written = "write them with: .venv/bin/python -m tests.docs.catalogue"
    for path, text in catalogue.files().items():
        assert (ROOT / "docs" / path).read_text(encoding="utf-8") == text, f"{path}: {written}"
    there = {f"schemas/{path.name}" for path in catalogue.FOLDER.iterdir()}
    assert there == set(catalogue.files()) - {"asyncapi.json"}
    assert catalogue.table() in PAGE.read_text(encoding="utf-8"), written


def test_every_schema_is_one():
    for path in catalogue.FOLDER.iterdir():
        jsonschema_rs.meta.validate(json.loads(path.read_text()))


def test_the_asyncapi_document_is_one():
    """By the schema that the AsyncAPI initiative publishes, and every reference leads somewhere."""
    document = json.loads(catalogue.ASYNCAPI.read_text())
    schema = asyncapi_schema()
    assert list(jsonschema_rs.iter_errors(schema, document)) == []
    assert not jsonschema_rs.is_valid(schema, {**document, "channels": {"webhook": {"adress": None}}})
    for reference in references(document):
        file, _, pointer = reference.partition("#")
        found = json.loads((catalogue.ASYNCAPI.parent / file).read_text()) if file else document
        for part in pointer.split("/")[1:]:
            found = found[part]


def asyncapi_schema() -> dict[str, Any]:
    name = "asyncapi-specs-6.11.1"
    folder = fetched(
        f"npm-{name}", "npm",
        lambda to: ["npm", "pack", "@asyncapi/specs@6.11.1", "--silent", "--pack-destination", str(to)],
    )  # fmt: skip
    with tarfile.open(folder / f"{name}.tgz") as package:
        return json.load(package.extractfile("package/schemas/3.0.0.json"))


def references(part: Any) -> Iterator[str]:
    """Every `$ref`."""
    if isinstance(part, list):
        for one in part:
            yield from references(one)
    elif isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for one in part.values():
            yield from references(one)
