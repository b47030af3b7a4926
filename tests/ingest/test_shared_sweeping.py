"""The embedded system drops what is over of the keys that persons share: by pages, and without a trace."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from services.runtime.database import driver
from services.settings import Settings
from tests.ingest.test_registry_rejudging import World
from tests.support.deployment import door
from tests.support.entries import line, settlement, swipe

KEYS = "SELECT DISTINCT key FROM memory_cell WHERE key ^@ 's:' ORDER BY key"


def lives(settings: Settings, story: Callable[[World], Awaitable[None]]) -> None:
    """Tell a story about a terminal where six cards were kept, a card of one and forty packs, years ago."""

    async def run() -> None:
        async with (
            door(replace(settings, lateness_days=1)) as opened,
            driver(opened.engine) as reader,
            driver(opened.engine) as writer,
        ):
            world = World(opened, opened.settings, reader, writer)
            await world.restart()
            kept = [swipe(f"2020-03-05 09:0{n}:00", "P1", person=f"c{n}", device_id="d") for n in range(6)]
            packs = [line(f"{n}", trace_codes=[f"812345678901234567{n:02d}"]) for n in range(40)]
            card = {"kind": "social_card", "number": "N1"}
            sold = swipe("2020-03-06 10:00", "P2", person="x", lines=packs, card=card)
            await opened.post([*kept, sold])
            await world.catch_up()
            await story(world)

    asyncio.run(run())


async def keys(world: World) -> list[str]:
    """Keys that persons share and that something is remembered of."""
    return [row["key"] for row in await world.connections[0].fetch(KEYS)]


async def swept(world: World, size: int) -> int:
    """Look at all memories; how many pages there were."""
    pages = 0
    while await world.runner.sweep(*world.connections, size):
        pages += 1
    return pages


def test_memories_that_are_over_are_dropped_by_pages_and_what_stands_keeps_its_own(settings: Settings):
    async def story(world: World) -> None:
        before = await keys(world)
        assert len(before) == 42
        await swept(world, 10)
        assert await keys(world) == before
        await world.door.post([settlement("2024-03-05 10:00", "H9")])
        await world.catch_up()
        assert await swept(world, 10) == 6
        (left,) = await keys(world)
        assert left.startswith("s:t")
        assert await world.is_lawful()
        assert {alert["rule"] for alert in (await world.door.open_alerts()).values()} == {"B01"}

    lives(settings, story)


def test_a_look_begins_once_a_day_of_as_of_and_a_process_that_begins_looks_anew(settings: Settings):
    async def story(world: World) -> None:
        await swept(world, 100)
        assert not await world.runner.sweep(*world.connections, 100)
        await world.door.post([settlement("2020-03-06 20:00", "H9")])
        await world.catch_up()
        assert await swept(world, 100) == 0
        await world.door.post([settlement("2020-03-07 11:00", "H9")])
        await world.catch_up()
        assert await swept(world, 100) == 2
        await world.restart()
        assert await swept(world, 100) == 2

    lives(settings, story)


def test_a_process_that_ends_while_it_drops_leaves_the_law_as_it_was(settings: Settings):
    async def story(world: World) -> None:
        await world.door.post([settlement("2024-03-05 10:00", "H9")])
        await world.catch_up()
        await world.halted_at("after_sweep", world.runner.sweep(*world.connections, 10))
        await swept(world, 10)
        assert len(await keys(world)) == 1
        await world.door.post([swipe("2024-03-06 10:00", "P2", person="y", device_id="d")])
        await world.catch_up()
        assert len(await keys(world)) == 2
        assert await world.is_lawful()

    lives(settings, story)
