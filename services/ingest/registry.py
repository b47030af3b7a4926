"""Loading registry files: every row validated, all of a file or nothing of it, only what changed is news.

Records are told apart by table, id and effective date; loading adds and replaces, rows that a file leaves
out stand. Persons are pseudonymised here, like events, and travel as inbox entries of their key; of the
other tables one entry says that the registry changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import asyncpg
import msgspec

from schemas.registry import Institution, PersonRecord, Record, Registry, Status
from services.ingest.entries import append_person_records, append_registry_change
from services.ingest.pseudonyms import PERSON, Pseudonyms
from services.ingest.registry_files import ParsedFile, Place, place_of
from services.ingest.rows import Identifier
from services.ingest.vault import Vault

_encode = msgspec.json.Encoder().encode

KNOWN = """
SELECT id, effective_from, body FROM registry_record WHERE "table" = $1
"""
PUT = """
INSERT INTO registry_record ("table", id, effective_from, version, body)
SELECT $1, r.id, r.effective_from, $2, r.body
FROM unnest($3::text[], $4::text[], $5::bytea[]) AS r (id, effective_from, body)
ON CONFLICT ("table", id, effective_from) DO UPDATE SET version = excluded.version, body = excluded.body
"""
LOCK = "SELECT version FROM registry_version FOR UPDATE"
NEXT_VERSION = "UPDATE registry_version SET version = version + 1 RETURNING version"


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
        bodies, identifiers = self._bodies(file)
        # The lock makes loads take turns, so that what is compared stays as it was.
        await connection.execute(LOCK)
        known = {
            Place(row["id"], row["effective_from"]): row["body"]
            for row in await connection.fetch(KNOWN, file.table)
        }
        changed = {place: body for place, body in bodies.items() if known.get(place) != body}
        if not changed:
            return Loaded(file.name, len(file.records), 0)
        version = await connection.fetchval(NEXT_VERSION)
        await connection.execute(
            PUT,
            file.table,
            version,
            [place.id for place in changed],
            [place.effective_from for place in changed],
            list(changed.values()),
        )
        if file.table == "persons":
            await self._vault.store(connection, self._vault.seal(identifiers))
            await append_person_records(connection, _person_entries(changed, now), now)
        else:
            await append_registry_change(connection, version, now)
        return Loaded(file.name, len(file.records), len(changed))

    def _bodies(self, file: ParsedFile) -> tuple[dict[Place, bytes], list[Identifier]]:
        bodies: dict[Place, bytes] = {}
        identifiers = []
        for record in file.records:
            identifier = self._hide(record, file.table)
            if identifier is not None:
                identifiers.append(identifier)
            bodies[place_of(record)] = _encode(record)
        return bodies, identifiers

    def _hide(self, record: Record, table: str) -> Identifier | None:
        """Put a pseudonym in place of a person's number; what the vault must know."""
        field = "person_id" if table == "persons" else "id" if getattr(record, "kind", "") == "person" else ""
        if not field or (table != "persons" and not isinstance(record, Status)):
            return None
        raw = getattr(record, field)
        pseudonym = self._pseudonyms.of(PERSON, raw)
        setattr(record, field, pseudonym)
        return Identifier(PERSON, pseudonym, raw)


async def load_registry(connection: asyncpg.Connection) -> Registry:
    """The registry as it stands, all tables that travel as a whole."""
    version = await connection.fetchval("SELECT version FROM registry_version")
    rows = await connection.fetch(KNOWN, "institutions")
    return Registry([msgspec.json.decode(row["body"], type=Institution) for row in rows], version or 0)


def _person_entries(changed: dict[Place, bytes], now: int) -> Iterable[tuple[str, bytes]]:
    loaded = PersonRecord.__struct_fields__
    for place, body in changed.items():
        yield place.id, _encode({loaded[0]: msgspec.Raw(body), loaded[1]: now})
