"""A changed registry judges the past anew: paced, resumable, shown; and the law holds when the lag is 0."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from schemas.records import Approval, Baseline, Holiday, Institution
from services.assembly import System
from services.detector.periods.baselines import concerned
from services.ingest import registry
from services.ingest.registry import records_of
from services.runtime.clock import system_clock
from services.runtime.database import driver
from services.runtime.embedded.runner import EmbeddedRunner
from services.settings import Settings
from tests.support.deployment import Door, door
from tests.support.entries import stay, swipe

PERSONS = 30


class Halted(Exception):
    """The process ends here."""


class World:
    """A door and a runner that is led by hand."""

    def __init__(self, opened: Door, settings: Settings, reader: Any, writer: Any) -> None:
        self.door = opened
        self.connections = (reader, writer)
        self._settings = settings
        self.runner: EmbeddedRunner
        self._halt_at = ""

    async def restart(self) -> None:
        """A new process takes up what the last one left."""
        system = System(self._settings, self.door.engine)
        self.runner = system.runner
        self.runner._fail = self._reach
        await self.runner.begin(self.connections[0])

    async def catch_up(self) -> None:
        """Judge all that was posted; nothing is judged anew."""
        while await self.runner.step(*self.connections):
            pass

    async def anew(self, size: int = 1_000) -> None:
        """Judge a page anew."""
        assert await self.runner.rejudge(*self.connections, size)

    async def finish(self) -> None:
        """Judge anew what is left."""
        await self.catch_up()
        while await self.runner.rejudge(*self.connections, 7):
            pass

    async def halted_at(self, point: str, work: Awaitable[Any]) -> None:
        """The process ends at a point of its work, and another one begins."""
        self._halt_at = point
        with pytest.raises(Halted):
            await work
        self._halt_at = ""
        await self.restart()

    async def rejudging(self) -> Any:
        return (await self.door.status())["rejudging"]

    async def severities(self) -> list[int]:
        """Severities of the overlapping stays."""
        alerts = await self.door.open_alerts()
        return sorted(alert["severity"] for alert in alerts.values() if alert["rule"] == "A01")

    async def is_lawful(self) -> bool:
        return await self.door.open_alerts() == await self.door.expected()

    def _reach(self, point: str) -> None:
        if point == self._halt_at:
            raise Halted


Story = Callable[[World], Awaitable[None]]


@pytest.fixture
def tell(settings: Settings) -> Iterator[Callable[[Story], None]]:
    """Tell a story about thirty persons with overlapping stays, and a terminal where six cards were kept."""

    def tell(story: Story) -> None:
        async def run() -> None:
            async with (
                door(settings) as opened,
                driver(opened.engine) as reader,
                driver(opened.engine) as writer,
            ):
                world = World(opened, settings, reader, writer)
                await world.restart()
                for number in range(PERSONS):
                    await opened.post(overlap(number))
                await opened.post(
                    [swipe(f"03-05 09:0{n}:00", "P1", person=f"c{n}", device_id="d") for n in range(6)]
                )
                await world.catch_up()
                await story(world)

        asyncio.run(run())

    return tell


def overlap(number: int) -> list[dict[str, Any]]:
    """Two stays of one person at two hospitals at once."""
    person = f"person {number}"
    first = stay("03-01 09:00", "03-10 09:00", "H1", f"a{number}", person=person)
    return [*first, *stay("03-05 09:00", "03-12 09:00", "H2", f"b{number}", person=person)]


def one_group(*, since: str | None = None) -> list[Institution]:
    return [Institution(name, group_id="G", effective_from=since) for name in ("H1", "H2")]


def test_a_backdated_change_is_worked_off_in_pages_and_shown(tell):
    async def story(world: World) -> None:
        assert await world.rejudging() is None
        before = await world.severities()
        await world.door.load("institutions", *one_group())
        await world.catch_up()
        found = await world.door.status()
        memories = found["rejudging"]["total"]
        assert found["rejudging"] == {"registry_version": 1, "done": 0, "total": memories}
        assert memories >= PERSONS + 6
        assert found["lag"]["events"] == memories
        await world.anew(10)
        assert await world.rejudging() == {"registry_version": 1, "done": 10, "total": memories}
        assert (await world.door.status())["lag"]["events"] == memories - 10
        await world.finish()
        found = await world.door.status()
        assert found["rejudging"] is None
        assert found["lag"]["events"] == 0
        assert await world.severities() != before
        assert await world.is_lawful()

    tell(story)


def test_the_stream_goes_on_by_the_new_registry_meanwhile(tell):
    async def story(world: World) -> None:
        await world.door.load("institutions", *one_group())
        await world.catch_up()
        await world.anew(5)
        await world.door.post(overlap(PERSONS + 1))
        judged = (await world.door.status())["judged"]
        await world.catch_up()
        assert (await world.door.status())["judged"] == judged + 4
        new = [alert for alert in (await world.door.open_alerts()).values() if "a31" in alert["encounters"]]
        assert [alert["severity"] for alert in new] == [3]
        assert (await world.rejudging())["done"] == 5
        await world.finish()
        assert await world.is_lawful()

    tell(story)


def test_it_goes_on_after_a_restart_where_it_was_left(tell):
    async def story(world: World) -> None:
        await world.door.load("institutions", *one_group())
        await world.catch_up()
        await world.anew(12)
        await world.restart()
        assert (await world.rejudging())["done"] == 12
        await world.anew(3)
        assert (await world.rejudging())["done"] == 15
        await world.finish()
        assert await world.rejudging() is None
        assert await world.is_lawful()

    tell(story)


@pytest.mark.parametrize("point", ["after_state", "after_output", "before_commit", "after_commit"])
def test_an_end_between_any_two_effects_neither_skips_nor_keeps_half(tell, point):
    async def story(world: World) -> None:
        await world.door.load("institutions", *one_group())
        await world.halted_at(point, world.catch_up())
        await world.catch_up()
        assert (await world.rejudging())["done"] == 0
        await world.halted_at(point, world.runner.rejudge(*world.connections, 10))
        assert (await world.rejudging())["done"] == (10 if point == "after_commit" else 0)
        await world.finish()
        assert await world.rejudging() is None
        assert await world.is_lawful()

    tell(story)


def test_a_further_change_begins_anew(tell):
    async def story(world: World) -> None:
        await world.door.load("institutions", *one_group())
        await world.catch_up()
        await world.anew(20)
        await world.door.load("institutions", *one_group(since="2027-01-01"), Institution("H1", group_id="X"))
        await world.catch_up()
        found = await world.rejudging()
        assert (found["registry_version"], found["done"]) == (2, 0)
        await world.finish()
        assert await world.is_lawful()

    tell(story)


def test_terminals_are_judged_anew_as_persons_are(tell):
    async def story(world: World) -> None:
        assert "B01" in {alert["rule"] for alert in (await world.door.open_alerts()).values()}
        await world.door.load("institutions", Institution("P1", kind="hospital"))
        await world.finish()
        assert "B01" not in {alert["rule"] for alert in (await world.door.open_alerts()).values()}
        assert await world.is_lawful()

    tell(story)


async def publish(world: World, persons: int, *days: str) -> None:
    """So many persons are usual at P1 at nine, from each of these days on."""
    records = [Baseline("P1", day, usual=(persons,) * 24) for day in days]
    async with world.connections[0].transaction():
        stand = await records_of(world.connections[0], Baseline.TABLE, ["P1"])
        await registry.publish(world.connections[0], records, concerned(records, stand), system_clock())


async def crowds(world: World) -> list[str]:
    """Days of the kept cards that stand."""
    alerts = await world.door.open_alerts()
    return sorted(alert["happened_at"][:10] for alert in alerts.values() if alert["rule"] == "B01")


def test_what_is_published_has_only_its_terminals_judged_anew_with_the_word(tell):
    async def story(world: World) -> None:
        for day in ("03-20", "04-02"):
            await world.door.post(
                [swipe(f"{day} 09:0{n}:00", "P1", person=f"c{n}{day}", device_id="e") for n in range(6)]
            )
        await world.catch_up()
        assert await crowds(world) == ["2026-03-05", "2026-03-20", "2026-04-02"]
        await publish(world, 9, "2026-03-01", "2026-04-01")
        await world.catch_up()
        assert await world.rejudging() is None
        assert (await world.door.status())["lag"]["events"] == 0
        assert await crowds(world) == []
        await publish(world, 2, "2026-03-10")
        await world.catch_up()
        assert await crowds(world) == ["2026-03-20"]

    tell(story)


def test_a_terminal_that_comes_with_the_word_is_judged_by_it(tell):
    async def story(world: World) -> None:
        await world.door.post(
            [swipe(f"03-06 09:0{n}:00", "P1", person=f"n{n}", device_id="new") for n in range(6)]
        )
        await publish(world, 9, "2026-03-01")
        await world.catch_up()
        assert await crowds(world) == []

    tell(story)


@pytest.mark.parametrize("point", ["after_state", "after_output", "before_commit", "after_commit"])
def test_an_end_while_what_was_published_is_judged_neither_skips_nor_keeps_half(tell, point):
    async def story(world: World) -> None:
        await publish(world, 9, "2026-03-01")
        await world.halted_at(point, world.catch_up())
        await world.catch_up()
        assert (await world.door.status())["lag"]["events"] == 0
        assert await crowds(world) == []

    tell(story)


def test_a_change_of_any_table_judges_anew_and_a_persons_row_only_that_person(tell):
    async def story(world: World) -> None:
        await world.door.load("holidays", Holiday("2026-02-17"))
        await world.catch_up()
        assert (await world.rejudging())["registry_version"] == 1
        await world.finish()
        await world.door.load("approvals", Approval("person 1", "M039"))
        await world.catch_up()
        # The first of them says that there are approvals at all.
        assert (await world.rejudging())["registry_version"] == 2
        await world.finish()
        await world.door.load("approvals", Approval("person 2", "M039"))
        await world.catch_up()
        assert await world.rejudging() is None
        assert await world.is_lawful()

    tell(story)


def test_what_is_only_judged_anew_takes_no_place_among_the_memories_at_hand(tell):
    async def story(world: World) -> None:
        await world.restart()
        await world.door.post(overlap(1))
        await world.door.load("institutions", *one_group())
        await world.catch_up()
        at_hand = set(world.runner._open)
        while await world.runner.rejudge(*world.connections, 7):
            pass
        assert {key for key in world.runner._open if key.startswith("p:")} == at_hand

    tell(story)
