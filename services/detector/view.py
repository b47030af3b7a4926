"""A person as rules see it: live facts with the registry and the calendar beside them, and the filters of
rules.md §0.5."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from schemas.moments import Calendar
from schemas.registry import Institution, Registry
from services.detector.billing import FAR, Bill
from services.detector.facts import (
    AT_DAY,
    HISTORICAL,
    LINED,
    OUTPATIENT,
    PRESENT,
    SETTLEMENTS,
    Fact,
    Line,
    yuan,
)
from services.detector.geography import great_circle_km
from services.detector.history import Change, PersonHistory, Ref
from services.detector.insured import Insured
from services.detector.lines import Billed, lines_among, lines_taken_back
from services.detector.stays import FOREVER, Stay, stay_among, stays_of

NOTHING_ASKED = object()


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
        self._bills: tuple[Any, list[Bill]] = (NOTHING_ASKED, [])
        self._billing: dict[tuple[str, int | None], list[Ref]] = {}

    def facts_of(self, refs: Iterable[Ref] | None) -> list[Fact]:
        """Live facts of some encounters; all of them for None."""
        if refs is None:
            return self.history.facts
        found = []
        for ref in refs:
            found += self.encounter(ref)
        return found

    def encounter(self, ref: Ref) -> list[Fact]:
        """Live facts of one encounter, in order."""
        facts = self._encounters.get(ref)
        if facts is None:
            facts = self._encounters[ref] = self.history.encounter(ref)
        return facts

    # -- stays ------------------------------------------------------------------------------------------

    @property
    def stays(self) -> list[Stay]:
        """In-patient stays that count, by begin."""
        return stays_of(self.history)

    def stay(self, ref: Ref) -> Stay | None:
        """The stay of an encounter, if it is one that counts."""
        return next((stay for stay in self.stays if stay.ref == ref), None)

    def may_be_inside(self, moment: int) -> bool:
        """False when no stay can contain a moment: a cheap way out before stays are made."""
        return self.history.may_be_inside(moment)

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
        """Lines of an encounter, each once, refunds netted."""
        return [billed.line for billed in self._billed(ref)]

    def bill(self, ref: Ref) -> Bill:
        """What an encounter is charged for."""
        return self.history.made("bill", ref, lambda: self._make_bill(ref))

    def _make_bill(self, ref: Ref) -> Bill:
        return Bill(ref, self._billed(ref), stay_among(ref, self.encounter(ref)))

    def bills(self, refs: Iterable[Ref] | None) -> list[Bill]:
        """The bills of encounters that have one; all of the person's for None."""
        asked, found = self._bills
        # One rule after another asks about the same encounters.
        if asked is not refs:
            facts = self.facts_of(refs)
            billed = dict.fromkeys((fact.institution, fact.encounter) for fact in facts if fact.flags & LINED)
            found = [bill for bill in map(self.bill, billed) if bill.charges]
            self._bills = (refs, found)
        return found

    def billing(self, code: str, day: int | None = None) -> list[Ref]:
        """Encounters that tell of a code on any line, counted or not; now and then one that does not. day:
        those alone of which a line may count on this local day."""
        known = self._billing.get((code, day))
        if known is None:
            told = self.history.telling((code.encode(),), LINED)
            if day is not None and len(told) > 1:
                begin, end = self.calendar.midnight(day) - FAR, self.calendar.midnight(day + 1) + FAR
                told = [fact for fact in told if fact.kind not in OUTPATIENT or begin <= fact.at <= end]
            known = list(dict.fromkeys((fact.institution, fact.encounter) for fact in told))
            self._billing[code, day] = known
        return known

    def lines_of(self, change: Change) -> list[Line]:
        """Every line that an encounter's facts tell, before a change and after it, counted or not."""
        if change.plain and len(change.after) == 1:
            return self.lines(change.ref)
        facts = {fact.event: fact for fact in (*change.before, *change.after) if fact.flags & LINED}
        return [line for fact in facts.values() for line in fact.detail.lines or ()]

    def begun(self, ref: Ref) -> str:
        """When an encounter began: the stay's begin, else the first settlement's visit, else its first
        fact; a local date where no more is known."""
        facts = self.encounter(ref)
        stay = stay_among(ref, facts)
        if stay is not None:
            return self.text(stay.begin, is_date=stay.begin_is_date) or ""
        first = next((fact for fact in facts if fact.kind in SETTLEMENTS), facts[0])
        return self.text(first.at, is_date=bool(first.flags & AT_DAY)) or ""

    def _billed(self, ref: Ref) -> list[Billed]:
        return self.history.made(
            "lines", ref, lambda: lines_among(self.encounter(ref), lines_taken_back(self.history, ref))
        )

    # -- registry ---------------------------------------------------------------------------------------

    def institution(self, institution_id: str, moment: int | None = None) -> Institution | None:
        """What the registry knows of an institution at a moment."""
        if moment is None or moment >= FOREVER:
            return self.registry.institution(institution_id)
        return self.registry.institution(institution_id, self.calendar.date_text(self.calendar.day(moment)))

    def level(self, institution_id: str, date: str | None) -> int | None:
        """The level of an institution on a local date; None where the registry does not tell it."""
        known = self.registry.institution(institution_id, date)
        return None if known is None else known.level

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
    def insured(self) -> Insured:
        """What the registry knows of the insured person."""
        return Insured(self.history)

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
            "fund": yuan(stay.fund),
        }

    def visit_evidence(self, fact: Fact) -> dict:
        """A settlement or admission over a counter as evidence."""
        is_settlement = fact.kind in SETTLEMENTS
        return {
            "institution": fact.institution,
            "encounter": fact.encounter,
            "settlement": fact.id if is_settlement else None,
            "at": self.text(fact.at, is_date=bool(fact.flags & AT_DAY)),
            "med_type": fact.med_type,
            "total": yuan(fact.total) if is_settlement else None,
            "fund": yuan(fact.fund) if is_settlement else None,
            "card": fact.card or None,
            "device": fact.device or None,
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


def is_historical(facts: Iterable[Fact]) -> bool:
    """Whether all facts of a finding came by import."""
    return all(fact.flags & HISTORICAL for fact in facts)
