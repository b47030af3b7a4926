"""What is usual at a terminal is measured, published and compared with, on both runtimes; the law holds."""

from typing import Any

from schemas.records import Baseline, Institution
from services.ingest.registry import records_of
from services.runtime.database import driver
from tests.contract.conftest import Runtime
from tests.contract.test_law import rules_of
from tests.support.deployment import Door
from tests.support.entries import cancellation, swipe


def queue(shop: str, day: str, count: int, apart: int) -> list[dict[str, Any]]:
    """That many customers at one terminal, so many seconds apart, who buy different things."""
    return [
        swipe(
            f"{day} 10:{number * apart // 60:02}:{number * apart % 60:02}",
            shop,
            f"{shop}-{day}-{number}",
            person=f"{shop}-{day}-{number}",
            device_id="t1",
            total=f"{20 + number}.00",
        )
        for number in range(count)
    ]


async def usual(door: Door, shop: str) -> dict[str, int]:
    """Day → persons usual at ten o'clock there, as published."""
    async with driver(door.engine) as connection:
        found = await records_of(connection, Baseline.TABLE, [shop])
    return {record.effective_from: record.usual[10] for record in found if record.usual}


async def versions(door: Door) -> tuple[int, int]:
    """Of the last load, by which months are judged; and of what was published since."""
    async with driver(door.engine) as connection:
        return await connection.fetchrow("SELECT loaded, version FROM registry_version")


def test_what_is_usual_silences_a_crowd_until_late_facts_show_that_it_was_not(runtime: Runtime):
    async def story(door: Door) -> None:
        shop = "U-P1"
        await door.load("institutions", Institution(shop, kind="pharmacy"))
        await door.post(queue(shop, "03-25", 6, 30))
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), shop) == ["B01"]
        assert await usual(door, shop) == {}
        loaded, _ = await versions(door)
        before = [queue(shop, day, 5, 100) for day in ("02-26", "03-05", "03-12", "03-19")]
        await door.post([*(one for day in before for one in day), *queue(shop, "03-26", 6, 30)])
        await runtime.settled(door)
        assert await usual(door, shop) == {"2026-03-25": 5, "2026-03-26": 5}
        assert rules_of(await door.open_alerts(), shop) == []
        await door.post([cancellation("03-27 12:00", one) for day in before[:2] for one in day[:2]])
        await runtime.settled(door)
        assert await usual(door, shop) == {"2026-03-25": 3, "2026-03-26": 5}
        (spoken,) = [one for one in (await door.open_alerts()).values() if shop in one["institutions"]]
        assert spoken["happened_at"].startswith("2026-03-25")
        await door.post([cancellation("03-28 12:00", one) for one in before[3]])
        await runtime.settled(door)
        assert await usual(door, shop) == {"2026-03-26": 3}
        assert rules_of(await door.open_alerts(), shop) == ["B01", "B01"]
        still_loaded, version = await versions(door)
        assert still_loaded == loaded < version

    runtime.tell(story)
