"""The webhooks API from creation to delivery."""

import asyncio

import pytest
from standardwebhooks import Webhook

from schemas.moments import instant
from services.alerts.webhooks.headers import HIDDEN
from services.runtime.clock import system_clock
from tests.alerts.making import said, taken_back
from tests.alerts.managing import changed, made, managing, teapot, try_it
from tests.alerts.serving import receiving


@pytest.fixture
def api(desk, settings):
    with managing(desk, settings) as client:
        yield client


async def no_content(writer):
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await writer.drain()


def test_a_change_reaches_the_receiver_and_its_signature_verifies(api, desk):
    async def run():
        async with receiving(no_content) as (port, requests):
            loop = asyncio.get_running_loop()
            hook = await loop.run_in_executor(None, lambda: made(api, f"http://127.0.0.1:{port}/"))
            await desk._store([said()], instant(system_clock()), "")
            async with asyncio.timeout(60):
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
    api.patch(f"/v1/webhooks/{hook['id']}", json={"enabled": False})
    assert api.post(path.format(hook["id"])).status_code == 409


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


def test_everything_of_an_endpoint_can_be_changed_and_the_rest_stays(api):
    hook = made(api, description="county desk", rate=20)
    assert (hook["concurrency"], hook["rate"], hook["enabled"], hook["health"]) == (5, 20, True, "well")
    wanted = {
        "url": "http://127.0.0.1:9/other",
        "events": ["alert.opened", "endpoint.*"],
        "filter": {"institutions": ["H1"], "rules": ["A01"], "min_severity": 1, "regions": ["430600", "11"]},
        "payload": "full",
        "description": "claims desk",
        "rate": None,
        "concurrency": 2,
    }
    for name, value in wanted.items():
        assert changed(api, hook, **{name: value}).status_code == 200
    now = api.get(f"/v1/webhooks/{hook['id']}").json()
    wanted["filter"]["regions"] = ["4306", "11"]
    assert {name: now[name] for name in wanted} == wanted
    assert now["created_by"] == "chief"


def test_a_filter_is_set_as_a_whole(api):
    hook = made(api, filter={"rules": ["A01"], "min_severity": 1})
    assert changed(api, hook, filter={"institutions": ["H1"]}).json()["filter"] == {
        "institutions": ["H1"],
        "rules": [],
        "min_severity": 3,
        "regions": [],
    }


def test_own_headers_are_merged_and_credentials_never_shown(api, desk):
    hook = made(api, headers={"Authorization": "Bearer s3cret", "X-County": "430602"})
    assert hook["headers"] == {"Authorization": HIDDEN, "X-County": "430602"}
    after = changed(api, hook, headers={"x-county": None, "X-Api-Key": "k3y"}).json()
    assert after["headers"] == {"Authorization": HIDDEN, "X-Api-Key": HIDDEN}
    assert "s3cret" not in api.get("/v1/webhooks").text
    many = {f"X-{n}": "1" for n in range(9)}
    assert changed(api, hook, headers=many).status_code == 422
    assert changed(api, hook, headers={"Authorization": HIDDEN}).status_code == 422
    assert "s3cret" not in changed(api, hook, headers={"X-A": "s3cret\n"}).text


def test_credentials_do_not_follow_an_endpoint_to_another_host(api):
    hook = made(api, headers={"Authorization": "Bearer s3cret", "X-County": "430602"})
    same_host = changed(api, hook, url="http://127.0.0.1:9/elsewhere").json()
    assert same_host["headers"] == {"Authorization": HIDDEN, "X-County": "430602"}
    moved = changed(api, hook, url="http://127.0.0.1:10/hook").json()
    assert moved["headers"] == {"X-County": "430602"}
    again = {"url": "http://127.0.0.1:11/", "headers": {"Authorization": "Bearer n3w"}}
    assert changed(api, hook, **again).json()["headers"]["Authorization"] == HIDDEN


def test_an_endpoint_is_switched_off_with_a_reason_and_on_again(api, desk):
    hook = made(api)
    other = made(api, events=["endpoint.disabled"])
    off = changed(api, hook, enabled=False, reason="接收系统升级").json()
    assert (off["enabled"], off["health"], off["disabled_reason"]) == (False, "disabled", "by_hand")
    assert (off["disabled_by"], off["disabled_note"]) == ("chief", "接收系统升级")
    assert changed(api, hook, enabled=False, reason="again").json()["disabled_note"] == "接收系统升级"
    told = api.get(f"/v1/webhooks/{other['id']}/deliveries").json()["items"]
    assert [(one["type"], one["alert_id"]) for one in told] == [("endpoint.disabled", None)]
    assert api.post(f"/v1/webhooks/{hook['id']}/test").status_code == 409
    on = changed(api, hook, enabled=True).json()
    assert (on["enabled"], on["disabled_at"], on["disabled_by"], on["disabled_note"]) == (
        True,
        None,
        None,
        "",
    )


BAD_CHANGES = [
    {"url": "https://10.0.0.1/"},
    {"url": None},
    {"events": []},
    {"filter": {"regions": ["00"]}},
    {"filter": {"regions": ["4306021"]}},
    {"rate": 0},
    {"concurrency": 6},
    {"reason": "because"},
    {"enabled": None},
    {"headers": {"Host": "evil"}},
    {"description": "two\nlines"},
    {"secret": "whsec_mine"},
]


def test_a_bad_change_is_a_problem_and_changes_nothing(api):
    hook = made(api)
    before = api.get(f"/v1/webhooks/{hook['id']}").json()
    assert {str(body): changed(api, hook, **body).status_code for body in BAD_CHANGES} == {
        str(body): 422 for body in BAD_CHANGES
    }
    assert api.get(f"/v1/webhooks/{hook['id']}").json() == before
    assert changed(api, {"id": "none"}, description="x").status_code == 404


def test_a_test_delivery_shows_what_the_receiver_answered(api, desk):
    async def run():
        async with receiving(teapot) as (port, requests):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, try_it, api, f"http://127.0.0.1:{port}/"), requests

    shown, requests = desk.run(run())
    assert shown["type"] == "webhook.test"
    assert (shown["state"], shown["last_status"], shown["next_try_at"] is not None) == ("pending", 418, True)
    (first,) = shown["attempts"]
    assert (first["attempt"], first["status"], first["response"]) == (1, 418, "short")
    assert 0 <= first["latency_ms"] < 10_000
    assert b'"requested_by":"chief"' in requests[0]


def test_the_catalogue_names_every_type_in_both_languages(api):
    items = api.get("/v1/webhooks/event-types").json()["items"]
    assert {item["type"]: item["subscribable"] for item in items} == {
        "alert.opened": True,
        "alert.changed": True,
        "alert.withdrawn": True,
        "endpoint.disabled": True,
        "webhook.test": False,
    }
    assert all(item["meaning"]["zh"] and item["meaning"]["en"] for item in items)


def test_deliveries_are_listed_by_state_event_and_time(api, desk):
    hook = made(api)
    changed(api, hook, enabled=False)
    changed(api, hook, enabled=True, concurrency=1)
    desk.store(said("a1"), taken_back("a1"), said("a2"))
    desk.run(desk._call("execute", "UPDATE webhook_delivery SET state = 'failed' WHERE version = 2"))

    def listed(**asked):
        page = api.get(f"/v1/webhooks/{hook['id']}/deliveries", params=asked).json()
        return {(item["type"].removeprefix("alert."), item["sequence"]) for item in page["items"]}

    assert listed() == {("opened", 1), ("withdrawn", 2), ("opened", 3)}
    assert listed(state="failed") == {("withdrawn", 2)}
    assert listed(event="alert.opened") == {("opened", 1), ("opened", 3)}
    assert listed(event=["alert.opened", "alert.withdrawn"], state="failed") == {("withdrawn", 2)}
    assert listed(since="2026-05-01T12:00:01Z") == set()
    assert len(listed(since="2026-05-01T12:00:00Z")) == 3
    first = api.get(f"/v1/webhooks/{hook['id']}/deliveries", params={"limit": 1}).json()
    wrong = {"cursor": first["next_cursor"], "state": "failed"}
    assert api.get(f"/v1/webhooks/{hook['id']}/deliveries", params=wrong).status_code == 422
