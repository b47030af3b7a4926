"""The demo county as a whole: made from a seed, kept in memory, written as files.

Same seed, same size, same `until`: the same bytes. Nothing here reads a clock.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from services.demo import (
    books,
    lookalikes_counters,
    lookalikes_inside,
    lookalikes_late,
    lookalikes_stays,
    periods_costs,
    periods_counters,
    periods_groups,
    periods_wards,
    plants_cards,
    plants_counters,
    plants_stays,
    stories_drugs,
    stories_entitlement,
    stories_identity,
    stories_lines,
    stories_practice,
    stories_wards,
)
from services.demo.almanac import DAY, Almanac, local_seconds
from services.demo.cast import Cast, NoRoom
from services.demo.geography import TOWNS, survey
from services.demo.labels import Label
from services.demo.ledger import Ledger
from services.demo.life import Life
from services.demo.people import populate
from services.demo.registry import Row, tables
from services.demo.standing import order
from services.demo.writing import write_events, write_labels, write_table

_STORIES = (
    plants_stays.STORIES
    + plants_counters.STORIES
    + plants_cards.STORIES
    + lookalikes_stays.STORIES
    + lookalikes_inside.STORIES
    + lookalikes_counters.STORIES
    + lookalikes_late.STORIES
    + stories_identity.STORIES
    + stories_entitlement.STORIES
    + stories_wards.STORIES
    + stories_lines.STORIES
    + stories_drugs.STORIES
    + stories_practice.STORIES
)
# Stories of whole months: of a counter, of a ward, of many persons together.
_MONTHLY_STORIES = (
    periods_counters.STORIES + periods_wards.STORIES + periods_costs.STORIES + periods_groups.STORIES
)
_DAYS_PER_REPEAT = 20
_REPEATS = (2, 12)
_DAYS_PER_MONTHLY_REPEAT = 100
_MONTHLY_REPEATS = (1, 4)
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class CountySummary:
    """What a county holds, in numbers."""

    events: int
    by_type: dict[str, int]
    persons: int
    institutions: int
    planted: dict[str, int]
    lookalikes: int
    first_at: str
    last_at: str


@dataclass(frozen=True, slots=True)
class County:
    """Events in arrival order (contract, section 2), registry rows (section 7) and the labels."""

    events: list[dict[str, Any]]
    tables: dict[str, list[Row]]
    labels: list[Label]

    @property
    def institutions(self) -> list[Row]:
        return self.tables["institutions"]

    @property
    def persons(self) -> list[Row]:
        return self.tables["persons"]

    def summary(self) -> CountySummary:
        planted = Counter(label.rules[0] for label in self.labels if label.kind == "fraud")
        by_type = Counter(event["type"] for event in self.events)
        return CountySummary(
            events=len(self.events),
            by_type=dict(sorted(by_type.items())),
            persons=len(self.persons),
            institutions=len({row["institution_id"] for row in self.institutions}),
            planted=dict(sorted(planted.items())),
            lookalikes=sum(label.kind == "lookalike" for label in self.labels),
            first_at=self.events[0]["recorded_at"] if self.events else "",
            last_at=self.events[-1]["recorded_at"] if self.events else "",
        )


def generate(*, seed: int = 1, days: int = 60, persons: int = 10_000, until: datetime) -> County:
    """Makes the county's last `days` days before `until` (which needs a UTC offset)."""
    if days < 1 or persons < 1:
        raise ValueError("days and persons must be at least 1")
    rng = Random(seed)
    end = local_seconds(until)
    first_day, last_day = end // DAY - days + 1, end // DAY
    geography = survey(rng)
    people = populate(rng, persons, first_day, last_day)
    standing = order(geography, first_day, last_day)
    ledger = Ledger(rng, geography, standing, first_day * DAY, end)
    life = Life(ledger, Almanac(first_day, last_day, len(TOWNS)))
    for person in people:
        life.live(person)
    cast = Cast(ledger, people, life.sessions)
    repeats = max(_REPEATS[0], min(_REPEATS[1], days // _DAYS_PER_REPEAT))
    months = max(_MONTHLY_REPEATS[0], min(_MONTHLY_REPEATS[1], days // _DAYS_PER_MONTHLY_REPEAT))
    _tell(cast, _MONTHLY_STORIES, months)
    _tell(cast, _STORIES, repeats)
    lookalikes_late.network_outages(cast, repeats)
    _tell(cast, periods_counters.TOLD_LAST, months)
    books.keep_books(ledger, {row[1] for row in cast.used if row[0] == "shelves"})
    registry = tables(geography, people, standing, first_day, last_day)
    return County(_in_arrival_order(ledger), registry, cast.labels)


def _tell(cast: Cast, stories: Sequence[Callable[[Cast], None]], repeats: int) -> None:
    """Every story several times; every third telling lies in the last days."""
    for telling in range(repeats):
        cast.recent = telling % 3 == 0
        for story in stories:
            _try(cast, story)


def _try(cast: Cast, story: Callable[[Cast], None]) -> None:
    """Another day or person may fit where the first did not; a story that never fits is left out, whole."""
    for _ in range(_ATTEMPTS):
        posted, labels, used = len(cast.ledger.posted), len(cast.labels), set(cast.used)
        try:
            story(cast)
            return
        except NoRoom:
            del cast.ledger.posted[posted:]
            del cast.labels[labels:]
            cast.used = used


def _in_arrival_order(ledger: Ledger) -> list[dict[str, Any]]:
    """Sorted by record; event numbers run within each institution, so they tell nothing about a story."""
    numbers: Counter[str] = Counter()
    events = []
    for _, _, event in sorted(ledger.posted, key=lambda row: row[:2]):
        institution_id = event["institution_id"]
        numbers[institution_id] += 1
        event["event_id"] = f"E{numbers[institution_id]:07d}"
        events.append(event)
    return events


def write_county(
    out: Path, *, seed: int = 1, days: int = 60, persons: int = 10_000, until: datetime
) -> CountySummary:
    """Writes events.ndjson, the registry files and labels.jsonl into a folder, made if missing."""
    county = generate(seed=seed, days=days, persons=persons, until=until)
    out.mkdir(parents=True, exist_ok=True)
    write_events(out / "events.ndjson", county.events)
    write_registry(out, county)
    write_labels(out / "labels.jsonl", county.labels)
    return county.summary()


def write_registry(out: Path, county: County) -> None:
    """Writes the registry files into an existing folder; a table without rows has no file."""
    for name, rows in county.tables.items():
        if rows:
            write_table(out / f"{name}.csv", rows)
