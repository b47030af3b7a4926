"""Faust's Kafka transport inside guards. The laws it adds:

1. The committed offset never passes a message that was delivered and not processed to its end.
2. A commit waits until the broker has acknowledged every record that was sent before it; when one fails,
   nothing is committed any more and the process ends.
3. No message reaches a stream before its partitions are settled: tables recovered, reading from the committed
   offset. Faust empties its queues at that moment, and what was in them would not be read again.
4. With `idempotent_producer`, a retry inside the producer does not write a record twice.

They are subclasses of Faust 0.15.3's own classes and lean on its insides; tests/kafka/test_guards.py
shows for each that plain Faust breaks the law and this transport keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from faust.exceptions import ProducerSendError
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import ProducerBuffer
from faust.types import TP, ConsumerMessage, FutureMessage, Message

from services.runtime.kafka.fence import HeartbeatThread
from services.runtime.kafka.ledger import OffsetLedger

if TYPE_CHECKING:
    from services.runtime.kafka.app import GuardedApp

UNACKNOWLEDGED_LIMIT = 2_000
"""Records sent and not acknowledged at which reading pauses; keeps memory bounded, not a promise."""


class LedgerMessage(ConsumerMessage):
    """A message that settles itself in the ledger the moment Faust marks it as acknowledged.

    Faust does so in three places, one of them compiled code that calls no method of the consumer; the
    attribute is the one thing they share. A message that no stream took (`tracked` is False: it was
    skipped in a rebalance, or did not decode) is acknowledged too and must not count as processed.
    """

    __slots__ = ("_acked", "settle")

    settle: Callable[[], None] | None

    @property
    def acked(self) -> bool:
        return self._acked

    @acked.setter
    def acked(self, value: bool) -> None:
        self._acked = value
        if not value:
            self.settle = None  # Faust's own __init__ sets the attribute first
        elif self.settle is not None and self.tracked:
            self.settle()


class Consumer(driver.Consumer):
    """Commits what the ledger says, whatever order messages were acknowledged in."""

    app: GuardedApp

    def __init__(self, transport: Any, callback: Callable[[Message], Any], **options: Any) -> None:
        self.ledger = OffsetLedger()
        self._pass_on = callback
        super().__init__(transport, self._deliver, **options)

    def committed_offset(self, partition: TP) -> int | None:
        """The offset committed last, as far as this worker knows."""
        return self._committed_offset[partition]

    def abandon(self, message: Message) -> None:
        """Wait no longer for a message that will not be processed to its end before the partitions go: it
        stays in work for the ledger, so it is read again by whoever owns its partition then."""
        self._unacked_messages.discard(message)

    def _new_consumer_thread(self) -> HeartbeatThread:
        return HeartbeatThread(self, loop=self.loop, beacon=self.beacon)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self.ledger.forget(revoked)
        await super().on_partitions_revoked(revoked)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        seconds = None if record.timestamp is None else record.timestamp / 1000.0
        return LedgerMessage(
            record.topic,
            record.partition,
            record.offset,
            seconds,
            record.timestamp_type,
            record.headers,
            record.key,
            record.value,
            record.checksum,
            record.serialized_key_size,
            record.serialized_value_size,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _deliver(self, message: Message) -> None:
        if not self.app.settled.is_set() and self.app.topics.acks_enabled_for(message.topic):
            await self.app.settled.wait()
        # A message of an earlier assignment is skipped by the stream; it says nothing about this one.
        of_now = message.generation_id == self.app.consumer_generation_id
        if of_now and self.app.topics.acks_enabled_for(message.topic):
            tp, offset = message.tp, message.offset
            ticket = self.ledger.deliver(tp, offset)
            message.settle = lambda: self.ledger.settle(tp, offset, ticket)
        await self._pass_on(message)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        self.app.before_commit()
        return await super()._commit(offsets)

    def _new_offset(self, tp: TP) -> int | None:
        # Faust's own list of acknowledged offsets decides nothing here and would only grow.
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self.ledger.committable(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing to do: the ledger knows gaps from the deliveries around them."""


class AcknowledgedBuffer(ProducerBuffer):
    """Table changes on their way to the changelog; `flush` ends when the broker has them all."""

    app: GuardedApp

    def __post_init__(self) -> None:
        super().__post_init__()
        self._unacknowledged: set[asyncio.Future[Any]] = set()
        self._below_limit = asyncio.Event()
        self._below_limit.set()
        self.failure: BaseException | None = None

    @property
    def unacknowledged(self) -> int:
        """Records sent or waiting to be sent that the broker has not acknowledged."""
        return len(self._unacknowledged)

    def put(self, fut: FutureMessage) -> None:
        self._unacknowledged.add(fut)
        fut.add_done_callback(self._on_done)
        if len(self._unacknowledged) >= UNACKNOWLEDGED_LIMIT:
            self._below_limit.clear()
        super().put(fut)

    def track(self, sent: asyncio.Future[Any]) -> None:
        """Count a record that was given to the producer past this buffer: `flush` waits for it too."""
        self._unacknowledged.add(sent)
        sent.add_done_callback(self._on_done)
        if len(self._unacknowledged) >= UNACKNOWLEDGED_LIMIT:
            self._below_limit.clear()

    async def flush(self) -> None:
        """Wait for all that was put before the call. Raises ProducerSendError when a record was lost."""
        waiting: set[asyncio.Future[Any]] = set(self._unacknowledged)
        while waiting and self.failure is None:
            if self.should_stop:
                raise ProducerSendError(f"stopped with {len(waiting)} records not acknowledged")
            _, waiting = await asyncio.wait(waiting, timeout=0.1)
        if self.failure is not None:
            raise ProducerSendError(f"a record was not written: {self.failure!r}") from self.failure

    async def wait_until_ebb(self) -> None:
        while not self._below_limit.is_set() and not self.should_stop:
            await self._below_limit.wait()

    async def _send_pending(self, fut: FutureMessage) -> None:
        try:
            await super()._send_pending(fut)
        except Exception as error:  # the task that empties the buffer must outlive any one record
            if not fut.done():
                fut.set_exception(error)

    def _on_done(self, fut: asyncio.Future[Any]) -> None:
        self._unacknowledged.discard(fut)
        if len(self._unacknowledged) < UNACKNOWLEDGED_LIMIT:
            self._below_limit.set()
        error = asyncio.CancelledError() if fut.cancelled() else fut.exception()
        if error is not None and self.failure is None:
            self.failure = error
            self._below_limit.set()
            self.app.last_resort(f"a table change was not written to its changelog: {error!r}")


class Producer(driver.Producer):
    """Faust's producer with a buffer that keeps count of what the broker has not acknowledged."""

    app: GuardedApp
    buffer: AcknowledgedBuffer

    def __init__(self, transport: Any, **options: Any) -> None:
        super().__init__(transport, **options)
        self.buffer = AcknowledgedBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app

    def _settings_extra(self) -> Mapping[str, Any]:
        if self.app.idempotent_producer:
            return {"acks": "all", "enable_idempotence": True}
        return super()._settings_extra()


class Transport(driver.Transport):
    """The transport every app of ours uses."""

    Consumer = Consumer
    Producer = Producer
