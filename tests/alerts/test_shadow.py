"""Alerts of rules on trial: stored with their history, shown apart, delivered to nobody."""

import json

import httpx
import pytest

from services.alerts import intake, users
from services.alerts.app import create_app
from services.alerts.webhooks import book, deliveries, payload
from services.runtime import database
from tests.alerts.hooking import an_endpoint
from tests.alerts.making import NOON, an_alert, at, said, taken_back
from tests.alerts.serving import bearer, serving


@pytest.fixture
def api(desk, settings):
    """A client of the alerts service with the token of a handler."""
    token = desk.ask(users.create, "li", "handler", NOON)
    app = create_app(database.open_engine(desk.url), settings)
    with serving(app) as url, httpx.Client(base_url=url, headers=bearer(token), trust_env=False) as client:
        yield client


@pytest.fixture
def endpoint(desk):
    """An endpoint that hears of everything; its id."""
    row, _ = desk.ask(book.create, bytes(32), an_endpoint(), {}, "li", NOON)
    return row["webhook_id"]


def queued(desk):
    """(event, version) of what waits, in the order it was put."""
    rows = desk.fetch("SELECT event, version FROM webhook_delivery ORDER BY born")
    return [(row["event"].removeprefix("alert."), row["version"]) for row in rows]


def listed(api, **params):
    """Ids of a list."""
    answer = api.get("/v1/alerts", params=params)
    assert answer.status_code == 200, answer.text
    return [item["alert_id"] for item in answer.json()["items"]]


def test_an_alert_on_trial_stands_in_no_list_but_its_own(api, desk):
    desk.store(said("a1"), said("a2", shadow=True), said("a3", rule="B01", shadow=True))
    assert listed(api) == ["a1"]
    assert listed(api, status="open") == ["a1"]
    assert listed(api, shadow=True) == ["a3", "a2"]
    assert listed(api, shadow=True, rule="A01") == ["a2"]
    assert api.get("/v1/status").json()["alerts_open"] == 1
    assert api.get("/v1/status").json()["alerts_stored"] == 3


def test_the_field_is_there_only_where_it_is_true(api, desk):
    desk.store(said("a1"), said("a2", shadow=True), said("a3", shadow=False))
    for alert_id in ("a1", "a3"):
        plain = api.get(f"/v1/alerts/{alert_id}").json()
        assert "shadow" not in plain
        assert "shadow" not in plain["history"][0]["alert"]
    assert all("shadow" not in item for item in api.get("/v1/alerts").json()["items"])
    trial = api.get("/v1/alerts/a2").json()
    assert trial["shadow"] is True
    assert trial["history"][0]["alert"]["shadow"] is True


def test_pages_of_one_kind_of_list_do_not_serve_the_other(api, desk):
    desk.store(*[said(f"a{number}", shadow=True) for number in range(3)])
    first = api.get("/v1/alerts", params={"shadow": True, "limit": 2}).json()
    assert listed(api, shadow=True, limit=2, cursor=first["next_cursor"]) == ["a0"]
    assert api.get("/v1/alerts", params={"cursor": first["next_cursor"]}).status_code == 422


def test_what_is_on_trial_is_delivered_to_nobody(desk, endpoint):
    desk.store(said(shadow=True))
    desk.store(said(revision=2, shadow=True, amount="2.00"))
    desk.store(taken_back(revision=3))
    desk.store(said(revision=4, shadow=True))
    assert queued(desk) == []
    assert desk.value("SELECT max(version) FROM alert_version") == 4


def test_a_rule_that_goes_on_trial_takes_its_alerts_from_the_endpoints_and_brings_them_back(desk, endpoint):
    desk.store(said(), now=at(0))
    desk.store(said(revision=2, amount="2.00"), now=at(10))
    desk.store(said(revision=3, amount="2.00", shadow=True), now=at(11))
    assert queued(desk) == [("opened", 1), ("withdrawn", 3)], "the change that still waited is overtaken"
    assert desk.value("SELECT open FROM alert_ledger") == 0
    desk.store(taken_back(revision=4), now=at(12))
    desk.store(said(revision=5, shadow=True), now=at(13))
    desk.store(said(revision=6), now=at(14))
    assert queued(desk) == [("opened", 1), ("withdrawn", 3), ("opened", 6)]
    assert desk.value("SELECT open FROM alert_ledger") == 1


def test_recovery_tells_nothing_of_what_is_on_trial(desk, endpoint):
    desk.run(desk._call("execute", "UPDATE webhook SET disabled_at = now()"))
    desk.store(said("a1", shadow=True), said("a2"), now=at(60))
    assert desk.ask(deliveries.recover, endpoint, at(30), at(90)) == (1, False)


@pytest.mark.parametrize("full", [True, False])
def test_a_receiver_reads_that_it_is_withdrawn(full):
    body = payload.build(
        event="alert.withdrawn", sequence=3, at=NOON, alert=an_alert(shadow=True), version=3,
        detected_at=NOON, full=full, public_url="https://here",
    )  # fmt: skip
    assert json.loads(body)["data"]["status"] == "withdrawn"


def test_an_alert_of_two_keys_is_on_trial_only_as_the_word_that_counts_says(desk):
    async def both():
        async with database.transaction(desk.engine) as raw:
            await intake.store(raw, [said(key="k1", shadow=True), said(key="k2")], NOON)

    desk.run(both())
    assert desk.value("SELECT shadow FROM alert") is False
