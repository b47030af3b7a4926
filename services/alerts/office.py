"""What every part of the alerts service works with: the database, the settings, the clock, the keys."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.moments import Calendar, instant
from services.alerts.broadcast import Broadcast
from services.alerts.dead_letters import Letter
from services.runtime import database
from services.runtime.clock import Clock, system_clock
from services.runtime.errors import Unavailable
from services.runtime.secrets import secret
from services.settings import Settings


class Neighbours(Protocol):
    """What other services do for this one; put in where services are put together."""

    async def resubmit(self, raw: Any, letters: list[Letter]) -> None:
        """Dead letters back into judgement, in the transaction of `raw`. UserError: why it cannot be."""

    async def judge_again(self, raw: Any, keys: Sequence[str]) -> None:
        """Persons judged again from the beginning, likewise."""

    async def feed_of(self, credential: str) -> frozenset[str] | None:
        """The institutions that an institution's key posts for, None for all. Raises Problem 401, 429."""


class Nobody:
    """No other service is reached from here."""

    async def resubmit(self, raw: Any, letters: list[Letter]) -> None:
        raise Unavailable("judgement is not reached from here")

    async def judge_again(self, raw: Any, keys: Sequence[str]) -> None:
        raise Unavailable("judgement is not reached from here")

    async def feed_of(self, credential: str) -> frozenset[str] | None:
        raise Unavailable("institutions' keys are not known here")


@dataclass(frozen=True)
class Office:
    """signing: for cursors and sessions. sealing: for webhook secrets at rest (AES-256)."""

    engine: AsyncEngine
    settings: Settings
    clock: Clock
    signing: bytes
    sealing: bytes
    calendar: Calendar
    neighbours: Neighbours
    broadcast: Broadcast

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


def open_office(
    engine: AsyncEngine,
    settings: Settings,
    clock: Clock = system_clock,
    neighbours: Neighbours | None = None,
) -> Office:
    """The office of a process. Makes the keys on first use; raises UserError when they cannot be read."""
    master = secret(settings.data_dir, "alerts", settings.vault_key)
    return Office(
        engine,
        settings,
        clock,
        signing=_derived(master, "signing"),
        sealing=_derived(master, "sealing"),
        calendar=Calendar(settings.timezone),
        neighbours=neighbours or Nobody(),
        broadcast=Broadcast(engine, settings.stream_readers),
    )


def _derived(master: bytes, purpose: str) -> bytes:
    return hmac.new(master, purpose.encode(), hashlib.sha256).digest()
