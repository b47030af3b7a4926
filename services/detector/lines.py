"""Billed lines of an encounter, each once, with refunds netted (rules.md §0.4, §0.5)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from services.detector.facts import LINED, Detail, Fact, Line, LineMore
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
    """Cancellations of lines of an encounter that stand."""
    if not history.idle:
        return []
    return [
        fact
        for fact in history.standing_cancellations()
        if fact.detail.cancels_type == "fee_lines" and (fact.institution, fact.id) == ref
    ]


def lines_among(facts: Sequence[Fact], cancellations: Sequence[Fact]) -> list[Billed]:
    """Lines that live facts of one encounter tell, each once: the greatest version that no cancellation
    removes, refunds netted.

    Lines come with fee_lines events and inside settlements; the same line_id counts once. Those of a
    settlement that was taken back went with it.
    """
    offsets = offsets_among(facts)
    best: dict[str, tuple[tuple[int, str], Billed]] = {}
    for fact in facts:
        if not fact.flags & LINED or fact.total < 0 or name_of(fact) in offsets:
            continue
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
    netted = _net_of_refunds({line_id: billed.line for line_id, (_, billed) in best.items()})
    return [best[line.id][1]._replace(line=line) for line in netted]


def _net_of_refunds(lines: dict[str, Line]) -> list[Line]:
    """Lines less what refunds take back of them, and less the refunds themselves (rules.md §0.4)."""
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
