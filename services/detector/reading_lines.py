"""Billed lines of events become lines of facts."""

from hashlib import blake2b

from schemas import event as wire
from schemas.moments import SECOND, Calendar
from services.detector.facts import (
    ATTENDED,
    DRUG_CATEGORIES,
    DRUGGED,
    LINED,
    NO_MORE,
    NO_REST,
    PROMPT,
    TRACED,
    Line,
    LineMore,
    LineRest,
    fen,
    is_off,
)
from services.detector.naming import mark_of

COMPANION = "陪"
"""In the name of a line that is for the patient's companion, such as 陪护床."""


def contents_of(lines: list[Line], end: int) -> int:
    """Flags of what the lines carry of a fact that ends at a moment."""
    flags = LINED | PROMPT
    last = end // SECOND
    for line in lines:
        if line.second > last:
            flags &= ~PROMPT
        if line.category in DRUG_CATEGORIES:
            flags |= DRUGGED
        more = line.packed_more
        if more is not None:
            if more.practitioner:
                flags |= ATTENDED
            if more.trace_codes:
                flags |= TRACED
    return flags


def line_defects(lines: list[wire.Line]) -> list[str]:
    """Names of the contradictions inside billed lines."""
    found = set()
    for line in lines:
        if line.amount < 0 and line.refunds_line_id is None:
            found.add("negative_line")
        price = line.unit_price
        # Most amounts are exact; only the others are worth the tolerance.
        is_exact = price is None or price * line.quantity == line.amount
        if not is_exact and is_off(fen(line.amount), line.quantity, price):
            found.add("line_does_not_multiply")
    return sorted(found, reverse=True)


def read_lines(lines: list[wire.Line], calendar: Calendar) -> list[Line]:
    """Lines as the judge keeps them."""
    return [
        Line(
            line.line_id,
            line.code,
            line.quantity,
            fen(line.amount),
            None if line.covered_amount is None else fen(line.covered_amount),
            calendar.read(line.occurred_at)[0] // SECOND if line.occurred_at else 0,
            line.category or "",
            line.refunds_line_id,
            _line_more(line),
        )
        for line in lines
    ]


def _line_more(line: wire.Line) -> LineMore | None:
    rest = LineRest(
        line.doses,
        line.department or "",
        line.trace_codes,
        line.split_pack,
        line.discharge_drug,
        line.external_prescription,
        line.approved,
        COMPANION in (line.name or ""),
    )
    more = LineMore(
        line.unit or "",
        line.unit_price,
        line.days_supply,
        line.practitioner_id or "",
        None if rest == NO_REST else rest,
        mark_of(line.name) if line.name else "",
    )
    return None if more == NO_MORE else more


def lines_digest(lines: list[Line]) -> int:
    """One number for the set of (code, quantity, amount in fen); never 0."""
    content = sorted([f"{line.code}|{line.quantity.normalize()}|{line.amount}" for line in lines])
    return int.from_bytes(blake2b("\n".join(content).encode(), digest_size=7).digest()) or 1
