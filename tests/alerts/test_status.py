"""The status never says that all is judged while something accepted is not."""

import asyncio

import msgspec
import pytest

from schemas.moments import SECOND
from services.alerts import status
from services.runtime.metrics import REGISTRY
from tests.alerts.making import NOON, a_dead_letter, judged, said, taken_back

NOW = 1_777_636_800 * SECOND

ACCEPT = """
    INSERT INTO inbox_totals (writer, entries, events, as_of) VALUES ($1, $2, $3, $4)
    ON CONFLICT (writer) DO UPDATE SET entries = inbox_totals.entries + excluded.entries,
        events = inbox_totals.events + excluded.events, as_of = greatest(inbox_totals.as_of, excluded.as_of)
"""
REJUDGING = """
    INSERT INTO rejudging (version, after, done, total, began_at)
    VALUES ($1, 'p:x', $2, $3, to_timestamp(1777636780))
"""
ANNOUNCED = """
    INSERT INTO relay_sent (topic, partition, "offset", number, announced) VALUES ($1, $2, 9, 9, $3)
"""
PUT_ROW = "INSERT INTO inbox (kind, key, body, occurred_at, received_at) VALUES ('event', 'k', '', 0, $1)"


@pytest.fixture
def accept(desk):
    """Count entries in as a door's writer does."""

    def accept(entries, events=None, writer="w1", as_of=0):
        desk.run(desk._call("execute", ACCEPT, writer, entries, entries if events is None else events, as_of))

    return accept


def read(desk):
    return desk.ask(status.read, NOW)


def test_a_new_system_has_nothing_and_no_lag(desk):
    assert read(desk) == {
        "accepted": 0,
        "judged": 0,
        "alerts_stored": 0,
        "alerts_open": 0,
        "dead_letters": 0,
        "too_late": 0,
        "lag": {"events": 0, "seconds": 0.0},
        "rejudging": None,
        "months_waiting": 0,
        "as_of": None,
    }


def test_what_is_accepted_lags_until_it_is_judged(desk, accept):
    accept(7, writer="w1")
    accept(3, writer="w2")
    desk.store(judged(0, entries=9))
    assert read(desk)["lag"]["events"] == 1
    desk.store(judged(1, entries=1))
    assert read(desk)["lag"] == {"events": 0, "seconds": 0.0}
    assert (read(desk)["accepted"], read(desk)["judged"]) == (10, 10)


def test_ticks_and_registry_records_lag_but_are_no_events(desk, accept):
    accept(3, events=2)
    assert read(desk)["lag"]["events"] == 3
    desk.store(judged(0, entries=3, events=2))
    assert read(desk)["judged"] == 2


def test_a_repeated_judged_record_hides_no_lag(desk, accept):
    accept(10)
    for _ in range(3):
        desk.store(judged(0, entries=4))
    assert read(desk)["lag"]["events"] == 6


def test_a_record_without_a_number_lets_no_numbered_one_count_twice(desk, accept):
    accept(10, 10)
    for offset, number in ((0, 1), (1, 0), (2, 1), (3, 2)):
        desk.store(judged(offset, entries=4 if number else 0, last_seq=number))
    assert read(desk)["judged"] == 8


def test_facts_that_cross_to_another_key_lag_until_they_are_judged_there(desk, accept):
    accept(2)
    desk.store(judged(0, entries=2, crossings={3: 5, 4: 0}))
    assert read(desk)["lag"]["events"] == 7
    desk.store(judged(5, topic="qingfeng.crossings", partition=3))
    assert read(desk)["lag"]["events"] == 1
    desk.store(judged(0, topic="qingfeng.crossings", partition=4))
    assert read(desk)["lag"]["events"] == 0
    assert read(desk)["judged"] == 2


def test_the_lag_in_seconds_is_the_age_of_the_oldest_unjudged(desk, accept):
    accept(3)
    for age in (60, 30, 10):
        desk.run(desk._call("execute", PUT_ROW, NOW - age * SECOND))
    desk.store(judged(0, entries=1))
    assert read(desk)["lag"] == {"events": 2, "seconds": 30.0}


def test_as_of_is_the_greatest_time_of_any_writer(desk, accept):
    accept(1, writer="w1", as_of=NOW)
    accept(1, writer="w2", as_of=NOW - SECOND)
    assert read(desk)["as_of"] == "2026-05-01T12:00:00Z"


def test_stored_alerts_dead_letters_and_late_events_are_counted(desk):
    desk.store(said("a1"), said("a2"), taken_back("a2"), a_dead_letter(), judged(0, too_late=4), now=NOON)
    told = read(desk)
    assert (told["alerts_stored"], told["alerts_open"]) == (2, 1)
    assert (told["dead_letters"], told["too_late"]) == (1, 4)


def test_judging_anew_shows_how_far_it_is_and_lags_until_it_is_done(desk, accept):
    accept(3)
    desk.store(judged(0, entries=3))
    desk.run(desk._call("execute", REJUDGING, 7, 40, 100))
    told = read(desk)
    assert told["rejudging"] == {"registry_version": 7, "done": 40, "total": 100}
    assert told["lag"] == {"events": 60, "seconds": 20.0}
    desk.run(desk._call("execute", "UPDATE rejudging SET done = 103"))
    assert read(desk)["lag"]["events"] == 1
    desk.run(desk._call("execute", "DELETE FROM rejudging"))
    assert (read(desk)["rejudging"], read(desk)["lag"]["events"]) == (None, 0)


def test_what_came_since_is_shown_before_what_is_judged_anew(desk, accept):
    desk.run(desk._call("execute", REJUDGING, 7, 40, 100))
    accept(3)
    assert read(desk)["lag"]["events"] == 3


def test_on_kafka_partitions_that_judge_anew_are_counted(desk):
    desk.run(desk._call("execute", "UPDATE relay SET log_id = 'log', registry = 4"))
    for partition in range(3):
        desk.run(desk._call("execute", ANNOUNCED, "qingfeng.events", partition, 5))
    for partition, offset in ((0, 5), (1, 4)):
        message = msgspec.structs.replace(judged(offset, partition=partition), log_id="log")
        desk.store(message, epoch="log")
    assert read(desk)["rejudging"] == {"registry_version": 4, "done": 1, "total": 3}
    # What was left by one process is no matter of the log's.
    desk.run(desk._call("execute", REJUDGING, 3, 1, 100))
    assert read(desk)["rejudging"]["registry_version"] == 4
    for partition in (1, 2):
        message = msgspec.structs.replace(judged(5, partition=partition), log_id="log")
        desk.store(message, epoch="log")
    assert read(desk)["rejudging"] is None


def test_the_gauges_say_what_the_status_says(desk, accept):
    accept(7)

    async def once():
        watching = asyncio.create_task(status.watch(desk.engine, lambda: NOW, every=0.01))
        try:
            async with asyncio.timeout(60):
                while REGISTRY.get_sample_value("qingfeng_lag_events") != 7:
                    await asyncio.sleep(0.01)
        finally:
            watching.cancel()

    desk.run(once())
