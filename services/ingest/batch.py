"""One commit of the inbox: the rows of several requests, inserted together, answered each by itself."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from services.ingest import statements
from services.ingest.rows import Outcome, Row
from services.ingest.vault import Vault

Identity = tuple[str, str]
"""(institution_id, event_id)."""


class Request:
    """Rows that are answered together."""

    __slots__ = ("answer", "historical", "request_id", "rows", "size")

    def __init__(self, rows: Sequence[Row], request_id: str, historical: bool) -> None:
        self.rows = rows
        self.request_id = request_id
        self.historical = historical
        self.size = sum(len(row.body) for row in rows)
        self.answer: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()


class Stored(NamedTuple):
    """What a commit did: one list of outcomes a request; rows and bytes that are new."""

    answers: list[list[Outcome]]
    rows: int
    bytes: int


async def insert(
    connection: asyncpg.Connection, batch: Sequence[Request], vault: Vault, now: int, writer: str
) -> Stored:
    """Insert the rows of all requests with one statement, which is one commit; `now` in microseconds."""
    firsts: dict[Identity, tuple[Row, Request]] = {}
    for request in batch:
        for row in request.rows:
            firsts.setdefault((row.institution_id, row.event_id), (row, request))
    sealed = vault.seal(identifier for row, _ in firsts.values() for identifier in row.identifiers)
    rows = [(*row[:-1], request.request_id, request.historical) for row, request in firsts.values()]
    inserted, size, fresh, _ = await connection.fetchrow(statements.APPEND_EVENTS, rows, sealed, now, writer)
    vault.remember(sealed)
    taken = set(firsts) if fresh is None else set(map(tuple, fresh))
    known = {identity: row.content_hash for identity, (row, _) in firsts.items() if identity in taken}
    if len(taken) < len(firsts):
        known.update(await _stored_hashes(connection, [one for one in firsts if one not in taken]))
    return Stored([_answers(request.rows, known, taken) for request in batch], inserted, size)


async def _stored_hashes(connection: asyncpg.Connection, identities: list[Identity]) -> dict[Identity, bytes]:
    institutions, events = zip(*identities, strict=True)
    rows = await connection.fetch(statements.HASHES, list(institutions), list(events))
    return {(row[0], row[1]): row[2] for row in rows}


def _answers(rows: Sequence[Row], known: dict[Identity, bytes], taken: set[Identity]) -> list[Outcome]:
    """The first row of an identity that was inserted is accepted; its repeats are compared with it."""
    answers: list[Outcome] = []
    for row in rows:
        identity = (row.institution_id, row.event_id)
        if known.get(identity) != row.content_hash:
            answers.append("conflict")
        elif identity in taken:
            taken.discard(identity)
            answers.append("accepted")
        else:
            answers.append("duplicate")
    return answers
