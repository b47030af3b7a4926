"""F04 医师多机构同时执业: one practitioner orders at two institutions faster than anyone travels.

Predicate: two neighbours in time among the orders of a practitioner on one local day that show a time of day,
at different institutions, closer in time than travel allows (as A05); or orders at three institutions or more
on one day. An order is a billed line that names the practitioner (or whose event does), by its own time, or a
visit without lines. Purchases at pharmacies name who prescribed elsewhere and visits over the internet need
nobody to be anywhere: neither counts. Sites at which the practitioner is registered on that day go together,
and so do those of one group, which counts once among the three. A code that no registration knows, where
there are registrations, is a department's. Severity 2; the amount is what lies within policy of the orders
away from where the day began. Days are cut at local midnight: neighbours beyond it are not compared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from schemas.finding import Subject, Words
from schemas.moments import MINUTE
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Rule, cleared, parameter
from services.detector.shared.history import Told
from services.detector.shared.practice import is_department, settlements_of
from services.detector.shared.registers import Orders
from services.detector.shared.view import SharedView, named
from services.detector.travel import TravelParameters

Step = tuple[int, Told]
"""An order: its moment, and the entry it stands in."""


@dataclass(frozen=True)
class TwoPlacesAtOnceParameters(TravelParameters):
    """Figures of the catalogue's F04."""

    institutions: int = parameter(3, "1", "当日执业机构数下限", "institutions on one day")


class TwoPlacesAtOnce(Rule):
    """One practitioner, two institutions, no time to go from one to the other."""

    id = "F04"
    key = "practitioner"
    phase = "post"
    title = Words("医师多机构同时执业", "One practitioner at several institutions at once")
    message = Words(
        "医师{practitioner}于{day}在{institutions}开单，{how_zh}；当日首家机构以外的医保范围内费用{amount}元。"
        "请核对是否冒用医师编码或挂证。",
        "Practitioner {practitioner} ordered at {institutions} on {day}: {how_en}. {amount} yuan within "
        "policy are of orders away from where the day began. Does somebody else use the number?",
    )
    basis = ("条例 40(二)", "条例 38(七)")
    checks = {
        "registered_sites": Words("备案多点执业", "registered at both sites"),
        "same_group": Words("同一医联体", "institutions of one group"),
        "not_in_person": Words("互联网诊疗或药店配药", "over the internet, or filled at a pharmacy"),
        "department_code": Words("科室公用编码", "a department's code"),
    }
    watches = frozenset()
    window_days = 1
    parameters = TwoPlacesAtOnceParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        orders = view.of(Orders)
        institutions = {told.register.institution for told in orders}
        if len(institutions) < 2:
            return
        registered = view.registry.sites(view.parts[0], view.date)
        hurried = list(self._hurried(view, orders, registered))
        spread = self._is_spread(view, orders, institutions, registered)
        if not hurried and not spread:
            return
        has_sites = view.registry.has("practitioners")
        explanations = [
            Explanation("registered_sites", False if has_sites else None),
            Explanation("same_group", False),
            Explanation("not_in_person", False),
            Explanation("department_code", is_department(view)),
        ]
        if not cleared(explanations):
            yield self._finding(view, orders, hurried, spread, explanations)

    def _hurried(
        self, view: SharedView, orders: list[Told], registered: frozenset[str]
    ) -> Iterator[tuple[Step, Step]]:
        """Neighbours in time at different institutions that nobody can have gone between."""
        steps: list[Step] = sorted(
            ((at, told) for told in orders for at in told.entry.times),
            key=lambda step: (step[0], step[1].register.institution, step[1].register.encounter),
        )
        for first, second in pairwise(steps):
            one, other = first[1].register.institution, second[1].register.institution
            if one == other or {one, other} <= registered:
                continue
            group = view.group(one, second[0])
            if group and group == view.group(other, second[0]):
                continue
            distance = view.distance_km(one, other, second[0])
            regions = (view.region(one, second[0]), view.region(other, second[0]))
            if not self.parameters.is_possible(second[0] - first[0], distance, *regions):
                yield first, second

    def _is_spread(
        self, view: SharedView, orders: list[Told], institutions: set[str], registered: frozenset[str]
    ) -> bool:
        """Whether there are too many institutions for a day."""
        if len(institutions) < self.parameters.institutions or institutions <= registered:
            return False
        at = orders[0].entry.at
        sites = {view.group(institution, at) or institution for institution in institutions}
        return len(sites) >= self.parameters.institutions

    def _finding(
        self,
        view: SharedView,
        orders: list[Told],
        hurried: list[tuple[Step, Step]],
        spread: bool,
        explanations: list[Explanation],
    ) -> Finding:
        if not spread:
            joined = {id(told) for pair in hurried for _, told in pair}
            orders = [told for told in orders if id(told) in joined]
        practitioner = view.parts[0]
        institutions = sorted({told.register.institution for told in orders})
        how_zh, how_en = f"共{len(institutions)}家机构", f"{len(institutions)} institutions"
        if hurried:
            minutes = min(second[0] - first[0] for first, second in hurried) / MINUTE
            how_zh += f"，最短相隔{minutes:.0f}分钟"
            how_en += f", no more than {minutes:.0f} minutes apart"
        begun = orders[0].register.institution
        away = [told.entry.covered for told in orders if told.register.institution != begun]
        return Finding(
            rule=self,
            about=(practitioner, view.day),
            severity=2,
            subject=Subject("practitioner", practitioner),
            settlements=settlements_of(orders),
            happened=view.text(orders[-1].entry.at),
            amount=sum(away),
            values={
                "practitioner": practitioner,
                "day": view.date,
                "institutions": [*institutions],
                "how_zh": how_zh,
                "how_en": how_en,
            },
            evidence={
                "practitioner": practitioner,
                "day": view.date,
                "orders": [view.evidence(told, within_policy=yuan(told.entry.covered)) for told in orders],
                "neighbours": [_neighbours(view, *pair) for pair in hurried],
            },
            explanations=explanations,
            **named(orders),
        )


def _neighbours(view: SharedView, first: Step, second: Step) -> dict[str, Any]:
    """Two orders as evidence: where and when each was given, and how far apart the places lie."""
    one, other = first[1].register.institution, second[1].register.institution
    return {
        "from": one,
        "at": view.calendar.text(first[0]),
        "to": other,
        "then": view.calendar.text(second[0]),
        "distance_km": view.rounded_km(one, other, second[0]),
    }
