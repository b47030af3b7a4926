"""What all metrics and logs cost: two embedded systems side by side, one of them silenced, fed in turns.

Both are given the same events, judge them and store what they find. What counts is the processor time of the
system's own process, which neither PostgreSQL nor the other's turn is in; so the share is of the smaller
whole, and a real deployment pays less. The watched one is scraped after each turn besides.
"""

import asyncio
import os
import statistics
import urllib.request
from pathlib import Path

from bench import door, events, load
from bench.system import Running, embedded
from bench.table import Figure

PART = "watching"
TURNS = 8
PERSONS = 5_000


def figures(scale: float) -> list[Figure]:
    """Processor time per event, watched and silenced, and how they relate."""
    count = max(500, int(10_000 * scale))
    with embedded() as watched, embedded(program="bench.unwatched") as silenced:
        spent: dict[Running, list[float]] = {watched: [], silenced: []}
        for turn in range(-1, TURNS):
            made = events.settlements(count, persons=PERSONS, prefix=f"W{turn}-")
            # Who is first has the colder machine: by turns.
            for system in (watched, silenced)[:: 1 if turn % 2 else -1]:
                seconds = _judge(system, made, scrape=system is watched)
                if turn >= 0:
                    spent[system].append(seconds / count)
    ratios = [one / other for one, other in zip(spent[watched], spent[silenced], strict=True)]
    return [
        Figure(PART, "processor time per event judged, watched", _micros(spent[watched]), "µs"),
        Figure(PART, "… with metrics and logs silenced", _micros(spent[silenced]), "µs"),
        Figure(
            PART,
            "cost of all metrics and logs",
            (statistics.median(ratios) - 1) * 100,
            "%",
            5,
            False,
            f"median of {TURNS} turns: {min(ratios) - 1:+.1%} to {max(ratios) - 1:+.1%}",
        ),
    ]


def _judge(system: Running, made: list[dict], *, scrape: bool) -> float:
    """Processor seconds until all these are judged and stored."""
    began = _processor_seconds(system)
    result = asyncio.run(load.run(system.port, list(door.batches(system, made)), connections=4))
    if set(result.statuses) != {202}:
        raise RuntimeError(f"not all were accepted: {result.statuses}")
    system.wait_judged(600)
    if scrape:
        urllib.request.urlopen(f"http://127.0.0.1:{system.port}/metrics", timeout=10).read()
    return _processor_seconds(system) - began


def _processor_seconds(system: Running) -> float:
    """User and system time of the process so far."""
    numbers = Path(f"/proc/{system.process.pid}/stat").read_text().rpartition(")")[2].split()  # type: ignore[union-attr]
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def _micros(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1e6
