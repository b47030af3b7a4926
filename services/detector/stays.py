"""In-patient stays, made of the facts of one encounter, and what two of them share.

A stay is admission and discharge of one encounter; an in-patient settlement establishes it too, and the
admission and discharge events win field by field. An open stay ends at +∞.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations

from schemas.moments import DAY, HOUR, Calendar
from services.detector.facts import (
    AT_DAY,
    DIAGNOSED,
    END_DAY,
    HAS_BEGIN,
    INPATIENT_TYPES,
    MID_STAY,
    NEWBORN_TYPES,
    STAY_KINDS,
    Fact,
    Kind,
)
from services.detector.history import PersonHistory, Ref
from services.detector.versions import name_of, offsets_among

FOREVER = 1 << 62
"""+∞ as a moment."""


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
    def planned_return(self) -> bool | None:
        """Whether the discharge says that the patient is to come back; None where it says nothing."""
        return self.discharge.detail.more.planned_return if self.discharge else None

    @property
    def main_diagnosis(self) -> str:
        """The principal diagnosis: of the discharge, else the admission, else the last settlement; "" where
        none is marked and none stands alone."""
        last = max(self.settlements, key=lambda fact: (fact.recorded, fact.event), default=None)
        for fact in (self.discharge, self.admission, last):
            if fact is not None and fact.flags & DIAGNOSED:
                detail = fact.detail
                alone = detail.diagnoses if " " not in detail.diagnoses else ""
                if detail.main_diagnosis or alone:
                    return detail.main_diagnosis or alone
        return ""

    @property
    def attended_by(self) -> tuple[str, str]:
        """Department and practitioner: as the admission names them, else the discharge, else the last
        settlement; "" for none."""
        last = max(self.settlements, key=lambda fact: (fact.recorded, fact.event), default=None)
        details = [fact.detail for fact in (self.admission, self.discharge, last) if fact is not None]
        return (
            next((detail.more.department for detail in details if detail.more.department), ""),
            next((detail.practitioner for detail in details if detail.practitioner), ""),
        )

    @property
    def facts(self) -> list[Fact]:
        """The facts that make it."""
        return [fact for fact in (self.admission, self.discharge, *self.settlements) if fact is not None]


def stays_of(history: PersonHistory) -> list[Stay]:
    """In-patient stays of a person that count, by begin."""
    stays = history.stays
    if stays is None:
        stays = history.stays = _make_stays(history)
    return stays


def stay_among(ref: Ref, facts: list[Fact]) -> Stay | None:
    """The stay that these facts of an encounter make, if one that counts."""
    for fact in facts:
        if fact.kind in STAY_KINDS:
            break
    else:
        return None
    gone = offsets_among(facts)
    stay = Stay(ref, [fact for fact in facts if name_of(fact) not in gone])
    return stay if stay.counts else None


def _make_stays(history: PersonHistory) -> list[Stay]:
    by_ref: dict[Ref, list[Fact]] = {}
    for fact in history.facts:
        if fact.kind < Kind.VISIT and (fact.kind != Kind.INPATIENT or not history.is_offset(fact)):
            by_ref.setdefault((fact.institution, fact.encounter), []).append(fact)
    stays = [Stay(ref, facts) for ref, facts in by_ref.items()]
    return sorted((stay for stay in stays if stay.counts), key=lambda stay: (stay.begin, stay.ref))


def pairs_of(stays: Sequence[Stay], asked: Collection[Ref] | None) -> Iterator[tuple[Stay, Stay]]:
    """Pairs of stays, in order, of which one at least is asked about; all of them for None."""
    if asked is None:
        yield from combinations(stays, 2)
        return
    places = [place for place, stay in enumerate(stays) if stay.ref in asked]
    for place in range(places[-1] + 1 if places else 0):
        one = stays[place]
        for later in range(place + 1, len(stays)) if one.ref in asked else places:
            if later > place:
                yield one, stays[later]


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
