"""Open alerts = judge(accepted facts that were not too late, registry by its dates, as_of), on both runtimes.

Each story compares all open alerts, in every compared field, with those of a replay of the same entries.
"""

import asyncio
import json
import random
from typing import Any

from schemas.entry import PERSONS_AT_MOST, Entry
from schemas.registry import Institution, Person
from services.alerts.screenings import counts
from services.ingest.entries import append_again, append_rejudging
from services.ingest.pseudonyms import make_pseudonyms
from services.runtime.clock import system_clock
from services.runtime.database import driver, transaction
from tests.contract.conftest import FACTS_LIMIT, Runtime
from tests.detector.worlds import decode
from tests.support.deployment import SETTLED_SECONDS, Door
from tests.support.entries import admission, cancellation, corrected, settlement, stay, swipe


def crowd(pharmacy: str, device: str, day: str, **given: Any) -> list[dict[str, Any]]:
    """Six persons' swipes at one terminal within some minutes: kept cards (B01)."""
    return [
        swipe(
            f"{day} 09:{minute:02}:00",
            pharmacy,
            f"{pharmacy}-{device}-{minute}",
            person=f"{pharmacy}-{device}-{minute}",
            device_id=device,
            **given,
        )
        for minute in range(6)
    ]


def rules_of(alerts: dict[str, dict[str, Any]], institution: str) -> list[str]:
    return sorted(alert["rule"] for alert in alerts.values() if institution in alert["institutions"])


async def judged(door: Door) -> None:
    """Wait for lag 0, and not for the months."""
    async with asyncio.timeout(SETTLED_SECONDS):
        while (await door.status())["lag"]["events"]:
            await asyncio.sleep(0.05)


async def alerts_of(door: Door, institution: str) -> set[tuple[str, str]]:
    """(rule, whose) of open alerts."""
    found = (await door.open_alerts()).values()
    return {(one["rule"], one["subject"]["id"]) for one in found if institution in one["institutions"]}


def test_overlapping_stays_are_opened_changed_and_withdrawn(runtime: Runtime):
    async def story(door: Door) -> None:
        first = stay("03-01 09:00", "03-10 09:00", "A-H1", "a1", person="a")
        second = stay("03-05 09:00", "03-12 09:00", "A-H2", "a2", person="a")
        await door.post([*first, *second])
        await runtime.settled(door)
        assert "A01" in rules_of(await door.open_alerts(), "A-H1")
        await door.post([corrected(second[1], "03-13 09:00", occurred_at="03-20 09:00")])
        await runtime.settled(door)
        await door.post([cancellation("03-21 09:00", second[0])])
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "A-H1") == []
        await door.post([corrected(second[0], "03-22 09:00")])
        await runtime.settled(door)
        assert "A01" in rules_of(await door.open_alerts(), "A-H2")

    runtime.tell(story)


def test_kept_cards_are_withdrawn_when_swipes_are_cancelled_or_corrected_away(runtime: Runtime):
    async def story(door: Door) -> None:
        swipes = crowd("B-P1", "d1", "03-05")
        await door.post(swipes)
        await runtime.settled(door)
        assert "B01" in rules_of(await door.open_alerts(), "B-P1")
        await door.post([cancellation("03-05 12:00", swipes[0]), cancellation("03-05 12:01", swipes[1])])
        await runtime.settled(door)
        assert "B01" not in rules_of(await door.open_alerts(), "B-P1")
        await door.post([corrected(one, "03-05 13:00", device_id="d2") for one in swipes[2:]])
        await door.post([corrected(one, "03-05 14:00", device_id="d2") for one in swipes[:2]])
        await runtime.settled(door)
        spoken = [alert for alert in (await door.open_alerts()).values() if alert["rule"] == "B01"]
        assert [alert["subject"]["id"].count("d2") for alert in spoken if "B-P1" in alert["institutions"]]

    runtime.tell(story)


def test_neither_order_nor_repeats_leave_a_trace(runtime: Runtime):
    async def story(door: Door) -> None:
        told = []
        for number in range(30):
            told += stay("03-01 09:00", "03-10 09:00", "C-H1", f"c{number}", person=f"c{number}")
            other = stay("03-05 09:00", "03-12 09:00", "C-H2", f"d{number}", person=f"c{number}")
            told += other
            if number % 3 == 0:
                told.append(cancellation("03-20 09:00", other[0]))
        told += [one for device in ("x", "y", "z") for one in crowd("C-P1", device, "03-06")]
        resent = random.Random(3).sample(told, len(told) // 5)
        posted = [*told, *resent]
        random.Random(4).shuffle(posted)
        before = (await door.status())["accepted"]
        await door.post(posted, batch=17)
        found = await runtime.settled(door)
        assert found["judged"] == found["accepted"] == before + len(told)

    runtime.tell(story)


def test_a_registry_that_comes_late_judges_again_what_it_touches(runtime: Runtime):
    async def story(door: Door) -> None:
        await door.post([*crowd("D-C1", "d", "03-05"), *crowd("D-C2", "d", "03-05")])
        await runtime.settled(door)
        assert "B01" in rules_of(await door.open_alerts(), "D-C1")
        await door.load(
            "institutions", Institution("D-C1", kind="hospital"), Institution("D-C2", kind="pharmacy")
        )
        await runtime.settled(door)
        assert "B01" not in rules_of(await door.open_alerts(), "D-C1")
        await door.load("institutions", Institution("D-C1", kind="pharmacy"))
        await runtime.settled(door)
        assert "B01" in rules_of(await door.open_alerts(), "D-C1")

    runtime.tell(story)


def test_a_registry_that_came_before_is_obeyed(runtime: Runtime):
    async def story(door: Door) -> None:
        await door.load(
            "institutions", Institution("E-P1", kind="pharmacy"), Institution("E-H1", kind="hospital")
        )
        await door.post([*crowd("E-P1", "d", "03-05"), *crowd("E-H1", "d", "03-05")])
        await runtime.settled(door)
        alerts = await door.open_alerts()
        assert "B01" in rules_of(alerts, "E-P1")
        assert "B01" not in rules_of(alerts, "E-H1")

    runtime.tell(story)


def test_a_death_registered_late_is_held_against_what_was_settled_after_it(runtime: Runtime):
    async def story(door: Door) -> None:
        await door.post([settlement("03-08 09:00", "F-H1", "f1", person="f")])
        await door.load("persons", Person("f", death_date="2026-03-01"))
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "F-H1") == ["A08"]
        await door.load("persons", Person("f", death_date="2026-03-20"))
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "F-H1") == []

    runtime.tell(story)


def test_what_cannot_be_judged_is_a_dead_letter_and_the_rest_goes_on(runtime: Runtime):
    async def story(door: Door) -> None:
        before = await runtime.settled(door)
        async with transaction(door.engine) as connection:
            await append_again(connection, [("g", b'{"type": "settlement"')], system_clock())
        await door.post(
            [
                *stay("03-01 09:00", "03-10 09:00", "G-H1", "g1", person="g"),
                *stay("03-05 09:00", "03-12 09:00", "G-H2", "g2", person="g"),
            ]
        )
        found = await runtime.settled(door)
        assert found["dead_letters"] == before["dead_letters"] + 1
        assert "A01" in rules_of(await door.open_alerts(), "G-H1")

    runtime.tell(story)


def test_a_placeholder_person_is_suspended_and_resumes_below_the_limit(runtime: Runtime):
    async def story(door: Door) -> None:
        overlapping = [
            *stay("03-01 09:00", "03-10 09:00", "S-H1", "s1", person="s"),
            *stay("03-05 09:00", "03-12 09:00", "S-H2", "s2", person="s"),
        ]
        many = [settlement("04-01 09:00", "S-C1", f"s-{n}", person="s") for n in range(FACTS_LIMIT - 3)]
        await door.post([*overlapping, *many])
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "S-H1") == []
        await door.post([cancellation("04-02 09:00", one) for one in many[:5]])
        await runtime.settled(door)
        assert "A01" in rules_of(await door.open_alerts(), "S-H1")

    runtime.tell(story)


def test_a_person_who_is_judged_again_when_asked_is_judged_as_before(runtime: Runtime):
    async def story(door: Door) -> None:
        await door.post(
            [
                *stay("03-01 09:00", "03-10 09:00", "R-H1", "r1", person="r"),
                *stay("03-05 09:00", "03-12 09:00", "R-H2", "r2", person="r"),
            ]
        )
        before = await runtime.settled(door)
        async with transaction(door.engine) as connection:
            key = await connection.fetchval("SELECT key FROM inbox WHERE institution_id = 'R-H1' LIMIT 1")
            await append_rejudging(connection, [key], system_clock())
        found = await runtime.settled(door)
        assert "A01" in rules_of(await door.open_alerts(), "R-H1")
        for name in ("accepted", "judged", "alerts_stored", "dead_letters"):
            assert found[name] == before[name]

    runtime.tell(story)


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
    """Dense little worlds, told in any order and in batches of any size."""

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


def test_an_event_that_comes_too_late_is_counted_and_not_judged(runtime: Runtime):
    async def story(door: Door) -> None:
        before = await runtime.settled(door)
        late = admission("2003-03-01 09:00", "Z-H1", "z1", person="z")
        await door.post([late, admission("2003-03-02 09:00", "Z-H2", "z2", person="z")])
        found = await door.settled(said=runtime.system.said)
        assert found["too_late"] == before["too_late"] + 2
        assert rules_of(await door.open_alerts(), "Z-H1") == []

    runtime.tell(story)
