"""F09 分解处方: one visit settled in pieces that each stay below the limit.

Predicate: three or more out-patient settlements of one person at one institution on one local day, or two by
one practitioner within thirty minutes, that together exceed the limit of a visit while each keeps it, or of
which half or more reach nine tenths of it. Other departments, other chronic diseases and the other half of
the day stand apart before anything is counted. The limit is of the total; regions set their own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import MINUTE
from services.detector.facts import ATTENDED, Fact, Kind, yuan
from services.detector.history import Change, Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import LOCAL_DAY, has_clock, on_days, refs_of

VISITS = frozenset((Kind.VISIT,))
NOON = 12 * 60
PAIR = 2


@dataclass(frozen=True)
class CutVisitsParameters(Parameters):
    """Figures of rules.md F09; the page leaves the limit to the region."""

    visit_limit: int = parameter(200, "yuan", "单次门诊费用限额", "limit of one visit")
    settlements: int = parameter(3, "1", "同日结算次数下限", "settlements on a day")
    minutes: int = parameter(
        30, "min", "同一医师两次结算的最大间隔", "how far apart two settlements by one practitioner are"
    )
    near_limit: float = parameter(
        0.9, "1", "临近限额的起点（占限额）", "share of the limit that counts as near it"
    )
    near_share: float = parameter(
        0.5, "1", "临近限额的结算占比", "share of the settlements that are near the limit"
    )


class CutVisits(Rule):
    """One visit in pieces."""

    id = "F09"
    phase = "post"
    title = Words("疑似分解处方", "Suspected: one visit settled in pieces")
    message = Words(
        "同一参保人{day}在{institution}分{count}次结算（合计{total}元，单次限额{limit}元），"
        "首次以外基金支付{amount}元。疑似分解处方，请核对是否同一次就诊。",
        "The same insured person was settled {count} times at {institution} on {day} ({total} yuan in all, "
        "the limit of a visit is {limit}); the fund paid {amount} yuan beside the first. One visit, cut?",
    )
    basis = ("条例 38(二)",)
    checks = {
        "other_department": Words("不同科室", "another department"),
        "other_disease": Words("不同慢特病病种", "another chronic disease"),
        "other_half_of_day": Words("上下午复诊", "seen again in the afternoon"),
    }
    watches = VISITS
    window_days = 1
    parameters: CutVisitsParameters = CutVisitsParameters()

    @property
    def within(self) -> int | None:
        """Another settlement lies on the same day, unless one alone is too many."""
        return LOCAL_DAY if self.parameters.settlements > 1 else None

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        days = {
            (view.calendar.day(fact.at), fact.institution)
            for fact in view.facts_of(refs)
            if fact.kind == Kind.VISIT
        }
        for day, institution in sorted(days):
            yield from self._day(view, day, institution)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """All visits of a day at one institution share a finding."""
        for fact in (*change.before, *change.after):
            if fact.kind == Kind.VISIT:
                yield from refs_of(_visits(view, view.calendar.day(fact.at), fact.institution))

    def _day(self, view: PersonView, day: int, institution: str) -> Iterator[Finding]:
        visits = _visits(view, day, institution)
        if len(visits) < min(PAIR, self.parameters.settlements):
            return
        cut: list[Fact] = []
        for session in _sessions(view, visits).values():
            cut += self._cut(view, session)
        if not cut:
            return
        cut.sort(key=lambda fact: fact.place)
        members = refs_of(cut)
        yield Finding(
            rule=self,
            about=(view.history.key, institution, day),
            members=members,
            severity=2,
            subject=Subject("person", view.history.key),
            institutions=[institution],
            encounters=sorted({encounter for _, encounter in members}),
            settlements=sorted(fact.id for fact in cut),
            happened=view.calendar.text(cut[-1].at),
            amount=sum(max(0, fact.fund) for fact in cut[1:]),
            values={
                "institution": institution,
                "day": view.calendar.date_text(day),
                "count": len(cut),
                "total": yuan(sum(fact.total for fact in cut)),
                "limit": self.parameters.visit_limit,
            },
            evidence={
                "day": view.calendar.date_text(day),
                "settlements": [view.visit_evidence(fact) for fact in cut],
            },
            # What these explain stands apart before anything is counted.
            explanations=[Explanation(name, False) for name in self.checks],
            historical=is_historical(cut),
        )

    def _cut(self, view: PersonView, session: list[Fact]) -> list[Fact]:
        """Settlements of one session that look like pieces of one visit."""
        if len(session) >= self.parameters.settlements and self._looks_cut(session):
            return session
        found: dict[str, Fact] = {}
        reach = self.parameters.minutes * MINUTE
        for visits in _by_practitioner(view, session).values():
            for index, one in enumerate(visits):
                for other in visits[index + 1 :]:
                    if other.at - one.at > reach:
                        break
                    if self._looks_cut([one, other]):
                        found |= {one.id: one, other.id: other}
        return list(found.values())

    def _looks_cut(self, pieces: list[Fact]) -> bool:
        limit = self.parameters.visit_limit * 100
        totals = [fact.total for fact in pieces]
        if sum(totals) > limit and max(totals) <= limit:
            return True
        near = sum(self.parameters.near_limit * limit <= total <= limit for total in totals)
        return near >= self.parameters.near_share * len(totals)


def _visits(view: PersonView, day: int, institution: str) -> list[Fact]:
    """Visits of a day at an institution for which something was charged."""
    return [
        fact for fact in on_days(view, day, day, VISITS) if fact.institution == institution and fact.total > 0
    ]


def _sessions(view: PersonView, visits: list[Fact]) -> dict[tuple, list[Fact]]:
    """Visits by department, chronic disease and half of the day."""
    sessions: dict[tuple, list[Fact]] = {}
    for fact in visits:
        detail = fact.detail
        half = view.calendar.minute_of_day(fact.at) >= NOON if has_clock(view, fact) else None
        sessions.setdefault((detail.more.department, detail.disease, half), []).append(fact)
    return sessions


def _by_practitioner(view: PersonView, session: list[Fact]) -> dict[str, list[Fact]]:
    """Visits that tell their time of day, by the practitioner they name, in order."""
    found: dict[str, list[Fact]] = {}
    for fact in session:
        practitioner = fact.detail.practitioner if fact.flags & ATTENDED else ""
        if practitioner and has_clock(view, fact):
            found.setdefault(practitioner, []).append(fact)
    return found
