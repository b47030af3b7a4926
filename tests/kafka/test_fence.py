"""A worker that cannot know that its partitions are its own ends; one the group dropped commits nothing."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.errors import UnknownMemberIdError

from services.runtime.kafka.fence import HeartbeatGuard, _commit_as_member


class Held:
    """An app that holds a partition, as the guard sees it."""

    def __init__(self, confirmed_at: float) -> None:
        self.rebalancing = False
        self.consumer_thread = SimpleNamespace(confirmed_at=confirmed_at)
        self.reasons: list[str] = []
        self.last_resort = self.reasons.append

    def source_partitions(self) -> set[int]:
        return {1}


def test_silence_longer_than_allowed_ends_the_worker():
    app = Held(confirmed_at=100.0)
    guard = HeartbeatGuard(app, 8.0)
    guard.check(107.9)
    assert app.reasons == []
    guard.check(108.1)
    assert "no heartbeat was answered" in app.reasons[0]


def test_joining_the_group_counts_as_contact():
    app = Held(confirmed_at=0.0)
    guard = HeartbeatGuard(app, 8.0)
    app.rebalancing = True
    guard.check(1_000.0)
    app.rebalancing = False
    guard.check(1_007.0)
    assert app.reasons == []
    guard.check(1_009.0)
    assert app.reasons


def test_who_is_no_member_commits_nothing():
    async def story() -> None:
        committed = []

        async def commit(assignment: object, offsets: object) -> None:
            committed.append(offsets)

        with pytest.raises(UnknownMemberIdError):
            await _commit_as_member(SimpleNamespace(generation=-1), commit, None, {"a": 1})
        await _commit_as_member(SimpleNamespace(generation=3), commit, None, {"a": 2})
        assert committed == [{"a": 2}]

    asyncio.run(story())
