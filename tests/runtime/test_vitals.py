"""What a process says of itself is so."""

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from services.runtime import vitals
from services.runtime.metrics import REGISTRY


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"qingfeng_{name}", labels)


def watched(work: Coroutine[Any, Any, None], seconds: float, block: float = 0.0) -> None:
    """Let a watcher work for a while, the loop blocked for some of it."""

    async def story() -> None:
        watching = asyncio.create_task(work)
        await asyncio.sleep(seconds)
        time.sleep(block)
        await asyncio.sleep(0.05)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching

    asyncio.run(story())


def test_a_blocked_loop_shows_as_lag() -> None:
    before = value("event_loop_lag_seconds_sum") or 0.0
    watched(vitals.watch_loop(), 0.2, block=0.4)
    assert (value("event_loop_lag_seconds_sum") or 0.0) - before > 0.3


def test_state_is_as_large_as_its_files(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "one.sst").write_bytes(b"x" * 1_000)
    (tmp_path / "two.sst").write_bytes(b"x" * 500)
    watched(vitals.watch_folder(tmp_path), 0.2)
    assert value("state_bytes") == 1_500


def test_partitions_that_are_no_longer_read_have_no_lag_here() -> None:
    known = iter(
        [{("t1.qingfeng.events", 0): 5, ("t1.qingfeng.events", 1): 7}, {("t1.qingfeng.events", 1): 3}]
    )

    async def lags() -> dict[tuple[str, int], int]:
        return next(known)  # then Kafka is away: what is known stands

    watched(vitals.watch_lag(lags, "t1.", every=0.02), 0.3)
    assert value("consumer_lag_records", topic="qingfeng.events", partition="0") is None
    assert value("consumer_lag_records", topic="qingfeng.events", partition="1") == 3
