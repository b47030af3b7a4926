"""Names of the keys that many persons share: one text a key, a mark of its kind first.

Parts may hold any character, so all but the last carry their lengths.
"""

MARKS = {
    "terminal": "t", "card": "c", "practitioner": "d", "trace_code": "x", "invoice": "i", "stock": "m",
}  # fmt: skip
"""Kinds of keys, by the word that rules name them with (`Rule.key`).

terminal: (institution, device, day). card: (card's pseudonym, day). practitioner: (practitioner, day).
trace_code: (code,). invoice: (institution or "", number). stock: (institution, event): no rule's, but where a
movement and its cancellations meet. Days are local ordinals.
"""
DAILY = frozenset(MARKS[kind] for kind in ("terminal", "card", "practitioner"))
"""Marks of keys that are cut by days."""
KINDS = {mark: kind for kind, mark in MARKS.items()}


def terminal_key(institution: str, device: str, day: int) -> str:
    """Key of a terminal's day."""
    return f"{terminals_of(institution)}{len(device)}:{device}{day}"


def terminals_of(institution: str) -> str:
    """How the keys of all terminals of an institution begin; they end with their day."""
    return f"t{len(institution)}:{institution}"


def card_key(number: str, day: int) -> str:
    """Key of a card's day."""
    return f"c{len(number)}:{number}{day}"


def practitioner_key(practitioner: str, day: int) -> str:
    """Key of a practitioner's day."""
    return f"d{len(practitioner)}:{practitioner}{day}"


def trace_key(code: str) -> str:
    """Key of one pack's trace code."""
    return f"x{code}"


def invoice_key(institution: str, number: str) -> str:
    """Key of an invoice; institution: "" where the number is unique beyond it."""
    return f"i{len(institution)}:{institution}{number}"


def stock_key(institution: str, event: str) -> str:
    """Key of one stock movement."""
    return f"m{len(institution)}:{institution}{event}"


_PARTS = {"t": 3, "c": 2, "d": 2, "x": 1, "i": 2, "m": 2}


def read_key(key: str) -> tuple[str, tuple[str, ...]]:
    """(kind, parts) of a key. Raises ValueError or KeyError for what is none."""
    mark, rest = key[0], key[1:]
    parts = []
    for _ in range(_PARTS[mark] - 1):
        length, rest = rest.split(":", 1)
        parts.append(rest[: int(length)])
        rest = rest[int(length) :]
    return KINDS[mark], (*parts, rest)
