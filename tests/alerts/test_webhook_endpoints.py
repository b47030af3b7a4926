"""The webhooks API from creation to delivery."""

import asyncio
import dataclasses

import httpx
import pytest
from standardwebhooks import Webhook

from schemas.moments import instant
from services.alerts import users
from services.alerts.app import create_app
from services.runtime import database
from services.runtime.clock import system_clock
from tests.alerts.making import NOON, said
from tests.alerts.serving import bearer, receiving, serving


@pytest.fixture
def api(desk, settings):
    """A client with a supervisor's token; loopback is opened for receivers."""
    settings = dataclasses.replace(settings, webhook_allow_cidrs="127.0.0.0/8")
    app = create_app(database.open_engine(desk.url), settings)
    token = desk.ask(users.create, "chief", "supervisor", NOON)
    with serving(app) as url, httpx.Client(base_url=url, headers=bearer(token), trust_env=False) as client:
        yield client


def made(api, url="http://127.0.0.1:9/hook", **given):
    answer = api.post("/v1/webhooks", json={"url": url, **given})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def no_content(writer):
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await writer.drain()


def test_a_change_reaches_the_receiver_and_its_signature_verifies(api, desk):
    async def run():
        async with receiving(no_content) as (port, requests):
            loop = asyncio.get_running_loop()
            hook = await loop.run_in_executor(None, lambda: made(api, f"http://127.0.0.1:{port}/"))
            await desk._store([said()], instant(system_clock()), "")
            async with asyncio.timeout(10):
                while not requests:
                    await asyncio.sleep(0.01)
            return hook, requests[0]

    hook, request = desk.run(run())
    head, body = request.split(b"\r\n\r\n", 1)
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert Webhook(hook["secret"]).verify(body, headers)["data"]["alert_id"] == "a1"
    delivery = api.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["items"][0]
    assert delivery["id"] == headers["webhook-id"]
    assert delivery["type"] == "alert.opened"


def test_the_secret_is_shown_once(api):
    hook = made(api)
    assert hook["secret"].startswith("whsec_")
    assert hook["filter"] == {"institutions": [], "rules": [], "min_severity": 3, "regions": []}
    assert hook["payload"] == "thin"
    assert "secret" not in api.get(f"/v1/webhooks/{hook['id']}").json()
    assert "secret" not in api.get("/v1/webhooks").json()["items"][0]


def test_rotation_gives_a_new_secret(api):
    hook = made(api)
    turned = api.post(f"/v1/webhooks/{hook['id']}/rotate").json()
    assert turned["secret"].startswith("whsec_")
    assert turned["secret"] != hook["secret"]


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "https://10.0.0.1/hook",
        "https://[::1]/hook",
        "https://[fd00:ec2::254]/",
        "http://1.1.1.1/hook",
        "https://1.1.1.1:22/hook",
        "not a url",
    ],
)
def test_an_inward_url_is_refused_at_creation(api, url):
    answer = api.post("/v1/webhooks", json={"url": url})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] in ("/url", "/body/url")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 7},
        {"url": "https://1.1.1.1", "events": []},
        {"url": "https://1.1.1.1", "events": ["case.opened"]},
        {"url": "https://1.1.1.1", "payload": "fat"},
        {"url": "https://1.1.1.1", "filter": {"min_severity": 0}},
        {"url": "https://1.1.1.1", "filter": {"rules": ["\u0000"]}},
        {"url": "https://1.1.1.1", "colour": "red"},
    ],
)
def test_a_bad_body_is_a_problem(api, body):
    answer = api.post("/v1/webhooks", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_deleted_webhook_is_gone_with_its_deliveries(api, desk):
    hook = made(api)
    desk.store(said())
    assert api.delete(f"/v1/webhooks/{hook['id']}").status_code == 204
    assert api.get(f"/v1/webhooks/{hook['id']}").status_code == 404
    assert desk.value("SELECT count(*) FROM webhook_delivery") == 0


def test_a_delivery_is_redelivered_under_its_id_only_through_its_own_webhook(api, desk):
    hook, other = made(api), made(api)
    desk.store(said())
    delivery = api.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["items"][0]["id"]
    path = f"/v1/webhooks/{{}}/deliveries/{delivery}/redeliver"
    assert api.post(path.format(other["id"])).status_code == 404
    assert api.post(path.format(hook["id"])).status_code == 202
    assert len(api.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["items"]) == 1


def test_recovery_queues_what_was_missed(api, desk):
    desk.store(said())
    hook = made(api)
    answer = api.post(f"/v1/webhooks/{hook['id']}/recover", json={"since": "2026-05-01T00:00:00Z"})
    assert (answer.status_code, answer.json()) == (202, {"queued": 1, "more": False})
    assert api.post(f"/v1/webhooks/{hook['id']}/recover", json={"since": "then"}).status_code == 422
    assert api.post("/v1/webhooks/none/recover", json={"since": "2026-05-01T00:00:00Z"}).status_code == 404


def test_deliveries_are_paged(api, desk):
    hook = made(api)
    desk.store(*[said(f"a{n}") for n in range(5)])
    path, seen, cursor = f"/v1/webhooks/{hook['id']}/deliveries", [], None
    while True:
        page = api.get(path, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["alert_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["a4", "a3", "a2", "a1", "a0"]


@pytest.mark.parametrize(
    ("role", "status"), [("handler", 403), ("auditor", 403), ("supervisor", 200), ("admin", 200)]
)
def test_webhooks_are_for_supervisors_and_admins(api, desk, role, status):
    token = desk.ask(users.create, "someone", role, NOON)
    assert api.get("/v1/webhooks", headers=bearer(token)).status_code == status
    assert api.get("/v1/webhooks", headers={"Authorization": ""}).status_code == 401
