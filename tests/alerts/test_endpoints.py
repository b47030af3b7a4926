"""The reading API as its users meet it."""

import httpx
import pytest

from services.alerts import users
from services.alerts.app import create_app
from services.runtime import database
from tests.alerts.making import NOON, a_screening, at, said, taken_back
from tests.alerts.serving import bearer, serving


@pytest.fixture
def api(desk, settings):
    """A client of the alerts service with the token of a handler."""
    engine = database.open_engine(desk.url)
    app = create_app(engine, settings)
    token = desk.ask(users.create, "li", "handler", NOON)
    with serving(app) as url, httpx.Client(base_url=url, headers=bearer(token), trust_env=False) as client:
        yield client


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [item["alert_id"] for item in answer.json()["items"]]


def walk(api, **params):
    """All ids, page by page."""
    found, cursor = [], None
    while True:
        answer = api.get("/v1/alerts", params={**params, **({"cursor": cursor} if cursor else {})})
        found += ids(answer)
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


def test_filters_narrow_and_newest_comes_first(api, desk):
    desk.store(said("a1"), now=at(0))
    desk.store(said("a2", rule="B01", severity=1, institutions=["H9"]), now=at(60))
    desk.store(said("a3"), taken_back("a3"), now=at(120))
    assert ids(api.get("/v1/alerts")) == ["a3", "a2", "a1"]
    assert ids(api.get("/v1/alerts", params={"status": "open"})) == ["a2", "a1"]
    assert ids(api.get("/v1/alerts", params={"rule": "B01"})) == ["a2"]
    assert ids(api.get("/v1/alerts", params={"rule": ["A01", "B01"], "status": "open"})) == ["a2", "a1"]
    assert ids(api.get("/v1/alerts", params={"institution": "H9"})) == ["a2"]
    assert ids(api.get("/v1/alerts", params={"severity": 2})) == ["a3", "a1"]
    assert ids(api.get("/v1/alerts", params={"rule": "Z99"})) == []


def test_a_region_is_that_of_an_institution_by_the_registry_or_of_a_settlement_as_posted(api, desk):
    """H1 lies in 岳阳楼区, H2 has moved from 长沙 to 衡阳; nothing is known of H9, which posted from 长沙."""
    desk.register("H1", "430602")
    desk.register("H2", "430102")
    desk.register("H2", "430407", "2026-01-01")
    desk.register("H8", "")
    desk.store(*[said(f"a{n}", institutions=[f"H{n}"], settlements=[f"S{n}"]) for n in (1, 2, 8, 9)])
    desk.store(a_screening("S9", institution_id="H9", region="430104"))
    for region, alerts in (
        ("430602", ["a1"]),
        ("430600", ["a1"]),
        ("4304", ["a2"]),
        ("4301", ["a9"]),
        ("43", ["a9", "a2", "a1"]),
        (["430602", "4304"], ["a2", "a1"]),
        ("11", []),
    ):
        assert ids(api.get("/v1/alerts", params={"region": region})) == alerts, region
    assert walk(api, region="43", status="open", limit=1) == ["a9", "a2", "a1"]


def test_a_settlement_that_is_posted_anew_from_elsewhere_is_listed_there_and_only_there(api, desk):
    desk.store(said("a9", institutions=["H9"], settlements=["S9"]))
    for revision, region in ((1, "430104"), (2, "430602"), (3, "430104")):
        desk.store(a_screening("S9", revision, institution_id="H9", region=region))
        listed = [ids(api.get("/v1/alerts", params={"region": place})) for place in ("430104", "430602")]
        assert listed == ([["a9"], []] if region == "430104" else [[], ["a9"]])


def test_since_filters_on_the_last_change(api, desk):
    desk.store(said("a1"), said("a2"), now=at(0))
    desk.store(said("a1", revision=2, severity=1), now=at(60))
    assert ids(api.get("/v1/alerts", params={"since": "2026-05-01T12:00:30Z"})) == ["a1"]
    assert ids(api.get("/v1/alerts", params={"since": "2026-05-01T20:01:00+08:00"})) == ["a1"]
    assert ids(api.get("/v1/alerts?since=2026-05-01T20:01:00+08:00")) == ["a1"]


def test_pages_have_neither_gaps_nor_repeats_while_alerts_change(api, desk):
    desk.store(*[said(f"a{n:02}") for n in range(25)])
    first = api.get("/v1/alerts", params={"limit": 10}).json()
    desk.store(*[said(f"n{n}") for n in range(5)], said("a20", revision=2, severity=1), taken_back("a03"))
    seen = [item["alert_id"] for item in first["items"]]
    cursor = first["next_cursor"]
    while cursor:
        page = api.get("/v1/alerts", params={"limit": 10, "cursor": cursor}).json()
        seen += [item["alert_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"a{n:02}" for n in reversed(range(25))]


def test_a_list_that_ends_on_a_page_has_no_further_cursor(api, desk):
    desk.store(*[said(f"a{n}") for n in range(4)])
    assert walk(api, limit=2) == ["a3", "a2", "a1", "a0"]
    assert walk(api, limit=1, status="open") == ["a3", "a2", "a1", "a0"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=many",
        "status=closed",
        "severity=4",
        "severity=x",
        "region=4",
        "region=00",
        "region=43%00",
        "since=yesterday",
        "since=2026-05-01",
        "since=0001-01-01T00:00:00%2B14:00",
        "cursor=abc",
        "cursor=%00%F0%9F%8C%AA",
        "cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "rule=%00",
        "institution=" + "x" * 300,
    ],
)
def test_a_bad_parameter_is_a_problem_and_no_crash(api, query):
    answer = api.get(f"/v1/alerts?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Value error" not in answer.text


def test_a_cursor_serves_only_the_list_it_was_made_for(api, desk):
    desk.store(*[said(f"a{n}") for n in range(4)])
    cursor = api.get("/v1/alerts", params={"limit": 2}).json()["next_cursor"]
    assert api.get("/v1/alerts", params={"cursor": cursor, "status": "open"}).status_code == 422


def test_one_alert_shows_its_history(api, desk):
    desk.store(said("a1", evidence={"n": 1}), now=at(0))
    desk.store(taken_back("a1"), now=at(60))
    alert = api.get("/v1/alerts/a1").json()
    assert (alert["version"], alert["status"]) == (2, "withdrawn")
    assert [(entry["version"], entry["status"]) for entry in alert["history"]] == [
        (1, "open"),
        (2, "withdrawn"),
    ]
    assert alert["history"][0]["alert"]["evidence"] == {"n": 1}
    assert api.get("/v1/alerts/none").status_code == 404


def test_the_status_is_readable_by_every_user(api):
    assert api.get("/v1/status").json()["lag"] == {"events": 0, "seconds": 0.0}


def test_without_a_known_token_nothing_is_read(api, desk):
    for path in ("/v1/alerts", "/v1/alerts/a1", "/v1/status"):
        for headers in ({"Authorization": ""}, bearer("qfu_" + "x" * 43), bearer("qfk_institution")):
            answer = api.get(path, headers=headers)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("role", "alerts"), [("handler", 200), ("supervisor", 200), ("auditor", 200), ("admin", 403)]
)
def test_roles_read_what_they_need(api, desk, role, alerts):
    token = desk.ask(users.create, "someone", role, NOON)
    assert api.get("/v1/alerts", headers=bearer(token)).status_code == alerts
    assert api.get("/v1/status", headers=bearer(token)).status_code == 200


def test_a_revoked_user_is_out_at_once(api, desk):
    assert api.get("/v1/alerts").status_code == 200
    desk.ask(users.revoke, "li", NOON)
    assert api.get("/v1/alerts").status_code == 401


def test_tokens_are_stored_only_as_hashes(desk):
    token = desk.ask(users.create, "wang", "auditor", NOON)
    row = desk.fetch("SELECT * FROM app_user WHERE name = 'wang'")[0]
    assert token.encode() not in bytes(repr(dict(row)), "utf-8")
