"""The courier: delivers the outbox, woken by the commit that fills it.

Each endpoint has its own few places, so one that hangs or fails delays nobody else. Claims are leases in
the database: several couriers share the work, and what a dead one held is taken up when its lease ends.
"""

import asyncio
import contextlib
import random
import ssl
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.alerts import metrics
from services.alerts.office import Office
from services.alerts.webhooks import headers, keeping, notices, outbox, payload, queue, settling, signing
from services.alerts.webhooks.destinations import Resolve, rules_from, system_resolve
from services.alerts.webhooks.health import GONE
from services.alerts.webhooks.queue import Claimed
from services.alerts.webhooks.retry import Retry
from services.alerts.webhooks.sending import Answer, Send, Sender
from services.alerts.webhooks.settling import Settled
from services.runtime.errors import is_database_away
from services.runtime.listening import listen
from services.runtime.logs import log
from services.runtime.tracing import answered, tracing

IDLE_SECONDS = 0.5
GATHER_SECONDS = 0.01
"""Turns are at least so far apart: what ends meanwhile is settled together."""
AWAY_SECONDS = 1.0
LEASE_SPARE = 10.0
LOOK_SECONDS = 5.0
FORGET_SECONDS = 3_600.0
SET_BACK = timedelta(seconds=5)
"""A clock that shows so much less than a turn ago was set back."""


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
        self._own: set[str] = set()
        self._lease = timedelta(seconds=office.settings.webhook_timeout_seconds + LEASE_SPARE)
        self._last_turn = datetime.max.replace(tzinfo=UTC)
        self._looked = self._forgot = 0.0

    async def run(self) -> None:
        """Deliver until cancelled; without a database, wait for it."""
        listening = asyncio.create_task(listen(self._office.engine, outbox.CHANNEL, self._wake.set))
        try:
            while True:
                self._wake.clear()
                began = time.monotonic()
                try:
                    await self.step()
                    await self._keep_house()
                except Exception as error:
                    if not is_database_away(error):
                        log.error("webhooks_turn_failed", error=type(error).__name__)
                    await asyncio.sleep(AWAY_SECONDS)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._wake.wait()
                await asyncio.sleep(max(began + GATHER_SECONDS - time.monotonic(), 0.0))
        finally:
            for task in (listening, *self._tasks):
                task.cancel()
            await asyncio.gather(listening, *self._tasks, return_exceptions=True)

    async def step(self) -> int:
        """Settle what is done, claim what is due and set it on its way; returns how many set out."""
        now = self._office.now()
        done = list(self._done)
        busy = self._busy - Counter(settled.claimed.endpoint.webhook_id for settled in done)
        own = self._own - {settled.claimed.delivery_id for settled in done}
        async with self._office.transaction() as raw:
            if now < self._last_turn - SET_BACK:
                await keeping.set_back(raw, now, self._lease)
            switched_off = await settling.settle(raw, done, now) if done else []
            await notices.tell_disabled(raw, switched_off, self._office.public_url, now)
            claimed = await queue.claim(raw, now, busy, own, self._lease)
        self._last_turn = now
        self._let_go(done)
        for endpoint in switched_off:
            reason = endpoint["disabled_reason"]
            metrics.DISABLED_WEBHOOKS.labels(reason).inc()
            log.warning("webhook_disabled", endpoint=endpoint["webhook_id"], reason=reason)
        for one in claimed:
            self._set_out(one)
        return len(claimed)

    async def drain(self) -> None:
        """Wait for what is on its way, and settle it."""
        while self._tasks or self._done:
            await asyncio.gather(*self._tasks)
            await self.step()

    def _set_out(self, one: Claimed) -> None:
        self._busy[one.endpoint.webhook_id] += 1
        self._own.add(one.delivery_id)
        task = asyncio.create_task(self._deliver(one))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _let_go(self, done: list[Settled]) -> None:
        """Forget what is settled, in the database too: until then its place is not free."""
        del self._done[: len(done)]
        for settled in done:
            self._busy[settled.claimed.endpoint.webhook_id] -= 1
            self._own.discard(settled.claimed.delivery_id)

    async def _deliver(self, one: Claimed) -> None:
        at, began = self._office.now(), time.monotonic()
        with tracing.delivering(one.request_id, one.endpoint.url, one.attempt) as span:
            try:
                body = self._body(one)
                answer = await self._send(one.endpoint.url, self._headers(one, body), body)
            except Exception as error:
                answer = Answer(None, type(error).__name__)
            answered(span, answer.status, answer.error, fails_from=300)
        settled = self._judge(one, answer, at, round((time.monotonic() - began) * 1_000))
        self._done.append(settled)
        self._tell(settled)
        self._wake.set()

    def _body(self, one: Claimed) -> bytes:
        if one.about is None:
            return payload.wrap(event=one.event, sequence=one.sequence, at=one.at, data=one.data or "null")
        return payload.build(
            event=one.event,
            sequence=one.sequence,
            at=one.at,
            alert=one.about.alert,
            version=one.about.version,
            detected_at=one.about.detected_at,
            full=one.endpoint.full,
            public_url=self._office.public_url,
        )

    def _headers(self, one: Claimed, body: bytes) -> dict[str, str]:
        key, endpoint = self._office.sealing, one.endpoint
        sealed = [endpoint.secret, *([endpoint.old_secret] if endpoint.old_secret else [])]
        secrets = [signing.unseal(key, endpoint.webhook_id, text) for text in sealed]
        return {
            **headers.unseal(key, endpoint.webhook_id, endpoint.headers),
            **signing.headers(secrets, one.delivery_id, self._office.now(), body),
        }

    def _judge(self, one: Claimed, answer: Answer, at: datetime, latency_ms: int) -> Settled:
        came = (at, latency_ms, answer.status, answer.error, answer.body)
        if answer.delivered:
            return Settled(one, "delivered", *came)
        wait = self._retry.wait(one.turn, self._chance, answer.retry_after)
        if wait is None or answer.status == GONE:
            return Settled(one, "failed", *came, retry_after=answer.retry_after)
        return Settled(one, "pending", *came, self._office.now() + wait, answer.retry_after)

    def _tell(self, settled: Settled) -> None:
        one = settled.claimed
        outcome = "delivered" if settled.state == "delivered" else _failure(settled)
        metrics.ATTEMPTS.labels(outcome).inc()
        if settled.state == "delivered" and one.attempt == 1 and one.event != "alert.changed":
            metrics.DELIVERY.observe(max((self._office.now() - one.at).total_seconds(), 0.0))
        log.info(
            "webhook_try",
            delivery=one.delivery_id,
            endpoint=one.endpoint.webhook_id,
            attempt=one.attempt,
            status=settled.status,
            outcome=outcome,
            request_id=one.request_id,
        )

    async def _keep_house(self) -> None:
        """Now and then: the age of the oldest waiting delivery, and forgetting old ones."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        async with self._office.transaction() as raw:
            metrics.OLDEST_DELIVERY.set(await keeping.oldest_age(raw, self._office.now()))
        if self._looked - self._forgot >= FORGET_SECONDS:
            await self._forget()
            self._forgot = self._looked

    async def _forget(self) -> None:
        """Some thousand in each transaction, so that nobody waits for it."""
        before = self._office.now() - timedelta(days=self._office.settings.webhook_retention_days)
        forgotten = 1
        while forgotten:
            async with self._office.transaction() as raw:
                forgotten = await keeping.forget(raw, before)


def _failure(settled: Settled) -> str:
    """A label of few values: the kind of error, or 3xx, 4xx, 5xx."""
    return settled.error or f"{(settled.status or 0) // 100}xx"
