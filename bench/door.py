"""The embedded system under load: posting, judging while posting, and how fast a warning is delivered."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator

from bench import events, load
from bench.peers import bare_http
from bench.receiver import Receiver
from bench.system import Running, embedded
from bench.table import Figure

BATCH = 500
PART = "embedded"


def posting(scale: float) -> list[Figure]:
    """Batches, singles, and singles at a steady pace; the door alone, then with the judge at work."""
    with embedded() as system:
        return asyncio.run(_posting(system, scale))


async def _posting(system: Running, scale: float) -> list[Figure]:
    figures = []
    ceiling = await bare_http(int(10_000 * scale))
    made = events.settlements(int(100_000 * scale), persons=20_000)
    batched = await load.run(system.port, list(batches(system, made)), connections=4)
    rate = len(made) / batched.seconds
    _check(batched)
    figures.append(Figure(PART, "events posted in batches of 500", rate, "/s", 20_000))
    behind = system.wait_judged(600)
    figures.append(Figure(PART, "… judged and stored too", len(made) / (batched.seconds + behind), "/s"))
    singles = _singles(system, int(20_000 * scale), "S")
    result = await load.run(system.port, singles, connections=64)
    _check(result)
    rate = result.count / result.seconds
    figures.append(Figure(PART, "single POSTs, judged meanwhile", rate, "/s", 3_000))
    figures.append(Figure(PART, "… share of a bare uvicorn endpoint", rate / ceiling, "×"))
    system.wait_judged(600)
    paced = await load.run(system.port, _singles(system, int(15_000 * scale), "P"), connections=32, rate=500)
    _check(paced)
    figures.append(
        Figure(PART, "p99 of a single POST at 500/s", paced.percentile(0.99) * 1_000, "ms", 50, False)
    )
    return figures


def sustained(seconds: float, rate: int = 3_000) -> list[Figure]:
    """A steady stream for minutes: does the judge keep up?"""
    with embedded() as system:
        return asyncio.run(_sustained(system, seconds, rate))


async def _sustained(system: Running, seconds: float, rate: int) -> list[Figure]:
    lags: list[tuple[float, float]] = []
    size = 150
    count = int(seconds * rate) // size * size
    watch = asyncio.create_task(_watch_lag(system, lags))
    began = time.perf_counter()
    result = await load.run(system.port, _streamed(system, count, size), connections=8, rate=rate / size)
    watch.cancel()
    _check(result)
    behind = system.wait_judged(600)
    taken = time.perf_counter() - began
    half = len(lags) // 2
    first = sum(lag for _, lag in lags[:half]) / max(1, half)
    second = sum(lag for _, lag in lags[half:]) / max(1, len(lags) - half)
    return [
        Figure(
            PART,
            f"accepted, judged and stored, {seconds:.0f} s at {rate:,}/s",
            count / taken,
            "/s",
            rate * 0.99,
            note=f"{behind:.1f} s to drain; {system.rss_mebibytes():.0f} MiB",
        ),
        Figure(PART, "mean lag, first half", first, "events"),
        Figure(PART, "mean lag, second half", second, "events", max(2 * first, 500), False),
    ]


def warnings(seconds: float, rate: int = 200) -> list[Figure]:
    """From POST to the receiver of the webhook."""
    with embedded(QINGFENG_WEBHOOK_ALLOW_CIDRS="127.0.0.0/8") as system:
        return asyncio.run(deliver(system, seconds, rate, PART, 500))


async def deliver(system: Running, seconds: float, rate: int, part: str, wanted_ms: float) -> list[Figure]:
    """Post pairs that raise a warning at `rate` events a second; p50 and p99 until it is received."""
    async with Receiver() as receiver:
        subscribe(system, receiver.url)
        pairs = int(seconds * rate) // 2
        sent: dict[str, float] = {}
        requests = _recorded(system, pairs, sent)
        await load.run(system.port, requests, connections=16, rate=rate)
        await receiver.wait_for(pairs, 60)
        waits = sorted(
            at - sent[institution] for institution, at in receiver.received.items() if institution in sent
        )
    p50, p99 = (waits[int(len(waits) * share)] * 1_000 for share in (0.5, 0.99))
    return [
        Figure(part, f"POST → webhook received at {rate} events/s, p50", p50, "ms"),
        Figure(part, "… p99", p99, "ms", wanted_ms, False, f"{len(waits):,} of {pairs:,} delivered"),
    ]


def subscribe(system: Running, url: str) -> None:
    """A webhook for all alerts, with the whole alert in it."""
    body = json.dumps({"url": url, "events": ["alert.*"], "payload": "full"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{system.api_port}/v1/webhooks",
        body,
        {"Authorization": f"Bearer {system.token}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


def _recorded(system: Running, pairs: int, sent: dict[str, float]) -> Iterator[bytes]:
    """Both events of each pair as requests; notes when the second one is sent."""
    for number in range(pairs):
        for place, event in enumerate(events.overlapping_pair(number, "W")):
            if place == 1:
                sent[event["encounter_id"]] = time.time()
            yield load.request("/v1/events", "bench", system.key, events.single(event))


def _streamed(system: Running, count: int, size: int) -> Iterator[bytes]:
    """Batches made on the way, a fresh seed each, so that memory stays flat."""
    batches = count // size
    for number in range(batches):
        share = (number / batches, (number + 1) / batches)
        made = events.passing(size, persons=50_000, share=share, seed=number, prefix=f"L{number}-")
        yield load.request("/v1/events", "bench", system.key, events.body(made))


def batches(system: Running, made: list[dict]) -> Iterator[bytes]:
    """Requests of 500 events."""
    for begin in range(0, len(made), BATCH):
        yield load.request("/v1/events", "bench", system.key, events.body(made[begin : begin + BATCH]))


def _singles(system: Running, count: int, prefix: str) -> list[bytes]:
    made = events.settlements(count, persons=20_000, prefix=prefix)
    return [load.request("/v1/events", "bench", system.key, events.single(event)) for event in made]


async def _watch_lag(system: Running, lags: list[tuple[float, float]]) -> None:
    while True:
        status = await asyncio.to_thread(system.get, "/v1/status")
        lags.append((time.perf_counter(), status["lag"]["events"]))
        await asyncio.sleep(1)


def _check(result: load.Result) -> None:
    if set(result.statuses) != {202}:
        raise RuntimeError(f"not all were accepted: {result.statuses}")
