"""Points in time as events write them: an instant, or a bare date that means day precision.

A moment is an integer, microseconds since 1970 in UTC; a bare date is the midnight of its day in the
deployment's time zone. Days are proleptic ordinals (`date.toordinal`) local to that zone.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()


def micros(instant: datetime) -> int:
    """Microseconds since 1970 of an aware datetime, exact."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def instant(moment: int) -> datetime:
    """The aware UTC datetime of a moment."""
    return EPOCH + timedelta(microseconds=moment)


class Calendar:
    """Moments and local days of one time zone."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self._midnight = lru_cache(maxsize=8_192)(self._midnight_of)
        self._offset = lru_cache(maxsize=8_192)(self._offset_at)

    def read(self, text: str) -> tuple[int, bool]:
        """(moment, whether it is a bare date).

        Raises ValueError for what is neither a date nor a date-time with an offset.
        """
        if len(text) == 10:
            return self._midnight(date.fromisoformat(text).toordinal()), True
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("a time needs an offset, such as +08:00")
        return micros(moment), False

    def day(self, moment: int) -> int:
        """The local day (ordinal) a moment falls on."""
        return EPOCH_DAY + (moment + self._offset(moment // HOUR)) // DAY

    def is_midnight(self, moment: int) -> bool:
        """Whether a moment is exactly local midnight, as it stands where the time of day is missing."""
        return (moment + self._offset(moment // HOUR)) % DAY == 0

    def minute_of_day(self, moment: int) -> int:
        """Minutes since local midnight, 0–1439."""
        return (moment + self._offset(moment // HOUR)) % DAY // MINUTE

    def midnight(self, day: int) -> int:
        """The moment a local day begins."""
        return self._midnight(day)

    def text(self, moment: int) -> str:
        """RFC 3339 with the zone's offset; whole seconds unless there are fractions."""
        return instant(moment).astimezone(self.zone).isoformat()

    def date_text(self, day: int) -> str:
        """YYYY-MM-DD of a local day."""
        return date.fromordinal(day).isoformat()

    def _midnight_of(self, day: int) -> int:
        local = date.fromordinal(day)
        return micros(datetime(local.year, local.month, local.day, tzinfo=self.zone))

    def _offset_at(self, hour: int) -> int:
        """The zone's offset from UTC within an hour since 1970; offsets change on whole hours of UTC
        or on half hours, where the error is bounded by one look-up an hour."""
        offset = instant(hour * HOUR).astimezone(self.zone).utcoffset()
        return (offset or timedelta()) // timedelta(microseconds=1)


def normal(moment: int) -> str:
    """The one text of an instant, for comparing and storing: UTC, `Z`, fractions only when there are any."""
    return instant(moment).isoformat().replace("+00:00", "Z")
