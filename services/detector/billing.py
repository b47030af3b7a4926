"""Bills: what an encounter is charged for, by code and day (rules.md §0.3, §0.4)."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from schemas.moments import DAY, Calendar
from services.detector.facts import OUTPATIENT, Fact, Line
from services.detector.history import Ref
from services.detector.lines import Billed
from services.detector.stays import Stay

FAR = 62 * DAY
"""A line of an out-patient settlement lies at most so far from the visit's begin: two months, for what is
settled by the month or the quarter at a time."""


class Charge(NamedTuple):
    """A billed line. at: the moment it is of, 0 unknown; base: fen within the policy, net of refunds
    (rules.md §0.4)."""

    line: Line
    at: int
    base: int


class Bill:
    """The charges of one encounter, refunds netted. stay: the in-patient stay it is, else None.

    A line of a visit that has no time of its own is of its visit; one of a stay is of no day that is known,
    and neither is one that an out-patient settlement tells of a time far from its own. Negative lines that
    name no line they take back are data defects and no evidence.
    """

    __slots__ = ("by_code", "charges", "ref", "stay")

    def __init__(self, ref: Ref, lines: Iterable[Billed], stay: Stay | None) -> None:
        self.ref = ref
        self.stay = stay
        self.charges: list[Charge] = []
        self.by_code: dict[str, list[Charge]] = {}
        # A plain loop: this is done for every bill that comes or is met again.
        for billed in lines:
            line = billed.line
            if line.amount < 0 or line.quantity <= 0:
                continue
            charge = Charge(line, _moment(line, billed.fact, stay), billed.base)
            self.charges.append(charge)
            self.by_code.setdefault(line.code, []).append(charge)

    def dated(self, code: str, calendar: Calendar) -> dict[int, list[Charge]]:
        """Charges of a code by local day, those of a known day."""
        return by_day(self.by_code.get(code, ()), calendar)


def _moment(line: Line, fact: Fact, stay: Stay | None) -> int:
    at = line.at
    if not at:
        return fact.at if stay is None else 0
    return 0 if fact.kind in OUTPATIENT and abs(at - fact.at) > FAR else at


def by_day(charges: Iterable[Charge], calendar: Calendar) -> dict[int, list[Charge]]:
    """Charges by local day, those of a known day."""
    days: dict[int, list[Charge]] = {}
    for charge in charges:
        if charge.at:
            days.setdefault(calendar.day(charge.at), []).append(charge)
    return days


def count(charges: Sequence[Charge]) -> Decimal:
    """How many units were charged."""
    if len(charges) == 1:
        return charges[0].line.quantity
    return sum((charge.line.quantity for charge in charges), Decimal(0))


def base(charges: Iterable[Charge]) -> int:
    """Fen within the policy."""
    return sum(charge.base for charge in charges)


def over(charges: Iterable[Charge], allowed: Decimal) -> int:
    """Suspected amount of too many units, fen: base × (Σ − allowed) / Σ (rules.md §0.4, type 2)."""
    charges = list(charges)
    counted = count(charges)
    return part(base(charges), counted - allowed, counted)


def part(amount: int, share: Decimal | int, whole: Decimal | int) -> int:
    """amount × share / whole, fen, half up."""
    return int((Decimal(amount) * share / whole).quantize(Decimal(1), ROUND_HALF_UP))
