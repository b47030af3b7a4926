"""Baselines: what is usual at the terminals of small institutions, measured for B01 over the weeks before.

The judge of months measures them of what was screened, for every day on which a terminal sees a crowd, and
they are published as records of the registry. So the stream rule compares with a fact of that day, and not
with what happens to have been counted until now. Until a day's own are there, those of the last crowded day
before it hold.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from schemas.entry import TerminalDays
from schemas.finding import Words
from schemas.records import Baseline
from services.detector.periods.month import Month
from services.detector.periods.needs import Need
from services.detector.rule import Parameters
from services.detector.rules.b01_kept_cards import KeptCards

HOURS = 24
LAST_DAY = 999_999
"""Beyond every day that an event can have, and of as many digits as they have."""
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class UsualCrowds:
    """What is asked of a month beside its rules, by B01's parameters. Reads `screened` like a rule over
    months; `needs_month`: it says nothing of a month in which nothing was screened."""

    id: str = KeptCards.id
    version: str = KeptCards.version
    title: Words = KeptCards.title
    parameters: Parameters = KeptCards.parameters
    lookback_days: int = 62
    stays_days: int = 0
    needs_month: bool = True
    needs: tuple[Need, ...] = (Need.CLOCKED,)

    @cached_property
    def text(self) -> str:
        """The SQL."""
        return Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")

    def values(self, month: Month) -> dict[str, Any]:
        """Everything its SQL may ask for by name: B01's parameters, the month, and the two before it."""
        own = {item.name: getattr(self.parameters, item.name) for item in fields(self.parameters)}
        before = Month.with_day(month.begin - 1)
        earlier = Month.with_day(before.begin - 1)
        return {
            **own,
            "begin_day": month.begin,
            "end_day": month.end,
            "before_day": before.begin,
            "earlier_day": earlier.begin,
        }


USUAL_CROWDS = UsualCrowds()


def baselines_of(rows: Iterable[Row]) -> list[Baseline]:
    """The records of the SQL's rows, one an institution, day and hour."""
    found: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        found.setdefault((row["institution_id"], row["day"]), []).append(row)
    return [
        Baseline(
            institution,
            _text(day),
            usual=_by_hour(hours, "usual"),
            same_day=_by_hour(hours, "same_day") if hours[0]["same_day"] is not None else (),
            chain_shops=hours[0]["chain_shops"],
            together=tuple(hours[0]["together"] or ()),
        )
        for (institution, day), hours in sorted(found.items())
    ]


def changes(known: Iterable[Baseline], found: Iterable[Baseline]) -> list[Baseline]:
    """What to publish, given what stands: new and other ones; for those that are gone, one that says
    nothing."""
    stands = {record.place: record for record in known}
    now = {record.place: record for record in found}
    gone = [Baseline(*place) for place, record in stands.items() if record.usual and place not in now]
    return [record for place, record in now.items() if stands.get(place) != record] + gone


def concerned(changed: Iterable[Baseline], known: Iterable[Baseline]) -> list[TerminalDays]:
    """The terminals' days that changed records are in force on, or were. known: all of these institutions,
    before."""
    changed = sorted(changed, key=lambda record: record.place)
    stand = {record.place: record for record in (*known, *changed)}
    days: dict[str, list[int]] = {}
    for record in stand.values():
        if record.usual:
            days.setdefault(record.institution_id, []).append(_day(record))
    found: list[TerminalDays] = []
    for record in changed:
        institution, first = record.institution_id, _day(record)
        following = min((day for day in days.get(institution, ()) if day > first), default=LAST_DAY + 1)
        begun = found[-1] if found and found[-1].institution_id == institution else None
        if begun is not None and begun.last >= first - 1:
            first = found.pop().first
        found.append(TerminalDays(institution, first, following - 1))
    return found


def _by_hour(rows: Sequence[Row], name: str) -> tuple[int, ...]:
    by_hour = {row["hour"]: int(row[name] or 0) for row in rows}
    return tuple(by_hour.get(hour, 0) for hour in range(HOURS))


def _day(record: Baseline) -> int:
    return date.fromisoformat(record.effective_from).toordinal()


def _text(day: int) -> str:
    return date.fromordinal(day).isoformat()
