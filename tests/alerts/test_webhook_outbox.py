"""Who hears of a change, written with the change itself."""

import pytest

from services.alerts import intake
from services.alerts.webhooks import book, deliveries
from services.runtime import database
from tests.alerts.hooking import an_endpoint
from tests.alerts.making import NOON, at, said, taken_back

KEY = bytes(32)


@pytest.fixture
def endpoint(desk):
    """Make an endpoint; returns its id."""

    def endpoint(**given):
        row, _ = desk.ask(book.create, KEY, an_endpoint(**given), {}, "li", NOON)
        return row["webhook_id"]

    return endpoint


def queued(desk, webhook_id=None):
    """(event, alert, version) of what waits, in the order it was put."""
    rows = desk.fetch("SELECT * FROM webhook_delivery ORDER BY born")
    return [
        (row["event"].removeprefix("alert."), row["alert_id"], row["version"])
        for row in rows
        if webhook_id in (None, row["webhook_id"])
    ]


def test_the_outbox_row_and_the_change_are_one_transaction(desk, endpoint):
    endpoint()

    async def fail():
        async with database.transaction(desk.engine) as raw:
            stored = await intake.store(raw, [said()], NOON)
            assert stored.deliveries == 1
            assert await raw.fetchval("SELECT count(*) FROM webhook_delivery") == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        desk.run(fail())
    assert queued(desk) == []
    assert desk.value("SELECT count(*) FROM alert") == 0
    desk.store(said())
    assert queued(desk) == [("opened", "a1", 1)]


def test_repeats_are_told_to_nobody(desk, endpoint):
    endpoint()
    for _ in range(3):
        desk.store(said())
    desk.store(said(revision=2, evidence={"n": 2}))
    assert queued(desk) == [("opened", "a1", 1)]


def test_what_history_brought_is_told_to_nobody(desk, endpoint):
    endpoint()
    desk.store(said(historical=True))
    desk.store(taken_back())
    assert queued(desk) == []


@pytest.mark.parametrize(
    ("given", "heard"),
    [
        ({}, ["a1", "a2"]),
        ({"rules": ["B01"]}, ["a2"]),
        ({"institutions": ["H2", "H7"]}, ["a1"]),
        ({"institutions": ["H9"]}, ["a2"]),
        ({"min_severity": 2}, ["a1"]),
        ({"min_severity": 1}, []),
        ({"events": ["alert.withdrawn"]}, []),
        ({"events": ["alert.opened"]}, ["a1", "a2"]),
    ],
)
def test_an_endpoint_hears_what_its_filter_lets_by(desk, endpoint, given, heard):
    webhook_id = endpoint(**given)
    desk.store(said("a1", severity=2), said("a2", rule="B01", severity=3, institutions=["H9"]))
    assert [alert for _, alert, _ in queued(desk, webhook_id)] == heard


def test_who_heard_of_an_alert_hears_that_it_left_the_filter(desk, endpoint):
    endpoint(min_severity=2)
    desk.store(said(severity=2))
    desk.store(said(severity=3, revision=2))
    assert queued(desk) == [("opened", "a1", 1), ("changed", "a1", 2)]


def test_changes_within_five_seconds_make_one_delivery_with_the_last_content(desk, endpoint):
    endpoint()
    desk.store(said(), now=at(0))
    desk.store(said(revision=2, amount="2.00"), now=at(10))
    desk.store(said(revision=3, amount="3.00"), said(revision=4, amount="4.00"), now=at(12))
    assert queued(desk) == [("opened", "a1", 1), ("changed", "a1", 4)]
    assert desk.value("SELECT next_at FROM webhook_delivery WHERE coalescing") == at(15)


def test_a_withdrawal_overtakes_changes_that_still_wait(desk, endpoint):
    endpoint()
    desk.store(said())
    desk.store(said(revision=2, amount="2.00"))
    desk.store(taken_back(revision=3))
    desk.store(said(revision=4))
    assert queued(desk) == [("opened", "a1", 1), ("withdrawn", "a1", 3), ("opened", "a1", 4)]


def test_an_endpoint_that_is_switched_off_queues_nothing(desk, endpoint):
    endpoint()
    desk.run(desk._call("execute", "UPDATE webhook SET disabled_at = now()"))
    desk.store(said())
    assert queued(desk) == []


def test_recovery_tells_the_last_word_on_all_that_was_missed_and_only_once(desk, endpoint):
    desk.store(said("before"), now=at(0))
    webhook_id = endpoint()
    desk.run(desk._call("execute", "UPDATE webhook SET disabled_at = now()"))
    desk.store(said("a1"), said("a2"), said("old", historical=True), now=at(60))
    desk.store(said("a1", revision=2, amount="2.00"), taken_back("a2"), now=at(70))
    assert desk.ask(deliveries.recover, webhook_id, at(30), at(90)) == (2, False)
    assert queued(desk) == [("changed", "a1", 2), ("withdrawn", "a2", 2)]
    desk.ask(deliveries.recover, webhook_id, at(30), at(91))
    assert len(queued(desk)) == 2
    assert desk.value("SELECT disabled_at FROM webhook") is None
