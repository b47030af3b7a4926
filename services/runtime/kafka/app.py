"""The Faust app every worker of ours is: guarded transport, settings that hold, bytes-to-bytes tables.

An exception that leaves an agent would be acknowledged by Faust and its message never seen again; here it
ends the process. Agents therefore take bytes, decode by hand and send what they cannot judge to the dead
letters.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faust
from faust.types import TP, Message
from yarl import URL

from services.runtime.kafka.fence import HeartbeatThread
from services.runtime.kafka.last_resort import exit_now
from services.runtime.kafka.transport import Consumer, Transport
from services.runtime.vitals import RECOVERY

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class WorkerSettings:
    """What differs between workers; everything else is fixed in `faust_settings`."""

    app_id: str
    """Consumer group, and the first part of every changelog's name."""
    bootstrap: str
    """`host:port`, several separated by commas."""
    tables_folder: Path
    """Where RocksDB works; of this worker alone (`local_state`)."""
    partitions: int
    """Of every topic that shares keys with a table, its changelog too. Never changes."""
    session_timeout: float = 20.0
    """Seconds without a heartbeat after which the broker gives the partitions to others."""
    rebalance_timeout: float = 60.0
    """Seconds a member may take to finish its work and rejoin."""
    commit_interval: float = 1.0
    largest_record: int = MEBIBYTE
    """Bytes of one record, a key's whole state included; the topics must allow it too."""
    idempotent_producer: bool = True
    """Off for brokers that refuse InitProducerId."""
    standstill_limit: float = 180.0
    """Seconds without progress, while messages wait, after which the worker ends itself."""


def faust_settings(worker: WorkerSettings) -> dict[str, Any]:
    """Faust's settings for a worker that neither loses nor doubles anything."""
    brokers = [URL(f"kafka://{each.strip()}") for each in worker.bootstrap.split(",")]
    return {
        "id": worker.app_id,
        "broker": brokers,
        "store": "rocksdb://",
        # Faust would make a folder of its own where the process happens to stand.
        "datadir": worker.tables_folder.resolve().parent,
        "tabledir": worker.tables_folder.resolve(),
        "topic_partitions": worker.partitions,
        "broker_commit_interval": worker.commit_interval,
        "broker_session_timeout": worker.session_timeout,
        "broker_heartbeat_interval": worker.session_timeout / 6,
        "broker_rebalance_timeout": worker.rebalance_timeout,
        # A join is held by the broker until the others have come; longer than any rebalance, or it is cut
        # off.
        "broker_request_timeout": worker.rebalance_timeout + 30.0,
        "consumer_auto_offset_reset": "earliest",
        "consumer_max_fetch_size": max(4 * MEBIBYTE, 2 * worker.largest_record),
        "producer_acks": -1,
        "producer_linger": 0.02,
        "producer_request_timeout": 40.0,
        "producer_max_request_size": worker.largest_record,
        # The flush before a commit never waits for the producer's own thread.
        "producer_threaded": False,
        "processing_guarantee": "at_least_once",
        "stream_wait_empty": True,
        "table_standby_replicas": 0,
        # Kills healthy workers: the changelog may grow between the two readings it compares.
        "recovery_consistency_check": False,
        # Topics are declared by `topics.apply`, with the partition counts and cleanup they need.
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        # Faust's own server listens on all interfaces and shows tables to anybody.
        "web_enabled": False,
    }


class GuardedApp(faust.App):
    """A Faust app on the guarded transport."""

    def __init__(
        self, worker: WorkerSettings, last_resort: Callable[[str], object] = exit_now, **overrides: Any
    ) -> None:
        self.worker_settings = worker
        self.idempotent_producer = worker.idempotent_producer
        self.last_resort = last_resort
        self.before_commit: Callable[[], object] = lambda: None
        self.settled = asyncio.Event()
        """Set while no rebalance and no recovery is going on."""
        self._unsettled_at = time.monotonic()
        super().__init__(**{**faust_settings(worker), **overrides})

    def on_rebalance_start(self) -> None:
        # Called in the consumer's thread; clearing wakes nobody, so it needs no loop.
        self.settled.clear()
        self._unsettled_at = time.monotonic()
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        super().on_rebalance_end()
        self.settled.set()
        RECOVERY.observe(time.monotonic() - self._unsettled_at)

    def bytes_table(self, name: str) -> faust.Table:
        """A table of bytes by bytes on RocksDB; what the bytes mean is the caller's codec."""
        return self.Table(
            name,
            key_type=bytes,
            value_type=bytes,
            partitions=self.worker_settings.partitions,
            options=rocksdb_options(),
        )

    def bytes_topic(self, name: str) -> faust.TopicT:
        """A topic read and written as bytes: Faust decodes nothing, so nothing can fail before the agent."""
        # The type alone is not enough: Faust would still read JSON and hand over what it makes of it.
        return self.topic(
            name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )

    def source_partitions(self) -> set[TP]:
        """The partitions assigned to this worker, changelogs aside."""
        changelogs = self.tables.changelog_topics
        return {tp for tp in self.consumer.assignment() if tp.topic not in changelogs}

    def committed_offset(self, partition: TP) -> int:
        """The offset committed last for the partition, 0 when none was."""
        return self._own_consumer.committed_offset(partition) or 0

    @property
    def consumer_thread(self) -> HeartbeatThread | None:
        """The thread that talks to the group's coordinator; None on another transport or before the start."""
        thread = getattr(self.consumer, "_thread", None)
        return thread if isinstance(thread, HeartbeatThread) else None

    def abandon(self, message: Message) -> None:
        """As `Consumer.abandon`."""
        self._own_consumer.abandon(message)

    async def lags(self) -> dict[TP, int]:
        """Records in each of this worker's partitions that are not committed yet, by the broker's count."""
        partitions = self.source_partitions()
        if not partitions:
            return {}
        ends = await self.consumer.highwaters(*partitions)
        begins = await self.consumer.earliest_offsets(*partitions)
        return {
            tp: max(0, (ends[tp] or 0) - max(self.committed_offset(tp), begins.get(tp) or 0))
            for tp in partitions
        }

    @property
    def unacknowledged(self) -> int:
        """Table changes the broker has not acknowledged."""
        return self.producer.buffer.unacknowledged  # type: ignore[attr-defined]

    @property
    def _own_consumer(self) -> Consumer:
        return self.consumer  # type: ignore[return-value]

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Transport:
        return Transport(self.conf.broker_producer, self)

    async def _on_agent_error(self, agent: Any, error: BaseException) -> None:
        self.log.exception("an agent failed: %r", error)
        self.last_resort(f"an exception left the agent {agent.name}: {error!r}")


def rocksdb_options() -> dict[str, Any]:
    """Options of one table; a new dict each time, because Faust's store takes keys out of it.

    Faust's defaults (2 GiB cache, three 64 MiB write buffers) hold per table and partition.
    """
    return {
        "driver": "rocksdict",
        "block_cache_size": 16 * MEBIBYTE,
        "write_buffer_size": 8 * MEBIBYTE,
        "max_write_buffer_number": 2,
        "max_open_files": 256,
    }
