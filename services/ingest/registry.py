"""Loading registry files: every row validated, all of a file or nothing of it, only what changed is news.

Records are told apart by table, id and effective date; loading adds and replaces, rows that a file leaves
out stand. Persons are pseudonymised here, like events, wherever a row names them. What is about one person
travels as an inbox entry of its key; of the other tables one entry says that the registry changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
import msgspec

from schemas.entry import RegistryChange, TerminalDays
from schemas.registry import (
    TOLD_OF,
    WHOLE,
    Approval,
    Held,
    Person,
    PersonRecord,
    Place,
    Practitioner,
    Record,
    Registry,
    Status,
    decode_record,
    encode_record,
    person_of,
    stored_in,
)
from services.ingest.entries import append_person_records, append_registry_change
from services.ingest.pseudonyms import PERSON, Pseudonyms
from services.ingest.registry_files import ParsedFile
from services.ingest.rows import Identifier
from services.ingest.vault import Vault

KNOWN = """
SELECT id, effective_from, body FROM registry_record WHERE "table" = $1
"""
PUT = """
INSERT INTO registry_record ("table", id, effective_from, version, body)
SELECT $1, r.id, r.effective_from, $2, r.body
FROM unnest($3::text[], $4::text[], $5::bytea[]) AS r (id, effective_from, body)
ON CONFLICT ("table", id, effective_from) DO UPDATE SET version = excluded.version, body = excluded.body
"""
WHOLE_TABLES = """
SELECT "table", body FROM registry_record WHERE "table" = ANY($1::text[]) ORDER BY "table", id, effective_from
"""
LOCK = "SELECT version FROM registry_version FOR UPDATE"
NEXT_VERSION = "UPDATE registry_version SET version = version + 1 RETURNING version"
LOADED = "UPDATE registry_version SET loaded = $1"
ROWS_OF = """
SELECT body FROM registry_record WHERE "table" = $1 AND id = ANY($2::text[]) ORDER BY id, effective_from
"""
ROWS_BETWEEN = """
SELECT body FROM registry_record WHERE "table" = $1 AND effective_from >= $2 AND effective_from < $3
ORDER BY id, effective_from
"""
TOLD_TOGETHER = 500
"""Stretches of terminals' days in one word that the registry changed."""


@dataclass(frozen=True)
class Loaded:
    """What loading a file did: records in it, and how many of them were new or different."""

    name: str
    records: int
    changed: int


class Loader:
    """Loads parsed files under a deployment's keys."""

    def __init__(self, pseudonyms: Pseudonyms, vault: Vault) -> None:
        self._pseudonyms = pseudonyms
        self._vault = vault

    async def load(self, connection: asyncpg.Connection, file: ParsedFile, now: int) -> Loaded:
        """One file in the caller's transaction; `now`: microseconds since 1970, the time of the load."""
        (loaded,) = await self.load_together(connection, [file], now)
        return loaded

    async def load_together(
        self, connection: asyncpg.Connection, files: Sequence[ParsedFile], now: int
    ) -> list[Loaded]:
        """Files in the caller's transaction, and one word for all of them that the registry changed."""
        # The lock makes loads take turns, so that what is compared stays as it was.
        await connection.execute(LOCK)
        loaded = []
        announced = 0
        for file in files:
            done, version = await self._load(connection, file, now)
            loaded.append(done)
            announced = max(announced, version)
        if announced:
            await append_registry_change(connection, RegistryChange(announced), now)
        return loaded

    async def _load(self, connection: asyncpg.Connection, file: ParsedFile, now: int) -> tuple[Loaded, int]:
        """What it did, and the version to announce (0: none)."""
        stored, identifiers = self._stored(file.records)
        changed = {
            table: changes
            for table, records in stored.items()
            if (changes := await _changes(connection, table, records))
        }
        count = sum(len(changes) for table, changes in changed.items() if table != Held.TABLE)
        if not changed:
            return Loaded(file.name, len(file.records), 0), 0
        version = await connection.fetchval(NEXT_VERSION)
        await connection.execute(LOADED, version)
        for table, changes in changed.items():
            await _put(connection, table, version, changes)
        await self._vault.store(connection, self._vault.seal(identifiers))
        entries = [
            entry
            for table, changes in changed.items()
            if table not in WHOLE
            for entry in _entries(changes, now)
        ]
        if entries:
            await append_person_records(connection, entries, now)
        is_told = not changed.keys().isdisjoint(WHOLE)
        return Loaded(file.name, len(file.records), count), version if is_told else 0

    def _stored(self, records: Iterable[Record]) -> tuple[dict[str, dict[Place, Record]], list[Identifier]]:
        """Pseudonymised records by the table they are stored in and their place; what the vault must know."""
        found: dict[str, dict[Place, Record]] = {}
        identifiers = []
        for record in records:
            hidden, identifier = hide(record, self._pseudonyms)
            if identifier is not None:
                identifiers.append(identifier)
            found.setdefault(stored_in(hidden), {})[hidden.place] = hidden
            if hidden.TABLE in TOLD_OF:
                held = Held(hidden.TABLE)
                found.setdefault(held.TABLE, {})[held.place] = held
        return found, identifiers


def by_transaction(files: Iterable[ParsedFile]) -> list[list[ParsedFile]]:
    """Files that are loaded together: those that travel as a whole, so that the past is judged anew once; of
    the others, which may be large, each by itself."""
    whole, alone = [], []
    for file in files:
        if file.table in WHOLE:
            whole.append(file)
        else:
            alone.append([file])
    return [whole, *alone] if whole else alone


def whole_tables(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Of pseudonymised records those that travel as a whole, by table."""
    tables: dict[str, list[Record]] = {}
    for record in records:
        if record.TABLE in TOLD_OF:
            tables[Held.TABLE] = [Held(record.TABLE)]
        if person_of(record) is None:
            tables.setdefault(record.TABLE, []).append(record)
    return tables


def hide(record: Record, pseudonyms: Pseudonyms) -> tuple[Record, Identifier | None]:
    """The record with a pseudonym in place of a person's number, and what the vault must know."""
    if isinstance(record, Person | Approval | Practitioner):
        name = "person_id"
    elif isinstance(record, Status) and record.kind == "person":
        name = "id"
    else:
        return record, None
    raw = getattr(record, name)
    if raw is None:
        return record, None
    pseudonym = pseudonyms.of(PERSON, raw)
    return msgspec.structs.replace(record, **{name: pseudonym}), Identifier(PERSON, pseudonym, raw)


async def load_registry(connection: asyncpg.Connection) -> Registry:
    """The registry as it stands, all tables that travel as a whole."""
    version = await connection.fetchval("SELECT version FROM registry_version")
    tables: dict[str, list[Record]] = {}
    for row in await connection.fetch(WHOLE_TABLES, list(WHOLE)):
        tables.setdefault(row["table"], []).append(decode_record(row["table"], row["body"]))
    return Registry(tables, version or 0)


async def records_between(connection: asyncpg.Connection, table: str, since: str, until: str) -> list[Record]:
    """Rows of a table that begin on days from `since` until before `until` (YYYY-MM-DD)."""
    rows = await connection.fetch(ROWS_BETWEEN, table, since, until)
    return [decode_record(table, row["body"]) for row in rows]


async def records_of(connection: asyncpg.Connection, table: str, ids: Sequence[str]) -> list[Record]:
    """All rows of some ids of a table."""
    return [decode_record(table, row["body"]) for row in await connection.fetch(ROWS_OF, table, list(ids))]


async def publish(
    connection: asyncpg.Connection, records: Sequence[Record], terminals: Sequence[TerminalDays], now: int
) -> None:
    """Records of one table that the system itself made, in the caller's transaction, and the word that these
    terminals' days are concerned. What was loaded stays what it was: months are not judged again."""
    await connection.execute(LOCK)
    version = await connection.fetchval(NEXT_VERSION)
    changes = {record.place: (record, encode_record(record)) for record in records}
    await _put(connection, records[0].TABLE, version, changes)
    for begin in range(0, len(terminals), TOLD_TOGETHER):
        change = RegistryChange(version, list(terminals[begin : begin + TOLD_TOGETHER]))
        await append_registry_change(connection, change, now)


async def _changes(
    connection: asyncpg.Connection, table: str, records: Mapping[Place, Record]
) -> dict[Place, tuple[Record, bytes]]:
    """What is new or different, with its stored form."""
    known = {
        Place(row["id"], row["effective_from"]): row["body"] for row in await connection.fetch(KNOWN, table)
    }
    encoded = ((place, record, encode_record(record)) for place, record in records.items())
    return {place: (record, body) for place, record, body in encoded if known.get(place) != body}


async def _put(
    connection: asyncpg.Connection, table: str, version: int, changes: Mapping[Place, tuple[Record, bytes]]
) -> None:
    await connection.execute(
        PUT,
        table,
        version,
        [place.id for place in changes],
        [place.effective_from for place in changes],
        [body for _, body in changes.values()],
    )


def _entries(changes: Mapping[Place, tuple[Record, bytes]], now: int) -> Iterable[tuple[str, bytes]]:
    for record, _ in changes.values():
        person = person_of(record)
        if person is not None:
            yield person, encode_record(PersonRecord(record, now, record.TABLE))  # type: ignore[arg-type]
