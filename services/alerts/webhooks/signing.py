"""Secrets of endpoints: made here, sealed at rest, used to sign as Standard Webhooks asks."""

import base64
import os
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from standardwebhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32
NONCE_BYTES = 12


def new_secret() -> str:
    """A fresh secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(key: bytes, place: str, secret: str) -> bytes:
    """The secret as it is stored: AES-256-GCM, bound to its place: the endpoint's id, or a name of it."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), place.encode())


def unseal(key: bytes, place: str, sealed: bytes) -> str:
    """The stored secret. Raises cryptography's InvalidTag when the key or the place is another."""
    nonce, sealed = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return AESGCM(key).decrypt(nonce, sealed, place.encode()).decode()


def headers(secret_texts: list[str], delivery_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of the specification; one signature for each secret that is valid.

    now: aware UTC (the library takes the clock's digits for UTC, whatever the zone).
    """
    signatures = [Webhook(text).sign(delivery_id, now, body.decode()) for text in secret_texts]
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
