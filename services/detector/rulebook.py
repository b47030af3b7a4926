"""The rules with the parameters in force: the code's, or what records of the registry put in their place.

Which parameters hold for a finding depends on the finding: on the region of its place and on its day. So a
rule that has records judges by every set of values among them, and keeps of each what that set is in force
for. The choice is a function of the finding and the registry alone.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import reduce
from hashlib import sha256
from operator import or_
from typing import Any, NamedTuple, Protocol

from msgspec import structs

from schemas.finding import Words
from schemas.registry import Registry
from schemas.rules import EVERYWHERE, SWITCHES, RuleParameters
from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.parameters import convert, parameters_hash
from services.detector.rule import Finding, Parameters, Rule
from services.runtime.logs import log

DEFAULTS = {"enabled": True, "shadow": False, "severity": None}


class Parametric(Protocol):
    """A rule of either judge, as far as parameters go."""

    id: str
    version: str
    title: Words
    parameters: Parameters


class Given(NamedTuple):
    """A value and the record that gives it; None: the code does."""

    value: Any
    record: RuleParameters | None


@dataclass(frozen=True)
class InForce:
    """What holds for a rule at a place and day."""

    enabled: bool
    shadow: bool
    severity: int | None
    parameters: Parameters


def make_rules(rules: Sequence[Rule], registry: Registry) -> tuple[Rule, ...]:
    """The rules as the registry's parameters have them. A rule that nothing is set for is itself; one that is
    switched off everywhere and always is not among them."""
    records = registry.records(RuleParameters.TABLE)
    made = (_with_records(rule, records_of(rule, records), registry) for rule in rules)
    return tuple(rule for rule in made if rule is not None)


def rules_hash(rules: Sequence[Rule], registry: Registry) -> str:
    """Twelve hexadecimal digits over what settlements are judged by: rules, versions, parameters."""
    marks = [parameters_hash(rule) for rule in rules]
    records = registry.records(RuleParameters.TABLE)
    marks += sorted(repr(structs.replace(record, source="")) for record in records)
    return sha256("\n".join(marks).encode()).hexdigest()[:12]


def table_of(rule: Parametric, name: str) -> str:
    """The table of the files in which a parameter of a rule stands: its own, or that of a rule that also
    reads it."""
    return rule.parameters.table_of(name) or rule.id


def records_of(rule: Parametric, records: Iterable[RuleParameters]) -> list[RuleParameters]:
    """Those that may give a rule something."""
    tables = {rule.id, *(table_of(rule, item.name) for item in fields(rule.parameters))}
    return [record for record in records if record.rule in tables]


def given(rule: Parametric, records: Iterable[RuleParameters], region: str, day: str) -> dict[str, Given]:
    """Every switch and parameter of a rule, in order, for a region (its digits) on a day (YYYY-MM-DD)."""
    found = {name: Given(value, None) for name, value in DEFAULTS.items()}
    found |= {item.name: Given(getattr(rule.parameters, item.name), None) for item in fields(rule.parameters)}
    held = [
        record
        for record in records_of(rule, records)
        if region.startswith(record.region) and record.effective_from <= day
    ]
    # The most specific region speaks last, and of its records the one that began last.
    for record in sorted(held, key=lambda record: (len(record.region), record.effective_from)):
        found |= {name: Given(value, record) for name, value in _fitting(rule, record).items()}
    return found


def in_force(rule: Parametric, values: dict[str, Given]) -> InForce:
    """What holds, of values as `given` says them."""
    own = {name: one.value for name, one in values.items() if name not in SWITCHES}
    switches = {name: values[name].value for name in SWITCHES}
    return InForce(**switches, parameters=replace(rule.parameters, **own))


class Varied(Rule):
    """A rule whose parameters depend on where and when.

    It judges by each set of values that is in force anywhere, and keeps a finding of the set that is in
    force for it.
    """

    def __init__(self, rule: Rule, sets: "Sets", registry: Registry) -> None:
        self._sets = sets
        self._registry = registry
        parameters = dict.fromkeys(one.parameters for one in sets.all if one.enabled)
        self._variants = [_variant(rule, one) for one in parameters]
        for name in Rule.__annotations__:
            setattr(self, name, getattr(rule, name))
        self.within = _widest([variant.within for variant in self._variants])
        self.alone = _any_of([variant.alone for variant in self._variants])

    def judge(self, view: Any, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        asked = None if refs is None else set(refs)
        found = self._found(view, asked)
        standing = {name: said for name, said in view.history.said.items() if said.rule == self.id}
        if (found or standing) and asked is not None and len(self._variants) > 1:
            # Another set may speak of the same thing by other encounters, now or once this one is silent.
            found = self._found(view, None)
        about: dict[str, list[Finding]] = {}
        for finding in found:
            about.setdefault(finding.alert_id, []).append(finding)
        for name, same in about.items():
            members = {member for one in (*same, standing.get(name)) if one for member in one.members}
            if asked is None or not asked.isdisjoint(members):
                yield max(same, key=_rank)

    def may_find(self, news: News) -> bool:
        """Whether any of the sets may find anything."""
        return any(variant.may_find(news) for variant in self._variants)

    def reach(self, view: Any, change: Change) -> Iterable[Ref]:
        """Whatever any of the sets reaches."""
        for variant in self._variants:
            yield from variant.reach(view, change)

    def _found(self, view: Any, refs: set[Ref] | None) -> list[Finding]:
        found = []
        for variant in self._variants:
            for finding in variant.judge(view, refs):
                chosen = self._sets.choose(self._registry, finding)
                if not chosen.enabled or chosen.parameters != variant.parameters:
                    continue
                finding.shadow = chosen.shadow
                finding.severity = chosen.severity or finding.severity
                found.append(finding)
        return found


class Sets:
    """The values in force for every region and stretch of days that a rule's records tell apart."""

    def __init__(self, rule: Parametric, records: Sequence[RuleParameters]) -> None:
        self._days = sorted({"", *(record.effective_from for record in records)})
        self._regions = {EVERYWHERE, *(record.region for record in records)}
        self._lengths = sorted({len(region) for region in self._regions}, reverse=True)
        self._values = {
            (region, day): in_force(rule, given(rule, records, region, day))
            for region in sorted(self._regions)
            for day in self._days
        }

    @property
    def all(self) -> Iterable[InForce]:
        """Every set of values."""
        return self._values.values()

    def choose(self, registry: Registry, finding: Finding) -> InForce:
        """The set in force for a finding: by the region of its place on its day, and by its day."""
        day = finding.happened[:10]
        known = registry.institution(finding.place or finding.institutions[0], day)
        code = (known.region if known is not None else None) or EVERYWHERE
        return self._values[self._region(code), self._days[bisect_right(self._days, day) - 1]]

    def _region(self, code: str) -> str:
        """The most specific region among the records that a region code lies in."""
        return next(code[:length] for length in self._lengths if code[:length] in self._regions)


def _variant(rule: Rule, parameters: Parameters) -> Rule:
    """The same rule, judging by these parameters."""
    if parameters == rule.parameters:
        return rule
    variant = copy(rule)
    variant.parameters = parameters
    return variant


def _with_records(rule: Rule, records: list[RuleParameters], registry: Registry) -> Rule | None:
    if not records:
        return rule
    for record in (one for one in records if one.rule == rule.id):
        for name in record.given.keys() - _fitting(rule, record).keys():
            log.warning("rule_parameter_left_out", rule=rule.id, name=name)
    sets = Sets(rule, records)
    if not any(one.enabled for one in sets.all):
        return None
    plain = InForce(**DEFAULTS, parameters=rule.parameters)
    return rule if all(one == plain for one in sets.all) else Varied(rule, sets, registry)


def _fitting(rule: Parametric, record: RuleParameters) -> dict[str, Any]:
    """What a record sets, in the rule's own types. What the rule no longer has, or has in another type, since
    the record was loaded, is left out."""
    own = record.rule == rule.id
    found = {name: value for name, value in record.given.items() if own and name in SWITCHES}
    for item in fields(rule.parameters):
        if item.name in record.values and table_of(rule, item.name) == record.rule:
            try:
                found[item.name] = convert(
                    record.values[item.name], item.metadata["unit"], getattr(rule.parameters, item.name)
                )
            except ValueError:
                continue
    return found


def _any_of(alone: list[int]) -> int:
    """What a lone fact must carry one of, for any of the sets; 0 where one of them does not ask."""
    return reduce(or_, alone, 0) if all(alone) else 0


def _widest(distances: list[int | None]) -> int | None:
    """The greatest of some distances; None, which is no bound, among them or of none."""
    return None if None in distances else max(distances, default=None)  # type: ignore[type-var]


def _rank(finding: Finding) -> tuple[str, str, str]:
    """Of several sets that speak of one thing, each by right, the one of the latest moment counts."""
    return (finding.happened, finding.place, parameters_hash(finding.rule))
