"""What was set aside or suspended goes back into judgement on a running system."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from schemas.finding import Words, encode_messages
from schemas.records import Person
from schemas.registry import PersonRecord
from services.alerts import dead_letters, incidents, suspensions
from services.detector.commands import find_rule
from services.retrying import judge_again, judge_all_again, resubmit
from services.runtime.database import transaction
from services.settings import Settings
from tests.alerts.making import NOON, a_dead_letter, said
from tests.contract.conftest import Embedded
from tests.support.deployment import Door, door
from tests.support.entries import settlement, stay

LIMIT = 6


@pytest.fixture
def running(settings: Settings) -> Iterator:
    """Run the embedded system with other settings than before; the one before ends."""
    systems: list[Embedded] = []

    def run(**knobs: object) -> Settings:
        for system in systems:
            system.close()
        chosen = replace(settings, lateness_days=3_650, **knobs)
        systems.append(Embedded(chosen))
        return chosen

    yield run
    systems[-1].close()


def crowded() -> list[dict]:
    """Two stays of one person that overlap, and so many visits that the person is none."""
    return [
        *stay("03-01 09:00", "03-10 09:00", "H1", "a1", person="a"),
        *stay("03-05 09:00", "03-12 09:00", "H2", "a2", person="a"),
        *[settlement(f"04-0{day} 09:00", "C1", f"v{day}", person="a") for day in range(1, 5)],
    ]


async def rules(opened: Door) -> set[str]:
    """Rules of the open alerts once all is judged; those over months are not waited for."""
    async with asyncio.timeout(60):
        while (await opened.status())["lag"]["events"]:
            await asyncio.sleep(0.05)
    return {alert["rule"] for alert in (await opened.open_alerts()).values()}


def test_a_suspended_person_is_judged_again_once_the_limit_is_raised_and_it_is_asked_for(running):
    async def suspended(opened: Door) -> list:
        async with transaction(opened.engine) as raw:
            return (await suspensions.page(raw, None, 10, None))[0]

    async def retry(opened: Door) -> int:
        async with transaction(opened.engine) as raw:
            return await suspensions.retry(raw, None, judge_again)

    async def before(settings: Settings) -> None:
        async with door(settings) as opened:
            await opened.post(crowded())
            assert await rules(opened) == set()
            (found,) = await suspended(opened)
            told = [(share.institution_id, share.facts) for share in found["shares"]]
            # As it was when one fact too many came.
            assert sum(count for _, count in told) == LIMIT + 1
            assert {"H1", "H2", "C1"} == {name for name, _ in told}
            # Asked too early it stays as it is.
            assert await retry(opened) == 1
            assert await rules(opened) == set()
            assert len(await suspended(opened)) == 1

    async def after(settings: Settings) -> None:
        async with door(settings) as opened:
            assert await rules(opened) == set()
            assert await retry(opened) == 1
            assert "A01" in await rules(opened)
            assert await suspended(opened) == []
            assert await opened.open_alerts() == await opened.expected()

    asyncio.run(before(running(person_facts_limit=LIMIT)))
    asyncio.run(after(running(person_facts_limit=100)))


def test_letters_of_every_stage_go_back_the_way_that_serves_them(running):
    async def story(settings: Settings) -> None:
        async with door(settings) as opened:
            await opened.post([settlement("03-08 09:00", "C1", "b1", person="b")])
            await rules(opened)
            async with transaction(opened.engine) as raw:
                key = await raw.fetchval("SELECT key FROM inbox WHERE kind = 'event'")
                died = PersonRecord(Person(key, death_date="2026-03-01"), loaded=1)
                letters = [
                    a_dead_letter(1, stage="persons", key=key, body=msgspec.json.encode(died)),
                    a_dead_letter(2, stage="alerts record", body=encode_messages([said("a9")])),
                    a_dead_letter(3, stage="period", key="period:F05:2026-03", body=b""),
                    a_dead_letter(4, stage="screening", body=b""),
                ]
                await incidents.store_dead_letters(raw, letters, NOON)
                assert await dead_letters.retry(raw, None, NOON, resubmit) == len(letters)
                asked = await raw.fetchval("SELECT registry_version FROM period WHERE month = '2026-03'")
                assert asked == -1
            assert await rules(opened) == {"A01", "A08"}
            assert (await opened.status())["dead_letters"] == 0

    asyncio.run(story(running()))


def test_after_an_upgrade_that_changed_rules_all_is_judged_anew_when_that_is_asked_for(running, monkeypatch):
    async def titles(opened: Door) -> set[str]:
        await rules(opened)
        alerts = (await opened.open_alerts()).values()
        return {alert["title"]["zh"] for alert in alerts if alert["rule"] == "A01"}

    async def before(settings: Settings) -> None:
        async with door(settings) as opened:
            await opened.post(crowded())
            assert await titles(opened) == {"旧"}

    async def after(settings: Settings) -> None:
        async with door(settings) as opened:
            assert await titles(opened) == {"旧"}
            async with transaction(opened.engine) as raw:
                await judge_all_again(raw)
                left = await raw.fetch("SELECT DISTINCT registry_version FROM period")
                assert [row["registry_version"] for row in left] == [-1]
            async with asyncio.timeout(60):
                while await titles(opened) == {"旧"}:
                    await asyncio.sleep(0.05)
            assert await opened.open_alerts() == await opened.expected()

    with monkeypatch.context() as old:
        old.setattr(type(find_rule("A01")), "title", Words("旧", "old"))
        asyncio.run(before(running()))
    asyncio.run(after(running()))
