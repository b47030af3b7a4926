"""Names of the keys that many persons share: one text a key, a mark of its kind first.

Parts may hold any character, so all but the last carry their lengths.
"""

from collections.abc import Iterable

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
UNIQUE_INVOICE = 18
"""Characters of an electronic invoice, code and number (票据代码 8, 票据号码 10): shorter ones are the
institution's own."""
SHORTEST_CODE = 10
"""Shorter trace codes are placeholders; those of drugs have 20 digits."""


def is_placeholder(name: str) -> bool:
    """Whether a number says nothing: what is filled in where there is none, such as 0000000000."""
    return len(set(name)) < 3


def pack_codes(codes: Iterable[str]) -> list[str]:
    """Trace codes that name a pack, each once."""
    return [code for code in dict.fromkeys(codes) if len(code) >= SHORTEST_CODE and not is_placeholder(code)]


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
    """Key of an invoice: an institution's, where the number is not unique beyond it."""
    if len(number) >= UNIQUE_INVOICE:
        institution = ""
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
