"""A local calendar month: the period that period rules judge."""

from datetime import date
from typing import NamedTuple


class Month(NamedTuple):
    """text: "YYYY-MM". begin, end: ordinals of its first day and of the next month's."""

    text: str
    begin: int
    end: int

    @classmethod
    def of(cls, text: str) -> "Month":
        """The month of a text. Raises ValueError for what is none."""
        first = date.fromisoformat(f"{text}-01")
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        return cls(text, first.toordinal(), following.toordinal())

    @classmethod
    def with_day(cls, day: int) -> "Month":
        """The month of a local day."""
        return cls.of(date.fromordinal(day).isoformat()[:7])

    @property
    def first_date(self) -> str:
        """YYYY-MM-DD of its first day."""
        return f"{self.text}-01"

    @property
    def next(self) -> "Month":
        """The month after."""
        return Month.with_day(self.end)


def readers(changed: Month, lookback_days: int) -> list[Month]:
    """The months that read a month which changed: itself, and those that begin less than `lookback_days`
    after its end."""
    found = [changed]
    while found[-1].end - lookback_days < changed.end:
        found.append(found[-1].next)
    return found
