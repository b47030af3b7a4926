"""The embedded system killed where it hurts: the alerts in the end are those of an undisturbed run."""

import random
import threading
import time
import urllib.error
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.system import Running, embedded
from services.commands import read_registry
from services.demo import county
from tests.support.systems import due, said

BATCH = 50
PARTS_A_POINT = 8
WAIT_SECONDS = 120.0
POINTS = ("after_state", "after_output", "before_commit", "after_commit")


@pytest.fixture(scope="module")
def made() -> county.County:
    return county.generate(seed=4, days=10, persons=1_000, until=datetime.now(UTC) - timedelta(seconds=5))


@pytest.fixture
def registry(made: county.County, tmp_path: Path) -> Path:
    county.write_registry(tmp_path, made)
    return tmp_path


def batches(made: county.County, seed: int) -> list[list[dict]]:
    """The county shuffled within a few minutes, a fifth of it sent twice."""
    chance = random.Random(seed)
    events = list(made.events)
    order = sorted(range(len(events)), key=lambda place: place + chance.random() * 40)
    sent = [events[place] for place in order]
    sent += chance.sample(sent, len(sent) // 5)
    return [sent[begin : begin + BATCH] for begin in range(0, len(sent), BATCH)]


def post_all(system: Running, parts: list[list[dict]]) -> None:
    """Post as a billing system does: what was not answered is sent again until it is."""
    for part in parts:
        while True:
            try:
                system.post(part)
                break
            except (OSError, urllib.error.URLError):
                time.sleep(0.2)


def until_judged(system: Running, events: int) -> None:
    """Wait until so many events are judged."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := system.get("/v1/status"))["judged"] < events:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_kill_9_in_mid_stream_thrice_loses_nothing_and_doubles_nothing(made, registry):
    with embedded() as system:
        system.qingfeng("registry", "load", str(registry))
        sender = threading.Thread(target=post_all, args=(system, batches(made, 1)))
        sender.start()
        for number in range(3):
            until_judged(system, (number + 1) * len(made.events) // 6)
            system.kill()
            system.start()
        sender.join()
        system.wait_judged()
        expected = due(system, made.events, read_registry(registry))
        assert len(expected) > 20
        assert said(system) == expected
        assert system.get("/v1/status")["accepted"] == len(made.events)
        assert system.get("/v1/status")["judged"] == len(made.events)


def test_an_end_between_any_two_effects_leaves_no_trace(made, registry):
    with embedded() as system:
        parts = batches(made, 2)
        told = {}
        for number, point in enumerate(POINTS):
            mine = parts[number * PARTS_A_POINT : (number + 1) * PARTS_A_POINT]
            told.update(
                {(event["institution_id"], event["event_id"]): event for part in mine for event in part}
            )
            system.kill()
            # The first thing judged ends it, be it only a tick.
            system.start(wait=False, QINGFENG_FAILPOINT=point)
            sender = threading.Thread(target=post_all, args=(system, mine))
            sender.start()
            assert system.process.wait(WAIT_SECONDS) == 70
            system.start()
            sender.join()
        # The registry comes last: all that was judged without it is judged again.
        system.qingfeng("registry", "load", str(registry))
        system.wait_judged()
        assert said(system) == due(system, told.values(), read_registry(registry))
        assert system.get("/v1/status")["judged"] == len(told)


def test_a_second_start_finds_all_data_again(made):
    with embedded() as system:
        post_all(system, batches(made, 3)[:10])
        system.wait_judged()
        before = said(system)
        assert before
        assert system.stop() == 0
        system.start()
        assert said(system) == before
