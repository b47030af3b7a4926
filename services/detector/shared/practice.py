"""What rules over a practitioner's day have in common."""

from collections.abc import Iterable

from services.detector.shared.history import Told
from services.detector.shared.view import SharedView


def is_department(view: SharedView) -> bool | None:
    """Whether the key's practitioner is a code that no registration knows, as departments have; None where
    nothing is known of registrations."""
    if not view.registry.has("practitioners"):
        return None
    return not view.registry.is_practitioner(view.parts[0])


def settlements_of(orders: Iterable[Told]) -> list[str]:
    """Settlements of the encounters in which something was ordered."""
    return sorted({settlement for told in orders for settlement in told.entry.settlements})
