"""One thing told of two persons, on both runtimes: a stay booked on the wrong card is judged by its owner."""

import asyncio
import json
import random
from typing import Any

from schemas.entry import PERSONS_AT_MOST, Entry
from services.alerts.screenings import counts
from services.ingest.app import make_pseudonyms
from services.runtime.database import driver
from tests.contract.conftest import Runtime
from tests.contract.test_law import rules_of
from tests.detector.worlds import decode
from tests.support.deployment import SETTLED_SECONDS, Door
from tests.support.entries import cancellation, corrected, settlement, stay


async def judged(door: Door) -> None:
    """Wait for lag 0, and not for the months."""
    async with asyncio.timeout(SETTLED_SECONDS):
        while (await door.status())["lag"]["events"]:
            await asyncio.sleep(0.05)


async def alerts_of(door: Door, institution: str) -> set[tuple[str, str]]:
    """(rule, whose) of open alerts."""
    found = (await door.open_alerts()).values()
    return {(one["rule"], one["subject"]["id"]) for one in found if institution in one["institutions"]}


def test_a_stay_that_a_correction_moves_is_judged_by_whose_it_is(runtime: Runtime):
    async def story(door: Door) -> None:
        of = make_pseudonyms(door.settings).of
        wrong, right = of("person", "w-wrong"), of("person", "w-right")
        moved = stay("03-05 09:00", "03-12 09:00", "W-H1", "w1", person="w-wrong")
        before = (await door.status())["accepted"]
        await door.post(
            [
                *stay("03-01 09:00", "03-10 09:00", "W-H2", "w2", person="w-wrong"),
                *stay("03-01 09:00", "03-10 09:00", "W-H3", "w3", person="w-right"),
                *moved,
            ]
        )
        await judged(door)
        assert await alerts_of(door, "W-H1") == {("A01", wrong)}
        await door.post([corrected(one, "03-20 09:00", person_id="w-right") for one in moved])
        await judged(door)
        assert await alerts_of(door, "W-H1") == {("A01", right)}
        await door.post([corrected(one, "03-21 09:00") for one in moved])
        await judged(door)
        assert await alerts_of(door, "W-H1") == {("A01", wrong)}
        await door.post([cancellation("03-22 09:00", moved[0], person="w-right")])
        found = await runtime.settled(door)
        assert await alerts_of(door, "W-H1") == set()
        assert found["judged"] == found["accepted"] == before + 11

    runtime.tell(story)


def test_an_id_that_very_many_persons_share_binds_nobody_to_anybody_else(runtime: Runtime):
    async def story(door: Door) -> None:
        told = [
            [
                *stay("03-01 09:00", "03-10 09:00", "Q-H2", f"q2-{number}", person=f"q{number}"),
                *stay("03-05 09:00", "03-12 09:00", "Q-H1", "0", person=f"q{number}"),
            ]
            for number in range(PERSONS_AT_MOST + 3)
        ]
        await door.post([one for part in told[:PERSONS_AT_MOST] for one in part])
        await judged(door)
        assert rules_of(await door.open_alerts(), "Q-H1") == ["A01"]
        await door.post([one for part in told[PERSONS_AT_MOST:] for one in part])
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "Q-H1") == ["A01"] * len(told)

    runtime.tell(story)


def test_worlds_in_which_ids_collide_across_persons_keep_the_law(runtime: Runtime):
    """Dense little worlds, told in any order and in batches of any size, by many hands at once."""

    async def story(door: Door) -> None:
        for seed in range(3):
            chance = random.Random(seed)
            told: list[dict[str, Any]] = []
            for world in range(20):
                rows = [tuple(chance.randrange(end) for end in (24, 8, 8, 4, 32, 32, 8)) for _ in range(16)]
                told += [_apart(entry, f"{seed}-{world}") for entry in decode(rows) if entry.kind == "event"]
            chance.shuffle(told)
            await door.post(told, batch=chance.choice((1, 7, 60)))
        await runtime.settled(door)

    runtime.tell(story)


def _apart(entry: Entry, world: str) -> dict[str, Any]:
    """An event of a world of its own, its persons too."""
    event = json.loads(entry.body)
    if event.get("cancels", {}).get("type") == "fee_lines":
        event["cancels"].setdefault("line_id", "*")
    event["institution_id"] = f"{event['institution_id']}-{world}"
    event["person_id"] = f"{event['person_id']}-{world}"
    return event


def test_screenings_add_up_to_what_was_accepted_though_a_settlement_moved(runtime: Runtime):
    async def story(door: Door) -> None:
        first = settlement("03-05 09:00", "R-H1", "S1", "r1")
        await door.post([first, settlement("03-06 09:00", "R-H1", "S2", "r2")])
        await door.post([corrected(first, "03-07 09:00", person_id="r2")])
        await runtime.settled(door)
        async with driver(door.engine) as connection:
            counted = (await counts(connection, "2026-03", ["R-H1"]))["totals"]
        assert counted["events"] == 3
        assert (counted["settlements"], counted["withdrawn"], counted["total"]) == (2, 1, "200.00")

    runtime.tell(story)
