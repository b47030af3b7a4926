"""Visits and purchases as rules over days and months ask for them."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache

from schemas.moments import DAY, HOUR
from services.detector.facts import AT_DAY, HAS_BEGIN, LINED, OUTPATIENT, Fact, Kind, Line
from services.detector.history import Ref
from services.detector.view import PersonView

LOCAL_DAY = DAY + HOUR
"""The longest local day: clocks are set back by an hour in some time zones."""


def refs_of(facts: Iterable[Fact]) -> list[Ref]:
    """The encounters of facts, each once, sorted."""
    return sorted({(fact.institution, fact.encounter) for fact in facts})


def on_days(view: PersonView, first: int, last: int, kinds: frozenset[int] = OUTPATIENT) -> Iterator[Fact]:
    """Visits of some kinds that stand for themselves, of local days first … last (ordinals), in order."""
    begin, end = view.calendar.midnight(first), view.calendar.midnight(last + 1)
    facts = view.history.near(begin)
    for index in range(bisect_left(facts, begin, key=_at), len(facts)):
        fact = facts[index]
        if fact.at >= end:
            return
        if fact.kind in kinds and view.is_visit(fact):
            yield fact


def crowd(view: PersonView, first: int, last: int) -> int:
    """How many facts of whatever kind lie on local days first … last: a cheap way out."""
    moment = view.calendar.midnight(first)
    facts = view.history.near(moment)
    begin = bisect_left(facts, moment, key=_at)
    return bisect_left(facts, view.calendar.midnight(last + 1), begin, key=_at) - begin


def has_clock(view: PersonView, fact: Fact) -> bool:
    """Whether a fact tells its time of day: local 00:00:00 means that it is missing."""
    return not fact.flags & AT_DAY and not view.calendar.is_midnight(fact.at)


def begun(view: PersonView, fact: Fact) -> int | None:
    """When the care began that a settlement is for: the admission of its stay, else the visit; None for a
    stay of which only the end is known."""
    if fact.kind != Kind.INPATIENT:
        return fact.at
    encounter = view.history.encounter((fact.institution, fact.encounter))
    admission = next((other for other in encounter if other.kind == Kind.ADMISSION), None)
    if admission is not None:
        return admission.at
    return fact.at if fact.flags & HAS_BEGIN else None


@lru_cache(maxsize=4_096)
def month_of(day: int) -> tuple[int, int]:
    """First and last day of a day's calendar month."""
    first = date.fromordinal(day).replace(day=1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first.toordinal(), following.toordinal() - 1


def month_text(day: int) -> str:
    """YYYY-MM of a day."""
    return date.fromordinal(day).isoformat()[:7]


def lines_sold(view: PersonView, fact: Fact) -> list[Line]:
    """Lines of one settlement: those it carries, and, when it is its encounter's first, those that no
    settlement carries. Refunds are netted."""
    ref = (fact.institution, fact.encounter)
    facts = view.encounter(ref)
    if not any(other.flags & LINED for other in facts):
        return []
    lines = [line for line in view.lines(ref) if line.quantity > 0 and line.amount > 0]
    if len(facts) == 1:
        return lines
    settled = [other for other in view.history.encounter(ref) if view.is_settlement(other)]
    if len(settled) < 2 or not lines:
        return lines
    carried = {other.id: {line.id for line in other.detail.lines or ()} for other in settled}
    own = carried[fact.id]
    if settled[0].id == fact.id:
        elsewhere = set().union(*(ids for id, ids in carried.items() if id != fact.id))
        return [line for line in lines if line.id in own or line.id not in elsewhere]
    return [line for line in lines if line.id in own]


def drugs_sold(view: PersonView, fact: Fact) -> dict[str, list[Line]]:
    """Medicines of one settlement by ingredient (its code, where no pack is known): what packs know, or what
    is billed as one."""
    found: dict[str, list[Line]] = {}
    sold = lines_sold(view, fact)
    if not sold:
        return found
    day = view.calendar.date_text(view.calendar.day(fact.at))
    for line in sold:
        pack = view.registry.pack(line.code, day)
        if pack is not None or line.is_drug:
            name = (pack.ingredient if pack is not None else "") or line.code
            found.setdefault(name, []).append(line)
    return found


def _at(fact: Fact) -> int:
    return fact.at
