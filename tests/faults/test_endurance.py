"""More than it can take, and much for long: answers in time, memory and files bounded."""

import asyncio
import os
import time
from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from typing import Any

import pytest

from bench import load
from bench.events import body, passing
from bench.system import Running, embedded

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3_600)]

BATCH = 20
FLOOD_SECONDS = 60
SENDERS = 64
SOAK_MINUTES = int(os.environ.get("SOAK_MINUTES", "30"))
SOAK_RATE = 1_000
"""Events a second, of which one in `NEWS` is new and all others were sent before. What is remembered of
persons grows with what is new, and rightly so: it must stay so little that a leak shows beside it."""
NEWS = 200
KNOWN = 40_000
WARM_MINUTES = 3
GROWTH_AT_MOST = 1.0
"""Mebibytes a minute."""


def requests(system: Running, events: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """POSTs of batches."""
    rest = iter(events)
    while part := list(islice(rest, BATCH)):
        yield load.request("/v1/events", "127.0.0.1", system.key, body(part))


def until(seconds: float, made: Iterable[bytes]) -> Iterator[bytes]:
    """As many as fit into a time."""
    deadline = time.monotonic() + seconds
    for one in made:
        if time.monotonic() > deadline:
            return
        yield one


def open_files(system: Running) -> int:
    return len(os.listdir(f"/proc/{system.process.pid}/fd"))  # type: ignore[union-attr]


def test_a_flood_is_answered_in_time_refused_beyond_the_limit_and_leaves_nothing_behind():
    events = passing(200_000, persons=20_000, share=(0.0, 1.0), seed=5, prefix="F")
    with embedded(QINGFENG_BACKLOG_ROWS="20000") as system:
        before = system.rss_mebibytes()
        flood = until(FLOOD_SECONDS, cycle(list(requests(system, events))))
        result = asyncio.run(load.run(system.port, flood, connections=SENDERS))
        assert set(result.statuses) <= {202, 429, 503}
        assert result.statuses[202] > 0
        assert result.statuses.get(503, 0) > 0
        assert result.percentile(0.99) <= 1.7
        # Who comes after the flood is taken within half a minute, once what waits is below the limit again.
        ended = time.monotonic()
        last = requests(system, passing(1, persons=1, share=(0.0, 1.0), seed=6, prefix="L"))
        (one,) = list(last)
        while asyncio.run(load.run(system.port, [one], connections=1)).statuses != {202: 1}:
            assert time.monotonic() - ended < 30
            time.sleep(0.5)
        system.wait_judged(300)
        found = system.get("/v1/status")
        assert found["judged"] == found["accepted"]
        assert system.rss_mebibytes() < before + 700


def resent(known: list[bytes], fresh: list[bytes], count: int) -> Iterator[bytes]:
    """Batches that were sent before, and now and then a new one."""
    news = iter(fresh)
    for number, one in enumerate(islice(cycle(known), count)):
        yield next(news, one) if number % NEWS == 0 else one


def test_half_an_hour_of_resending_grows_neither_memory_nor_files():
    count = SOAK_RATE * SOAK_MINUTES * 60 // BATCH
    old = passing(KNOWN, persons=5_000, share=(0.0, 0.9), seed=7, prefix="S")
    new = passing(count // NEWS * BATCH, persons=5_000, share=(0.9, 1.0), seed=8, prefix="N")
    with embedded() as system:
        known, fresh = list(requests(system, old)), list(requests(system, new))
        asyncio.run(load.run(system.port, known, connections=16))
        system.wait_judged(300)
        seen: list[tuple[float, float, int]] = []

        async def watch() -> None:
            began = time.monotonic()
            while True:
                await asyncio.sleep(10)
                seen.append(((time.monotonic() - began) / 60, system.rss_mebibytes(), open_files(system)))

        async def soak() -> load.Result:
            watching = asyncio.create_task(watch())
            try:
                made = resent(known, fresh, count)
                return await load.run(system.port, made, connections=16, rate=SOAK_RATE / BATCH)
            finally:
                watching.cancel()

        result = asyncio.run(soak())
        assert set(result.statuses) == {202}
        system.wait_judged(120)
        warm = [one for one in seen if one[0] >= min(WARM_MINUTES, SOAK_MINUTES / 2)]
        assert slope(warm) < GROWTH_AT_MOST, seen
        assert max(files for _, _, files in warm) <= warm[0][2] + 10


def slope(seen: list[tuple[float, float, int]]) -> float:
    """Mebibytes a minute, by least squares."""
    minutes = sum(one[0] for one in seen) / len(seen)
    size = sum(one[1] for one in seen) / len(seen)
    spread = sum((one[0] - minutes) ** 2 for one in seen)
    return sum((one[0] - minutes) * (one[1] - size) for one in seen) / spread
