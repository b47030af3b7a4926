"""Where period rules run: the months that changed, over what alerts stores, through alerts' own intake.

This is wiring: the rules are the detector's, the screenings and the alerts are the alerts service's, the
registry is read where ingest keeps it, and what is usual (`baselines`) is published there. One process on a
database does it, by an advisory lock. What was run after each change equals what one run at the end says:
every run judges whole months.
"""

import asyncio
import traceback
from collections.abc import Callable, Sequence

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.finding import DeadLetterMessage, Message, Origin
from schemas.moments import SECOND, instant
from schemas.registry import Baseline, Registry
from services.alerts import intake, screenings_periods, status
from services.detector.periods import RULES
from services.detector.periods.baselines import USUAL_CROWDS, changes, concerned
from services.detector.periods.judging import Asked, Judged, difference, targets, voice
from services.detector.periods.month import Month
from services.detector.periods.postgres import judge_month
from services.ingest import registry as records
from services.ingest.reader import promise_no_entry
from services.runtime.alone import alone_on
from services.runtime.clock import Clock, system_clock
from services.runtime.database import driver
from services.runtime.logs import log

LOCK = 0x51494E50
TICK_SECONDS = 0.5
RETRY_SECONDS = 5.0
MANY_EVENTS = 1_000
"""So far behind, the stream needs the machine for itself."""
GIVES_WAY_SECONDS = 300
"""So long a month waits at most."""


class PeriodJudge:
    """Judges months that are due, for ever. calm: makes the database's process of that id let others go
    first, where that can be done: months can wait, settlements cannot."""

    def __init__(
        self,
        engine: AsyncEngine,
        asked: Sequence[Asked] = (*RULES, USUAL_CROWDS),
        clock: Clock = system_clock,
        calm: Callable[[int], None] = lambda pid: None,
    ) -> None:
        self._engine = engine
        self._calm = calm
        self._asked = asked
        self._clock = clock
        self._registry: Registry | None = None
        self._loaded = -1

    async def run(self) -> None:
        """Work until cancelled; every trouble is retried from what is stored."""
        while True:
            try:
                async with driver(self._engine) as connection:
                    await self._hold(connection)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("period_judge_retries", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _hold(self, connection: asyncpg.Connection) -> None:
        """Work for as long as this connection holds the lock."""
        async with alone_on(connection, LOCK):
            self._calm(await connection.fetchval("SELECT pg_backend_pid()"))
            while True:
                await self.step(connection)
                await asyncio.sleep(TICK_SECONDS)

    async def step(self, connection: asyncpg.Connection) -> list[str]:
        """Judge every month that is due, and those that read it; the months judged."""
        registry = await self._current(connection)
        began = self._clock()
        due = await screenings_periods.due(connection, self._loaded, instant(began))
        known = {Month.of(month) for month in await screenings_periods.known(connection)} if due else set()
        asked = targets(self._asked, [Month.of(each.month) for each in due], known)
        spent = 0
        for month, readers in asked.items():
            await self._let_settlements_pass(connection)
            set_out = self._clock()
            await self._judge(connection, month, readers, registry)
            spent += self._clock() - set_out
        run = screenings_periods.Run(instant(began), instant(self._clock()), spent / SECOND)
        for each in due:
            await screenings_periods.mark(connection, each, self._loaded, run)
        if due:
            log.info("months_judged", count=len(asked), seconds=round(run.seconds, 1))
        return [month.text for month in asked]

    async def _let_settlements_pass(self, connection: asyncpg.Connection) -> None:
        """Wait while many settlements wait to be judged: a month can wait, though not for ever."""
        until = self._clock() + GIVES_WAY_SECONDS * SECOND
        while (now := self._clock()) < until:
            found = await status.read(connection, now)
            if found["lag"]["events"] <= MANY_EVENTS:
                return
            await asyncio.sleep(TICK_SECONDS)

    async def _judge(
        self,
        connection: asyncpg.Connection,
        month: Month,
        asked: Sequence[Asked],
        registry: Registry,
    ) -> None:
        async with connection.transaction(isolation="repeatable_read"):
            await promise_no_entry(connection)
            found = await judge_month(connection, asked, registry, month)
        async with connection.transaction():
            messages = await self._messages(connection, month, found)
            stored = await intake.store(connection, messages, instant(self._clock()))
        stored.committed()
        if isinstance(found.baselines, list):
            async with connection.transaction():
                await self._publish(connection, month, found.baselines)

    async def _messages(self, connection: asyncpg.Connection, month: Month, found: Judged) -> list[Message]:
        """What is to be said of a month, given what was said of it before."""
        answers = [(voice(rule_id, month), alerts) for rule_id, alerts in found.alerts.items()]
        if isinstance(found.baselines, Exception):
            answers.append((voice(Baseline.TABLE, month), found.baselines))
        messages: list[Message] = []
        for key, alerts in answers:
            if isinstance(alerts, Exception):
                log.error("period_rule_failed", rule=key.split(":")[1], error=type(alerts).__name__)
                messages.append(_dead_letter(key, alerts))
                continue
            said = await screenings_periods.spoken(connection, key)
            messages += difference(key, said.stand, alerts, said.next_revision)
        return messages

    async def _publish(self, connection: asyncpg.Connection, month: Month, found: list[Baseline]) -> None:
        """Baselines become records of the registry; nothing is written where they stand already. No other
        process writes them."""
        table, begin, end = Baseline.TABLE, month.first_date, month.next.first_date
        known = await records.records_between(connection, table, begin, end)
        changed = changes(known, found)
        if changed:
            stand = await records.records_of(
                connection, table, sorted({one.institution_id for one in changed})
            )
            await records.publish(connection, changed, concerned(changed, stand), self._clock())

    async def _current(self, connection: asyncpg.Connection) -> Registry:
        """The registry as it was loaded, read again when it grew; what is published from here no rule over
        months asks for."""
        loaded = await connection.fetchval("SELECT loaded FROM registry_version")
        if self._registry is None or self._loaded != loaded:
            self._registry = await records.load_registry(connection)
            self._loaded = loaded
        return self._registry


def _dead_letter(key: str, error: Exception) -> DeadLetterMessage:
    """A month that a rule could not judge: what it said before stands until the rule is mended."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return DeadLetterMessage(
        stage="period",
        key=key,
        error=type(error).__name__,
        reason=f"{frame.name} line {frame.lineno}",
        body=b"",
        origin=Origin(),
    )
