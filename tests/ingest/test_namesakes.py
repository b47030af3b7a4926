"""The inbox tells each person what stands of their things under others, and says it once and in bounds."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import pytest

from schemas.entry import PERSONS_AT_MOST, Entry
from schemas.event import decode_event
from services.ingest import namesakes, reader
from services.ingest.naming import names_of
from services.ingest.pseudonyms import make_pseudonyms
from services.runtime.database import driver
from services.settings import Settings
from tests.support.deployment import Door, door
from tests.support.entries import (
    admission,
    cancellation,
    corrected,
    discharge,
    fee_lines,
    identity_check,
    inspection,
    line,
    settlement,
    stock,
)

MIGRATION = import_module("services.migrations.versions.0010_namesakes")
DAY = 86_400_000_000

BILL = settlement("03-05 09:00", "H1", "S1", "a", lines=[line("L1")])
EVERYTHING = [
    BILL,
    settlement("03-05 09:00", "H1", "S2", "a"),
    settlement("03-05 09:00", "H1", "S3", "a", total="-5.00", fund="-5.00"),
    admission("03-05 09:00"),
    discharge("03-06 09:00"),
    fee_lines("03-05 09:00", line("L2")),
    identity_check("03-05 09:00", "match"),
    inspection("03-05 09:00", "present"),
    stock("03-05 09:00", "sale", ["81234567890123456789"]),
    cancellation("03-07 09:00", BILL),
    cancellation("03-07 09:00", cancels={"type": "fee_lines", "id": "M1", "line_id": "*"}),
    cancellation("03-07 09:00", cancels={"type": "cancellation", "id": "event-1"}),
    cancellation("03-07 09:00", stock("03-05 09:00", "sale", [])),
]


def tell(settings: Settings, story: Callable[[Door], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with door(settings) as opened:
            return await story(opened)

    return asyncio.run(run())


async def read(opened: Door, page: int = 1_000, retention: int | None = None) -> list[Entry]:
    """All entries, by pages of so many rows."""
    found, position = [], reader.START
    async with driver(opened.engine) as connection:
        while True:
            entries, position = await reader.read(connection, position, page, retention)
            if not entries:
                return found
            found += entries


def heard(entries: list[Entry]) -> set[tuple[str, str]]:
    """(event, key) of what is told of others."""
    return {(json.loads(one.body)["event_id"], one.key) for one in entries if one.foreign}


def of(opened: Door, person: str) -> str:
    return make_pseudonyms(opened.settings).of("person", person)


def test_what_came_before_is_named_as_the_door_names_it(settings: Settings):
    async def story(opened: Door) -> None:
        await opened.post(EVERYTHING)
        async with driver(opened.engine) as connection:
            named = await connection.fetch("SELECT event_id, fact, also FROM inbox ORDER BY seq")
            await connection.execute("UPDATE inbox SET fact = NULL, also = NULL")
            await connection.execute(MIGRATION.NAME)
            await connection.execute(MIGRATION.BACKFILL)
            assert await connection.fetch("SELECT event_id, fact, also FROM inbox ORDER BY seq") == named
        assert len(named) == len(EVERYTHING)
        assert sum(row["fact"] is not None for row in named) == 10
        assert sum(row["also"] is not None for row in named) == 6

    tell(settings, story)


def test_one_thing_has_one_name_and_two_have_two():
    def names(event: dict[str, Any]) -> Any:
        return names_of(decode_event(json.dumps(event)))

    moved = names(corrected(BILL, "03-06 09:00", person_id="b", encounter_id="M9"))
    assert (names(BILL).fact == moved.fact, names(BILL).also == moved.also) == (True, False)
    assert names(cancellation("03-06 09:00", BILL, person="b")).fact == names(BILL).fact
    assert names({**BILL, "institution_id": "H2"}).fact != names(BILL).fact
    assert names(admission("03-05 09:00")).fact != names(discharge("03-05 09:00")).fact
    assert (
        names(fee_lines("03-05 09:00", line("L1"), encounter=BILL["encounter_id"])).also == names(BILL).also
    )


def test_both_persons_hear_of_the_other_and_nobody_else_does(settings: Settings):
    async def story(opened: Door) -> None:
        moved = corrected(BILL, "03-06 09:00", person_id="b")
        later = corrected(BILL, "03-07 09:00", person_id="b")
        other = settlement("03-05 09:00", "H1", "S9", "c", encounter="M9")
        gone = cancellation("03-08 09:00", BILL, person="d")
        await opened.post([BILL, moved, other, later, gone], batch=2)
        entries = await read(opened)
        a, b, d = (of(opened, person) for person in "abd")
        told = [(one["event_id"], key) for one in (BILL, moved, later, gone) for key in (a, b, d)]
        own = {(BILL["event_id"], a), (moved["event_id"], b), (later["event_id"], b), (gone["event_id"], d)}
        assert heard(entries) == set(told) - own
        assert len([one for one in entries if one.foreign]) == len(told) - len(own)
        assert [one.seq for one in entries if not one.foreign] == sorted(
            one.seq for one in entries if not one.foreign
        )

    tell(settings, story)


def test_who_shares_lines_hears_whether_the_settlement_that_tells_them_stands(settings: Settings):
    async def story(opened: Door) -> None:
        uploaded = fee_lines("03-04 09:00", line("L1"), encounter=BILL["encounter_id"], person="z")
        gone = cancellation("03-07 09:00", BILL)
        back = cancellation(
            "03-08 09:00", cancels={"type": "cancellation", "id": gone["event_id"]}, person="a"
        )
        told = [uploaded, BILL, gone, back]
        for number in range(8):
            # The same under other names, in another order.
            mixed = [_renamed(event, number) for event in told]
            random.Random(number).shuffle(mixed)
            await opened.post(mixed, batch=1)
        found = heard(await read(opened))
        for number in range(8):
            z = of(opened, f"z-{number}")
            assert {event for event, key in found if key == z} == {
                _renamed(event, number)["event_id"] for event in (BILL, gone, back)
            }

    tell(settings, story)


def _renamed(event: dict[str, Any], number: int) -> dict[str, Any]:
    return {**event, "institution_id": f"H-{number}", "person_id": f"{event['person_id']}-{number}"}


def test_pages_and_reading_again_lead_to_the_same(settings: Settings):
    async def story(opened: Door) -> None:
        chance = random.Random(5)
        told: list[dict[str, Any]] = []
        for number in range(60):
            known = chance.choice(told) if told and chance.random() < 0.6 else None
            person = f"p{chance.randrange(4)}"
            if known is None:
                told.append(settlement("03-05 09:00", "H1", f"S{number % 7}", person, lines=[line("L1")]))
            elif chance.random() < 0.5:
                told.append(corrected(known, "03-06 09:00", person_id=person))
            else:
                told.append(cancellation("03-07 09:00", known, person=person))
        await opened.post(told, batch=7)
        whole = await read(opened)
        assert heard(whole)
        assert await read(opened, page=1) == await read(opened, page=9) == whole == await read(opened)

    tell(settings, story)


@pytest.mark.parametrize("rows_at_most", [1_000, 5])
def test_an_id_that_everybody_shares_costs_each_no_more_than_it_takes_to_know_that(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, rows_at_most: int
):
    monkeypatch.setattr(namesakes, "ROWS_AT_MOST", rows_at_most)

    async def story(opened: Door) -> None:
        persons = 60
        await opened.post(
            [
                settlement("03-05 09:00", "P1", f"S{n}", f"q{n % persons}", encounter="0", lines=[line("L1")])
                for n in range(2 * persons)
            ],
            batch=11,
        )
        found = heard(await read(opened, page=50))
        for n in range(persons):
            assert len({event for event, key in found if key == of(opened, f"q{n}")}) >= PERSONS_AT_MOST
        assert len(found) <= persons * (PERSONS_AT_MOST + 1) + PERSONS_AT_MOST**2

    tell(settings, story)


def test_two_persons_with_very_many_versions_hear_of_all(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(namesakes, "ROWS_AT_MOST", 5)

    async def story(opened: Door) -> None:
        versions = [corrected(BILL, f"03-{n + 6:02d} 09:00", person_id="ab"[n % 2]) for n in range(14)]
        await opened.post(versions, batch=3)
        found = heard(await read(opened, page=4))
        for event in versions:
            other = of(opened, "b" if event["person_id"] == "a" else "a")
            assert (event["event_id"], other) in found

    tell(settings, story)


def test_who_shares_what_a_crowd_speaks_of_besides_is_found_whatever_the_size_of_the_crowd(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(namesakes, "ROWS_AT_MOST", 6)

    async def story(opened: Door) -> None:
        crowd = [
            settlement("03-05 09:00", "P1", f"S{n}", f"q{n}", encounter="0", lines=[line("L1")])
            for n in range(12)
        ]
        moved = [corrected(one, "03-06 09:00", person_id=f"{one['person_id']}-") for one in crowd]
        told = [one for pair in zip(crowd, moved, strict=True) for one in pair]
        await opened.post(told, batch=5)
        found = heard(await read(opened, page=7))
        for one, other in zip(crowd, moved, strict=True):
            assert (one["event_id"], of(opened, other["person_id"])) in found
            assert (other["event_id"], of(opened, one["person_id"])) in found

    tell(settings, story)


def test_what_came_too_late_is_told_to_nobody_who_comes_after(settings: Settings):
    async def story(opened: Door) -> None:
        old = settlement("2024-03-05 09:00", "H1", "S1", "a")
        await opened.post([settlement("03-01 09:00", "H2", "S5", "x"), old])
        await opened.post([corrected(old, "03-06 09:00", person_id="b", occurred_at="03-05 09:00")])
        b = of(opened, "b")
        assert (old["event_id"], b) not in heard(await read(opened, retention=365 * DAY))
        assert (old["event_id"], b) in heard(await read(opened, retention=1_000 * DAY))
        assert (old["event_id"], b) in heard(await read(opened))

    tell(settings, story)
