"""A desk to store messages at, on a fresh database."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from schemas.finding import Message
from services.alerts import intake
from services.runtime import database
from services.settings import Settings
from tests.alerts.hooking import Post
from tests.alerts.making import NOON

INSTITUTION = """
    INSERT INTO registry_record ("table", id, effective_from, version, body)
    VALUES ('institutions', $1, $2, 1, $3)
"""


class Desk:
    """Runs coroutines on one loop with one engine; stores messages each in a transaction of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.loop = asyncio.new_event_loop()
        self.engine = database.open_engine(url)

    def run(self, work: Any) -> Any:
        """The result of a coroutine."""
        return self.loop.run_until_complete(work)

    def store(self, *messages: Message, now: datetime = NOON, epoch: str = "") -> intake.Stored:
        """Store messages in one transaction."""
        return self.run(self._store(messages, now, epoch))

    def fetch(self, query: str, *values: Any) -> list[Any]:
        """Rows of a query."""
        return self.run(self._call("fetch", query, *values))

    def value(self, query: str, *values: Any) -> Any:
        """The one value of a query."""
        return self.run(self._call("fetchval", query, *values))

    def ask(self, function: Any, *values: Any, **named: Any) -> Any:
        """The result of `await function(connection, …)` in a transaction."""
        return self.run(self._ask(function, values, named))

    def register(self, institution: str, region: str, effective_from: str = "") -> None:
        """An institution in the registry."""
        body = json.dumps({"institution_id": institution, "region": region}).encode()
        self.run(self._call("execute", INSTITUTION, institution, effective_from, body))

    def close(self) -> None:
        """Let go of the database."""
        self.run(self.engine.dispose())
        self.loop.close()

    async def _store(self, messages: Sequence[Message], now: datetime, epoch: str) -> intake.Stored:
        async with database.transaction(self.engine) as raw:
            return await intake.store(raw, messages, now, epoch)

    async def _call(self, name: str, *values: Any) -> Any:
        async with database.transaction(self.engine) as raw:
            return await getattr(raw, name)(*values)

    async def _ask(self, function: Any, values: Any, named: Any) -> Any:
        async with database.transaction(self.engine) as raw:
            return await function(raw, *values, **named)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """A desk on a fresh database."""
    desk = Desk(database_url)
    yield desk
    desk.close()


@pytest.fixture
def post(desk: Desk, settings: Settings) -> Post:
    """A courier on a fresh database."""
    return Post(desk, settings)
