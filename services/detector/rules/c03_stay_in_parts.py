"""C03 分解住院: one stay taken apart, out and soon in again.

Predicate: of two stays at one institution, or within one group (医共体), the second begins at most fifteen
days after the first ended (fifteen times 24 hours; by dates where only these are known), and the principal
diagnosis is the same by three characters, or six tenths of all items billed stand on both bills. C03b: out
and in on one day at one institution asks for no diagnosis. C03c: three stays or more, each such a return from
the one before, the last begun at most thirty days after the first ended; the longest such chains count.

Silent where the first discharge says that the patient is to come back (出院31天内再住院计划, planned_return).
Staged operations and the quota of a case stand in no field of the interface and are not judged.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import DAY
from services.detector.facts import STAY_KINDS, yuan
from services.detector.history import Change, Ref
from services.detector.returns import Return, chains, innocent
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.stays import Stay
from services.detector.view import PersonView, is_historical

ON_ORDER = 1


@dataclass(frozen=True)
class StayInPartsParameters(Parameters):
    """Figures of rules.md C03."""

    days: int = parameter(15, "d", "出院后再入院的间隔上限", "from one stay's end to the next one's begin")
    similarity: float = parameter(0.6, "1", "诊疗项目相似度下限", "items billed in both, of all billed")
    chain_days: int = parameter(
        30, "d", "连续分解住院的跨度上限", "from a chain's first end to its last begin"
    )


class StayInParts(Rule):
    """A stay taken apart."""

    id = "C03"
    title = Words("疑似分解住院", "Suspected: one stay taken apart")
    message = Words(
        "{what_zh}：住院 {encounters}（{institutions}），{begin} 再次入院；后续住院基金支付{amount}元。"
        "请核对是否将一次住院拆分结算。",
        "{what_en}: stays {encounters} ({institutions}), in again on {begin}; the fund paid {amount} yuan "
        "for "
        "what followed. Was one stay taken apart?",
    )
    basis = ("条例 38(一)",)
    checks = {
        "planned_return": Words("出院时已登记再住院计划", "a return planned at the discharge"),
        "planned_course": Words("按周期的放化疗、透析或安宁疗护", "a planned course of treatment"),
        "long_disease": Words("妊娠、精神、结核或烧伤等需多次住院", "a disease treated in several stays"),
        "emergency": Words("急诊转住院", "admitted through the emergency department"),
        "paid_by_the_day": Words("按床日付费", "paid by the bed day"),
        "transfer": Words("转院后返回或继续治疗", "a transfer, on or back"),
        "death": Words("上次住院因死亡离院", "the first stay ended in death"),
        "newborn_on_mothers_card": Words("新生儿随母住院", "a newborn on the mother's card"),
        "another_disease": Words("因不同疾病入院", "another disease"),
    }
    watches = STAY_KINDS
    window_days = 60
    parameters = StayInPartsParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        asked = None if refs is None else set(refs)
        if asked is not None and not any(fact.kind in STAY_KINDS for fact in view.facts_of(asked)):
            return
        returns = list(self._returns(view, self._near(view, asked)))
        for one in returns:
            if asked is None or not asked.isdisjoint((one.first.ref, one.second.ref)):
                yield self._pair(view, one)
        for chain in chains(returns, self.parameters.chain_days):
            members = {chain[0].first.ref, *(one.second.ref for one in chain)}
            if asked is None or not asked.isdisjoint(members):
                yield self._chain(view, chain)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """A stay that comes, goes or moves may join or part a chain of others."""
        moments = {
            moment
            for fact in (*change.before, *change.after)
            if fact.kind in STAY_KINDS
            for moment in (fact.at, fact.end or fact.at)
        }
        for stay in view.stays if moments else ():
            if any(stay.begin - self._reach <= moment <= stay.end + self._reach for moment in moments):
                yield stay.ref

    @property
    def _reach(self) -> int:
        """Farther than any stay of a chain, or the one that it leads to, lies from another."""
        return (self.parameters.chain_days + self.parameters.days + 1) * DAY

    def _near(self, view: PersonView, asked: set[Ref] | None) -> list[Stay]:
        """Stays that may be in one finding, or in a longer chain, with those asked about, by begin."""
        if asked is None:
            return view.stays
        about = [stay for stay in view.stays if stay.ref in asked]
        return [
            stay
            for stay in view.stays
            if any(
                stay.begin - self._reach <= other.end and other.begin - self._reach <= stay.end
                for other in about
            )
        ]

    def _returns(self, view: PersonView, stays: list[Stay]) -> Iterator[Return]:
        begins = [stay.begin for stay in stays]
        for first in stays:
            if first.is_open:
                continue
            # By dates a return may come, by its clock, on the day on which the first stay ended.
            begin = bisect_left(begins, first.end - DAY)
            end = bisect_right(begins, first.end + (self.parameters.days + 1) * DAY)
            for second in stays[begin:end]:
                if (second.begin, second.ref) > (first.begin, first.ref) and self._is_soon(
                    view, first, second
                ):
                    found = self._return(view, first, second)
                    if found is not None and not cleared(found.explanations):
                        yield found

    def _is_soon(self, view: PersonView, first: Stay, second: Stay) -> bool:
        if first.end_is_date or second.begin_is_date:
            return 0 <= view.calendar.day(second.begin) - view.calendar.day(first.end) <= self.parameters.days
        return 0 <= second.begin - first.end <= self.parameters.days * DAY

    def _return(self, view: PersonView, first: Stay, second: Stay) -> Return | None:
        same_place = first.ref[0] == second.ref[0]
        if not (same_place or view.same_group(first.ref[0], second.ref[0], second.begin)):
            return None
        same_day = same_place and view.calendar.day(first.end) == view.calendar.day(second.begin)
        one, other = first.main_diagnosis[:3], second.main_diagnosis[:3]
        same_disease = one == other if one and other else None
        if not (same_day or same_disease or self._are_alike(view, first, second)):
            return None
        way = first.discharge_way
        graver = same_day or way not in (0, ON_ORDER) or _same_doctor(first, second)
        explanations = [
            *innocent(first, second),
            Explanation("another_disease", None if same_disease is None or same_day else False),
        ]
        return Return(first, second, 2 if graver else 3, same_day, explanations)

    def _are_alike(self, view: PersonView, first: Stay, second: Stay) -> bool:
        """Whether most of all that was billed in both was billed in each."""
        one, other = view.bill(first.ref).by_code.keys(), view.bill(second.ref).by_code.keys()
        return bool(one and other) and len(one & other) >= self.parameters.similarity * len(one | other)

    def _pair(self, view: PersonView, one: Return) -> Finding:
        form = SAME_DAY if one.same_day else AGAIN
        return self._finding(view, "pair", form, [one.first, one.second], one.severity, one.explanations)

    def _chain(self, view: PersonView, chain: list[Return]) -> Finding:
        stays = [chain[0].first, *(one.second for one in chain)]
        holds: dict[str, bool | None] = {}
        for one in chain:
            holds |= {name: held for name, held in one.explanations if holds.get(name, False) is False}
        explanations = [Explanation(name, held) for name, held in holds.items()]
        severity = min(one.severity for one in chain)
        return self._finding(view, "chain", CHAIN, stays, severity, explanations)

    def _finding(
        self,
        view: PersonView,
        form: str,
        what: Words,
        stays: list[Stay],
        severity: int,
        explanations: list[Explanation],
    ) -> Finding:
        members = sorted(stay.ref for stay in stays)
        last = stays[-1]
        begin = view.text(last.begin, is_date=last.begin_is_date) or ""
        facts = [fact for stay in stays for fact in stay.facts]
        return Finding(
            rule=self,
            about=(form, *members),
            members=members,
            severity=severity,
            subject=Subject("person", view.history.key),
            institutions=sorted({institution for institution, _ in members}),
            encounters=[encounter for _, encounter in members],
            settlements=sorted({fact.id for stay in stays for fact in stay.settlements}),
            happened=begin,
            amount=sum(stay.fund for stay in stays[1:]),
            values={
                "what_zh": what.zh,
                "what_en": what.en,
                "encounters": [stay.ref[1] for stay in stays],
                "institutions": list(dict.fromkeys(stay.ref[0] for stay in stays)),
                "begin": begin[:10],
            },
            evidence={
                "form": form,
                "stays": [view.stay_evidence(stay) for stay in stays],
                "funds": [yuan(stay.fund) for stay in stays],
            },
            explanations=explanations,
            historical=is_historical(facts),
            place=last.ref[0],
        )


AGAIN = Words("出院后短期内再次入院", "Admitted again soon after the discharge")
SAME_DAY = Words("当日出院又入院", "Discharged and admitted on one day")
CHAIN = Words("短期内连续多次住院", "Several stays in a row")


def _same_doctor(first: Stay, second: Stay) -> bool:
    """Whether one department and doctor are named for both."""
    one, other = first.attended_by, second.attended_by
    return all(one) and one == other
