"""Workers that are killed, frozen, robbed of their folder or broken lose nothing and double nothing."""

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime.kafka.last_resort import EXIT_STATUS
from services.runtime.kafka.topics import Topic, apply, changelog
from tests.kafka.harness import committed, read_all, send
from tests.kafka.worker import PARTITIONS

ROOT = Path(__file__).parents[2]


class Worker:
    """One worker process and the questions asked about it."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        self.bootstrap, self.prefix, self.folder = bootstrap, prefix, folder
        self.output = folder.with_suffix(".out")
        self._process: subprocess.Popen[bytes] | None = None

    def declare(self, **changelog_settings: str) -> None:
        log = changelog(self.prefix + "app", "state", PARTITIONS)
        declared = [
            Topic(self.prefix + "in", PARTITIONS),
            Topic(log.name, PARTITIONS, "compact", more=changelog_settings),
        ]
        asyncio.run(apply(self.bootstrap, declared))

    def start(self, agent: str = "remember", kind: str = "guarded") -> None:
        command = [sys.executable, "-m", "tests.kafka.worker", agent, self.bootstrap, self.prefix]
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, str(self.folder), kind], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait(self, seconds: float = 60.0) -> int:
        return self._process.wait(seconds)

    def feed(self, facts: list[tuple[bytes, bytes]]) -> None:
        asyncio.run(send(self.bootstrap, self.prefix + "in", facts))

    def committed(self) -> int:
        async def ask() -> int:
            each = [
                await committed(self.bootstrap, self.prefix + "app", self.prefix + "in", partition)
                for partition in range(PARTITIONS)
            ]
            return sum(each)

        return asyncio.run(ask())

    def until_committed(self, offsets: int, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while self.committed() < offsets:
            assert time.monotonic() < deadline, self.output.read_text(errors="replace")[-4000:]
            time.sleep(0.1)

    def state(self) -> dict[bytes, list[str]]:
        """What every key knows, as the changelog tells it."""
        log = changelog(self.prefix + "app", "state", PARTITIONS).name
        return {key: json.loads(value) for key, value in asyncio.run(read_all(self.bootstrap, log))}


@pytest.fixture
def worker(kafka, topic_prefix, tmp_path) -> Iterator[Worker]:
    worker = Worker(kafka.bootstrap, topic_prefix, tmp_path / "worker")
    yield worker
    worker.kill()


def facts(count: int, keys: int = 20) -> list[tuple[bytes, bytes]]:
    return [(b"key %d" % (number % keys), b"fact %d" % number) for number in range(count)]


def known(of: list[tuple[bytes, bytes]]) -> dict[bytes, list[str]]:
    found: dict[bytes, set[str]] = {}
    for key, fact in of:
        found.setdefault(key, set()).add(fact.decode())
    return {key: sorted(each) for key, each in found.items()}


def test_a_worker_killed_again_and_again_knows_each_fact_exactly_once(worker):
    told = facts(3_000)
    worker.declare()
    chance = random.Random(7)
    worker.feed(told)
    for share in (0.1, 0.4):
        worker.start()
        worker.until_committed(int(len(told) * share))
        time.sleep(chance.random() * 0.3)
        worker.kill()
    worker.start()
    worker.until_committed(len(told))
    assert worker.state() == known(told)


def test_two_workers_know_each_fact_exactly_once_though_one_is_killed(worker, tmp_path):
    told = facts(6_000)
    worker.declare()
    worker.feed(told[:4_000])
    other = Worker(worker.bootstrap, worker.prefix, tmp_path / "other")
    try:
        worker.start()
        worker.until_committed(500)
        other.start()
        worker.feed(told[4_000:])
        worker.until_committed(4_500)
        worker.kill()
        worker.until_committed(len(told))
        assert worker.state() == known(told)
    finally:
        other.kill()


def test_a_worker_that_lost_its_folder_rebuilds_it_from_the_changelog(worker):
    before, after = facts(400), [(key, b"later " + fact) for key, fact in facts(20)]
    worker.declare()
    worker.feed(before)
    worker.start()
    worker.until_committed(len(before))
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    shutil.rmtree(worker.folder)
    worker.feed(after)
    worker.start()
    worker.until_committed(len(before) + len(after))
    assert worker.state() == known(before + after)


def test_a_clean_stop_leaves_tables_that_the_next_start_trusts(worker):
    before, after = facts(100), [(key, b"later " + fact) for key, fact in facts(20)]
    worker.declare()
    worker.feed(before)
    worker.start()
    worker.until_committed(len(before))
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert (worker.folder / "stopped-cleanly").exists()
    worker.feed(after)
    worker.start()
    worker.until_committed(len(before) + len(after))
    assert "local tables are rebuilt" not in worker.output.read_text()
    assert worker.state() == known(before + after)


def test_a_worker_that_was_frozen_past_its_session_ends_itself(worker):
    worker.declare()
    worker.feed(facts(20))
    worker.start()
    worker.until_committed(20)
    worker.signal(signal.SIGSTOP)
    time.sleep(4.0)
    worker.signal(signal.SIGCONT)
    assert worker.wait() == EXIT_STATUS
    assert not (worker.folder / "stopped-cleanly").exists()


def test_a_worker_told_to_stop_while_its_start_waits_for_the_broker_ends(own_kafka, topic_prefix, tmp_path):
    waiting = Worker(own_kafka.bootstrap, topic_prefix, tmp_path / "worker")
    waiting.declare()
    os.kill(own_kafka.pid, signal.SIGSTOP)
    try:
        waiting.start()
        time.sleep(3.0)
        waiting.signal(signal.SIGTERM)
        assert waiting.wait() == EXIT_STATUS
    finally:
        waiting.kill()


def test_a_worker_that_hangs_ends_itself_once_messages_wait_and_not_before(worker):
    worker.declare()
    worker.start("hang")
    time.sleep(6.0)
    assert worker.running
    worker.feed(facts(1))
    assert worker.wait() == EXIT_STATUS
    assert "messages wait and nothing moved" in worker.output.read_text()


def test_plain_faust_commits_though_the_broker_refused_the_change(worker):
    worker.declare(**{"max.message.bytes": "10000"})
    worker.feed(facts(1))
    worker.start("swell", "plain")
    worker.until_committed(1)


def test_a_change_the_broker_refuses_is_never_committed_and_ends_the_worker(worker):
    worker.declare(**{"max.message.bytes": "10000"})
    worker.feed(facts(1))
    worker.start("swell")
    assert worker.wait() == EXIT_STATUS
    assert "was not written to its changelog" in worker.output.read_text()
    assert worker.committed() == 0


def test_an_exception_that_leaves_the_agent_ends_the_worker_and_passes_no_message(worker):
    worker.declare()
    worker.feed(facts(1))
    worker.start("fail")
    assert worker.wait() == EXIT_STATUS
    assert "unforeseen" in worker.output.read_text()
    assert worker.committed() == 0
