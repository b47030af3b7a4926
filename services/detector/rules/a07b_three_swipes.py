"""A07b 短时多次刷卡: three swipes within half an hour at one pharmacy.

Predicate: three or more live purchases of one person at one pharmacy within thirty minutes by the clock,
whatever their amounts. Half an hour over midnight is of the day on which it begins. A missing time of day
says nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import MINUTE
from services.detector.facts import Kind
from services.detector.history import Change, Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import has_clock, on_days, refs_of

PURCHASES = frozenset((Kind.PHARMACY,))


@dataclass(frozen=True)
class ThreeSwipesParameters(Parameters):
    """Figures of rules.md A07."""

    swipes: int = parameter(3, "1", "刷卡次数下限", "swipes at one pharmacy")
    minutes: int = parameter(30, "min", "首末两次刷卡的最大间隔", "how far apart the first and the last are")


class ThreeSwipes(Rule):
    """Many swipes of one card in a short time at one pharmacy."""

    id = "A07b"
    title = Words("短时多次刷卡", "Many swipes within half an hour")
    message = Words(
        "同一参保人{day}在{institution}于{begin}至{end}间刷卡{count}次，超出次数的部分基金支付{amount}元。"
        "疑似拆分套刷或他人持卡，请核对各次所购药品。",
        "The same insured person's card was swiped {count} times at {institution} on {day} between {begin} "
        "and {end}; the fund paid {amount} yuan for those beyond the usual. Split on purpose, or somebody "
        "else with the card? Look at what was bought each time.",
    )
    basis = ("条例 38(三)", "条例 40(三)")
    checks = {"cancelled": Words("其中有已撤销的结算", "one of them was cancelled")}
    watches = PURCHASES
    window_days = 1
    parameters: ThreeSwipesParameters = ThreeSwipesParameters()

    @property
    def within(self) -> int | None:
        """The nearest other swipe of a window lies within it, unless one swipe alone is too many."""
        return self._reach if self._number > 1 else None

    @property
    def _number(self) -> int:
        return max(1, self.parameters.swipes)

    @property
    def _reach(self) -> int:
        return self.parameters.minutes * MINUTE

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        days = set()
        for fact in view.facts_of(refs):
            if fact.kind == Kind.PHARMACY:
                # A window of the day before may reach over midnight.
                for moment in (fact.at - self._reach, fact.at):
                    days.add((fact.institution, view.calendar.day(moment)))
        for institution, day in sorted(days):
            yield from self._day(view, institution, day)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """All windows of a day at one pharmacy share a finding."""
        for fact in (*change.before, *change.after):
            if fact.kind == Kind.PHARMACY:
                first = view.calendar.day(fact.at - self._reach)
                last = view.calendar.day(fact.at + self._reach)
                for other in on_days(view, first, last, PURCHASES):
                    if other.institution == fact.institution:
                        yield (other.institution, other.encounter)

    def _day(self, view: PersonView, institution: str, day: int) -> Iterator[Finding]:
        begin, end = view.calendar.midnight(day), view.calendar.midnight(day + 1)
        last = view.calendar.day(end + self._reach)
        swipes = [
            fact
            for fact in on_days(view, day, last, PURCHASES)
            if fact.institution == institution and has_clock(view, fact)
        ]
        number = self._number
        windows = [
            swipes[start : start + number]
            for start in range(len(swipes) - number + 1)
            if begin <= swipes[start].at < end
            and swipes[start + number - 1].at - swipes[start].at <= self._reach
        ]
        if not windows:
            return
        named = {fact.id for window in windows for fact in window}
        beyond = {window[-1].id for window in windows}
        found = [fact for fact in swipes if fact.id in named]
        members = refs_of(found)
        yield Finding(
            rule=self,
            about=(view.history.key, institution, day),
            members=members,
            severity=3,
            subject=Subject("person", view.history.key),
            institutions=[institution],
            encounters=sorted({encounter for _, encounter in members}),
            settlements=sorted(named),
            happened=view.calendar.text(found[-1].at),
            # rules.md §0.4, type 4: the whole amount of what goes beyond.
            amount=sum(max(0, fact.fund) for fact in found if fact.id in beyond),
            values={
                "institution": institution,
                "day": view.calendar.date_text(day),
                "begin": view.calendar.text(found[0].at)[11:16],
                "end": view.calendar.text(found[-1].at)[11:16],
                "count": len(found),
            },
            evidence={
                "day": view.calendar.date_text(day),
                "settlements": [view.visit_evidence(fact) for fact in found],
            },
            explanations=[Explanation("cancelled", False)],
            historical=is_historical(found),
        )
