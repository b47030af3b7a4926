"""One spelling for each value: decimals and times, or the refusal of what lies out of range."""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache

from schemas.moments import HOUR, MINUTE, SECOND, Calendar, normal

EARLIEST = "2000-01-01"
FUTURE = 10 * MINUTE
"""How far a clock may be ahead of ours."""
LIMIT = Decimal(10) ** 14
_LEAST = -LIMIT

CENT = Decimal("0.01")
UNIT_PRICE = Decimal("0.000001")
QUANTITY = Decimal("0.0001")
FINITE = "expected a finite number below 10^14"
_ZERO = Decimal(0)
_NOTHING = Decimal("0.00")
_EXACT = Context(prec=40, traps=[Inexact, InvalidOperation])
_WHOLE = Decimal(1)

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_IN_HOUR = {
    f":{minute:02}:{second:02}": minute * MINUTE + second * SECOND
    for minute in range(60)
    for second in range(60)
}
"""Microseconds of what stands behind the hour."""


class OutOfRange(ValueError):
    """The value is of the right type and cannot be; the message says why."""


class NotATime(ValueError):
    """The text is not a time as this field wants it; the message says what would do."""


def money(value: Decimal) -> Decimal:
    """Yuan with exactly two decimals. Raises OutOfRange."""
    if value.same_quantum(CENT) and _LEAST < value < LIMIT:
        return value or _NOTHING
    return _exact(value, CENT, "at most 2 decimals")


def plain(value: Decimal, step: Decimal) -> Decimal:
    """Without trailing zeros and without an exponent, at most as fine as `step`. Raises OutOfRange."""
    if value.is_snan():
        # It has no hash to be known by.
        raise OutOfRange(FINITE)
    return _plain(value, step)


@lru_cache(maxsize=8_192)
def _plain(value: Decimal, step: Decimal) -> Decimal:
    """The same; most quantities and prices come again and again."""
    value = _exact(value, step, f"at most {-step.as_tuple().exponent} decimals").normalize(_EXACT)
    return value if value.as_tuple().exponent <= 0 else value.quantize(_WHOLE, context=_EXACT)  # type: ignore[operator]


def _exact(value: Decimal, step: Decimal, wanted: str) -> Decimal:
    if not value.is_finite() or not _LEAST < value < LIMIT:
        raise OutOfRange(FINITE)
    try:
        value = value.quantize(step, context=_EXACT)
    except (InvalidOperation, Inexact):
        raise OutOfRange(f"expected {wanted}") from None
    return value or _ZERO.quantize(step)


class Times:
    """Reads and normalises times of one calendar."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._earliest = calendar.read(EARLIEST)[0]
        self._hour = lru_cache(maxsize=8_192)(self._parse_hour)
        self._known = lru_cache(maxsize=4_096)(self._parse)

    def read(self, text: str, now: int, *, dates: bool = True) -> tuple[int, str]:
        """(moment, normal text). `dates`: a bare date serves too; it is its day's local midnight.

        Raises NotATime, OutOfRange.
        """
        moment, spelt, bare = self._read(text)
        if bare and not dates:
            raise NotATime("expected a time with an offset, not a bare date")
        if moment < self._earliest:
            raise OutOfRange("before the year 2000")
        if moment > now + FUTURE:
            raise OutOfRange("more than 10 minutes in the future")
        return moment, spelt

    def _read(self, text: str) -> tuple[int, str, bool]:
        """As `_parse`. Few hours come again and again with all their seconds, so the hours are remembered."""
        behind = text[13:19]
        in_hour = _IN_HOUR.get(behind)
        if in_hour is not None:
            hour = self._hour(text[:13], text[19:])
            if hour is not None:
                return hour[0] + in_hour, f"{hour[1]}{behind}Z", False
        return self._known(text)

    def _parse_hour(self, before: str, behind: str) -> tuple[int, str] | None:
        """(moment at which it begins, its normal text up to the hour) of a time's text without minutes and
        seconds; None where it is no time, or none that keeps its minutes in the normal text."""
        try:
            moment, spelt, _ = self._parse(f"{before}:00:00{behind}")
        except (NotATime, OutOfRange):
            return None
        return (moment, spelt[:13]) if moment % HOUR == 0 else None

    def _parse(self, text: str) -> tuple[int, str, bool]:
        try:
            if _DATE.fullmatch(text):
                return self._calendar.read(text)[0], text, True
            if _INSTANT.fullmatch(text):
                moment = self._calendar.read(text.upper())[0]
                return moment, normal(moment), False
        except OverflowError:
            raise OutOfRange("a time that no calendar reaches") from None
        except ValueError:
            pass
        raise NotATime("expected an RFC 3339 time with an offset, such as 2026-01-31T08:30:00+08:00")
