"""A person as rules see it: stays and visits made from live facts, with the filters of rules.md §0.5.

A stay is admission and discharge of one encounter; an in-patient settlement establishes it too, and the
admission and discharge events win field by field. An open stay ends at +∞.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property, lru_cache
from math import asin, cos, radians, sin, sqrt

from schemas.moments import DAY, HOUR, Calendar
from schemas.registry import Institution, Registry
from services.detector.facts import (
    AT_DAY,
    END_DAY,
    HAS_BEGIN,
    HISTORICAL,
    INPATIENT_TYPES,
    MID_STAY,
    NEWBORN_TYPES,
    OUTPATIENT,
    PRESENT,
    SETTLEMENTS,
    STAY_KINDS,
    Fact,
    Kind,
    Line,
)
from services.detector.history import PersonHistory, Ref, live_lines, offsets_among

FOREVER = 1 << 62
"""+∞ as a moment."""
NEWBORN_DAYS = 28


class Stay:
    """One in-patient stay: `begin` and `end` are moments, `end` FOREVER while it is open."""

    __slots__ = (
        "admission", "begin", "begin_is_date", "discharge", "end", "end_is_date", "med_type", "ref",
        "settlements",
    )  # fmt: skip

    def __init__(self, ref: Ref, facts: Iterable[Fact]) -> None:
        self.ref = ref
        self.admission = self.discharge = None
        self.settlements: list[Fact] = []
        for fact in facts:
            if fact.kind == Kind.ADMISSION:
                self.admission = fact
            elif fact.kind == Kind.DISCHARGE:
                self.discharge = fact
            elif fact.kind == Kind.INPATIENT:
                self.settlements.append(fact)
        self.begin, self.begin_is_date = self._begin()
        self.end, self.end_is_date = self._end()
        source = self.admission or (self.settlements[0] if self.settlements else None)
        self.med_type = source.med_type if source else ""

    def _begin(self) -> tuple[int, bool]:
        if self.admission is not None:
            return self.admission.at, bool(self.admission.flags & AT_DAY)
        begun = [fact for fact in self.settlements if fact.flags & HAS_BEGIN]
        if not begun:
            return FOREVER, False
        first = min(begun, key=lambda fact: (fact.at, fact.id))
        return first.at, bool(first.flags & AT_DAY)

    def _end(self) -> tuple[int, bool]:
        if self.discharge is not None:
            return self.discharge.at, bool(self.discharge.flags & AT_DAY)
        ended = [fact for fact in self.settlements if fact.end and not fact.flags & MID_STAY]
        if not ended:
            return FOREVER, False
        last = max(ended, key=lambda fact: (fact.end, fact.id))
        return last.end, bool(last.flags & END_DAY)

    @property
    def is_open(self) -> bool:
        """Whether nothing has closed it."""
        return self.end == FOREVER

    @property
    def counts(self) -> bool:
        """Whether it is an in-patient stay that the stay rules judge: begun, and not ended before."""
        if self.begin == FOREVER or not self.med_type.startswith(INPATIENT_TYPES):
            return False
        return not self.is_reversed

    @property
    def is_reversed(self) -> bool:
        """Whether it ends before it begins; a bare date of the day it begins does not."""
        return self.end < self.begin and not (self.end_is_date and self.begin - self.end < DAY)

    @property
    def is_newborn(self) -> bool:
        """Whether it is a newborn's stay on the mother's card, by its med_type."""
        return self.med_type.startswith(NEWBORN_TYPES)

    @property
    def fund(self) -> int:
        """What the fund paid for it, fen."""
        return max(0, sum(fact.fund for fact in self.settlements))

    @property
    def discharge_way(self) -> int:
        """离院方式, 0 when unknown."""
        return self.discharge.detail.discharge_way if self.discharge else 0

    @property
    def transfer_to(self) -> str:
        """Institution a discharge names as the receiving one."""
        return self.discharge.detail.transfer_to if self.discharge else ""

    @property
    def facts(self) -> list[Fact]:
        """The facts that make it."""
        return [fact for fact in (self.admission, self.discharge, *self.settlements) if fact is not None]


class PersonView:
    """A person's history with the registry and the calendar beside it."""

    def __init__(
        self,
        history: PersonHistory,
        registry: Registry,
        calendar: Calendar,
        encounters: dict[Ref, list[Fact]] | None = None,
    ) -> None:
        self.history = history
        self.registry = registry
        self.calendar = calendar
        self._encounters = encounters or {}

    def facts_of(self, refs: Iterable[Ref] | None) -> list[Fact]:
        """Live facts of some encounters; all of them for None."""
        if refs is None:
            return self.history.facts
        found = []
        for ref in refs:
            facts = self._encounters.get(ref)
            found += self.history.encounter(ref) if facts is None else facts
        return found

    # -- stays ------------------------------------------------------------------------------------------

    @property
    def stays(self) -> list[Stay]:
        """In-patient stays that count, by begin."""
        stays = self.history.stays
        if stays is None:
            stays = self.history.stays = self._make_stays()
        return stays

    def may_be_inside(self, moment: int) -> bool:
        """False when no stay can contain a moment: a cheap way out before stays are made."""
        closed = False
        for fact in self.history.near(moment):
            later = fact.at > moment
            if later and not closed:
                return False
            if fact.kind >= 4:
                continue
            # An in-patient settlement that names its end may close before, unless it is one in mid-stay or
            # a later one of the same stay follows; all else must be looked at.
            if later or fact.flags & MID_STAY or not 0 < fact.end < moment:
                return True
            closed = True
        return False

    def stay_among(self, ref: Ref, facts: list[Fact]) -> Stay | None:
        """The stay that these facts of an encounter make, if one that counts."""
        if not any(fact.kind in STAY_KINDS for fact in facts):
            return None
        gone = offsets_among(facts)
        stay = Stay(ref, [fact for fact in facts if (fact.institution, fact.event) not in gone])
        return stay if stay.counts else None

    def _make_stays(self) -> list[Stay]:
        facts = [fact for fact in self.history.facts if fact.kind < 4]  # STAY_KINDS, cheaply
        if not facts:
            return []
        by_ref: dict[Ref, list[Fact]] = {}
        for fact in facts:
            if self._settled(fact):
                by_ref.setdefault((fact.institution, fact.encounter), []).append(fact)
        stays = [Stay(ref, facts) for ref, facts in by_ref.items()]
        return sorted((stay for stay in stays if stay.counts), key=lambda stay: (stay.begin, stay.ref))

    def _settled(self, fact: Fact) -> bool:
        return fact.kind != Kind.INPATIENT or not self.history.is_offset(fact)

    # -- visits -----------------------------------------------------------------------------------------

    def is_visit(self, fact: Fact) -> bool:
        """Whether a fact is an out-patient or pharmacy settlement that stands for itself."""
        return fact.kind in OUTPATIENT and fact.total >= 0 and not self.history.is_offset(fact)

    def is_settlement(self, fact: Fact) -> bool:
        """Whether a fact is any settlement that stands for itself."""
        return fact.kind in SETTLEMENTS and fact.total >= 0 and not self.history.is_offset(fact)

    def is_present(self, fact: Fact) -> bool:
        """Whether the fact puts the person at a counter at a clock time."""
        return bool(fact.flags & PRESENT) and not self.history.is_offset(fact)

    def between(self, begin: int, end: int) -> Iterator[Fact]:
        """Live facts with begin ≤ at ≤ end, in order."""
        facts = self.history.facts
        for index in range(bisect_left(facts, begin, key=_at), len(facts)):
            fact = facts[index]
            if fact.at > end:
                return
            yield fact

    def beside(self, fact: Fact, reach: int) -> list[Fact]:
        """Other live facts of the same institution at most `reach` from a fact."""
        facts, found, institution = self.history.near(fact.at), [], fact.institution
        index = _index(facts, fact)
        earliest, latest = fact.at - reach, fact.at + reach
        for place in range(index - 1, -1, -1):
            other = facts[place]
            if other.at < earliest:
                break
            if other.institution == institution:
                found.append(other)
        for place in range(index, len(facts)):
            other = facts[place]
            if other.at > latest:
                break
            if other.institution == institution and other is not fact:
                found.append(other)
        return found

    def present_before(self, fact: Fact) -> Fact | None:
        """The nearest earlier fact that puts the person at a counter, if it is at most days before."""
        facts = self.history.near(fact.at)
        for index in range(_index(facts, fact) - 1, -1, -1):
            other = facts[index]
            if other.flags & PRESENT and self.is_present(other):
                return other
        return None

    def present_after(self, fact: Fact) -> Fact | None:
        """The nearest later one."""
        facts = self.history.near(fact.at)
        for index in range(_index(facts, fact), len(facts)):
            other = facts[index]
            if other.flags & PRESENT and other.place > fact.place and self.is_present(other):
                return other
        return None

    # -- lines ------------------------------------------------------------------------------------------

    def lines(self, ref: Ref) -> list[Line]:
        """Lines of an encounter, each once."""
        return live_lines(self.history, ref)

    # -- registry ---------------------------------------------------------------------------------------

    def institution(self, institution_id: str, moment: int | None = None) -> Institution | None:
        """What the registry knows of an institution at a moment."""
        if moment is None or moment >= FOREVER:
            return self.registry.institution(institution_id)
        return self.registry.institution(institution_id, self.calendar.date_text(self.calendar.day(moment)))

    def same_group(self, one: str, other: str, moment: int) -> bool | None:
        """Whether two institutions belong to one group (医共体) at a moment; None when the registry does
        not say."""
        first, second = self.institution(one, moment), self.institution(other, moment)
        if first is None or second is None:
            return None
        return bool(first.group_id) and first.group_id == second.group_id

    def distance_km(self, one: str, other: str, moment: int) -> float | None:
        """Great-circle distance between two institutions at a moment, km; None where a place is unknown."""
        first, second = self.institution(one, moment), self.institution(other, moment)
        if first is None or second is None:
            return None
        return great_circle_km(first, second)

    @cached_property
    def birth_day(self) -> int | None:
        """Local day of birth."""
        person = self.history.person
        if person is None or not person.birth_date:
            return None
        return date.fromisoformat(person.birth_date).toordinal()

    def is_newborn_at(self, moment: int) -> bool | None:
        """Whether the insured person is a newborn at a moment; None when the birth is unknown."""
        if self.birth_day is None:
            return None
        return 0 <= self.calendar.day(moment) - self.birth_day <= NEWBORN_DAYS

    # -- texts ------------------------------------------------------------------------------------------

    def text(self, moment: int, *, is_date: bool = False) -> str | None:
        """A moment for people and machines: RFC 3339, or the bare date; None for +∞."""
        if moment >= FOREVER:
            return None
        if is_date:
            return self.calendar.date_text(self.calendar.day(moment))
        return self.calendar.text(moment)

    def stay_evidence(self, stay: Stay) -> dict:
        """A stay as evidence."""
        diagnoses = sorted({code for fact in stay.facts for code in fact.detail.diagnoses.split()})
        return {
            "institution": stay.ref[0],
            "encounter": stay.ref[1],
            "med_type": stay.med_type,
            "begin": self.text(stay.begin, is_date=stay.begin_is_date),
            "begin_is_date": stay.begin_is_date,
            "end": self.text(stay.end, is_date=stay.end_is_date),
            "end_is_date": stay.end_is_date,
            "discharge_way": stay.discharge_way or None,
            "diagnoses": diagnoses,
            "fund": money(stay.fund),
        }

    def visit_evidence(self, fact: Fact) -> dict:
        """A settlement or admission over a counter as evidence."""
        is_settlement = fact.kind in SETTLEMENTS
        return {
            "institution": fact.institution,
            "encounter": fact.encounter,
            "settlement": fact.id if is_settlement else None,
            "at": self.text(fact.at, is_date=bool(fact.flags & AT_DAY)),
            "med_type": fact.detail.med_type,
            "total": money(fact.total) if is_settlement else None,
            "fund": money(fact.fund) if is_settlement else None,
            "card": fact.detail.card or None,
            "device": fact.detail.device or None,
        }


def _index(facts: list[Fact], fact: Fact) -> int:
    """Where a fact stands, or would stand, among facts in order."""
    if facts and facts[-1] is fact:
        return len(facts) - 1
    return bisect_left(facts, fact.place, key=_place)


def _place(fact: Fact) -> tuple[int, str, str, str]:
    return (fact.at, fact.institution, fact.id, fact.event)


def _at(fact: Fact) -> int:
    return fact.at


EARTH_RADIUS_KM = 6_371.0088
"""Mean radius (IUGG)."""


def great_circle_km(one: Institution, other: Institution) -> float | None:
    """Distance by the haversine formula, km; None where a coordinate is missing."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return None
    return _haversine_km(one.latitude, one.longitude, other.latitude, other.longitude)


@lru_cache(maxsize=100_000)
def _haversine_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    lat1, lon1, lat2, lon2 = map(radians, (latitude, longitude, other_latitude, other_longitude))
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def money(amount: int) -> str:
    """Fen as decimal yuan."""
    return f"{amount // 100}.{amount % 100:02d}" if amount >= 0 else "-" + money(-amount)


class Overlap:
    """What two stays share: the later begin, the earlier end, in hours or, with bare dates, in nights."""

    __slots__ = ("begin", "by_dates", "end", "hours", "nights")

    def __init__(self, one: Stay, other: Stay, calendar: Calendar) -> None:
        self.begin, begin_is_date = _bound(
            (one.begin, one.begin_is_date), (other.begin, other.begin_is_date), calendar, later=True
        )
        self.end, end_is_date = _bound(
            (one.end, one.end_is_date), (other.end, other.end_is_date), calendar, later=False
        )
        self.by_dates = begin_is_date or end_is_date
        self.hours = (self.end - self.begin) / HOUR
        if self.end >= FOREVER:
            self.nights = FOREVER // DAY
        else:
            self.nights = calendar.day(self.end) - calendar.day(self.begin)

    def exceeds(self, hours: float) -> bool:
        """Whether it is longer than so many hours; by dates, whether a night is shared."""
        return self.nights >= 1 if self.by_dates else self.hours > hours

    def reaches(self, hours: float) -> bool:
        """Whether it lasts at least so many hours; by dates, as many whole days in nights."""
        return self.nights >= -(-hours // 24) if self.by_dates else self.hours >= hours


def _bound(
    one: tuple[int, bool], other: tuple[int, bool], calendar: Calendar, *, later: bool
) -> tuple[int, bool]:
    """The later (or earlier) of two ends; on one day with a bare date among them, the bare date."""
    if one[0] >= FOREVER or other[0] >= FOREVER:
        return max(one, other) if later else min(one, other)
    if not (one[1] or other[1]):
        return (max(one[0], other[0]) if later else min(one[0], other[0])), False
    first, second = calendar.day(one[0]), calendar.day(other[0])
    if first == second:
        return (one if one[1] else other)[0], True
    chosen = one if (first > second) == later else other
    return chosen


def is_historical(facts: Iterable[Fact]) -> bool:
    """Whether all facts of a finding came by import."""
    return all(fact.flags & HISTORICAL for fact in facts)
