"""What a county's files say, gathered for rules that are read to the letter: slow and plain."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from services.demo.county import County
from tests.demo.plain_rules import live_facts, when

Pair = tuple[str, str]
Event = dict[str, Any]
FOREVER = datetime.fromisoformat("9999-01-01T00:00:00+08:00")


@dataclass
class Encounter:
    """Everything that one encounter's live events say."""

    institution: str
    number: str
    person: str = ""
    admission: Event | None = None
    discharge: Event | None = None
    settlements: list[Event] = field(default_factory=list)
    lines: list[Event] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    nights: list[str] = field(default_factory=list)

    @property
    def pair(self) -> Pair:
        return (self.institution, self.number)

    @property
    def begin(self) -> datetime:
        if self.admission:
            return datetime.fromisoformat(self.admission["occurred_at"])
        return when(self.settlements[0])

    @property
    def end(self) -> datetime:
        return datetime.fromisoformat(self.discharge["occurred_at"]) if self.discharge else FOREVER

    @property
    def med_type(self) -> str:
        return self.admission["med_type"] if self.admission else self.settlements[0]["med_type"]

    @property
    def diagnoses(self) -> list[str]:
        events = [*([self.admission] if self.admission else []), *self.settlements]
        return [item["code"] for event in events for item in event.get("diagnoses", ())]

    @property
    def total(self) -> Decimal:
        return sum((Decimal(event["amounts"]["total"]) for event in self.settlements), Decimal(0))

    def day_of(self, line: Event) -> date:
        return (
            datetime.fromisoformat(line["occurred_at"]).date() if "occurred_at" in line else self.begin.date()
        )

    def by_day(self) -> dict[tuple[date, str], Decimal]:
        """Quantity by day and code."""
        found: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
        for line in self.lines:
            found[self.day_of(line), line["code"]] += line["quantity"]
        return found


class World:
    """A county's encounters and registry."""

    def __init__(self, county: County) -> None:
        self.county = county
        self.live = live_facts(county.events)
        self.encounters: dict[Pair, Encounter] = {}
        for event in self.live:
            if "encounter_id" in event:
                self._take(event)

    def _take(self, event: Event) -> None:
        pair = (event["institution_id"], event["encounter_id"])
        encounter = self.encounters.setdefault(pair, Encounter(*pair))
        encounter.person = event["person_id"]
        if event["type"] == "admission":
            encounter.admission = event
        elif event["type"] == "discharge":
            encounter.discharge = event
        elif event["type"] == "settlement":
            encounter.settlements.append(event)
        elif event["type"] == "identity_check":
            encounter.checks.append(event["result"])
        elif event["type"] == "inspection" and event["kind"] == "night":
            encounter.nights.append(event["result"])
        known = {line["line_id"] for line in encounter.lines}
        for line in event.get("lines", ()):
            if line["line_id"] not in known:
                encounter.lines.append({"practitioner_id": event.get("practitioner_id"), **line})

    def rows(self, table: str) -> list[dict[str, str]]:
        return self.county.tables[table]

    def by(self, table: str, column: str) -> dict[str, dict[str, str]]:
        return {row[column]: row for row in self.rows(table)}

    @cached_property
    def persons(self) -> dict[str, dict[str, str]]:
        return self.by("persons", "person_id")

    @cached_property
    def places(self) -> dict[str, dict[str, str]]:
        return self.by("institutions", "institution_id")

    @cached_property
    def limits(self) -> dict[str, dict[str, str]]:
        return self.by("limits", "code")

    @cached_property
    def packs(self) -> dict[str, dict[str, str]]:
        return self.by("packs", "code")

    @property
    def settled(self) -> list[Encounter]:
        """Encounters with a live settlement or a stay."""
        return [found for found in self.encounters.values() if found.settlements or found.admission]

    @property
    def stays(self) -> list[Encounter]:
        return [found for found in self.encounters.values() if found.admission]

    def age(self, encounter: Encounter) -> int:
        born = date.fromisoformat(self.persons[encounter.person]["birth_date"])
        day = encounter.begin.date()
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
