"""Times at the door: any spelling of an instant is that instant, in the one normal text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.moments import Calendar, micros
from services.ingest.normal import NotATime, OutOfRange, Times

TIMES = Times(Calendar("Asia/Shanghai"))
NOW = micros(datetime(2200, 1, 1, tzinfo=UTC))
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
EVEN = st.sampled_from((8, 0, -11, 14)).map(lambda hours: timezone(timedelta(hours=hours)))
INSTANTS = st.datetimes(datetime(2000, 1, 2), datetime(2199, 1, 1), timezones=EVEN | OFFSETS)


@given(
    INSTANTS,
    st.sampled_from(("", ".0", ".000000", ".5", ".123456")),
    st.sampled_from("Tt "),
    st.booleans(),
)
@example(datetime(2026, 1, 1, 7, 59, 59, tzinfo=timezone(timedelta(hours=8))), "", "T", False)
@example(datetime(2026, 1, 1, 0, 0, 1, tzinfo=timezone(timedelta(minutes=-1))), "", "T", False)
def test_any_spelling_of_an_instant_is_that_instant(at, fraction, between, zulu):
    at = at.replace(microsecond=int(fraction[1:].ljust(6, "0")) if fraction else 0)
    seconds = at.strftime(f"%Y-%m-%d{between}%H:%M:%S")
    offset = "z" if zulu else at.isoformat()[-6:]
    meant = at.replace(tzinfo=UTC) if zulu else at
    moment, spelt = TIMES.read(f"{seconds}{fraction}{offset}", NOW)
    assert moment == micros(meant)
    assert spelt == meant.astimezone(UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026", "2026-01-31T08", "2026-01-31T08:30:00", "2026-02-30T08:30:00Z", "2026-01-31T24:00:00Z"),
        *("2026-01-31T08:30:60Z", "2026-01-31T08:60:00Z", "2026-01-31T08:30:00+24:00", "2026-1-31T08:30:00Z"),
        *("2026-01-31T08:30:00Z ", " 2026-01-31T08:30:00Z", "2026-01-31T08:30:00ZZ", "2026-01-31X08:30:00Z"),
        *("2026-01-31T08:30:00.Z", "2026-01-31T08:30:00.1234567890Z", "２026-01-31T08:30:00Z"),
        "2026-01-3T108:30:00Z",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_however_often_it_comes(text):
    for _ in range(2):
        with pytest.raises(NotATime):
            TIMES.read(text, NOW)


def test_a_time_before_2000_or_ahead_of_the_clock_is_out_of_range():
    for text in (
        "1999-12-31T15:59:59Z",
        "2200-01-01T00:10:01Z",
        "1900-01-01",
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
    ):
        with pytest.raises(OutOfRange):
            TIMES.read(text, NOW)
    assert TIMES.read("1999-12-31T16:00:00Z", NOW)[1] == "1999-12-31T16:00:00Z"
