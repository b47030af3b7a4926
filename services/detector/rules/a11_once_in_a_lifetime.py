"""A11 终身一次手术重复: an operation that is possible once, twice.

Predicate: more encounters that bill an item, or name a procedure, than its lifetime_max in limits.csv. An
encounter whose diagnoses say that the operation was not carried out (Z53), or that a complication of an
earlier one was treated (T80–T88), does not count. Organs on either side have a lifetime_max of two.

A lifetime is what is kept: facts that lie 400 days and the lateness behind are forgotten, so that a second
operation years after the first is not seen in a running system; over files it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from schemas.finding import Subject, Words
from schemas.records import Limit
from schemas.registry import Registry
from services.detector.encounters import Encounter
from services.detector.facts import LINED, OPERATED, SETTLEMENTS, Fact, Kind
from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import refs_of


@dataclass(frozen=True)
class OnceInALifetimeParameters(Parameters):
    """Figures of rules.md A11."""

    revisions: tuple[str, ...] = parameter(
        ("T80", "T81", "T82", "T83", "T84", "T85", "T86", "T87", "T88"),
        "1",
        "视为翻修手术的诊断",
        "diagnoses that show a revision",
    )
    cancelled: tuple[str, ...] = parameter(
        ("Z53",), "1", "视为手术未实施的诊断", "diagnoses that show that nothing was done"
    )


class Operation(NamedTuple):
    """An encounter in which an operation was done. at: its moment; base: fen of its lines, else what the fund
    paid for the encounter."""

    at: int
    encounter: Encounter
    base: int

    @property
    def place(self) -> tuple[int, Ref]:
        """Where it stands among others."""
        return (self.at, self.encounter.ref)


class OnceInALifetime(Rule):
    """The same irrepeatable operation in several encounters."""

    id = "A11"
    phase = "post"
    title = Words("终身一次手术重复", "Operated twice where once is possible")
    message = Words(
        "同一参保人的手术 {code} 共{count}次（{days}），终身上限为{allowed}次，超出部分涉及{amount}元。"
        "疑似冒名就医或虚记手术，请核对手术记录与病理。",
        "The operation {code} stands {count} times for one insured person ({days}), where {allowed} is "
        "possible in a lifetime; {amount} yuan lie beyond. Somebody else with the card, or never done? Look "
        "at the operation records and the pathology.",
    )
    basis = ("条例 40(一)", "条例 40(三)")
    checks = {
        "revision": Words("既往手术并发症的翻修手术", "a revision after a complication"),
        "not_carried_out": Words("手术取消未实施", "the operation was called off"),
    }
    watches = SETTLEMENTS | {Kind.FEE_LINES, Kind.ADMISSION, Kind.DISCHARGE}
    window_days = 400
    needs = LINED | OPERATED
    tables = frozenset(("limits",))
    parameters: OnceInALifetimeParameters = OnceInALifetimeParameters()

    def may_find(self, news: News) -> bool:
        if news.fact.flags & OPERATED:
            return True
        return not limited_codes(news.view.registry).isdisjoint(news.codes)

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        for code in sorted(_codes(view, view.facts_of(refs))):
            yield from self._code(view, code)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """All encounters with one operation share a finding."""
        for code in _codes(view, [*change.before, *change.after]):
            yield from _encounters_with(view, code)

    def _code(self, view: PersonView, code: str) -> Iterator[Finding]:
        operations = sorted(
            (
                operation
                for ref in _encounters_with(view, code)
                for operation in _operations(view, ref, code)
                if not self._does_not_count(operation.encounter)
            ),
            key=lambda operation: operation.place,
        )
        if not operations:
            return
        days = [view.calendar.date_text(view.calendar.day(operation.at)) for operation in operations]
        limit = view.registry.limit(code, days[-1])
        allowed = limit.lifetime_max if limit is not None else None
        if allowed is None or len(operations) <= allowed:
            return
        encounters = [operation.encounter for operation in operations]
        settled = [fact for encounter in encounters for fact in encounter.settlements]
        named = all(encounter.diagnoses for encounter in encounters)
        yield Finding(
            rule=self,
            about=(view.history.key, code),
            members=sorted(encounter.ref for encounter in encounters),
            severity=1,
            subject=Subject("person", view.history.key),
            institutions=sorted({encounter.ref[0] for encounter in encounters}),
            encounters=sorted({encounter.ref[1] for encounter in encounters}),
            settlements=sorted({fact.id for fact in settled}),
            happened=view.calendar.text(operations[-1].at),
            # rules.md §0.4, type 4: the whole amount of what goes beyond.
            amount=sum(operation.base for operation in operations[allowed:]),
            values={"code": code, "count": len(operations), "allowed": allowed, "days": days},
            evidence={
                "code": code,
                "operations": [_evidence(*one) for one in zip(encounters, days, strict=True)],
            },
            explanations=[
                Explanation("revision", False if named else None),
                Explanation("not_carried_out", False if named else None),
            ],
            historical=is_historical(fact for encounter in encounters for fact in encounter.facts),
            place=encounters[-1].ref[0],
        )

    def _does_not_count(self, encounter: Encounter) -> bool:
        innocent = (*self.parameters.revisions, *self.parameters.cancelled)
        return any(code.startswith(innocent) for code in encounter.diagnoses)


def _evidence(encounter: Encounter, day: str) -> dict[str, Any]:
    """An operation as evidence."""
    institution, number = encounter.ref
    return {
        "institution": institution,
        "encounter": number,
        "day": day,
        "diagnoses": _sorted(encounter),
    }


def _codes(view: PersonView, facts: Iterable[Fact]) -> set[str]:
    """Codes with a limit for life that facts tell of, on lines or as procedures."""
    limited = limited_codes(view.registry)
    if not limited:
        return set()
    return {code for fact in facts if fact.flags & (LINED | OPERATED) for code in _told(fact) & limited}


def _told(fact: Fact) -> set[str]:
    detail = fact.detail
    return {line.code for line in detail.lines or ()} | {item.code for item in detail.more.procedures}


def _encounters_with(view: PersonView, code: str) -> list[Ref]:
    """Encounters that tell of a code. To look for it in the packed form costs less than to open it."""
    needle = code.encode()
    return refs_of(
        fact
        for fact in view.history.facts
        if fact.flags & (LINED | OPERATED) and needle in bytes(fact.packed) and code in _told(fact)
    )


def _operations(view: PersonView, ref: Ref, code: str) -> Iterator[Operation]:
    """The operation of an encounter, once, if it was done there."""
    encounter = Encounter(view, ref)
    if encounter.anchor is None:
        return
    charges = view.bill(ref).by_code.get(code, [])
    told = [charge.at for charge in charges if charge.at]
    procedures = [
        item
        for fact in encounter.settlements
        if fact.flags & OPERATED
        for item in fact.detail.more.procedures
        if item.code == code
    ]
    if not charges and not procedures:
        return
    told += [item.at for item in procedures if item.at]
    paid = sum(max(0, fact.fund) for fact in encounter.settlements)
    base = sum(charge.base for charge in charges) if charges else paid
    yield Operation(min(told, default=encounter.anchor.at), encounter, base)


@lru_cache(maxsize=2)
def limited_codes(registry: Registry) -> frozenset[str]:
    """Codes that have a limit for life, on whatever day."""
    limits: tuple[Limit, ...] = registry.records(Limit.TABLE)
    return frozenset(limit.code for limit in limits if limit.lifetime_max is not None)


def _sorted(encounter: Encounter) -> list[str]:
    return sorted(encounter.diagnoses)
