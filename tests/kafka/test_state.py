"""State is put where its keys belong, memories on their way there are kept, and rounds keep order."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from services.runtime.kafka.finishing import IN_HAND_AT_MOST, Job, Place, Rounds
from services.runtime.kafka.memories import Memories
from services.runtime.kafka.partitioner import partition_of
from services.runtime.kafka.state import PartitionedState
from services.runtime.kafka.topics import Topic, changelog
from services.runtime.kafka.wire import Batch
from services.runtime.ports import Outcome
from tests.kafka.harness import GuardedTestApp, eventually, on, read_all, worker_settings

PARTITIONS = 3
KEYS = [b"key %d" % number for number in range(30)]


def test_a_keys_partition_never_changes():
    assert [partition_of(key, 16) for key in ("", "a", "p:x", "清风")] == [0, 3, 5, 2]


def test_changes_go_to_the_partition_that_is_said_whatever_event_the_task_has_in_hand(
    kafka, topic_prefix, tmp_path
):
    async def story() -> None:
        log = changelog(topic_prefix + "app", "memory", PARTITIONS)
        settings = worker_settings(kafka.bootstrap, topic_prefix + "app", tmp_path, partitions=PARTITIONS)
        app = GuardedTestApp(settings)
        state = PartitionedState(app, app.bytes_table("memory"))
        app.agent(app.bytes_topic(topic_prefix + "in"))(_nothing)
        async with on(app, Topic(topic_prefix + "in", PARTITIONS), log):
            await eventually(lambda: not app.rebalancing and len(app.source_partitions()) == PARTITIONS)
            for key in KEYS:
                partition = partition_of(key.decode(), PARTITIONS)
                await state.put(partition, {key: b"first"})
                await state.put(partition, {key: b"last", b"beside " + key: b"x"})
            await app.producer.flush()
            assert app.unacknowledged == 0
            for partition in range(PARTITIONS):
                own = [key for key in KEYS if partition_of(key.decode(), PARTITIONS) == partition]
                assert [key for page in state.keys(partition, b"key ") for key in page] == sorted(own)
                assert all(state.get(partition, key) == b"last" for key in own)
                told = await read_all(kafka.bootstrap, log.name, partition)
                assert [key for key, value in told if value == b"last"] == own
                await state.put(partition, dict.fromkeys(own))
                assert all(state.get(partition, key) is None for key in own)
                assert list(state.keys(partition, b"key ")) == []
            await app.producer.flush()
            for partition in range(PARTITIONS):
                last = dict(await read_all(kafka.bootstrap, log.name, partition))
                assert {value for key, value in last.items() if key in KEYS} <= {None}

    asyncio.run(story())


async def _nothing(stream: Any) -> None:
    async for _ in stream:
        pass


class FakeState:
    """A table whose puts a test looks at."""

    def __init__(self) -> None:
        self.held: dict[tuple[int, bytes], bytes] = {}

    def get(self, partition: int, key: bytes) -> bytes | None:
        return self.held.get((partition, key))

    async def put(self, partition: int, changes: dict[bytes, bytes | None]) -> None:
        for key, value in changes.items():
            if value is None:
                self.held.pop((partition, key), None)
            else:
                self.held[partition, key] = value


class Notes:
    """A program of one stage whose memories are lists of words."""

    def stage(self, key: str) -> Any:
        return SimpleNamespace(
            fresh=lambda name: [],
            unpack=lambda name, packed: packed.decode().split(),
            pack=lambda memory: " ".join(memory).encode(),
        )

    def may_be_over(self, key: str, as_of: int) -> bool:
        return key != "p:never"

    def is_over(self, memory: list[str], as_of: int) -> bool:
        return all(int(word) < as_of for word in memory)


def test_a_memory_closed_before_it_was_put_is_opened_as_it_was_left():
    async def story() -> None:
        state = FakeState()
        memories = Memories(Notes(), state, hottest=0)
        first = memories.get(1, "p:a")
        first.append("one")
        packed = memories.pack(1, {"p:a": first})
        assert memories.get(1, "p:a") == ["one"]
        assert memories.get(2, "p:a") == []
        await memories.put(1, packed)
        memories.forget()
        assert memories.get(1, "p:a") == ["one"]
        assert state.held == {(1, b"p:a"): b"one"}

    asyncio.run(story())


def test_an_older_put_does_not_hide_what_is_still_on_its_way():
    async def story() -> None:
        memories = Memories(Notes(), FakeState(), hottest=0)
        memory = memories.get(1, "p:a")
        memory.append("one")
        earlier = memories.pack(1, {"p:a": memory})
        memory.append("two")
        memories.pack(1, {"p:a": memory})
        await memories.put(1, earlier)
        assert memories.get(1, "p:a") == ["one", "two"]

    asyncio.run(story())


def test_a_memory_that_is_over_is_gone_at_once_and_from_the_table_in_its_turn():
    async def story() -> None:
        state = FakeState()
        memories = Memories(Notes(), state)
        for key, word in (("p:a", "1"), ("p:b", "9"), ("p:never", "1")):
            memories.get(1, key).append(word)
            await memories.put(1, memories.pack(1, {key: memories.get(1, key)}))
        memories.forget()
        over = memories.drop_over(1, ["p:a", "p:b", "p:never"], 5)
        assert over == {"p:a": None}
        again = memories.get(1, "p:a")
        assert again == []
        again.append("6")
        later = memories.pack(1, {"p:a": again})
        await memories.put(1, over)
        assert state.held.keys() == {(1, b"p:b"), (1, b"p:never")}
        assert memories.get(1, "p:a") == ["6"]
        await memories.put(1, later)
        memories.forget()
        assert [memories.get(1, key) for key in ("p:a", "p:b")] == [["6"], ["9"]]

    asyncio.run(story())


def test_what_is_over_but_still_in_the_table_is_not_opened_again():
    async def story() -> None:
        state = FakeState()
        memories = Memories(Notes(), state)
        memories.get(1, "p:a").append("1")
        await memories.put(1, memories.pack(1, {"p:a": memories.get(1, "p:a")}))
        over = memories.drop_over(1, ["p:a"], 5)
        assert state.held.keys() == {(1, b"p:a")}
        assert memories.get(1, "p:a") == []
        memories.forget()
        await memories.put(1, over)
        assert state.held == {}

    asyncio.run(story())


def job(number: int) -> Job:
    return Job(None, Place("in", 0, number), Batch(()), Outcome())


def test_jobs_are_finished_in_order_and_all_that_wait_together():
    async def story() -> None:
        rounds: list[list[int]] = []

        async def finish(jobs: list[Job]) -> None:
            rounds.append([each.place.offset for each in jobs])
            await asyncio.sleep(0.01)

        finisher = Rounds(finish, pytest.fail)
        for number in range(IN_HAND_AT_MOST * 2):
            await finisher.add(job(number))
        await finisher.drained()
        await finisher.close()
        assert [offset for one in rounds for offset in one] == list(range(IN_HAND_AT_MOST * 2))
        assert len(rounds) <= 4

    asyncio.run(story())


def test_a_job_that_cannot_be_finished_ends_the_process():
    async def story() -> None:
        reasons: list[str] = []

        async def finish(jobs: list[Job]) -> None:
            raise ConnectionError("no broker")

        finisher = Rounds(finish, reasons.append)
        await finisher.add(job(1))
        await finisher.drained()
        await finisher.close()
        assert "no broker" in reasons[0]

    asyncio.run(story())
