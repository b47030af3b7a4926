"""The judge: what one key's facts say, and how that differs from what was said before.

For each key: findings = judge(live facts, registry, parameters). Judging what a change reaches equals
judging the whole; either way the difference to what stands becomes opened, changed, withdrawn.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from schemas.finding import Alert
from schemas.moments import DAY, Calendar
from schemas.registry import Registry
from services.detector.defects import Defect, defects_of, may_be_defective, of_records, placeholder
from services.detector.facts import CONTENTS, HISTORICAL, Fact, Kind
from services.detector.history import Change, Ref
from services.detector.memory import PersonMemory, Said
from services.detector.news import News
from services.detector.profiling import Costs
from services.detector.rule import Finding, Rule, digest
from services.detector.rulebook import make_rules
from services.detector.shared.history import SharedHistory
from services.detector.shared.keys import MARKS
from services.detector.shared.registers import Register
from services.detector.shared.view import SharedView
from services.detector.view import PersonView


class Verdict(NamedTuple):
    """One difference: a finding that now stands (with its content), or no longer does (None)."""

    finding_id: str
    content: Alert | Defect | None
    said: Said | None


@dataclass(frozen=True)
class Bench:
    """What every judgement needs beside the facts.

    retention: how long facts are kept, microseconds behind as_of; None: for ever. facts_limit: live
    facts beyond which a person is a placeholder. screens: say of every settlement that it was judged.
    costs: where what each rule costs is noted.
    """

    rules: tuple[Rule, ...]
    calendar: Calendar
    facts_limit: int = 1_000
    lateness: int | None = None
    screens: bool = True
    costs: Costs | None = None

    def in_force(self, key: str, registry: Registry) -> tuple[Rule, ...]:
        """The rules over a kind of key, with the parameters in force, measured where that is asked for."""
        rules = make_rules([rule for rule in self.rules if rule.key == key], registry)
        return rules if self.costs is None else self.costs.timed(rules)

    @cached_property
    def window(self) -> int:
        """The longest window of a rule, microseconds."""
        return max((rule.window_days for rule in self.rules), default=0) * DAY

    @cached_property
    def retention(self) -> int | None:
        """What arrives this far behind as_of is too late (contract, section 3)."""
        return None if self.lateness is None else self.window + self.lateness

    @cached_property
    def horizon(self) -> int | None:
        """What lies this far behind as_of is forgotten: a fact that still may arrive reaches back by a
        window of its own."""
        return None if self.retention is None else self.retention + self.window


class Sieve(NamedTuple):
    """What must hold of a lone fact for a rule to be asked about it: another one within so many microseconds
    (None: wherever), and whether it may have to do with a stay."""

    rule: Rule
    within: int | None
    lies_inside: bool


class PersonJudge:
    """All person rules over one history."""

    def __init__(self, bench: Bench, registry: Registry) -> None:
        self.bench = bench
        self.registry = registry
        self._rules = bench.in_force("person", registry)
        self._reaching = frozenset(rule for rule in self._rules if type(rule).reach is not Rule.reach)
        self._by_news: dict[tuple[int, int, bool], tuple[Rule, ...]] = {}
        self._of_lone: dict[tuple[int, int, bool], tuple[Sieve, ...]] = {}

    def take(self, history: PersonMemory, fact: Fact) -> tuple[list[Change], list[Verdict]] | None:
        """Add a fact and say what changed; None when it was known. Raises what a rule raises, undone."""
        suspended = history.suspended
        record = history.records.get(fact.id) if fact.kind == Kind.PERSON else None
        changes = history.add(fact)
        if changes is None:
            return None
        try:
            verdicts = self._after(history, fact, changes)
        except Exception:
            history.remove(fact, record)
            history.suspended = suspended
            raise
        return changes, note(history, verdicts) if verdicts else verdicts

    def whole(self, history: PersonMemory, *, sparing: bool = True) -> list[Verdict]:
        """Judge everything anew. sparing: ask no rule that none of the facts can concern; without, all are
        asked, which is what the sparing is measured by."""
        return note(history, self._whole(history, sparing=sparing))

    def naming(self, history: PersonMemory, ref: Ref) -> Iterator[Finding]:
        """The findings that name an encounter, of a history of which nothing is noted. Raises what a rule
        raises."""
        if history.count > self.bench.facts_limit:
            return
        view = PersonView(history, self.registry, self.bench.calendar)
        for rule in self._asked_of(view.encounter(ref), known=bool(history.records)):
            yield from (finding for finding in rule.judge(view, {ref}) if ref in finding.members)

    def has_aged(self, history: PersonMemory, as_of: int) -> bool:
        """Whether a history holds facts that aged out."""
        if self.bench.horizon is None or history.first >= as_of - self.bench.horizon:
            return False
        return bool(self._aged(history, as_of - self.bench.horizon))

    def forget(self, history: PersonMemory, as_of: int) -> None:
        """Drop facts that aged out."""
        if self.bench.horizon is not None and (aged := self._aged(history, as_of - self.bench.horizon)):
            history.drop(aged)

    def _aged(self, history: PersonMemory, horizon: int) -> list[Fact]:
        """Facts that lie before a horizon, less those that are kept: of stays not over by then, of standing
        findings, so that these stay sealed, and what was imported."""
        if history.ages_at >= horizon:
            return []
        stays = PersonView(history, self.registry, self.bench.calendar).stays
        kept = {stay.ref for stay in stays if stay.end >= horizon}
        kept.update(ref for said in history.said.values() for ref in said.members)
        aging = [fact for fact in history.facts if not fact.flags & HISTORICAL]
        aged = [
            fact
            for fact in aging
            if max(fact.at, fact.end) < horizon and (fact.institution, fact.encounter) not in kept
        ]
        if not aged:
            # What is sealed or open keeps no event busy: there is nothing to look for until others age.
            reaches = [max(fact.at, fact.end) for fact in aging] + [stay.end for stay in stays]
            history.ages_at = min((reach for reach in reaches if reach >= horizon), default=horizon)
        return aged

    def _after(self, history: PersonMemory, fact: Fact, changes: list[Change]) -> list[Verdict]:
        crowded = history.count > self.bench.facts_limit
        if crowded or history.suspended:
            return self._crowded(history, crowded)
        if fact.kind == Kind.PERSON:
            return self._whole(history)
        verdicts = self._reached(history, changes)
        if history.said or may_be_defective(fact):
            verdicts += self._defects(history, changes)
        return verdicts

    def _crowded(self, history: PersonMemory, crowded: bool) -> list[Verdict]:
        """A placeholder id says nothing but that it is one; below the limit it is judged again."""
        if not crowded:
            history.suspended = False
            return self._whole(history)
        if history.suspended:
            return []
        history.suspended = True
        return difference(history.said, [placeholder(history)])

    def _whole(self, history: PersonMemory, *, sparing: bool = True) -> list[Verdict]:
        if history.count > self.bench.facts_limit:
            history.suspended = True
            return difference(history.said, [placeholder(history)])
        view = PersonView(history, self.registry, self.bench.calendar)
        # Of who has no facts there is nothing to find: a load of the whole county's records asks no rule.
        rules: Iterable[Rule] = ()
        if history.count:
            rules = self._concerned_by_any(view) if sparing else self._rules
        found = [finding for rule in rules for finding in rule.judge(view, None)]
        refs = {(fact.institution, fact.encounter) for fact in history.facts}
        verdicts = difference(history.said, [*found, *defects_of(view, sorted(refs)), *of_records(view)])
        history.suspended = False
        return verdicts

    def _reached(self, history: PersonMemory, changes: list[Change]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        if not changes:
            return verdicts
        view = PersonView(
            history, self.registry, self.bench.calendar, {change.ref: change.after for change in changes}
        )
        rules = self._concerned(view, changes)
        if not rules:
            return verdicts
        touched = {change.ref for change in changes}
        for rule in rules:
            refs = touched
            if rule in self._reaching:
                refs = touched.union(*(rule.reach(view, change) for change in changes))
            found = list(rule.judge(view, refs))
            if not found and not history.said:
                continue
            verdicts += difference(history.said_of(refs, rule.id), found)
        return verdicts

    def _concerned(self, view: PersonView, changes: list[Change]) -> Iterable[Rule]:
        """Rules whose findings a change may alter: all that watch its kinds and find what they need."""
        first = changes[0]
        if len(changes) == 1 and first.plain and len(first.after) == 1:
            return self._asked_about_news(News(view, first.after[0]))
        facts = [fact for change in changes for fact in (*change.before, *change.after)]
        return self._asked_of(facts, known=bool(view.history.records))

    def _concerned_by_any(self, view: PersonView) -> Iterable[Rule]:
        """Rules that any of a person's facts may concern."""
        history, known = view.history, bool(view.history.records)
        if history.is_folded:
            return self._asked_of(history.facts, known=known)
        by_ref: dict[Ref, list[Fact]] = {}
        for fact in history.facts:
            by_ref.setdefault((fact.institution, fact.encounter), []).append(fact)
        concerned: set[Rule] = set()
        for facts in by_ref.values():
            if len(facts) == 1:
                concerned.update(self._asked_about_news(News(view, facts[0]), concerned))
            else:
                concerned.update(self._asked_of(facts, known=known))
        return [rule for rule in self._rules if rule in concerned]

    def _asked_of(self, facts: Iterable[Fact], *, known: bool) -> Iterable[Rule]:
        """Rules that watch any of some facts and find what they need among them."""
        flags, kinds = 0, set()
        for fact in facts:
            flags |= fact.flags
            kinds.add(fact.kind)
        if len(kinds) == 1:
            return self._asked(kinds.pop(), flags & CONTENTS, known)
        asked = {rule for kind in kinds for rule in self._asked(kind, flags & CONTENTS, known)}
        return [rule for rule in self._rules if rule in asked]

    def _asked_about_news(self, news: News, besides: Container[Rule] = ()) -> list[Rule]:
        """… for a fact that stands alone in its encounter, those left out that are asked anyway."""
        concerned = []
        fact, history = news.fact, news.view.history
        inside = None
        for rule, within, lies_inside in self._sieve(fact.kind, fact.flags & CONTENTS, bool(history.records)):
            if rule in besides:
                continue
            if within is not None and news.gap > within:
                continue
            if lies_inside:
                if inside is None:
                    inside = _may_be_inside(history, fact)
                if not inside:
                    continue
            if rule.may_find(news):
                concerned.append(rule)
        return concerned

    def _sieve(self, kind: int, contents: int, known: bool) -> tuple[Sieve, ...]:
        """Rules that a lone fact of a kind with such contents may concern, and where else it must lie."""
        news = (kind, contents, known)
        sieve = self._of_lone.get(news)
        if sieve is None:
            sieve = self._of_lone[news] = tuple(
                Sieve(
                    rule,
                    None if contents & rule.alone else rule.within,
                    rule.inside if kind >= Kind.VISIT else not rule.lone_stays,
                )
                for rule in self._asked(*news)
                if contents & rule.alone or rule.within is not None or not rule.alone
            )
        return sieve

    def _asked(self, kind: int, contents: int, known: bool) -> tuple[Rule, ...]:
        """Rules that watch a kind of fact with such contents."""
        news = (kind, contents, known)
        asked = self._by_news.get(news)
        if asked is None:
            asked = self._by_news[news] = tuple(
                rule
                for rule in self._rules
                if kind in rule.watches
                and (not rule.needs or contents & rule.needs)
                and (known or not rule.about_person)
                and (not rule.tables or any(self.registry.has(table) for table in rule.tables))
            )
        return asked

    def _defects(self, history: PersonMemory, changes: list[Change]) -> list[Verdict]:
        view = PersonView(history, self.registry, self.bench.calendar)
        refs = [change.ref for change in changes]
        return difference(history.said_of(refs, ""), list(defects_of(view, refs)))


class SharedJudge:
    """All rules over keys that persons share, each over keys of its kind."""

    def __init__(self, bench: Bench, registry: Registry) -> None:
        self.bench = bench
        self.registry = registry
        self._rules = {mark: bench.in_force(kind, registry) for kind, mark in MARKS.items()}

    def take(self, history: SharedHistory, register: Register) -> list[Verdict] | None:
        """Put a register and say what changed; None when it was known. Raises what a rule raises, undone."""
        try:
            known = history.put(register)
        except LookupError:
            return None
        try:
            # Only what takes nothing back leaves the rest as it was judged.
            only_adds = known is None or not known.entries
            verdicts = self._judge(history, register if only_adds else None)
        except Exception:
            history.undo(register, known)
            raise
        return note(history, verdicts)

    def whole(self, history: SharedHistory) -> list[Verdict]:
        """Judge everything anew."""
        return note(history, self._judge(history, None))

    def _judge(self, history: SharedHistory, news: Register | None) -> list[Verdict]:
        view = SharedView(history, self.registry, self.bench.calendar, news)
        rules = self._rules[history.key[0]]
        return difference(history.said, [item for rule in rules for item in rule.judge(view, None)])


def _may_be_inside(history: PersonMemory, fact: Fact) -> bool:
    """Whether a fact may lie in a stay, or make one that anything lies in."""
    if fact.kind >= Kind.VISIT:
        return history.may_be_inside(fact.at)
    return fact.kind == Kind.DISCHARGE or not history.stands_alone(fact)


def difference(said: dict[str, Said], found: Iterable[Finding | Defect]) -> list[Verdict]:
    """What to say, given what was said: opened or changed with content, withdrawn without."""
    verdicts = []
    standing = set()
    for finding in found:
        finding_id = finding.alert_id
        standing.add(finding_id)
        if isinstance(finding, Defect):
            if finding_id not in said:
                verdicts.append(Verdict(finding_id, finding, Said("", [finding.ref], b"", defect=True)))
            continue
        alert = finding.alert()
        mark = digest(alert, finding.members)
        known = said.get(finding_id)
        if known is None or known.digest != mark:
            verdicts.append(Verdict(finding_id, alert, Said(finding.rule.id, finding.members, mark)))
    verdicts.extend(Verdict(finding_id, None, None) for finding_id in said if finding_id not in standing)
    return verdicts


def note(history: PersonMemory | SharedHistory, verdicts: list[Verdict]) -> list[Verdict]:
    """Write verdicts into the history; the verdicts, the withdrawn ones with what had been said."""
    noted = []
    for verdict in verdicts:
        known = history.said.get(verdict.finding_id)
        history.say(verdict.finding_id, verdict.said)
        noted.append(verdict if verdict.said is not None else verdict._replace(said=known))
    return noted


__all__ = ["Bench", "PersonJudge", "Ref", "SharedJudge", "Verdict"]
