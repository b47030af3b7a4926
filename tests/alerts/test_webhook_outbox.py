"""Who hears of a change, written with the change itself."""

import pytest

from services.alerts import intake
from services.alerts.webhooks import book, deliveries
from services.runtime import database
from tests.alerts.conftest import INSTITUTION
from tests.alerts.hooking import an_endpoint
from tests.alerts.making import NOON, a_screening, at, said, taken_back

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


@pytest.fixture
def registry(desk):
    """H1 lies in 岳阳楼区, H2 moved from 长沙 to 衡阳 in 2026; nothing is known of H9."""
    for name, begin, region in (("H1", "", "430602"), ("H2", "", "430102"), ("H2", "2026-01-01", "430407")):
        desk.register(name, region, begin)
    desk.run(desk._call("execute", INSTITUTION, "H8", "", b"not json"))


@pytest.mark.parametrize(
    ("regions", "heard"),
    [
        (["430602"], ["a1"]),
        (["4304"], ["a2"]),
        (["43"], ["a1", "a2"]),
        (["4301", "11"], []),
        ([], ["a1", "a2", "a8", "a9"]),
    ],
)
def test_an_endpoint_hears_of_its_regions_as_the_registry_has_them_in_force(
    desk, endpoint, registry, regions, heard
):
    webhook_id = endpoint(regions=regions)
    desk.store(*[said(f"a{n}", institutions=[f"H{n}"], settlements=[]) for n in (1, 2, 8, 9)])
    assert [alert for _, alert, _ in queued(desk, webhook_id)] == heard


def test_a_settlement_that_was_posted_elsewhere_counts_for_that_region(desk, endpoint, registry):
    webhook_id = endpoint(regions=["4301"])
    desk.store(
        said(institutions=["H9"], settlements=["S7"]), a_screening("S7", region="430104", institution_id="H9")
    )
    assert len(queued(desk, webhook_id)) == 1
    missed = endpoint(regions=["4301"])
    assert desk.ask(deliveries.recover, missed, at(-1), at(1)) == (1, False)


def sequences(desk, webhook_id):
    rows = desk.fetch("SELECT * FROM webhook_delivery WHERE webhook_id = $1 ORDER BY born", webhook_id)
    return [(row["sequence"], row["event"].removeprefix("alert."), row["version"]) for row in rows]


def test_each_endpoint_counts_its_own_deliveries_so_that_a_filter_makes_no_gaps(desk, endpoint):
    everything, grave = endpoint(), endpoint(min_severity=1)
    for n in range(6):
        desk.store(said(f"a{n}", severity=1 if n % 3 == 0 else 3))
    assert [number for number, _, _ in sequences(desk, everything)] == [1, 2, 3, 4, 5, 6]
    assert [number for number, _, _ in sequences(desk, grave)] == [1, 2]


def test_a_withdrawal_takes_the_number_of_the_change_it_overtakes(desk, endpoint):
    webhook_id = endpoint()
    desk.store(said())
    desk.store(said(revision=2, amount="2.00"))
    desk.store(said("a2"))
    desk.store(taken_back(revision=3))
    desk.store(said("a3"))
    numbers = sorted(number for number, _, _ in sequences(desk, webhook_id))
    assert numbers == [1, 2, 3, 4]
    assert (2, "withdrawn", 3) in sequences(desk, webhook_id)


def test_what_is_missed_while_switched_off_leaves_a_gap(desk, endpoint):
    webhook_id = endpoint()
    desk.store(said("a1"))
    desk.run(desk._call("execute", "UPDATE webhook SET disabled_at = now()"))
    desk.store(said("a2"), said("a3"))
    desk.run(desk._call("execute", "UPDATE webhook SET disabled_at = NULL"))
    desk.store(said("a4"))
    assert [number for number, _, _ in sequences(desk, webhook_id)] == [1, 4]


def test_a_change_that_nobody_wants_overtaken_is_still_told_to_who_wants_only_changes(desk, endpoint):
    webhook_id = endpoint(events=["alert.changed"])
    desk.store(said())
    desk.store(said(revision=2, amount="2.00"))
    desk.store(taken_back(revision=3))
    assert sequences(desk, webhook_id) == [(1, "changed", 2)]
