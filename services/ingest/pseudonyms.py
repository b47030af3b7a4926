"""Pseudonyms: HMAC-SHA256(key, domain || 0x00 || normalised identifier), 16 bytes, base32 in lower case.

An identifier is normalised (Unicode NFKC, no outer spaces, upper case) so that the `x` and the `X` at the
end of an identity number are one person. Domains keep a person's number and a card's apart.
"""

import base64
import hmac
import unicodedata

from services.runtime.secrets import secret
from services.settings import Settings

KNOWN_AT_MOST = 500_000
PERSON = "person"
CARD = "card"


def normalised(identifier: str) -> str:
    """The one spelling of an identifier."""
    return unicodedata.normalize("NFKC", identifier).strip().upper()


class NoIdentifier(ValueError):
    """The text names nobody."""


class Pseudonyms:
    """Pseudonyms under one key, remembering those asked for lately."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[tuple[str, str], str] = {}

    def of(self, domain: str, identifier: str) -> str:
        """26 characters a–z, 2–7. Raises NoIdentifier for what is only spaces."""
        known = self._known.get((domain, identifier))
        if known is not None:
            return known
        spelt = normalised(identifier)
        if not spelt:
            raise NoIdentifier("expected an identifier, not only spaces")
        if len(self._known) >= KNOWN_AT_MOST:
            self._known.clear()
        digest = hmac.digest(self._key, f"{domain}\0{spelt}".encode(), "sha256")[:16]
        pseudonym = base64.b32encode(digest).decode().rstrip("=").lower()
        self._known[domain, identifier] = pseudonym
        return pseudonym


def make_pseudonyms(settings: Settings) -> Pseudonyms:
    """Pseudonyms under a deployment's key."""
    return Pseudonyms(secret(settings.data_dir, "pseudonym-key", settings.pseudonym_key))
