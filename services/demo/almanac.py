"""Time in the demo county: local whole seconds, calendar days, seasons and opening hours.

Inside the generator a moment is the number of seconds since 1970-01-01 00:00 local time (+08:00, no daylight
saving), and a day is the number of days since 1970-01-01. Integers keep the diaries fast and exact; only what
is written out becomes RFC 3339 text.
"""

from bisect import bisect_right
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from itertools import accumulate
from random import Random

MINUTE = 60
HOUR = 3_600
DAY = 86_400
CHINA = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

# More respiratory illness in winter, a quiet summer: visits relative to the yearly mean, January first.
_SEASON = (1.25, 1.10, 1.05, 1.00, 0.95, 0.90, 0.88, 0.88, 0.95, 1.00, 1.08, 1.20)
# Monday first. Rural out-patient care piles up on Monday and thins out on Sunday.
_WEEK = (1.25, 1.10, 1.05, 1.00, 1.05, 0.85, 0.65)

# Relative arrivals in each hour of the day.
OPENING_HOURS = {
    "hospital": (0, 0, 0, 0, 0, 0, 0, 4, 14, 15, 12, 6, 2, 4, 10, 9, 6, 3, 0, 0, 0, 0, 0, 0),
    "night": (5, 4, 3, 3, 3, 4, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 8, 10, 10, 9, 8, 6),
    "primary": (0, 0, 0, 0, 0, 0, 1, 5, 12, 13, 11, 5, 2, 4, 9, 8, 6, 3, 1, 0, 0, 0, 0, 0),
    "pharmacy": (0, 0, 0, 0, 0, 0, 0, 3, 8, 10, 9, 7, 5, 5, 7, 8, 8, 9, 9, 8, 6, 2, 0, 0),
    "pharmacy_24h": (1, 1, 0, 0, 0, 1, 1, 4, 8, 10, 9, 7, 5, 5, 7, 8, 8, 9, 9, 8, 6, 4, 3, 2),
}
_HOURS_ADDED_UP = {name: tuple(accumulate(weights)) for name, weights in OPENING_HOURS.items()}


def local_seconds(moment: datetime) -> int:
    """Seconds of local time since 1970-01-01 00:00; a moment without an offset is refused."""
    if moment.tzinfo is None:
        raise ValueError("until must carry a UTC offset")
    return int((moment.astimezone(CHINA).replace(tzinfo=None) - _EPOCH).total_seconds())


@lru_cache(maxsize=65_536)
def day_text(day: int) -> str:
    """The ISO date of a day number."""
    return date.fromordinal(day + _EPOCH_ORDINAL).isoformat()


def day_number(day: date) -> int:
    """The day number of a date."""
    return day.toordinal() - _EPOCH_ORDINAL


def month_text(day: int) -> str:
    """The month of a day as YYYY-MM."""
    return day_text(day)[:7]


def month_start(day: int) -> int:
    """The first day of the month a day lies in."""
    return day - int(day_text(day)[8:]) + 1


_TWO_DIGITS = tuple(f"{number:02d}" for number in range(60))


def timestamp(second: int) -> str:
    """RFC 3339 text of a local second, with the county's offset."""
    day, rest = divmod(second, DAY)
    hour, rest = divmod(rest, HOUR)
    minute, rest = divmod(rest, MINUTE)
    return f"{day_text(day)}T{_TWO_DIGITS[hour]}:{_TWO_DIGITS[minute]}:{_TWO_DIGITS[rest]}+08:00"


def weekday(day: int) -> int:
    """0 = Monday … 6 = Sunday (1970-01-01 was a Thursday)."""
    return (day + 3) % 7


# Public holidays (month, day, days, name) and the first days of the Spring Festival by year.
_FIXED_HOLIDAYS = ((1, 1, 1, "元旦"), (5, 1, 5, "劳动节"), (10, 1, 7, "国庆节"))
_SPRING_FESTIVALS = {
    2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13), 2030: (2, 3),
}  # fmt: skip


@lru_cache(maxsize=64)
def holidays_of(year: int) -> dict[int, str]:
    """Day number → name of the year's public holidays."""
    spans = [*_FIXED_HOLIDAYS]
    if year in _SPRING_FESTIVALS:
        spans.append((*_SPRING_FESTIVALS[year], 7, "春节"))
    return {
        day_number(date(year, month, day)) + later: name
        for month, day, length, name in spans
        for later in range(length)
    }


def is_day_off(day: int) -> bool:
    """Saturday, Sunday or a public holiday."""
    return weekday(day) >= 5 or day in holidays_of(int(day_text(day)[:4]))


def is_market_day(town: int, day: int) -> bool:
    """Every town holds its market on a fixed two of ten days, as rural markets do (1 and 6, 2 and 7, …)."""
    return day % 5 == town % 5


class Almanac:
    """The days of one county, from which visits are drawn with their season, weekday and market day."""

    def __init__(self, first_day: int, last_day: int, towns: int) -> None:
        self.first_day = first_day
        self.last_day = last_day
        days = range(first_day, last_day + 1)
        general = [_SEASON[int(day_text(day)[5:7]) - 1] * _WEEK[weekday(day)] for day in days]
        self._general = tuple(accumulate(general))
        # On a market day the villagers come to town anyway, and see the doctor while they are there.
        self._market = [
            tuple(
                accumulate(
                    w * (2.2 if is_market_day(town, d) else 1) for w, d in zip(general, days, strict=True)
                )
            )
            for town in range(towns)
        ]

    def draw_day(self, rng: Random) -> int:
        """A day for a visit in the county seat."""
        return self.first_day + bisect_right(self._general, rng.random() * self._general[-1])

    def draw_market_day(self, rng: Random, town: int) -> int:
        """A day for a visit in a town with a market."""
        weights = self._market[town]
        return self.first_day + bisect_right(weights, rng.random() * weights[-1])


def draw_second(rng: Random, hours: str) -> int:
    """A second within the day, by the opening hours of a kind of institution."""
    weights = _HOURS_ADDED_UP[hours]
    hour = bisect_right(weights, rng.random() * weights[-1])
    return hour * HOUR + int(rng.random() * HOUR)
