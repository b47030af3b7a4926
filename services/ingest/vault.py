"""The vault: one row a distinct identifier, sealed with AES-256-GCM, from which a pseudonym is undone.

The row's place (domain, pseudonym) is authenticated with it, so that rows cannot be exchanged. What the
process knows to be stored is remembered, so that a known person costs nothing.
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.ingest.rows import Identifier
from services.runtime.secrets import secret
from services.settings import Settings

REMEMBERED_AT_MOST = 1_000_000
NONCE_BYTES = 12

STORE = """
INSERT INTO vault (domain, pseudonym, nonce, sealed)
SELECT * FROM unnest($1::sealed_identifier[]) ON CONFLICT DO NOTHING
"""


class Sealed(NamedTuple):
    """A new row of the vault."""

    domain: str
    pseudonym: str
    nonce: bytes
    sealed: bytes


class Vault:
    """Seals identifiers under a 32-byte key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._stored: set[tuple[str, str]] = set()

    def seal(self, identifiers: Iterable[Identifier]) -> list[Sealed]:
        """Rows for those not known to be stored, each once."""
        rows = []
        fresh: set[tuple[str, str]] = set()
        for domain, pseudonym, raw in identifiers:
            place = (domain, pseudonym)
            if place in self._stored or place in fresh:
                continue
            fresh.add(place)
            nonce = os.urandom(NONCE_BYTES)
            sealed = self._cipher.encrypt(nonce, raw.encode(), _place(domain, pseudonym))
            rows.append(Sealed(domain, pseudonym, nonce, sealed))
        return rows

    def remember(self, rows: Iterable[Sealed]) -> None:
        """These rows are committed; call after the commit only."""
        if len(self._stored) > REMEMBERED_AT_MOST:
            self._stored.clear()
        self._stored.update((row.domain, row.pseudonym) for row in rows)

    async def store(self, connection: asyncpg.Connection, rows: list[Sealed]) -> None:
        """Write rows in the caller's transaction."""
        await connection.execute(STORE, rows)

    async def reveal(self, connection: asyncpg.Connection, domain: str, pseudonym: str) -> str | None:
        """The identifier behind a pseudonym, None when unknown. Raises InvalidTag for an altered row."""
        row = await connection.fetchrow(
            "SELECT nonce, sealed FROM vault WHERE domain = $1 AND pseudonym = $2", domain, pseudonym
        )
        if row is None:
            return None
        return self._cipher.decrypt(row[0], row[1], _place(domain, pseudonym)).decode()


def _place(domain: str, pseudonym: str) -> bytes:
    return f"{domain}\0{pseudonym}".encode()


def make_vault(settings: Settings) -> Vault:
    """The vault of a deployment."""
    return Vault(secret(settings.data_dir, "vault-key", settings.vault_key))
