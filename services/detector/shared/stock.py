"""Stock movements of packs with trace codes, on their way to the packs.

A cancellation names a movement and not its packs, so both meet at the movement's own key first, whichever
comes first; from there what stands of it goes on to each pack's trace code. Nothing grows but with packs.
"""

from schemas import event as wire
from schemas.moments import Calendar
from services.detector.shared.history import SharedHistory
from services.detector.shared.keys import pack_codes, stock_key, trace_key
from services.detector.shared.registers import Movement, Register, Undone

MOVED = frozenset(("purchase", "purchase_return", "sale", "sale_return"))
"""Movements that bring packs in or out; counts and adjustments name none."""


def moved(event: wire.AnyEvent, calendar: Calendar, *, historical: bool) -> list[tuple[str, Register]]:
    """(key, register) of a stock movement or of its cancellation; nothing for any other event."""
    occurred = calendar.read(event.occurred_at)[0]
    recorded = occurred if event.recorded_at is None else calendar.read(event.recorded_at)[0]
    if isinstance(event, wire.Stock):
        codes = pack_codes(event.trace_codes)
        if event.movement not in MOVED or not codes:
            return []
        split = event.quantity < len(codes)
        movement = Movement(
            occurred, recorded, event.movement, event.document_id or "", split, codes, historical
        )
        own = Register(event.institution_id, event.event_id, "", 1, [movement])
        return [(stock_key(event.institution_id, event.event_id), own)]
    if isinstance(event, wire.Cancellation) and event.cancels.type == "stock":
        undone = Undone(recorded, event.cancels.event_id or "", historical)
        register = Register(event.institution_id, event.event_id, "", 1, [undone])
        return [(stock_key(event.institution_id, event.cancels.id), register)]
    return []


def passed_on(memory: SharedHistory) -> list[tuple[str, Register]]:
    """What a movement's key says to its packs, as it stands."""
    told = next((told for told in memory.told if isinstance(told.entry, Movement)), None)
    if told is None:
        return []
    movement: Movement = told.entry
    institution, event = told.ref
    is_undone = any(
        _undoes(other.entry, movement, event) for other in memory.told if isinstance(other.entry, Undone)
    )
    entries = [] if is_undone else [_of_a_pack(movement)]
    register = Register(institution, event, "", memory.turns, entries)
    return [(trace_key(code), register) for code in movement.codes]


def _undoes(undone: Undone, movement: Movement, event: str) -> bool:
    return undone.event == event if undone.event else movement.recorded <= undone.at


def _of_a_pack(movement: Movement) -> Movement:
    return Movement(
        movement.at, movement.recorded, movement.movement, movement.document, movement.split, [],
        movement.historical,
    )  # fmt: skip
