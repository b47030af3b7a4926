"""Any version of the registry can be had again, as it stood."""

import asyncio

import msgspec

from schemas.registry import Institution, RegistryItem, encode_item, item_key
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
        await asyncio.wait_for(waiting, 1)

    asyncio.run(story())


def test_another_log_is_noticed_and_the_same_is_not():
    known, noticed = book()
    for name in (b"log-1", b"log-1"):
        known.take(LOG_ID, name)
    assert noticed == []
    known.take(LOG_ID, b"log-2")
    assert noticed == ["another log"]
