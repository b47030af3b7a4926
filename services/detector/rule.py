"""What a rule is: one file, one class, read like its page in the catalogue.

A rule watches kinds of facts and yields findings. `judge` is asked about some encounters (or all) and
must yield every finding that has at least one of them as a member; `reach` names further encounters
whose findings a change may alter. Judging what a change reaches equals judging the whole: the
conformance suite holds every rule to it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any, ClassVar, NamedTuple

import msgspec

from schemas.finding import Alert, Subject, Words
from services.detector.facts import yuan
from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.parameters import parameters_hash


def parameter(default: Any, unit: str, zh: str, en: str) -> Any:
    """A rule's parameter: its default, its unit, and what it means."""
    return field(default=default, metadata={"unit": unit, "words": Words(zh, en)})


@dataclass(frozen=True)
class Parameters:
    """Parameters in force for a rule; subclasses declare theirs with `parameter`.

    table: the rule in whose table of the files those that a class itself declares stand, where several rules
    read them; "": in that of the rule that reads them.
    """

    table: ClassVar[str] = ""

    def explain(self) -> list[dict]:
        """name, value, unit and meaning of each parameter."""
        return [
            {
                "name": item.name,
                "value": getattr(self, item.name),
                "unit": item.metadata["unit"],
                "meaning": item.metadata["words"],
            }
            for item in fields(self)
        ]

    @classmethod
    def table_of(cls, name: str) -> str:
        """The table of the files in which a parameter stands, "" for that of the rule itself."""
        owner = next(each for each in cls.__mro__ if name in vars(each).get("__annotations__", ()))
        return vars(owner).get("table", "")


class Explanation(NamedTuple):
    """An innocent explanation: its name, and whether it holds (None: the data to look for it is missing)."""

    name: str
    holds: bool | None


@dataclass(slots=True, kw_only=True)
class Finding:
    """What a rule found.

    about: what makes it the same finding again, free of anchors: pairs of (institution, business id), or
    a key and a day. members: encounters it names. happened: moment of the later member, or its local
    date when only dates are known. amount: fen. values: for the texts; a list is written as each language
    lists. place: institution of the later member, whose region's parameters are in force ("": the first of
    `institutions`). shadow: judged and stored, but nobody's work.
    """

    rule: "Rule"
    about: tuple
    members: list[Ref]
    severity: int
    subject: Subject
    institutions: list[str]
    encounters: list[str]
    settlements: list[str]
    happened: str
    amount: int
    values: dict[str, Any]
    evidence: dict[str, Any]
    explanations: list[Explanation]
    historical: bool = False
    place: str = ""
    shadow: bool = False

    @property
    def alert_id(self) -> str:
        """Deterministic: the rule and what it is about."""
        return f"{self.rule.id}-{sha256(repr(self.about).encode()).hexdigest()[:24]}"

    def alert(self) -> Alert:
        """The finding as outsiders read it."""
        rule = self.rule
        checked = [name for name, holds in self.explanations if holds is False]
        values = {**self.values, "amount": yuan(self.amount)}
        zh, en = _listed(values, "、"), _listed(values, ", ")
        evidence = {
            **self.evidence,
            "checks": {name: rule.checks[name] for name in checked},
            "parameters": {item["name"]: item["value"] for item in rule.parameters.explain()},
            "parameters_hash": parameters_hash(rule),
        }
        return Alert(
            alert_id=self.alert_id,
            status="open",
            rule=rule.id,
            rule_version=rule.version,
            phase=rule.phase,
            severity=self.severity,
            result_type="suspected",
            subject=self.subject,
            institutions=self.institutions,
            encounters=self.encounters,
            settlements=self.settlements,
            happened_at=self.happened,
            amount=yuan(self.amount),
            title=rule.title,
            message=Words(rule.message.zh.format_map(zh), rule.message.en.format_map(en)),
            evidence=evidence,
            basis=list(rule.basis),
            checked=checked,
            historical=self.historical,
            shadow=True if self.shadow else msgspec.UNSET,
        )


def _listed(values: dict[str, Any], between: str) -> dict[str, Any]:
    return {name: between.join(value) if isinstance(value, list) else value for name, value in values.items()}


_encode = msgspec.msgpack.Encoder().encode


def digest(alert: Alert, members: list[Ref]) -> bytes:
    """Eight bytes over the whole alert and the encounters that bear on it: new words or evidence are said
    again, though only compared fields make a new version."""
    return sha256(_encode((alert, members))).digest()[:8]


class Rule(ABC):
    """One rule of the catalogue over the history of one kind of key."""

    id: ClassVar[str]
    version: ClassVar[str] = "1"
    key: ClassVar[str] = "person"
    phase: ClassVar[str] = "in_process"
    title: ClassVar[Words]
    message: ClassVar[Words]
    basis: ClassVar[tuple[str, ...]]
    checks: ClassVar[dict[str, Words]]
    watches: ClassVar[frozenset[int]]
    """Kinds of facts whose coming or going may change its findings."""
    window_days: ClassVar[int]
    """How far apart, in days, two facts of one finding may lie."""

    # What spares a rule the asking. Each names what must hold of the encounters that a fact belongs to, or
    # of what lies about it, for that fact to have a part in any finding of the rule; the conformance suite
    # holds that judging with them equals judging the whole.
    needs: ClassVar[int] = 0
    """Flags (services.detector.facts.CONTENTS) of which a fact must carry one; 0: none."""
    within: int | None = None
    """A fact counts only with another one at most so far from it, microseconds between their moments."""
    alone: int = 0
    """Flags of which a fact that is all there is of its encounter must carry one, however near another one
    lies; with `within` it is enough that either holds. 0: none."""
    inside: ClassVar[bool] = False
    """A visit counts only where a stay may be about it."""
    lone_stays: ClassVar[bool] = True
    """Whether a stay can be a finding though nothing else lies in it, nor it in another."""
    about_person: ClassVar[bool] = False
    """Nothing can be said of whom no registry record is known."""
    tables: ClassVar[frozenset[str]] = frozenset()
    """Registry tables of which one must have records."""

    parameters: Parameters

    def may_find(self, news: News) -> bool:
        """Whether a fact that stands alone in its encounter may have a part in any finding, or end one, by
        what it says itself and what a glance at the others tells: far cheaper than judging it."""
        return True

    @abstractmethod
    def judge(self, view: Any, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        """Every finding with a member among `refs` (None: every finding)."""

    def reach(self, view: Any, change: Change) -> Iterable[Ref]:
        """Further encounters whose findings the change may alter."""
        return ()


def cleared(explanations: list[Explanation]) -> bool:
    """Whether an innocent explanation holds."""
    return any(holds for _, holds in explanations)


def softened(severity: int, *, emergency: bool) -> int:
    """Severity of a place or time rule; an emergency lowers it by one (rules.md §0.5 (6))."""
    return min(3, severity + 1) if emergency else severity
