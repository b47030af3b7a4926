"""Twenty kills, every failpoint, zombies, and a broker that is cut off, slow, or has lost everything."""

import asyncio
import json
import random
import shutil
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from schemas.registry import Institution
from services.runtime.database import driver
from services.settings import Settings
from tests.support.deployment import Deployment, Door, undisturbed_in_the_end, until_judged
from tests.support.kafka import KafkaBroker, free_ports
from tests.support.load import load, parts
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

SERVICES = ("alerts", "ingest", "worker")
POINTS = {
    "worker": ("after_alert_ack", "after_put", "after_judged", "before_commit", "after_rejudge"),
    "ingest": ("relay_before_send", "relay_after_ack", "relay_before_store", "relay_after_store"),
    "alerts": ("consumer_after_store", "consumer_before_commit", "consumer_after_commit"),
}


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return load(persons=2_500, days=40, seed=2)


@pytest.fixture
def kafka_settings(topic_prefix: str, settings: Settings) -> Settings:
    return replace(settings, topic_prefix=topic_prefix, partitions=4, relay_batch=5, lateness_days=3_650)


@pytest.fixture
def deployment(kafka, kafka_settings: Settings, tmp_path) -> Iterator[Deployment]:
    deployment = Deployment(replace(kafka_settings, kafka=kafka.bootstrap), tmp_path)
    yield deployment
    deployment.close()


@pytest.fixture
def proxied(
    kafka_settings: Settings, kafka_libraries, tmp_path
) -> Iterator[tuple[Deployment, Proxy, KafkaBroker]]:
    """Services that reach a broker of their own through a proxy."""
    broker = KafkaBroker(tmp_path / "kafka", kafka_libraries, advertised_port=free_ports(1)[0])
    broker.start()
    proxy = Proxy(broker.advertised_port, broker.port)
    deployment = Deployment(replace(kafka_settings, kafka=broker.bootstrap), tmp_path)
    yield deployment, proxy, broker
    deployment.close()
    proxy.close()
    broker.kill()


def start(deployment: Deployment, *more: str) -> None:
    for name in (*SERVICES, *more):
        deployment.start(name)


def test_twenty_kills_of_workers_relay_and_consumer_leave_no_trace(deployment: Deployment, events):
    async def story() -> None:
        chance = random.Random(5)
        start(deployment, "other")
        async with undisturbed_in_the_end(deployment, seconds=300) as opened:
            posting = asyncio.create_task(_post_slowly(opened, events))
            for _ in range(20):
                await asyncio.sleep(1 + chance.random() * 4)
                name = chance.choice(("worker", "other", "worker", "other", "ingest", "alerts"))
                deployment.services[name].kill()
                deployment.start(name)
            await posting

    asyncio.run(story())


def test_a_crash_at_every_failpoint_leaves_no_trace(deployment: Deployment, events):
    async def story() -> None:
        start(deployment)
        points = [(name, point) for name, several in POINTS.items() for point in several]
        async with undisturbed_in_the_end(deployment, seconds=300) as opened:
            first, *rest = parts(events, len(points) + 1)
            await opened.post(first)
            await until_judged(opened, 100)
            for (name, point), part in zip(points, rest, strict=True):
                deployment.crash_at(name, point)
                await opened.load("institutions", Institution("P1", name=point, kind="pharmacy"))
                await opened.post(part, batch=50)
                await asyncio.to_thread(deployment.ended_at_its_point, name)

    asyncio.run(story())


def test_a_registry_that_changes_amid_kills_is_obeyed_in_the_end(deployment: Deployment, events):
    async def story() -> None:
        start(deployment)
        kinds = ("hospital", "pharmacy", "clinic", "township", "pharmacy")
        async with undisturbed_in_the_end(deployment, seconds=200) as opened:
            for kind, part in zip(kinds, parts(events, len(kinds)), strict=True):
                posting = asyncio.create_task(_post_slowly(opened, part))
                await asyncio.sleep(2)
                changed = [Institution(f"P{number}", kind=kind) for number in range(20)]
                await opened.load("institutions", *changed)
                await asyncio.sleep(0.3)
                deployment.services["worker"].kill()
                deployment.start("worker")
                await posting

    asyncio.run(story())


def test_a_worker_that_was_frozen_past_its_session_begins_anew_and_changes_nothing(
    deployment: Deployment, events
):
    async def story() -> None:
        start(deployment)
        async with undisturbed_in_the_end(deployment, seconds=200) as opened:
            first, second, last = parts(events, 3)
            await opened.post(first)
            await until_judged(opened, 200)
            deployment.start("other")
            deployment.services["worker"].signal(signal.SIGSTOP)
            posting = asyncio.create_task(opened.post(second, batch=50))
            await asyncio.sleep(10)
            deployment.services["worker"].signal(signal.SIGCONT)
            await posting
            await until_judged(opened, opened.accepted)
            assert "detector_begins_anew" in deployment.services["worker"].said
            # All of the state again, from the changelog alone.
            for name in ("worker", "other"):
                deployment.services[name].kill()
                shutil.rmtree(deployment.folder / name)
                deployment.start(name)
            await opened.post(last, batch=50)

    asyncio.run(story())


@pytest.mark.parametrize("way", ["cut", "half-open"])
def test_a_broker_out_of_reach_is_waited_for(proxied, events, way: str):
    deployment, proxy, _ = proxied

    async def story() -> None:
        start(deployment)
        async with undisturbed_in_the_end(deployment, seconds=200) as opened:
            first, second = parts(events, 2)
            await opened.post(first, batch=50)
            await until_judged(opened, 100)
            if way == "cut":
                proxy.cut()
            else:
                proxy.frozen = True
            await _post_slowly(opened, second)
            await asyncio.sleep(15)
            assert "kafka" in await asyncio.to_thread(_missing, deployment.services["ingest"].url)
            assert (await opened.status())["lag"]["events"] > 0
            proxy.mend()

    asyncio.run(story())


def test_a_slow_broker_loses_nothing(proxied, events):
    deployment, proxy, _ = proxied

    async def story() -> None:
        start(deployment)
        async with undisturbed_in_the_end(deployment, seconds=300) as opened:
            first, second = events[:-1_500], events[-1_500:]
            await opened.post(first)
            await until_judged(opened, 100)
            proxy.delay, proxy.bytes_per_second = 0.3, 64_000
            await opened.post(second)
            await asyncio.sleep(20)
            deployment.services["worker"].kill()
            proxy.mend()
            deployment.start("worker")

    asyncio.run(story())


def test_a_broker_that_lost_everything_is_filled_again_from_the_inbox(proxied, events):
    deployment, _, broker = proxied

    async def story() -> None:
        start(deployment)
        async with undisturbed_in_the_end(deployment, seconds=200) as opened:
            first, second = parts(events, 2)
            await opened.post(first)
            before = await opened.settled()
            alerts, log_id = await opened.open_alerts(), await _log_id(opened)
            await asyncio.to_thread(broker.restart, wipe=True)
            await opened.inbox.append_tick()  # the relay sees it when it sends
            async with asyncio.timeout(60):
                while await _log_id(opened) == log_id:
                    await asyncio.sleep(0.1)
            after = await opened.settled(200, deployment.supervise, deployment.said)
            assert after["judged"] == after["accepted"] == before["accepted"]
            assert after["alerts_stored"] == before["alerts_stored"]
            assert await opened.open_alerts() == alerts
            await opened.post(second)

    asyncio.run(story())


def test_database_connections_that_are_cut_again_and_again_lose_nothing(deployment: Deployment, events):
    async def story() -> None:
        start(deployment)
        async with undisturbed_in_the_end(deployment, seconds=200) as opened:
            first, second = parts(events, 2)
            await opened.post(first)
            for _ in range(15):
                await asyncio.sleep(0.7)
                async with driver(opened.engine) as connection:
                    await connection.execute(CUT)
            await _insist(opened, second)

    asyncio.run(story())


def _missing(url: str) -> dict[str, str]:
    """What /readyz says is away."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:
            return json.load(answer)["missing"]
    except urllib.error.HTTPError as error:
        return json.load(error)["missing"]


CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.7
"""


async def _insist(opened: Door, events: list[dict[str, Any]]) -> None:
    while True:
        try:
            await opened.post(events)
            return
        except Exception:
            await asyncio.sleep(0.5)


async def _post_slowly(opened: Door, events: list[dict[str, Any]]) -> None:
    for part in parts(events, 40):
        await opened.post(part)
        await asyncio.sleep(0.2)


async def _log_id(opened: Door) -> str:
    async with driver(opened.engine) as connection:
        return await connection.fetchval("SELECT log_id FROM relay")
