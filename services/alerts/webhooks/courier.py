"""The courier: delivers the outbox, woken by the commit that fills it.

Each endpoint has its own few places, so one that hangs or fails delays nobody else. Claims are leases in
the database: several couriers share the work, and what a dead one held is taken up when its lease ends.
"""

import asyncio
import contextlib
import random
import ssl
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.alerts import metrics
from services.alerts.office import Office
from services.alerts.webhooks import outbox, payload, queue, signing
from services.alerts.webhooks.destinations import Resolve, rules_from, system_resolve
from services.alerts.webhooks.queue import Claimed, Settled
from services.alerts.webhooks.retry import Retry
from services.alerts.webhooks.sending import Answer, Send, Sender
from services.runtime import database
from services.runtime.errors import is_database_away
from services.runtime.logs import log

AT_ONCE = 5
IDLE_SECONDS = 0.5
AWAY_SECONDS = 1.0
LEASE_SPARE = 10.0
HOUSEKEEPING = 600
GONE = 410


def open_sender(
    office: Office, resolve: Resolve = system_resolve, tls: ssl.SSLContext | None = None
) -> Sender:
    """The real way out, by the settings' rules."""
    timeout = office.settings.webhook_timeout_seconds
    return Sender(rules_from(office.settings), resolve, timeout, tls or ssl.create_default_context())


class Courier:
    """Claims, sends, settles. `step` is one turn, for tests that hold the clock; `run` turns for ever."""

    def __init__(
        self,
        office: Office,
        send: Send,
        retry: Retry = Retry(),  # noqa: B008 - an immutable value
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._office, self._send, self._retry, self._chance = office, send, retry, chance
        self._wake = asyncio.Event()
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: list[Settled] = []
        self._lease = timedelta(seconds=office.settings.webhook_timeout_seconds + LEASE_SPARE)
        self._turns = 0

    async def run(self) -> None:
        """Deliver until cancelled; without a database, wait for it."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                self._wake.clear()
                try:
                    await self.step()
                    await self._keep_house()
                except Exception as error:
                    if not is_database_away(error):
                        log.error("webhooks_turn_failed", error=type(error).__name__)
                    await asyncio.sleep(AWAY_SECONDS)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), IDLE_SECONDS)
        finally:
            for task in (listening, *self._tasks):
                task.cancel()
            await asyncio.gather(listening, *self._tasks, return_exceptions=True)

    async def step(self) -> int:
        """Settle what is done, claim what is due and set it on its way; returns how many set out."""
        now = self._office.now()
        done = list(self._done)
        busy = +self._busy
        async with self._office.transaction() as raw:
            switched_off = await queue.settle(raw, done, now) if done else []
            claimed = await queue.claim(raw, now, busy, AT_ONCE, self._lease)
        del self._done[: len(done)]
        for webhook_id, reason in switched_off:
            metrics.DISABLED_WEBHOOKS.labels(reason).inc()
            log.warning("webhook_disabled", endpoint=webhook_id, reason=reason)
        for one in claimed:
            self._busy[one.webhook_id] += 1
            task = asyncio.create_task(self._deliver(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(claimed)

    async def drain(self) -> None:
        """Wait for what is on its way, and settle it."""
        while self._tasks or self._done:
            await asyncio.gather(*self._tasks)
            await self.step()

    async def _deliver(self, one: Claimed) -> None:
        try:
            body = payload.build(
                event=one.event,
                sequence=one.sequence,
                at=one.at,
                alert=one.alert,
                version=one.version,
                detected_at=one.detected_at,
                full=one.full,
                public_url=self._office.public_url,
            )
            answer = await self._send(one.url, self._headers(one, body), body)
        except Exception as error:
            answer = Answer(None, type(error).__name__)
        finally:
            self._busy[one.webhook_id] -= 1
        settled = self._judge(one, answer)
        self._done.append(settled)
        self._tell(settled)
        self._wake.set()

    def _headers(self, one: Claimed, body: bytes) -> dict[str, str]:
        sealed = [one.secret, *([one.old_secret] if one.old_secret else [])]
        secrets = [signing.unseal(self._office.sealing, one.webhook_id, text) for text in sealed]
        return signing.headers(secrets, one.delivery_id, self._office.now(), body)

    def _judge(self, one: Claimed, answer: Answer) -> Settled:
        if answer.delivered:
            return Settled(one, "delivered", answer.status, "", answer.body)
        wait = self._retry.wait(one.tries, self._chance, answer.retry_after)
        gone = answer.status == GONE
        if wait is None or gone:
            return Settled(one, "failed", answer.status, answer.error, answer.body, gone=gone)
        again = self._office.now() + wait
        return Settled(one, "pending", answer.status, answer.error, answer.body, again)

    def _tell(self, settled: Settled) -> None:
        one = settled.claimed
        outcome = "delivered" if settled.state == "delivered" else _failure(settled)
        metrics.ATTEMPTS.labels(outcome).inc()
        if settled.state == "delivered" and one.tries == 1 and one.event != "alert.changed":
            metrics.DELIVERY.observe(max((self._office.now() - one.at).total_seconds(), 0.0))
        log.info(
            "webhook_try",
            delivery=one.delivery_id,
            endpoint=one.webhook_id,
            attempt=one.tries,
            status=settled.status,
            outcome=outcome,
            request_id=one.request_id,
        )

    async def _listen(self) -> None:
        """Wake at every NOTIFY of the outbox; the idle turn covers the time when this is cut off."""
        while True:
            with contextlib.suppress(Exception):
                async with database.driver(self._office.engine) as raw:
                    await self._listen_on(raw)
            await asyncio.sleep(AWAY_SECONDS)

    async def _listen_on(self, raw: Any) -> None:
        cut = asyncio.Event()

        def woken(*_: Any) -> None:
            self._wake.set()

        raw.add_termination_listener(lambda _: cut.set())
        await raw.add_listener(outbox.CHANNEL, woken)
        try:
            self._wake.set()
            await cut.wait()
        finally:
            if not raw.is_closed():
                await raw.remove_listener(outbox.CHANNEL, woken)

    async def _keep_house(self) -> None:
        """Now and then: the age of the oldest waiting delivery, and forgetting old ones."""
        self._turns += 1
        if self._turns % 10:
            return
        async with self._office.transaction() as raw:
            metrics.OLDEST_DELIVERY.set(await queue.oldest_age(raw, self._office.now()))
            if self._turns % HOUSEKEEPING == 0:
                await queue.forget(raw, self._office.now())


def _failure(settled: Settled) -> str:
    """A label of few values: the kind of error, or 3xx, 4xx, 5xx."""
    return settled.error or f"{(settled.status or 0) // 100}xx"
