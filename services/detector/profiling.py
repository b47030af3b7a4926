"""What each rule costs: calls and seconds, measured while it judges (`qingfeng replay --profile`)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.rule import Finding, Rule


@dataclass(slots=True)
class Cost:
    """How often a rule was asked, how long it took (seconds), and what it found, repeats included."""

    asked: int = 0
    seconds: float = 0.0
    found: int = 0


class Costs(defaultdict[str, Cost]):
    """Cost by rule id."""

    def __init__(self) -> None:
        super().__init__(Cost)

    def add(self, costs: Mapping[str, Cost]) -> None:
        """Add what the same rules cost elsewhere."""
        for rule, cost in costs.items():
            self[rule].asked += cost.asked
            self[rule].seconds += cost.seconds
            self[rule].found += cost.found

    def timed(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        """The same rules, each noting what it costs."""
        return tuple(Timed(rule, self[rule.id]) for rule in rules)


class Timed(Rule):
    """A rule that is measured."""

    def __init__(self, rule: Rule, cost: Cost) -> None:
        self.rule = rule
        self._cost = cost
        for name in Rule.__annotations__:
            setattr(self, name, getattr(rule, name))

    def may_find(self, news: News) -> bool:
        """Whether the rule may find anything."""
        began = perf_counter()
        may = self.rule.may_find(news)
        self._cost.seconds += perf_counter() - began
        return may

    def judge(self, view: Any, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        """What the rule finds."""
        began = perf_counter()
        found = list(self.rule.judge(view, refs))
        self._cost.seconds += perf_counter() - began
        self._cost.asked += 1
        self._cost.found += len(found)
        return iter(found)

    def reach(self, view: Any, change: Change) -> Iterable[Ref]:
        """What the rule reaches."""
        began = perf_counter()
        reached = list(self.rule.reach(view, change))
        self._cost.seconds += perf_counter() - began
        return reached
