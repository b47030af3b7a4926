"""Billed lines of an encounter, each once, with refunds netted (rules.md §0.4, §0.5)."""

from decimal import Decimal

import msgspec

from services.detector.facts import LINED, Fact, Line
from services.detector.history import PersonHistory, Ref


def live_lines(history: PersonHistory, ref: Ref) -> list[tuple[Line, int]]:
    """Lines of an encounter, each once: the greatest version that no cancellation removes, refunds netted.
    Beside each, the moment of the event that tells it.

    Lines come with fee_lines events and inside settlements; the same line_id counts once. Those of a
    settlement that was taken back went with it.
    """
    cancellations = [
        fact
        for fact in history.standing_cancellations()
        if fact.detail.cancels_type == "fee_lines" and (fact.institution, fact.id) == ref
    ]
    best: dict[str, tuple[int, str, Line, int]] = {}
    for fact in history.encounter(ref):
        if not fact.flags & LINED or fact.total < 0 or history.is_offset(fact):
            continue
        detail = fact.detail
        recorded, event = detail.recorded, fact.event
        for line in detail.lines or ():
            if cancellations and any(
                _removes_line(cancellation, recorded, event, line.id) for cancellation in cancellations
            ):
                continue
            known = best.get(line.id)
            if known is None or (known[0], known[1]) < (recorded, event):
                best[line.id] = (recorded, event, line, fact.at)
    netted = _net_of_refunds({line_id: version[2] for line_id, version in best.items()})
    return [(line, best[line.id][3]) for line in netted]


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
    return msgspec.structs.replace(
        line,
        # A refund's quantity is written with either sign.
        quantity=max(Decimal(0), line.quantity - sum(abs(refund.quantity) for refund in refunds)),
        amount=line.amount + sum(refund.amount for refund in refunds),
        covered=None if covered is None else max(0, covered),
    )


def _removes_line(cancellation: Fact, recorded: int, event: str, line_id: str) -> bool:
    detail = cancellation.detail
    if detail.cancels_line not in (line_id, "*", ""):
        return False
    if detail.cancels_event:
        return detail.cancels_event == event
    return recorded <= detail.recorded
