"""The live facts of a person: the latest at hand, the rest folded, and what can be told of them cheaply."""

from bisect import bisect_left, insort
from collections.abc import Iterable

from schemas.moments import DAY
from services.detector.facts import LINED, MID_STAY, Fact, Kind
from services.detector.past import Past, unfold

Ref = tuple[str, str]
"""(institution, encounter_id)."""

TWO_DAYS = 2 * DAY
NOWHERE = 1 << 62


def place_of(fact: Fact) -> tuple[int, str, str, str]:
    """Where a fact stands in the order of a person's facts."""
    return (fact.at, fact.institution, fact.id, fact.event)


class LiveFacts:
    """Live facts in order of (time, institution, id). Those that were folded are opened when they are asked
    for; most questions can be answered without."""

    __slots__ = ("_all", "_past", "_recent")

    def __init__(self) -> None:
        self._recent: list[Fact] = []
        self._past: Past | None = None
        self._all: list[Fact] | None = None

    @property
    def facts(self) -> list[Fact]:
        """All live facts, in order."""
        if self._past is None:
            return self._recent
        if self._all is None:
            self._all = sorted([*unfold(self._past), *self._recent], key=place_of)
        return self._all

    def near(self, moment: int) -> list[Fact]:
        """Live facts, in order, at least all that reach to within two days of a moment."""
        past = self._past
        return self._recent if past is None or past.end < moment - TWO_DAYS else self.facts

    @property
    def is_folded(self) -> bool:
        """Whether some facts are folded."""
        return self._past is not None

    @property
    def count(self) -> int:
        """How many live facts there are."""
        past = self._past
        return len(self._recent) if past is None else len(self._recent) + past.count

    @property
    def first(self) -> int:
        """The earliest moment of a live fact, +∞ without any."""
        first = self._recent[0].at if self._recent else NOWHERE
        return first if self._past is None else min(first, self._past.first)

    def encounter(self, ref: Ref) -> list[Fact]:
        """Live facts of one encounter, in order."""
        past = self._past
        facts = self._recent if past is None or not past.may_hold(*ref) else self.facts
        institution, encounter = ref
        return [fact for fact in facts if fact.encounter == encounter and fact.institution == institution]

    def telling(self, texts: Iterable[bytes], flags: int) -> list[Fact]:
        """Live facts that carry one of some flags and whose packed details hold one of some texts, in order:
        all that tell of them, and perhaps some others. To look for a text in what is packed costs far less
        than unpacking it, and of folded facts none is opened but those that hold one."""
        past, facts = self._past, self._all
        found = []
        if past is None or facts is None:
            facts = self._recent
            if past is not None:
                found = [fact for fact in past.telling(texts) if fact.flags & flags]
        # Plain loops: this is done for every line that is billed, and a generator costs more than the search.
        for fact in facts:
            if fact.flags & flags:
                packed = bytes(fact.packed)
                for text in texts:
                    if text in packed:
                        found.append(fact)
                        break
        if facts is self._recent and past is not None:
            found.sort(key=place_of)
        return found

    def billing(self, since: int) -> list[Fact]:
        """Live facts with lines, in order: those of a moment or later, and lines that came by themselves
        whenever they did. Of folded facts that stand in order no earlier one is opened."""
        past, facts = self._past, self._all
        if past is None or facts is None:
            facts = self._recent
            if past is not None:
                facts = sorted([*past.since(since), *facts], key=place_of) if past.is_plain else self.facts
        return [
            fact for fact in facts if fact.flags & LINED and (fact.at >= since or fact.kind == Kind.FEE_LINES)
        ]

    def told_besides(self, fact: Fact, since: int) -> list[bytes]:
        """The packed details of all other live facts with lines, folded ones in one piece: unless no line of
        theirs is of a moment or later."""
        told = [bytes(other.packed) for other in self._recent if other.flags & LINED and other is not fact]
        past = self._past
        if past is not None and past.billed >= since:
            told.append(bytes(past.packed))
        return told

    def gap(self, fact: Fact) -> int:
        """How far, at least, the nearest other live fact lies from this one, by their moments."""
        facts = self._recent
        at = fact.at
        past = self._past
        gap = NOWHERE if past is None else max(0, at - past.end)
        if facts[-1] is fact:
            return min(gap, at - facts[-2].at) if len(facts) > 1 else gap
        place = bisect_left(facts, place_of(fact), key=place_of)
        if place:
            gap = min(gap, at - facts[place - 1].at)
        return min(gap, facts[place + 1].at - at)

    def may_be_inside(self, moment: int) -> bool:
        """False when no stay can contain a moment: a cheap way out before stays are made."""
        closed = False
        for fact in self.near(moment):
            later = fact.at > moment
            if later and not closed:
                return False
            if fact.kind >= Kind.VISIT:
                continue
            # An in-patient settlement that names its end may close before, unless it is one in mid-stay or
            # a later one of the same stay follows; all else must be looked at.
            if later or fact.flags & MID_STAY or not 0 < fact.end < moment:
                return True
            closed = True
        return False

    def stands_alone(self, fact: Fact) -> bool:
        """Whether nothing can lie in the stay that an admission or in-patient settlement alone makes, nor any
        stay about it: as cheap a way out. Bare dates make a day of difference."""
        begin = fact.at - DAY
        ends = fact.kind == Kind.INPATIENT and fact.end and not fact.flags & MID_STAY
        end = fact.end + DAY if ends else NOWHERE
        past = self._past
        if past is not None and past.end >= begin:
            return False
        for other in self._recent:
            if other is fact:
                continue
            if other.kind < Kind.VISIT and (not other.end or other.flags & MID_STAY):
                return False
            if other.at <= end and (other.at >= begin or other.end >= begin):
                return False
        return True

    def _past_holds(self, institution: str, *names: str) -> bool:
        """Whether a folded fact carries one of these names."""
        past = self._past
        return (
            past is not None
            and past.may_hold(institution, *names)
            and any(
                fact.institution == institution
                and not {fact.event, fact.id, fact.encounter}.isdisjoint(names)
                for fact in self.facts
            )
        )

    def _hold(self, facts: list[Fact]) -> None:
        """Have these live facts at hand, and no folded ones."""
        facts.sort(key=place_of)
        self._recent, self._past, self._all = facts, None, None

    def _put(self, fact: Fact) -> None:
        """Put one more at hand."""
        facts = self._recent
        if facts and facts[-1].at >= fact.at:
            insort(facts, fact, key=place_of)
        else:
            facts.append(fact)
        if self._all is not None:
            insort(self._all, fact, key=place_of)
