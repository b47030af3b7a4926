"""How a process itself fares: its event loop, its state, what waits for it, its return to work."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from services.runtime.metrics import LONG_SECONDS, gauge, histogram

BEAT_SECONDS = 0.25
LOOK_SECONDS = 10.0

LOOP_LAG = histogram(
    "event_loop_lag_seconds",
    "How much later than asked a sleeping task was woken: what every request of the process waits for.",
)
STATE = gauge(
    "state_bytes",
    "What is remembered of persons and of the keys they share, on disk: the table of the database, or this "
    "worker's RocksDB.",
)
RECOVERY = histogram(
    "recovery_duration_seconds",
    "From the start of a process, or of a change in who works on which partition, until it judges again.",
    buckets=LONG_SECONDS,
)
CONSUMER_LAG = gauge(
    "consumer_lag_records",
    "Records of a Kafka topic that its reader has not finished, by partition.",
    ["topic", "partition"],
)


async def watch_loop() -> None:
    """Note the lag of this event loop until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + BEAT_SECONDS
        await asyncio.sleep(BEAT_SECONDS)
        LOOP_LAG.observe(max(0.0, loop.time() - due))


async def watch_folder(folder: Path, every: float = LOOK_SECONDS) -> None:
    """Keep the size of a folder of state until cancelled."""
    while True:
        STATE.set(await asyncio.to_thread(_size, folder))
        await asyncio.sleep(every)


async def watch_lag(
    lags: Callable[[], Awaitable[Mapping[tuple[str, int], int]]], prefix: str, every: float = LOOK_SECONDS
) -> None:
    """Keep the lag of a reader by topic (without `prefix`) and partition until cancelled. Partitions that it
    no longer reads are another's to tell of; while Kafka is away all stays as it was."""
    while True:
        with contextlib.suppress(Exception):
            found = await lags()
            CONSUMER_LAG.clear()
            for (topic, partition), records in found.items():
                CONSUMER_LAG.labels(topic.removeprefix(prefix), str(partition)).set(records)
        await asyncio.sleep(every)


def _size(folder: Path) -> int:
    """Bytes of all files; those that go meanwhile count nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(place, name)).st_size
    return total
