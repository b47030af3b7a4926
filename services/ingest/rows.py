"""What admission hands to the inbox, and what the inbox says of it."""

from typing import Literal, NamedTuple

Outcome = Literal["accepted", "duplicate", "conflict"]


class Identifier(NamedTuple):
    """A raw identifier on its way to the vault, and nowhere else."""

    domain: str
    pseudonym: str
    raw: str


class Row(NamedTuple):
    """An admitted event, pseudonymised, as it will stand in the inbox.

    key: pseudonym of the person; for stock the institution. body: normal form (JSON). content_hash:
    SHA-256 of it. occurred_at: microseconds since 1970. occurred_day: its local day (ordinal). total_fen,
    fund_fen: hundredths of a yuan. fact, also: what it speaks of (`naming.Names`). identifiers: what the
    vault has to know; the last, for the inbox is not told of them.
    """

    institution_id: str
    event_id: str
    key: str
    type: str
    body: bytes
    content_hash: bytes
    occurred_at: int
    occurred_day: int
    total_fen: int | None
    fund_fen: int | None
    fact: int | None
    also: int | None
    identifiers: tuple[Identifier, ...]
