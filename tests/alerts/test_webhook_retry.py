"""The schedule of tries, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from services.alerts.webhooks.retry import HOUR, MINUTE, SCHEDULE, Retry
from services.alerts.webhooks.sending import retry_after


def middle():
    return 0.5


@pytest.mark.parametrize(
    ("tries", "seconds"),
    [
        (1, 5),
        (2, 5 * MINUTE),
        (3, 30 * MINUTE),
        (4, 2 * HOUR),
        (5, 5 * HOUR),
        (6, 10 * HOUR),
        (7, 14 * HOUR),
        (8, 20 * HOUR),
        (9, 24 * HOUR),
    ],
)
def test_each_wait_is_that_of_the_schedule_within_a_fifth(tries, seconds):
    assert Retry().wait(tries, middle) == timedelta(seconds=seconds)
    assert Retry().wait(tries, lambda: 0.0) == timedelta(seconds=seconds * 0.8)
    assert Retry().wait(tries, lambda: 1.0) == timedelta(seconds=seconds * 1.2)


def test_after_ten_tries_in_three_days_it_gives_up():
    assert Retry().wait(10, middle) is None
    assert len(SCHEDULE) == 10
    assert sum(SCHEDULE) == pytest.approx(75.6 * HOUR, rel=0.01)


@pytest.mark.parametrize(
    ("asked", "tries", "seconds"),
    [(30, 1, 30), (2, 1, 5), (0, 1, 5), (10**9, 1, HOUR), (60, 4, 2 * HOUR), (10**9, 4, 2 * HOUR)],
)
def test_retry_after_lengthens_a_wait_up_to_an_hour_and_never_shortens_it(asked, tries, seconds):
    assert Retry().wait(tries, middle, asked) == timedelta(seconds=seconds)


NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Fri, 01 May 2026 12:01:00 GMT", 60.0),
        ("Fri, 01 May 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("99999999999999999999", None),
        ("\xff\xb2", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(header, seconds):
    assert retry_after(header, NOW) == seconds
