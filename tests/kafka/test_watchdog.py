"""When a worker ends itself: after it was asleep, and when it stands still while messages wait."""

from services.runtime.kafka.watchdog import SleepGuard, Stillness


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_a_gap_longer_than_the_limit_ends_the_process():
    clock, ends = Clock(), []
    guard = SleepGuard(8.0, ends.append, clock)
    clock.now += 8.5
    guard.check()
    assert ends == ["the event loop was away for 8.5 s, 8.0 s are allowed"]


def test_a_short_gap_ends_nothing():
    clock, ends = Clock(), []
    guard = SleepGuard(8.0, ends.append, clock)
    clock.now += 7.5
    guard.check()
    assert ends == []


def test_a_worker_that_moves_is_not_still():
    stillness = Stillness(60.0)
    assert [stillness.observe(now, mark, True) for now, mark in [(0, 1), (50, 2), (100, 3)]] == [None] * 3


def test_a_worker_without_work_may_stand_as_long_as_it_likes():
    stillness = Stillness(60.0)
    assert [stillness.observe(now, "same", False) for now in (0, 50, 5000)] == [None] * 3


def test_a_worker_that_stands_while_messages_wait_is_still():
    stillness = Stillness(60.0)
    assert [stillness.observe(now, "same", True) for now in (0, 50, 61)] == [None, None, 61]


def test_the_time_without_work_does_not_count():
    stillness = Stillness(60.0)
    for now, waiting in [(0, True), (50, False), (100, True)]:
        assert stillness.observe(now, "same", waiting) is None
    assert stillness.observe(161, "same", True) == 111
