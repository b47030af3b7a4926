"""A clock that jumps by an hour, forth and back, changes no finding: facts bear their own times."""

import asyncio
import time
from dataclasses import replace

import pytest

from services.runtime import clock
from services.settings import Settings
from tests.contract.conftest import Embedded
from tests.support.deployment import door
from tests.support.load import load, parts
from tests.support.systems import of_the_stream

HOUR = 3_600 * 1_000_000_000


class Jumping:
    """The machine's clock, some nanoseconds off."""

    def __init__(self) -> None:
        self.off = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.off


def test_an_hour_forth_and_two_back_change_no_finding(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    jumping = Jumping()
    monkeypatch.setattr(clock, "time", jumping)
    chosen = replace(settings, lateness_days=3_650)
    system = Embedded(chosen)

    async def story() -> None:
        async with door(chosen) as opened:
            for part, off in zip(parts(load(persons=300, days=20, seed=9), 3), (0, HOUR, -HOUR), strict=True):
                jumping.off = off
                await opened.post(part)
                await opened.inbox.append_tick()
                await caught_up(opened)
            found = await caught_up(opened)
            assert found["judged"] == found["accepted"]
            assert (found["too_late"], found["dead_letters"]) == (0, 0)
            expected = of_the_stream(await opened.expected())
            assert len(expected) > 10
            assert of_the_stream(await opened.open_alerts()) == expected

    async def caught_up(opened) -> dict:
        async with asyncio.timeout(60):
            while (found := await opened.status())["lag"]["events"]:
                await asyncio.sleep(0.05)
        return found

    try:
        asyncio.run(story())
    finally:
        system.close()
