"""What every part of the alerts service works with: the database, the settings, the clock, the keys."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.moments import Calendar, instant
from services.runtime import database
from services.runtime.clock import Clock, system_clock
from services.runtime.secrets import secret
from services.settings import Settings


@dataclass(frozen=True)
class Office:
    """signing: for cursors and sessions. sealing: for webhook secrets at rest (AES-256)."""

    engine: AsyncEngine
    settings: Settings
    clock: Clock
    signing: bytes
    sealing: bytes
    calendar: Calendar

    def now(self) -> datetime:
        """The clock's time, aware, UTC."""
        return instant(self.clock())

    def transaction(self) -> Any:
        """A raw asyncpg connection inside one transaction, as a context."""
        return database.transaction(self.engine)

    @property
    def public_url(self) -> str:
        """Where outsiders find this system, without a slash at the end."""
        own = f"http://{self.settings.host}:{self.settings.port}"
        return (self.settings.public_url or own).rstrip("/")


def open_office(engine: AsyncEngine, settings: Settings, clock: Clock = system_clock) -> Office:
    """The office of a process. Makes the keys on first use; raises UserError when they cannot be read."""
    master = secret(settings.data_dir, "alerts", settings.vault_key)
    return Office(
        engine,
        settings,
        clock,
        signing=_derived(master, "signing"),
        sealing=_derived(master, "sealing"),
        calendar=Calendar(settings.timezone),
    )


def _derived(master: bytes, purpose: str) -> bytes:
    return hmac.new(master, purpose.encode(), hashlib.sha256).digest()
