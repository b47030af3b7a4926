"""Who sets up webhooks, and who may have whole alerts sent."""

import asyncio

import pytest

from services.alerts import users
from services.runtime import database
from tests.alerts.hooking import HOOK
from tests.alerts.making import NOON, said
from tests.alerts.managing import made, managing, teapot, try_it
from tests.alerts.serving import bearer, receiving


@pytest.fixture
def api(desk, settings):
    with managing(desk, settings) as client:
        yield client


@pytest.mark.parametrize(
    ("role", "status"), [("handler", 403), ("auditor", 403), ("supervisor", 200), ("admin", 200)]
)
def test_webhooks_are_for_supervisors_and_admins(api, desk, role, status):
    token = desk.ask(users.create, "someone", role, NOON)
    assert api.get("/v1/webhooks", headers=bearer(token)).status_code == status
    assert api.get("/v1/webhooks", headers={"Authorization": ""}).status_code == 401


def test_no_other_role_changes_tests_or_reads_deliveries(api, desk):
    hook = made(api)
    desk.store(said())
    (one,) = api.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["items"]
    tokens = [desk.ask(users.create, role, role, NOON) for role in ("handler", "auditor")]
    base = f"/v1/webhooks/{hook['id']}"
    asked = [
        ("PATCH", base),
        ("POST", f"{base}/test"),
        ("GET", f"{base}/deliveries"),
        ("GET", f"{base}/deliveries/{one['id']}"),
        ("GET", "/v1/webhooks/event-types"),
    ]
    for token in tokens:
        answers = [api.request(method, path, json={}, headers=bearer(token)) for method, path in asked]
        assert {answer.status_code for answer in answers} == {403}


@pytest.fixture
def admin(desk):
    """Headers of an admin, who reads no cases."""
    return bearer(desk.ask(users.create, "root", "admin", NOON))


def test_who_reads_no_cases_has_none_sent(api, admin):
    url = "http://127.0.0.1:9/hook"
    refused = api.post("/v1/webhooks", json={"url": url, "payload": "full"}, headers=admin)
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["path"] == "/payload"
    thin = api.post("/v1/webhooks", json={"url": url}, headers=admin).json()
    path = f"/v1/webhooks/{thin['id']}"
    assert api.patch(path, json={"payload": "full"}, headers=admin).status_code == 403
    assert api.get(path).json()["payload"] == "thin"
    assert api.patch(path, json={"payload": "full"}).status_code == 200, "a supervisor may"


def test_an_endpoint_of_whole_alerts_goes_elsewhere_only_by_who_reads_them(api, admin):
    hook = made(api, payload="full", filter={"rules": ["A01"], "regions": ["4306"]})
    path = f"/v1/webhooks/{hook['id']}"
    for change in (
        {"url": "http://127.0.0.1:10/"},
        {"filter": {}},
        {"events": ["*"]},
        {"payload": "full", "url": "http://127.0.0.1:10/"},
    ):
        assert api.patch(path, json=change, headers=admin).status_code == 403, change
    for change in (
        {"description": "claims desk", "rate": 5, "headers": {"X-A": "1"}},
        {name: hook[name] for name in ("url", "events", "filter", "payload")},
        {"enabled": False},
        {"enabled": True},
        {"payload": "thin", "url": "http://127.0.0.1:10/"},
    ):
        assert api.patch(path, json=change, headers=admin).status_code == 200, change


def test_what_a_receiver_of_whole_alerts_answers_is_shown_to_who_may_read_them(api, admin, desk):
    async def run():
        async with receiving(teapot) as (port, _):
            loop = asyncio.get_running_loop()
            url = f"http://127.0.0.1:{port}/"
            return await loop.run_in_executor(None, lambda: try_it(api, url, payload="full"))

    tried = desk.run(run())
    (hook,) = api.get("/v1/webhooks").json()["items"]
    path = f"/v1/webhooks/{hook['id']}/deliveries"
    for headers, shown in (({}, "short"), (admin, None)):
        listed = api.get(path, headers=headers).json()["items"]
        assert [item["last_response"] for item in listed] == [shown]
        attempts = api.get(f"{path}/{tried['id']}", headers=headers).json()["attempts"]
        assert [item["response"] for item in attempts] == [shown]


def test_whole_alerts_that_an_admin_once_asked_for_are_sent_no_more(desk, post):
    """From before it was refused; what a supervisor made stays as it is."""
    for name, role in (("root", "admin"), ("chief", "supervisor")):
        desk.ask(users.create, name, role, NOON)
    desk.fetch("UPDATE alembic_version SET version_num = '0012'")
    for name in ("root", "chief", "li"):
        row, _ = post.endpoint(f"{HOOK}/{name}", payload="full")
        desk.fetch("UPDATE webhook SET created_by = $2 WHERE webhook_id = $1", row["webhook_id"], name)
    desk.run(database.migrate(desk.engine, "0013"))
    left = desk.fetch("SELECT created_by, payload FROM webhook")
    assert dict(map(tuple, left)) == {"root": "thin", "chief": "full", "li": "thin"}
