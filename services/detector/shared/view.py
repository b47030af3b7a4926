"""A shared key as rules see it: what is told there, with the registry and the calendar beside it."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from schemas.moments import Calendar
from schemas.registry import Institution, Registry
from services.detector.geography import great_circle_km
from services.detector.shared.history import SharedHistory, Told
from services.detector.shared.keys import read_key
from services.detector.shared.registers import Entry, Register

Kind = TypeVar("Kind", bound=Entry)


class SharedView:
    """One key's registers. news: the register that came last, if it only added to what was told."""

    def __init__(
        self, history: SharedHistory, registry: Registry, calendar: Calendar, news: Register | None = None
    ) -> None:
        self.history = history
        self.registry = registry
        self.calendar = calendar
        self._news = news

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """What the key is made of (`keys.MARKS`)."""
        return read_key(self.history.key)[1]

    @property
    def day(self) -> int:
        """The local day of a key that is cut by days, as an ordinal."""
        return int(self.parts[-1])

    @property
    def told(self) -> list[Told]:
        """All entries, in order of their moments."""
        return self.history.told

    def of(self, kind: type[Kind]) -> list[Told]:
        """Entries of one kind, in order."""
        return [told for told in self.history.told if type(told.entry) is kind]

    def news_of(self, rule_id: str) -> list[Entry] | None:
        """What came since a rule last judged this key and found nothing; None where it has to look at all:
        something was taken back, or a finding stands."""
        if self._news is None or any(said.rule == rule_id for said in self.history.said.values()):
            return None
        return self._news.entries

    # -- registry ---------------------------------------------------------------------------------------

    def institution(self, institution_id: str, moment: int) -> Institution | None:
        """What the registry knows of an institution at a moment."""
        return self.registry.institution(institution_id, self.calendar.date_text(self.calendar.day(moment)))

    def distance_km(self, one: str, other: str, moment: int) -> float | None:
        """Great-circle distance between two institutions at a moment, km; None where a place is unknown."""
        first, second = self.institution(one, moment), self.institution(other, moment)
        return None if first is None or second is None else great_circle_km(first, second)

    def rounded_km(self, one: str, other: str, moment: int) -> float | None:
        """The same for people to read."""
        distance = self.distance_km(one, other, moment)
        return None if distance is None else round(distance, 1)

    def region(self, institution_id: str, moment: int) -> str:
        """Region code of an institution at a moment, "" unknown."""
        known = self.institution(institution_id, moment)
        return (known.region or "") if known is not None else ""

    def group(self, institution_id: str, moment: int) -> str:
        """The group (医共体) of an institution at a moment, "" without."""
        known = self.institution(institution_id, moment)
        return (known.group_id or "") if known is not None else ""

    # -- texts ------------------------------------------------------------------------------------------

    @property
    def date(self) -> str:
        """The key's local day, YYYY-MM-DD."""
        return self.calendar.date_text(self.day)

    def text(self, moment: int) -> str:
        """A moment as RFC 3339, or the bare date: a local midnight is a missing time of day."""
        if self.calendar.is_midnight(moment):
            return self.calendar.date_text(self.calendar.day(moment))
        return self.calendar.text(moment)

    def evidence(self, told: Told, **more: Any) -> dict[str, Any]:
        """What is told, as evidence: when, of whom, where."""
        register = told.register
        return {
            "at": self.text(told.entry.at),
            "person": register.person,
            "institution": register.institution,
            "encounter": register.encounter,
            **more,
        }


def members(told: Iterable[Told]) -> list[tuple[str, str]]:
    """(institution, encounter) of all, each once, in order."""
    return sorted({one.ref for one in told})


def named(told: Sequence[Told]) -> dict[str, Any]:
    """The fields of a finding that follow from the entries it names, in order."""
    refs = members(told)
    return {
        "members": refs,
        "institutions": sorted({institution for institution, _ in refs}),
        "encounters": sorted({encounter for _, encounter in refs}),
        "historical": all(one.entry.historical for one in told),
        "place": told[-1].register.institution,
    }
