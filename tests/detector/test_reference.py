"""Any version of the registry can be had again, as it stood."""

import asyncio

import msgspec

from schemas.records import Held, Holiday, Institution, Limit, Price
from schemas.registry import RegistryItem, encode_item, encode_record, item_key
from schemas.topics import LOG_ID, VERSION
from services.detector.program import DetectorProgram
from services.detector.reference import RegistryBook
from services.detector.stages import make_pipeline
from services.settings import Settings
from tests.support.entries import EMPTY


def book() -> tuple[RegistryBook, list[str]]:
    noticed: list[str] = []

    async def ask() -> bytes:
        return b"log-1"

    program = DetectorProgram(make_pipeline(Settings(), EMPTY))
    return RegistryBook(program, lambda: noticed.append("another log"), ask), noticed


def publish(to: RegistryBook, version: int, **kinds: str) -> None:
    for name, kind in kinds.items():
        body = msgspec.json.encode(Institution(name, kind=kind))
        item = RegistryItem("institutions", name, "", version, body)
        to.take(item_key(item), encode_item(item))
    to.take(VERSION, str(version).encode())


def kind_of(known: RegistryBook, version: int, name: str) -> str | None:
    found = known.at(version).institution(name)
    return found and found.kind


def test_every_version_is_kept_beside_those_that_followed():
    known, _ = book()
    publish(known, 1, a="clinic", b="pharmacy")
    publish(known, 2, a="hospital")
    publish(known, 4, b="village")
    seen = [(kind_of(known, version, "a"), kind_of(known, version, "b")) for version in range(5)]
    assert seen == [
        (None, None),
        ("clinic", "pharmacy"),
        ("hospital", "pharmacy"),
        ("hospital", "pharmacy"),
        ("hospital", "village"),
    ]


def test_what_is_asked_for_before_it_was_read_is_not_kept():
    known, _ = book()
    assert kind_of(known, 1, "a") is None
    publish(known, 1, a="clinic")
    assert kind_of(known, 1, "a") == "clinic"


def test_reading_a_record_again_changes_nothing():
    known, _ = book()
    publish(known, 1, a="clinic")
    publish(known, 2, a="hospital")
    publish(known, 1, a="clinic")
    assert [kind_of(known, version, "a") for version in (1, 2)] == ["clinic", "hospital"]


def test_every_table_that_travels_as_a_whole_is_known():
    known, _ = book()
    for record in (Limit("c", sex="2"), Price("c", 3), Holiday("2026-02-17"), Held("approvals")):
        item = RegistryItem(record.TABLE, *record.place, 1, encode_record(record))
        known.take(item_key(item), encode_item(item))
    known.take(VERSION, b"1")
    found = known.at(1)
    assert found.limit("c").sex == "2"
    assert found.price("c", 3).level == 3
    assert found.holiday("2026-02-17")
    assert found.has("approvals")
    assert not known.at(0).has("limits")


def test_a_record_that_is_deleted_is_gone_from_that_version_on():
    known, _ = book()
    publish(known, 1, a="clinic")
    gone = RegistryItem("institutions", "a", "", 2, None)
    known.take(item_key(gone), encode_item(gone))
    assert [kind_of(known, version, "a") for version in (1, 2)] == ["clinic", None]


def test_a_table_this_worker_does_not_know_is_left_alone():
    known, _ = book()
    item = RegistryItem("planets", "mars", "", 1, b"{}")
    known.take(item_key(item), encode_item(item))
    publish(known, 1, a="clinic")
    assert kind_of(known, 1, "a") == "clinic"


def test_a_record_that_cannot_be_read_is_left_out():
    known, _ = book()
    known.take(b"institutions//x", b"\xff")
    known.take(b"", None)
    publish(known, 1, a="clinic")
    assert kind_of(known, 1, "a") == "clinic"


def test_a_version_is_waited_for():
    async def story() -> None:
        known, _ = book()
        waiting = asyncio.create_task(known.reached(2))
        publish(known, 1, a="clinic")
        await asyncio.sleep(0)
        assert not waiting.done()
        publish(known, 2, a="hospital")
        async with asyncio.timeout(60):
            await waiting

    asyncio.run(story())


def test_another_log_is_noticed_and_the_same_is_not():
    known, noticed = book()
    for name in (b"log-1", b"log-1"):
        known.take(LOG_ID, name)
    assert noticed == []
    known.take(LOG_ID, b"log-2")
    assert noticed == ["another log"]
