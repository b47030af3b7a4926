"""Endpoints for the tests, and a courier on a clock that the test holds."""

import asyncio
import dataclasses
import json
from typing import Any

from schemas.moments import micros
from services.alerts.office import open_office
from services.alerts.webhooks import book
from services.alerts.webhooks.courier import Courier
from services.alerts.webhooks.sending import Answer
from tests.alerts.making import NOON

HOOK = "https://hooks.example"
OK = Answer(204)


def an_endpoint(**given: Any) -> dict[str, Any]:
    """What the book wants to know of an endpoint that hears everything."""
    values: dict[str, Any] = {
        "url": HOOK,
        "events": ["alert.*"],
        "institutions": [],
        "rules": [],
        "min_severity": 3,
        "regions": [],
        "payload": "thin",
        "description": "",
        "rate": None,
        "concurrency": 5,
    }
    return values | given


class Receiver:
    """Takes what the courier sends, and answers as it is told: the last of `answers[url]` for ever."""

    def __init__(self) -> None:
        self.tries: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, list[Answer]] = {}
        self.hanging: dict[str, asyncio.Event] = {}
        self.together: dict[str, int] = {}
        self.most: dict[str, int] = {}

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """The port of a sender."""
        self.tries.append((url, headers, body))
        self.together[url] = self.together.get(url, 0) + 1
        self.most[url] = max(self.most.get(url, 0), self.together[url])
        try:
            await (self.hanging[url].wait() if url in self.hanging else asyncio.sleep(0))
        finally:
            self.together[url] -= 1
        answers = self.answers.get(url, [OK])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    @property
    def said(self) -> list[dict[str, Any]]:
        """The bodies of all tries."""
        return [json.loads(body) for _, _, body in self.tries]


class Post:
    """An office, its courier and a clock."""

    def __init__(self, desk: Any, settings: Any) -> None:
        self.desk, self.now, self.receiver = desk, NOON, Receiver()
        office = open_office(desk.engine, dataclasses.replace(settings, public_url="https://qf.example/"))
        self.office = dataclasses.replace(office, clock=lambda: micros(self.now))
        self.courier = self.another()

    def another(self) -> Courier:
        """One more courier at the same queue."""
        return Courier(self.office, self.receiver.send, chance=lambda: 0.5)

    def endpoint(self, url: str = HOOK, own_headers: Any = None, **given: Any) -> tuple[Any, str]:
        """A new endpoint: (its row, its secret)."""
        asked = an_endpoint(url=url, **given)
        return self.desk.ask(book.create, self.office.sealing, asked, own_headers or {}, "li", NOON)

    def turn(self, now: Any = None, courier: Courier | None = None) -> int:
        """One turn at a time; returns how many tries there were."""
        self.now = now or self.now
        before = len(self.receiver.tries)
        self.desk.run(self._turn(courier or self.courier))
        return len(self.receiver.tries) - before

    def last_try(self) -> Any:
        """The try that was kept last."""
        return self.desk.fetch("SELECT * FROM webhook_try ORDER BY at DESC, attempt DESC LIMIT 1")[0]

    async def _turn(self, courier: Courier) -> None:
        await courier.step()
        await courier.drain()
