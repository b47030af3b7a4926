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

BATCH = 100
POINTS = ("after_state", "after_output", "before_commit", "after_commit")


@pytest.fixture(scope="module")
def made() -> county.County:
    return county.generate(seed=4, days=20, persons=1_200, until=datetime.now(UTC) - timedelta(seconds=5))


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


def test_kill_9_in_mid_stream_thrice_loses_nothing_and_doubles_nothing(made, registry):
    with embedded() as system:
        system.qingfeng("registry", "load", str(registry))
        sender = threading.Thread(target=post_all, args=(system, batches(made, 1)))
        sender.start()
        for _ in range(3):
            time.sleep(0.8)
            system.kill()
            system.start()
        sender.join()
        system.wait_judged()
        expected = due(system, made.events, read_registry(registry))
        assert len(expected) > 20
        assert said(system) == expected
        assert system.get("/v1/status")["accepted"] == len(made.events)
        assert system.get("/v1/status")["judged"] == len(made.events)


@pytest.mark.parametrize("point", POINTS)
def test_an_end_between_any_two_effects_leaves_no_trace(made, registry, point):
    with embedded() as system:
        system.kill()
        parts = batches(made, 2)[:12]
        # The first thing judged ends it, be it only a tick.
        system.start(wait=False, QINGFENG_FAILPOINT=point)
        sender = threading.Thread(target=post_all, args=(system, parts))
        sender.start()
        assert system.process.wait(30) == 70
        system.start()
        sender.join()
        # The registry comes last: all that was judged without it is judged again.
        system.qingfeng("registry", "load", str(registry))
        system.wait_judged()
        posted = {(event["institution_id"], event["event_id"]): event for part in parts for event in part}
        assert said(system) == due(system, posted.values(), read_registry(registry))


def test_a_second_start_finds_all_data_again(made):
    with embedded() as system:
        post_all(system, batches(made, 3)[:10])
        system.wait_judged()
        before = said(system)
        assert system.stop() == 0
        system.start()
        assert said(system) == before
