"""What the rules over billed lines share: those about the bill of one encounter, and those that count what a
person was charged for on one day, wherever it was.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from schemas.finding import Subject
from services.detector.billing import Bill, Charge
from services.detector.facts import LINED, SETTLEMENTS, STAY_KINDS, Kind, Line, yuan
from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.rule import Explanation, Finding, Rule, cleared
from services.detector.view import PersonView, is_historical

BILL_KINDS = STAY_KINDS | SETTLEMENTS | {Kind.FEE_LINES}
"""Facts that lines come with, or that say of which days and which stay they are. What is about stays alone
watches these alone: whatever comes to a stay's encounter is judged with all the facts of it."""
SHOWN = 20
"""So many lines stand in the evidence of a finding."""


class Suspect(NamedTuple):
    """What a rule found on a bill. about: what tells it from others of the same encounter; amount: fen; day:
    the local day it is of, None: that of the encounter's begin."""

    about: tuple
    severity: int
    amount: int
    values: dict[str, Any]
    charges: list[Charge]
    explanations: list[Explanation]
    day: int | None = None
    evidence: dict[str, Any] | None = None


class BillRule(Rule):
    """A rule about the bill of one encounter: `suspects` says what it finds there."""

    watches = BILL_KINDS
    window_days = 180
    needs = LINED

    @abstractmethod
    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        """What is suspected of a bill, explained or not."""

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        for bill in view.bills(refs):
            for suspect in self.suspects(view, bill):
                if not cleared(suspect.explanations):
                    yield bill_finding(self, view, bill, suspect)


class DayRule(Rule):
    """A rule about all that a person was charged for of one code on one local day, across encounters."""

    watches = BILL_KINDS
    window_days = 180
    needs = LINED

    @abstractmethod
    def concerns(self, view: PersonView, line: Line) -> bool:
        """Whether a line may count, on whatever day."""

    @abstractmethod
    def day_suspect(
        self, view: PersonView, code: str, day: int, charges: list[tuple[Bill, Charge]]
    ) -> Suspect | None:
        """What is suspected of the charges of a code on a day."""

    def may_be_much(self, view: PersonView, code: str, charges: list[Charge]) -> bool:
        """Whether charges of a code may be suspected with nothing beside them."""
        return True

    def may_find(self, news: News) -> bool:
        view = news.view
        for code, charges in news.codes.items():
            if self.may_be_much(view, code, charges):
                return True
            for charge in charges:
                if (
                    charge.at
                    and self.concerns(view, charge.line)
                    and news.is_billed_elsewhere(code, view.calendar.day(charge.at))
                ):
                    return True
        return False

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        seen: set[tuple[str, int]] = set()
        for bill in view.bills(refs):
            for charge in bill.charges:
                if not (charge.at and self.concerns(view, charge.line)):
                    continue
                name = (charge.line.code, view.calendar.day(charge.at))
                if name not in seen:
                    seen.add(name)
                    yield from self._day(view, *name)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """Charges of one code on one day share a finding, wherever they are."""
        for code, day in self._touched(view, change):
            for ref in view.billing(code, day):
                if ref != change.ref and day in view.bill(ref).dated(code, view.calendar):
                    yield ref

    def _touched(self, view: PersonView, change: Change) -> set[tuple[str, int]]:
        """Codes and days of lines that a change brings, takes, moves, or lets count."""
        facts = {fact.event: fact for fact in (*change.before, *change.after) if fact.flags & LINED}
        return {
            (line.code, view.calendar.day(line.at or fact.at))
            for fact in facts.values()
            for line in fact.detail.lines or ()
            if self.concerns(view, line)
        }

    def _day(self, view: PersonView, code: str, day: int) -> Iterator[Finding]:
        charges = [
            (bill, charge)
            for bill in map(view.bill, view.billing(code, day))
            for charge in bill.by_code.get(code, ())
            if charge.at and self.concerns(view, charge.line) and view.calendar.day(charge.at) == day
        ]
        suspect = self.day_suspect(view, code, day, charges)
        if suspect is None or cleared(suspect.explanations):
            return
        members = sorted({bill.ref for bill, _ in charges})
        last = max(charges, key=lambda item: (item[1].at, item[0].ref, item[1].line.id))
        facts = view.facts_of(members)
        date = view.calendar.date_text(day)
        yield Finding(
            rule=self,
            about=("day", view.history.key, code, date),
            members=members,
            severity=suspect.severity,
            subject=Subject("person", view.history.key),
            institutions=sorted({institution for institution, _ in members}),
            encounters=sorted({encounter for _, encounter in members}),
            settlements=sorted({fact.id for fact in facts if view.is_settlement(fact)}),
            happened=date,
            amount=suspect.amount,
            values={"code": code, "day": date, **suspect.values},
            evidence={
                "code": code,
                "day": date,
                **(suspect.evidence or {}),
                "lines": shown(view, suspect.charges),
            },
            explanations=suspect.explanations,
            historical=is_historical(facts),
            place=last[0].ref[0],
        )


def bill_finding(rule: Rule, view: PersonView, bill: Bill, suspect: Suspect) -> Finding:
    """What a rule suspects of the bill of one encounter, as a finding."""
    facts = view.facts_of((bill.ref,))
    institution, encounter = bill.ref
    begun = view.begun(bill.ref)
    return Finding(
        rule=rule,
        about=(bill.ref, *suspect.about),
        members=[bill.ref],
        severity=suspect.severity,
        subject=Subject("person", view.history.key),
        institutions=[institution],
        encounters=[encounter],
        settlements=sorted(fact.id for fact in facts if view.is_settlement(fact)),
        happened=begun if suspect.day is None else view.calendar.date_text(suspect.day),
        amount=suspect.amount,
        values={"institution": institution, "encounter": encounter, **suspect.values},
        evidence={
            "encounter": encounter,
            "begun": begun,
            **(suspect.evidence or {}),
            "lines": shown(view, suspect.charges),
        },
        explanations=suspect.explanations,
        historical=is_historical(facts),
        place=institution,
    )


def shown(view: PersonView, charges: Iterable[Charge]) -> list[dict[str, Any]]:
    """The first lines, by time and id, as evidence."""
    first = sorted(charges, key=lambda charge: (charge.at, charge.line.id))[:SHOWN]
    return [
        {
            "line": charge.line.id,
            "code": charge.line.code,
            "at": view.text(charge.at, is_date=view.calendar.is_midnight(charge.at)) if charge.at else None,
            "quantity": f"{charge.line.quantity.normalize():f}",
            "amount": yuan(charge.line.amount),
            "covered": yuan(charge.base),
        }
        for charge in first
    ]
