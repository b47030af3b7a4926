"""Billed lines of an encounter, each once, with refunds netted (rules.md §0.4, §0.5)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from services.detector.facts import FOREIGN, LINED, Detail, Fact, Kind, Line, LineMore
from services.detector.history import PersonHistory, Ref
from services.detector.versions import name_of, offsets_among


class Billed(NamedTuple):
    """A line, and the event that tells it."""

    line: Line
    fact: Fact
    detail: Detail

    @property
    def practitioner(self) -> str:
        """Who ordered it: whom the line names, else whom its event does; ""."""
        return self.line.more.practitioner or self.detail.practitioner

    @property
    def base(self) -> int:
        """Fen within the policy, the line's whole amount where that is not told (rules.md §0.4)."""
        return self.line.amount if self.line.covered is None else max(0, self.line.covered)


def lines_taken_back(history: PersonHistory, ref: Ref) -> list[Fact]:
    """What takes lines of an encounter away: cancellations of lines that stand, and facts that count under
    another person and tell the same lines."""
    if not (history.idle or history.foreign):
        return []
    cancellations = [
        fact
        for fact in history.standing_cancellations()
        if fact.detail.cancels_type == "fee_lines" and (fact.institution, fact.id) == ref
    ]
    return cancellations + _told_elsewhere(history, ref)


def _told_elsewhere(history: PersonHistory, ref: Ref) -> list[Fact]:
    by_owner: dict[str, list[Fact]] = {}
    for fact in history.elsewhere:
        if (fact.institution, fact.encounter) == ref:
            by_owner.setdefault(fact.detail.owner, []).append(fact)
    return [fact for facts in by_owner.values() for fact in _telling(facts)]


def _telling(facts: Sequence[Fact]) -> list[Fact]:
    """Those of one person's facts of an encounter whose lines count: those of a settlement that was taken
    back went with it."""
    offsets = offsets_among(facts)
    return [fact for fact in facts if fact.flags & LINED and fact.total >= 0 and name_of(fact) not in offsets]


def lines_among(facts: Sequence[Fact], back: Sequence[Fact]) -> list[Billed]:
    """Lines that live facts of one encounter tell, each once: the greatest version that nothing takes away
    (`lines_taken_back`), refunds netted.

    Lines come with fee_lines events and inside settlements; the same line_id counts once.
    """
    if len(facts) == 1 and not back:
        # One event tells all there is, as most do.
        fact = facts[0]
        if not fact.flags & LINED or fact.total < 0:
            return []
        detail = fact.detail
        lines = {line.id: line for line in detail.lines or ()}
        return [Billed(line, fact, detail) for line in _net_of_refunds(lines)]
    best: dict[str, tuple[tuple[int, str], Billed]] = {}
    cancellations = [fact for fact in back if fact.kind == Kind.CANCELLATION]
    for fact in (*_telling(facts), *(fact for fact in back if fact.kind != Kind.CANCELLATION)):
        detail = fact.detail
        version = (detail.recorded, fact.event)
        for line in detail.lines or ():
            if cancellations and any(
                _removes_line(cancellation, *version, line.id) for cancellation in cancellations
            ):
                continue
            known = best.get(line.id)
            if known is None or known[0] < version:
                best[line.id] = (version, Billed(line, fact, detail))
    netted = _net_of_refunds(
        {line_id: billed.line for line_id, (_, billed) in best.items() if not billed.fact.flags & FOREIGN}
    )
    return [best[line.id][1]._replace(line=line) for line in netted]


def _net_of_refunds(lines: dict[str, Line]) -> list[Line]:
    """Lines less what refunds take back of them, and less the refunds themselves (rules.md §0.4)."""
    for line in lines.values():
        if line.refunds is not None:
            break
    else:
        return list(lines.values())
    back: dict[str, list[Line]] = {}
    for line in lines.values():
        if line.refunds is not None and line.refunds in lines:
            back.setdefault(line.refunds, []).append(line)
    if not back:
        return list(lines.values())
    kept = [line for line in lines.values() if line.refunds not in lines]
    netted = [_less(line, back[line.id]) if line.id in back else line for line in kept]
    return [line for line in netted if line.id not in back or line.amount > 0]


def _less(line: Line, refunds: list[Line]) -> Line:
    """A line less its refunds; what they do not say of the covered part is taken from their amounts."""
    covered = line.covered
    if covered is not None:
        covered += sum(refund.amount if refund.covered is None else refund.covered for refund in refunds)
    # A refund's quantity is written with either sign.
    quantity = max(Decimal(0), line.quantity - sum(abs(refund.quantity) for refund in refunds))
    return msgspec.structs.replace(
        line,
        quantity=quantity,
        amount=line.amount + sum(refund.amount for refund in refunds),
        covered=None if covered is None else max(0, covered),
        packed_more=_fewer_days(line, quantity),
    )


def _fewer_days(line: Line, quantity: Decimal) -> LineMore | None:
    """What else a line says, its days of supply as much less as its quantity, whole days."""
    more = line.packed_more
    if more is None or not more.days_supply or not line.quantity:
        return more
    return msgspec.structs.replace(more, days_supply=int(more.days_supply * quantity / line.quantity))


def _removes_line(cancellation: Fact, recorded: int, event: str, line_id: str) -> bool:
    detail = cancellation.detail
    if detail.cancels_line not in (line_id, "*", ""):
        return False
    if detail.cancels_event:
        return detail.cancels_event == event
    return recorded <= detail.recorded
