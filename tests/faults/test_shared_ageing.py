"""On Kafka too what is over of the keys that persons share goes, from the table and from its changelog."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.settings import Settings
from services.topics import changelog_of
from tests.kafka.harness import read_all
from tests.support.deployment import Deployment, Door, door
from tests.support.entries import line, swipe

pytestmark = pytest.mark.faults
PACKS = 40


@pytest.fixture
def deployment(settings: Settings, kafka, tmp_path: Path) -> Iterator[Deployment]:
    own = replace(
        settings, kafka=kafka.bootstrap, topic_prefix=f"{tmp_path.name}.", partitions=2, lateness_days=1
    )
    deployment = Deployment(own, tmp_path)
    yield deployment
    deployment.close()


def pack(number: int) -> dict:
    return line(f"{number}", trace_codes=[f"812345678901234567{number:02d}"])


async def remembered(deployment: Deployment) -> set[str]:
    """Keys that persons share and that the changelog still tells of."""
    settings = deployment.settings
    last = dict(await read_all(settings.kafka, changelog_of(settings).name))
    return {key.decode() for key, value in last.items() if key.startswith(b"s:") and value is not None}


async def judged(opened: Door) -> None:
    """Wait until all that was posted is judged; months may wait."""
    async with asyncio.timeout(60):
        while (await opened.status())["lag"]["events"]:
            await asyncio.sleep(0.1)


def test_what_is_over_goes_from_the_changelog_and_what_stands_stays(deployment: Deployment):
    async def story(opened: Door) -> None:
        kept = [swipe(f"2020-03-05 09:0{n}:00", "P1", person=f"c{n}", device_id="d") for n in range(6)]
        sold = swipe("2020-03-06 10:00", "P2", person="x", lines=[pack(n) for n in range(PACKS)])
        # Before the first tick: afterwards they would be too late.
        await opened.post([*kept, sold])
        for name in ("ingest", "alerts", "worker"):
            deployment.start(name)
        await judged(opened)
        assert len(await remembered(deployment)) == PACKS + 1
        today = datetime.now(UTC).date()
        for number in range(8):
            day = (today - timedelta(days=2)).isoformat()
            await opened.post([swipe(f"{day} 10:00", "P2", person=f"y{number}", device_id=f"d{number}")])
            await judged(opened)
        left = await remembered(deployment)
        assert not [key for key in left if key.startswith("s:x")]
        assert [key for key in left if key.startswith("s:t2:P1")]
        assert await opened.open_alerts() == await opened.expected()

    async def run() -> None:
        async with door(deployment.settings) as opened:
            await story(opened)

    asyncio.run(run())
