"""Settlements that were taken back, and whether they stood under an alert when they were (rules.md B05).

An alert falls with the settlement that it names, so what stood is no matter of memory: the person is judged
as recorded before the taking back, by what the institutions' systems say of when they wrote what. That is a
function of the facts, whichever of them came first. What was written afterwards, the same settled again
rightly among it, has no part in it; what was mended before stays mended.
"""

from collections.abc import Container
from typing import NamedTuple

from services.detector.facts import FOREIGN, SETTLEMENTS, Fact, Kind
from services.detector.history import PersonHistory, Ref
from services.detector.judge import PersonJudge
from services.detector.memory import PersonMemory
from services.detector.versions import Name, identity, mirrored_among, name_of, removes
from services.runtime.logs import log

WHOLE_PERSON: Ref = ("", "")
"""What is made of all of a person's facts is kept under no encounter."""
ASKED_FOR = frozenset(("cancelled", "returned", "taken_back"))
"""Innocent explanations by which a cancellation answers an alert: such an alert asks for it, and who takes
back on its word does as asked."""

AT_MOST = 50
"""Of a person with more settlements taken back nothing is said: each is judged by itself, and whoever posts
them could keep the judge busy."""


class TakenBack(NamedTuple):
    """A settlement that is taken back. fact: the version that counted. at: when the taking back was recorded,
    microseconds."""

    fact: Fact
    at: int

    @property
    def name(self) -> Name:
        """What the settlement is called, whatever its version."""
        return identity(self.fact)


def taken_back(history: PersonHistory) -> list[TakenBack]:
    """The settlements of a person that a standing cancellation or a negative mirror takes back."""
    found = []
    if history.idle:
        found += history.made("taken_back", WHOLE_PERSON, lambda: _cancelled(history))
    if history.has_refunds:
        found += [TakenBack(fact, mirror.recorded) for mirror, fact in mirrored_among(history.facts)]
    return found


def is_silent(history: PersonMemory) -> bool:
    """Whether nothing is said of a person: a placeholder, or one with too much taken back."""
    return history.suspended or len(taken_back(history)) > AT_MOST


def under_alert(judge: PersonJudge, history: PersonMemory, asked: Container[Name]) -> frozenset[Name]:
    """Those of some settlements that were taken back while an alert named them."""
    if is_silent(history):
        return frozenset()
    return frozenset(
        one.name
        for one in taken_back(history)
        if one.name in asked and _stood_under_alert(judge, history, one)
    )


def may_stand_otherwise(history: PersonHistory, news: Fact | None) -> list[Fact]:
    """Settlements of a person, but those of the encounters that news touches, of which it may have changed
    whether they were taken back under an alert; None: all that were taken back."""
    found = [one.fact for one in taken_back(history) if news is None or news.recorded <= one.at]
    if news is not None and _moves_others(news):
        live = {identity(fact) for fact in history.facts}
        found += [
            fact
            for fact in history.idle
            if fact.kind in SETTLEMENTS
            and fact.institution == news.institution
            and identity(fact) not in live
        ]
    return found


def as_recorded_before(history: PersonMemory, one: TakenBack) -> PersonMemory:
    """The person by what was recorded before a settlement was taken back; the settlement is among it."""
    name = name_of(one.fact)
    everything = (*history.facts, *history.idle, *history.foreign)
    then = PersonMemory.of(
        history.key, [fact for fact in everything if fact.recorded < one.at or name_of(fact) == name]
    )
    then.records = history.records
    return then


def _stood_under_alert(judge: PersonJudge, history: PersonMemory, one: TakenBack) -> bool:
    ref = (one.fact.institution, one.fact.encounter)
    try:
        found = judge.naming(as_recorded_before(history, one), ref)
        return any(not finding.shadow and ASKED_FOR.isdisjoint(finding.rule.checks) for finding in found)
    except Exception as error:
        # The settlement itself is screened all the same; what the rule would have said is not known.
        log.warning("taken_back_not_judged", error=type(error).__name__)
        return False


def _cancelled(history: PersonHistory) -> list[TakenBack]:
    """Settlements of which no version counts, and the greatest was cancelled: when it first was."""
    cancellations = history.standing_cancellations()
    if not cancellations:
        return []
    live = {identity(fact) for fact in history.facts}
    greatest: dict[Name, Fact] = {}
    for fact in sorted(history.idle, key=_version):
        if fact.kind in SETTLEMENTS and identity(fact) not in live:
            greatest[identity(fact)] = fact
    found = []
    for fact in greatest.values():
        taking = [each.recorded for each in cancellations if removes(each, fact)]
        if taking:
            found.append(TakenBack(fact, min(taking)))
    return found


def _version(fact: Fact) -> tuple[int, str]:
    return (fact.recorded, fact.event)


def _moves_others(fact: Fact) -> bool:
    """Whether a fact may alter that something else was taken back, or when: by taking a cancellation back,
    or by telling of the same thing elsewhere."""
    takes_back = fact.kind == Kind.CANCELLATION and fact.detail.cancels_type == "cancellation"
    return takes_back or bool(fact.flags & FOREIGN)
