"""A05 异地短时刷卡: the same person at two counters faster than anyone travels.

Predicate: two neighbours in time among the face-to-face events of a person (admissions and settlements
over a counter that show a clock time), at different institutions: at least 10 km apart and faster than
120 km/h, or nearer, not one group, and within 5 minutes. Without coordinates: another county in under
20 minutes, another city in under 60, another province in under 180. No place known: no judgement.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from schemas.moments import HOUR, MINUTE
from services.detector.facts import EMERGENCY, PRESENT, SETTLEMENTS, Fact, Kind
from services.detector.history import Change, Ref
from services.detector.rule import Explanation, Finding, Rule, cleared, parameter, softened
from services.detector.travel import TravelParameters
from services.detector.view import PersonView, is_historical

PHYSICAL_CARD = "social_card"


@dataclass(frozen=True)
class ImpossibleTravelParameters(TravelParameters):
    """Figures of rules.md A05."""

    longest_hours: float = parameter(24.0, "h", "两次刷卡的最长间隔", "longest gap that is looked at")


class ImpossibleTravel(Rule):
    """One person at two counters faster than anyone travels."""

    id = "A05"
    title = Words("异地短时刷卡", "At two places faster than anyone travels")
    message = Words(
        "同一参保人{minutes:.0f}分钟内先后在{first}和{second}现场刷卡，{distance_zh}，正常无法到达。"
        "后一笔基金支付{amount}元。请核对是否他人持卡或机构留存卡。",
        "The same insured person was at the counter of {first} and {minutes:.0f} minutes later at {second}, "
        "{distance_en}: nobody travels that fast. The fund paid {amount} yuan for the later one. Does "
        "somebody else hold the card, or does an institution keep it?",
    )
    basis = ("条例 40(一)", "条例 41(一)")
    checks = {
        "same_group_nearby": Words("同一医共体相邻院区", "neighbouring sites of one group"),
        "not_in_person": Words("互联网、配送、代购或家庭共济", "online, delivered, by an agent or relative"),
        "entered_afterwards": Words("补录或缺少时刻", "entered afterwards, or without a time of day"),
    }
    watches = SETTLEMENTS | {Kind.ADMISSION}
    window_days = 1
    parameters = ImpossibleTravelParameters()

    @property
    def within(self) -> int:
        """Neighbours further apart in time are no contradiction."""
        return round(self.parameters.longest_hours * HOUR)

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        # By both: where one side sees less of what is long past, its neighbour there may be another.
        seen: set[tuple] = set()
        for fact in view.facts_of(refs):
            if not fact.flags & PRESENT or not view.is_present(fact):
                continue
            for first, second in ((view.present_before(fact), fact), (fact, view.present_after(fact))):
                if first is None or second is None or (first.place, second.place) in seen:
                    continue
                seen.add((first.place, second.place))
                yield from self._pair(view, first, second)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """Whoever stood next to the events of the encounter, before or after the change.

        An event that only came parts two neighbours: that matters where they had been found at fault.
        """
        if not change.before and not view.history.said:
            return
        for fact in (*change.before, *change.after):
            if fact.flags & PRESENT or fact.total < 0:
                for neighbour in (view.present_before(fact), view.present_after(fact)):
                    if neighbour is not None:
                        yield (neighbour.institution, neighbour.encounter)

    def _pair(self, view: PersonView, first: Fact, second: Fact) -> Iterator[Finding]:
        if first.institution == second.institution:
            return
        gap = second.at - first.at
        if gap > self.parameters.longest_hours * HOUR:
            return
        distance = view.distance_km(first.institution, second.institution, second.at)
        one, other = self._region(view, first), self._region(view, second)
        if self.parameters.is_possible(gap, distance, one, other):
            return
        same_group = view.same_group(first.institution, second.institution, second.at)
        near = distance is not None and distance < self.parameters.near_km
        explanations = [
            Explanation("same_group_nearby", same_group if near else False),
            Explanation("not_in_person", False),
            Explanation("entered_afterwards", False),
        ]
        if not cleared(explanations):
            yield self._finding(view, first, second, distance, explanations)

    def _region(self, view: PersonView, fact: Fact) -> str:
        known = view.institution(fact.institution, fact.at)
        return fact.detail.region or (known.region if known and known.region else "")

    def _finding(
        self,
        view: PersonView,
        first: Fact,
        second: Fact,
        distance: float | None,
        explanations: list[Explanation],
    ) -> Finding:
        minutes = (second.at - first.at) / MINUTE
        both_cards = first.card == second.card == PHYSICAL_CARD
        emergency = bool((first.flags | second.flags) & EMERGENCY)
        members = sorted({(fact.institution, fact.encounter) for fact in (first, second)})
        return Finding(
            rule=self,
            about=tuple(sorted(_named(fact) for fact in (first, second))),
            members=members,
            severity=softened(1 if both_cards else 2, emergency=emergency),
            subject=Subject("person", view.history.key),
            institutions=sorted({first.institution, second.institution}),
            encounters=[ref[1] for ref in members],
            settlements=sorted(fact.id for fact in (first, second) if fact.kind in SETTLEMENTS),
            happened=view.calendar.text(second.at),
            amount=max(0, second.fund),
            values={
                "first": first.institution,
                "second": second.institution,
                "minutes": minutes,
                "distance_zh": "两地不同区划" if distance is None else f"相距{distance:.1f}公里",
                "distance_en": "in another region" if distance is None else f"{distance:.1f} km away",
            },
            evidence={
                "visits": [self._visit(view, first), self._visit(view, second)],
                "distance_km": None if distance is None else round(distance, 1),
                "minutes": round(minutes, 1),
                "speed_kmh": round(distance / minutes * 60) if distance is not None and minutes else None,
            },
            explanations=explanations,
            historical=is_historical([first, second]),
            place=second.institution,
        )

    def _visit(self, view: PersonView, fact: Fact) -> dict:
        known = view.institution(fact.institution, fact.at)
        place = None
        if known is not None and known.latitude is not None:
            place = {"latitude": known.latitude, "longitude": known.longitude}
        return {**view.visit_evidence(fact), "place": place}


def _named(fact: Fact) -> tuple[str, str, str]:
    return (fact.institution, fact.id, "settlement" if fact.kind in SETTLEMENTS else "admission")
