"""F01 机构/医师状态异常: settled by whom the fund does not pay on that day.

Predicate: the visit or stay begins on a day on which status.csv has the institution suspended or
terminated; or a practitioner who is suspended or terminated on the day of an order. Who was admitted before
may be treated to the end: the day the stay begins decides. Emergencies are exempt.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from schemas.finding import Subject, Words
from schemas.records import Status
from schemas.registry import Registry
from services.detector.encounters import Encounter
from services.detector.facts import ATTENDED, SETTLEMENTS, Fact, Kind
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared
from services.detector.view import PersonView, is_historical
from services.detector.visits import begun, refs_of

STATES = {
    "suspended": Words("已被中止（暂停）", "suspended"),
    "terminated": Words("已被解除（终止）", "terminated"),
}


@dataclass(frozen=True)
class NotInStandingParameters(Parameters):
    """rules.md F01 has no figures."""


class NotInStanding(Rule):
    """A settlement of an institution, or orders of a practitioner, that the fund does not pay."""

    id = "F01"
    title = Words("机构/医师状态异常", "Institution or practitioner not in good standing")
    message = Words(
        "{who_zh}自{since_zh}起{state_zh}，仍于{day}在{institution}发生医保结算，涉及{amount}元。"
        "请核对其协议或医保支付资格状态。",
        "{who_en} is {state_en} since {since_en}, yet settled with the fund at {institution} on {day}; "
        "{amount} yuan. Check the standing of the agreement or of the qualification.",
    )
    basis = ("令2号 42–43", "医保发〔2024〕23号", "细则")
    checks = {
        "emergency": Words("急诊抢救", "an emergency"),
        "admitted_before": Words("中止前已入院", "admitted before"),
    }
    watches = SETTLEMENTS | {Kind.ADMISSION, Kind.FEE_LINES}
    window_days = 60
    tables = frozenset(("status",))
    parameters: NotInStandingParameters = NotInStandingParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        institutions, practitioners = named_in(view.registry)
        attended = []
        for fact in view.facts_of(refs):
            if fact.institution in institutions and fact.kind in SETTLEMENTS and view.is_settlement(fact):
                yield from self._institution(view, fact)
            if practitioners and fact.flags & ATTENDED and not practitioners.isdisjoint(_named(fact)):
                attended.append(fact)
        for ref in refs_of(attended):
            yield from self._practitioners(view, Encounter(view, ref), practitioners)

    def _institution(self, view: PersonView, fact: Fact) -> Iterator[Finding]:
        moment = begun(view, fact)
        status = None if moment is None else _status(view, "institution", fact.institution, moment)
        if status is None:
            return
        encounter = Encounter(view, (fact.institution, fact.encounter))
        explanations = [
            Explanation("emergency", encounter.is_emergency),
            Explanation("admitted_before", False),
        ]
        if cleared(explanations):
            return
        yield self._finding(
            view, encounter, status,
            about=("institution", (fact.institution, fact.id)),
            settlements=[fact],
            at=moment,  # type: ignore[arg-type]
            amount=max(0, fact.fund),
            explanations=explanations,
        )  # fmt: skip

    def _practitioners(
        self, view: PersonView, encounter: Encounter, practitioners: frozenset[str]
    ) -> Iterator[Finding]:
        if encounter.anchor is None or encounter.is_emergency:
            return
        for practitioner, orders in sorted(_orders(view, encounter, practitioners).items()):
            barred = [
                (moment, fact, base, status)
                for moment, fact, base in orders
                if (status := _status(view, "practitioner", practitioner, moment)) is not None
            ]
            if not barred:
                continue
            at, _, _, status = min(barred, key=lambda order: order[0])
            paid = sum(max(0, fact.fund) for _, fact, _, _ in barred if fact is not None)
            billed = sum(base for _, fact, base, _ in barred if fact is None)
            yield self._finding(
                view, encounter, status,
                about=("practitioner", practitioner, encounter.ref),
                settlements=encounter.settlements,
                at=at,
                amount=max(paid, billed),
                explanations=[Explanation("emergency", False)],
            )  # fmt: skip

    def _finding(
        self,
        view: PersonView,
        encounter: Encounter,
        status: Status,
        *,
        about: tuple,
        settlements: list[Fact],
        at: int,
        amount: int,
        explanations: list[Explanation],
    ) -> Finding:
        kind = (
            Words("机构", "The institution")
            if status.kind == "institution"
            else Words("医师", "The practitioner")
        )
        day = view.calendar.date_text(view.calendar.day(at))
        return Finding(
            rule=self,
            about=about,
            members=[encounter.ref],
            severity=1,
            subject=Subject("institution" if status.kind == "institution" else "practitioner", status.id),
            institutions=[encounter.ref[0]],
            encounters=[encounter.ref[1]],
            settlements=sorted(fact.id for fact in settlements),
            happened=view.calendar.text(at),
            amount=amount,
            values={
                "who_zh": f"{kind.zh} {status.id} ",
                "who_en": f"{kind.en} {status.id}",
                "state_zh": STATES[status.status].zh,
                "state_en": STATES[status.status].en,
                "since_zh": status.from_ or "登记之初",
                "since_en": status.from_ or "the beginning of the record",
                "institution": encounter.ref[0],
                "day": day,
            },
            evidence={
                "status": status.status,
                "from": status.from_,
                "to": status.to,
                "reason": status.reason or None,
                "day": day,
                "visits": [view.visit_evidence(fact) for fact in settlements],
            },
            explanations=explanations,
            historical=is_historical(encounter.facts),
        )


def _named(fact: Fact) -> Iterator[str]:
    """Practitioners that a fact or its lines name."""
    detail = fact.detail
    yield detail.practitioner
    for line in detail.lines or ():
        if line.packed_more is not None:
            yield line.packed_more.practitioner


def _orders(
    view: PersonView, encounter: Encounter, practitioners: frozenset[str]
) -> dict[str, list[tuple[int, Fact | None, int]]]:
    """What practitioners ordered in an encounter: (moment, the settlement or admission that names them, base
    of the line that does). Lines of a stay that have no day are left out."""
    orders: dict[str, list[tuple[int, Fact | None, int]]] = {}
    for fact in encounter.facts:
        practitioner = fact.detail.practitioner if fact.flags & ATTENDED else ""
        if practitioner in practitioners and fact.kind in (*SETTLEMENTS, Kind.ADMISSION):
            moment = begun(view, fact)
            if moment is not None:
                orders.setdefault(practitioner, []).append((moment, fact, 0))
    for charge in view.bill(encounter.ref).charges:
        practitioner = charge.line.more.practitioner
        if practitioner in practitioners and charge.at:
            orders.setdefault(practitioner, []).append((charge.at, None, charge.base))
    return orders


def _status(view: PersonView, kind: str, id: str, moment: int) -> Status | None:
    return view.registry.status(kind, id, view.calendar.date_text(view.calendar.day(moment)))


@lru_cache(maxsize=2)
def named_in(registry: Registry) -> tuple[frozenset[str], frozenset[str]]:
    """Institutions and practitioners that are ever out of good standing."""
    rows: tuple[Status, ...] = registry.records(Status.TABLE)
    institutions, practitioners = (
        frozenset(row.id for row in rows if row.kind == kind and row.status != "normal")
        for kind in ("institution", "practitioner")
    )
    return institutions, practitioners
