"""How tries change an endpoint's health, as values."""

from datetime import timedelta

import pytest

from services.alerts.webhooks.health import Health, Outcome, pause
from tests.alerts.making import NOON, at

WELL = Health()
GOOD = Outcome(NOON, 204, delivered=True)
DAYS = 86_400


def bad(status=500, claimed_at=NOON, retry_after=None):
    return Outcome(claimed_at, status, delivered=False, retry_after=retry_after)


def test_failing_counts_from_the_first_failure_and_ends_with_any_success():
    ill = WELL.after([bad()], at(0)).after([bad(None)], at(100))
    assert ill.failing_since == at(0)
    assert ill.after([bad(), GOOD], at(200)) == WELL


@pytest.mark.parametrize("status", [429, 502, 504])
def test_an_endpoint_that_asks_for_less_is_left_alone_longer_each_time(status):
    health, waits = WELL, []
    now = NOON
    for _ in range(8):
        health = health.after([bad(status, claimed_at=now)], now)
        waits.append((health.throttled_until - now).total_seconds())
        now = health.throttled_until
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    assert health.after([GOOD], now) == WELL


@pytest.mark.parametrize("status", [None, 301, 400, 404, 410, 500, 503])
def test_other_failures_do_not_slow_it(status):
    assert WELL.after([bad(status)], NOON).throttled_until is None


def test_tries_that_were_on_their_way_together_ask_for_one_pause():
    health = WELL.after([bad(429), bad(429)], at(1)).after([bad(429)], at(2))
    assert health.slowed == 1
    assert health.throttled_until == at(7)


def test_a_success_among_them_does_not_undo_the_pause():
    health = WELL.after([GOOD, bad(429)], at(0))
    assert (health.failing_since, health.slowed, health.throttled_until) == (None, 1, at(5))


@pytest.mark.parametrize(("asked", "seconds"), [(30, 30), (0, 1), (10**9, 3_600), (None, 20)])
def test_retry_after_is_obeyed_between_a_second_and_an_hour(asked, seconds):
    assert pause(3, asked) == seconds


@pytest.mark.parametrize(
    ("seconds", "reason"), [(DAYS, None), (5 * DAYS, None), (5 * DAYS + 1, "failing"), (9 * DAYS, "failing")]
)
def test_it_is_switched_off_after_120_hours_of_nothing_but_failures(seconds, reason):
    now = NOON + timedelta(seconds=seconds)
    assert WELL.after([bad()], NOON).after([bad()], now).off([bad()], now) == reason


def test_gone_switches_it_off_at_once():
    assert WELL.after([bad(410)], NOON).off([bad(410)], NOON) == "gone"
    assert WELL.after([GOOD], NOON).off([GOOD], NOON) is None
