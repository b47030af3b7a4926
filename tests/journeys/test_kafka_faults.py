"""Kills, failpoints, workers that come and go, poison: the final alerts equal those of an undisturbed run."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from services.settings import Settings
from tests.support.deployment import Deployment, door, undisturbed_in_the_end, until_judged
from tests.support.load import load, parts, poison_inbox, poison_topics


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return load(persons=300, days=15)


@pytest.fixture
def deployment(kafka, topic_prefix: str, settings: Settings, tmp_path) -> Iterator[Deployment]:
    settings = replace(
        settings,
        kafka=kafka.bootstrap,
        topic_prefix=topic_prefix,
        partitions=3,
        relay_batch=4,
        lateness_days=3_650,
    )
    deployment = Deployment(settings, tmp_path)
    yield deployment
    deployment.close()


def test_three_kills_of_a_worker_in_mid_stream_leave_no_trace(deployment: Deployment, events):
    async def story() -> None:
        for name in ("alerts", "ingest", "worker"):
            deployment.start(name)
        async with undisturbed_in_the_end(deployment) as opened:
            *before, last = parts(events, 4)
            for part in before:
                judged = (await opened.status())["judged"]
                posting = asyncio.create_task(opened.post(part, batch=50))
                await until_judged(opened, judged + 100)
                deployment.services["worker"].kill()
                deployment.start("worker")
                await posting
            await opened.post(last, batch=50)

    asyncio.run(story())


def test_poison_is_set_aside_and_the_rest_goes_on(deployment: Deployment, events):
    async def story() -> None:
        for name in ("alerts", "ingest", "worker"):
            deployment.start(name)
        async with undisturbed_in_the_end(deployment, poison=24) as opened:
            first, *rest = parts(events, 3)
            await opened.post(first)
            await until_judged(opened, 1)
            await poison_topics(deployment.settings, 10)
            for part in rest:
                await poison_inbox(opened, 12)
                await opened.post(part)
        async with door(deployment.settings) as opened:
            async with asyncio.timeout(60):
                while (await opened.status())["dead_letters"] != 24 + 10:
                    await asyncio.sleep(0.1)

    asyncio.run(story())


def test_a_crash_between_any_two_of_three_effects_leaves_no_trace(deployment: Deployment, events):
    async def story() -> None:
        for name in ("alerts", "ingest", "worker"):
            deployment.start(name)
        async with undisturbed_in_the_end(deployment) as opened:
            first, second = parts(events, 2)
            await opened.post(first, batch=50)
            await until_judged(opened, 50)
            points = {"worker": "after_put", "ingest": "relay_after_ack", "alerts": "consumer_after_store"}
            for name, point in points.items():
                deployment.crash_at(name, point)
            await opened.post(second, batch=50)
            for name in points:
                await asyncio.to_thread(deployment.ended_at_its_point, name)

    asyncio.run(story())


def test_workers_that_come_and_go_and_lose_their_folder_leave_no_trace(deployment: Deployment, events):
    async def story() -> None:
        for name in ("alerts", "ingest", "worker"):
            deployment.start(name)
        async with undisturbed_in_the_end(deployment) as opened:
            first, second, third, last = parts(events, 4)
            await opened.post(first, batch=50)
            await until_judged(opened, 50)
            deployment.start("joined")
            await opened.post(second, batch=50)
            await until_judged(opened, opened.accepted - 100)
            assert await asyncio.to_thread(deployment.stop, "worker") == 0
            shutil.rmtree(deployment.folder / "worker")
            await opened.post(third, batch=50)
            deployment.start("worker")
            await opened.post(last, batch=50)

    asyncio.run(story())
