"""The way back into judgement, and institutions' keys as alerts asks for them: what alerts needs of others.

Judging again what was judged changes nothing, so a way back may take more along than it must.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import asyncpg
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.entry import Entry, RegistryChange, decode_envelope
from schemas.finding import decode_messages
from schemas.moments import instant
from schemas.topics import EVENTS
from services.alerts import intake, screenings_periods
from services.alerts.dead_letters import PERIOD, Letter
from services.detector.program import PERSONS
from services.ingest.auth import Keys
from services.ingest.entries import (
    append_again,
    append_person_records,
    append_registry_change,
    append_rejudging,
)
from services.runtime.clock import system_clock
from services.runtime.errors import UserError

EVENTS_RECORD = f"{EVENTS} record"
ALERTS_RECORD = "alerts record"
READS_PER_SECOND, READS_AT_ONCE = 5, 50
"""Of one institution's key."""

Decoded = TypeVar("Decoded")

LOG = "SELECT log_id FROM relay"
REGISTRY_VERSION = "SELECT version FROM registry_version"


async def resubmit(raw: asyncpg.Connection, letters: list[Letter]) -> None:
    """Dead letters back into judgement, in the transaction of `raw`.

    Events and persons' records go through the inbox again; a month is due again; a record of the alerts topic
    is stored. For what failed further on (between keys, or when all was judged anew) everything is judged
    again. Raises UserError for a record that still cannot be read.
    """
    now = system_clock()
    events, records, months, others = [], [], set(), 0
    for letter in letters:
        if letter.stage == EVENTS:
            events.append((letter.key, letter.body))
        elif letter.stage == PERSONS:
            records.append((letter.key, letter.body))
        elif letter.stage == EVENTS_RECORD:
            again = _read(letter, decode_envelope).entries
            events += [(entry.key, entry.body) for entry in again if _was_posted(entry)]
            records += [(entry.key, entry.body) for entry in again if entry.kind == "person"]
        elif letter.stage == PERIOD:
            months.add(letter.key.rsplit(":", 1)[-1])
        elif letter.stage == ALERTS_RECORD:
            messages = _read(letter, decode_messages)
            await intake.store(raw, messages, instant(now), epoch=await raw.fetchval(LOG))
        else:
            others += 1
    if events:
        await append_again(raw, events, now)
    if records:
        await append_person_records(raw, records, now)
    if months:
        await screenings_periods.ask_again(raw, sorted(months))
    if others:
        await _judge_keys_again(raw, now)


async def judge_again(raw: asyncpg.Connection, keys: Sequence[str]) -> None:
    """Persons judged again from the beginning, in the transaction of `raw`."""
    await append_rejudging(raw, keys, system_clock())


async def judge_all_again(raw: asyncpg.Connection) -> None:
    """Everything that is remembered, and every month, judged by the rules as this program has them, in the
    transaction of `raw`."""
    await _judge_keys_again(raw, system_clock())
    await screenings_periods.ask_again(raw, await screenings_periods.known(raw))


class Neighbourhood:
    """Ingest and the detector as alerts reaches them: through the inbox, and by institutions' keys."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._keys = Keys(engine, READS_PER_SECOND, READS_AT_ONCE)

    async def resubmit(self, raw: asyncpg.Connection, letters: list[Letter]) -> None:
        """As `resubmit`."""
        await resubmit(raw, letters)

    async def judge_again(self, raw: asyncpg.Connection, keys: Sequence[str]) -> None:
        """As `judge_again`."""
        await judge_again(raw, keys)

    async def feed_of(self, credential: str) -> frozenset[str] | None:
        """The institutions that a key posts for, None for all. Raises Problem 401, and 429 when it asks too
        often."""
        key = await self._keys.authenticate(b"Bearer " + credential.encode("latin-1", "replace"))
        self._keys.spend(key, 1)
        return None if key.everywhere else key.institutions


async def _judge_keys_again(raw: asyncpg.Connection, now: int) -> None:
    await append_registry_change(raw, RegistryChange(await raw.fetchval(REGISTRY_VERSION)), now)


def _read(letter: Letter, decode: Callable[[bytes], Decoded]) -> Decoded:
    try:
        return decode(letter.body)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise UserError(
            f"dead letter {letter.id} still cannot be read; retry the others by number"
        ) from error


def _was_posted(entry: Entry) -> bool:
    return entry.kind == "event" and bool(entry.key)
