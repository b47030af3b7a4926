"""What rules share that find two settlements of one person at one institution, near each other in time."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from schemas.finding import Subject
from schemas.moments import SECOND
from services.detector.facts import Fact
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Rule, cleared
from services.detector.view import PersonView, is_historical


class PairRule(Rule):
    """Two settlements that are alike, at most `seconds` of its parameters apart; the amount is what the fund
    paid for the later one."""

    severity: ClassVar[int]

    @property
    def within(self) -> int:
        """How far apart the two may lie."""
        return self._reach

    @abstractmethod
    def may_count(self, fact: Fact) -> bool:
        """Whether a fact can be one of two: a cheap way out."""

    @abstractmethod
    def alike(self, view: PersonView, one: Fact, other: Fact) -> bool:
        """Whether two that may count are alike."""

    @abstractmethod
    def explanations(self, first: Fact, second: Fact) -> list[Explanation]:
        """What speaks against it."""

    def values(self, first: Fact, second: Fact) -> dict[str, Any]:
        """Further values of the text."""
        return {}

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        seen: set[tuple] = set()
        for fact in view.facts_of(refs):
            if not self.may_count(fact):
                continue
            for other in view.beside(fact, self._reach):
                pair = (fact.institution, *sorted((fact.id, other.id)))
                if pair in seen or not self.may_count(other) or not self.alike(view, fact, other):
                    continue
                seen.add(pair)
                first, second = sorted((fact, other), key=_place)
                explanations = self.explanations(first, second)
                if not cleared(explanations):
                    yield self._finding(view, first, second, explanations)

    @property
    def _reach(self) -> int:
        return self.parameters.seconds * SECOND  # type: ignore[attr-defined]

    def _finding(
        self, view: PersonView, first: Fact, second: Fact, explanations: list[Explanation]
    ) -> Finding:
        settlements = sorted((first.id, second.id))
        return Finding(
            rule=self,
            about=tuple((first.institution, id) for id in settlements),
            members=sorted({(fact.institution, fact.encounter) for fact in (first, second)}),
            severity=self.severity,
            subject=Subject("person", view.history.key),
            institutions=[first.institution],
            encounters=sorted({first.encounter, second.encounter}),
            settlements=settlements,
            happened=view.calendar.text(second.at),
            amount=max(0, second.fund),
            values={
                "institution": first.institution,
                "settlements": settlements,
                **self.values(first, second),
            },
            evidence={"settlements": [view.visit_evidence(first), view.visit_evidence(second)]},
            explanations=explanations,
            historical=is_historical([first, second]),
        )


def _place(fact: Fact) -> tuple:
    return fact.place
