"""Inbox entries that institutions did not post, written in the caller's transaction.

`writer` names the row of totals they are counted in, `now` is their time of receipt in microseconds.
"""

from collections.abc import Iterable

import asyncpg

from schemas.entry import RegistryChange, encode_change
from services.ingest import statements

COMMANDS = "commands"
"""The row of totals of everything that is not a running service."""


async def append_person_records(
    connection: asyncpg.Connection, records: Iterable[tuple[str, bytes]], now: int, writer: str = COMMANDS
) -> None:
    """Persons' registry records: (pseudonym, JSON of schemas.registry.PersonRecord)."""
    await _append(connection, "person", records, now, writer)


async def append_registry_change(
    connection: asyncpg.Connection, change: RegistryChange, now: int, writer: str = COMMANDS
) -> None:
    """The word that the registry changed: all that it concerns is judged again."""
    await _append(connection, "registry", [("", encode_change(change))], now, writer)


async def append_again(
    connection: asyncpg.Connection, events: Iterable[tuple[str, bytes]], now: int, writer: str = COMMANDS
) -> None:
    """Events that were in the inbox before and could not be judged: (key, body). They were in time when
    they came, so they are taken in as of now."""
    await _append(connection, "event", events, now, writer, now)


async def append_rejudging(
    connection: asyncpg.Connection, keys: Iterable[str], now: int, writer: str = COMMANDS
) -> None:
    """The wish that these persons, at least one, be judged anew from the beginning."""
    await _append(connection, "again", [(key, b"") for key in keys], now, writer)


async def _append(
    connection: asyncpg.Connection,
    kind: str,
    entries: Iterable[tuple[str, bytes]],
    now: int,
    writer: str,
    occurred_at: int = 0,
) -> None:
    keys, bodies = zip(*entries, strict=True)
    await connection.execute(
        statements.APPEND_OTHERS, kind, list(keys), list(bodies), now, occurred_at, writer
    )
