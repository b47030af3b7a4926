"""`door`: the ingest service over real HTTP, in a thread, on a fresh database."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
import uvicorn

from services.ingest.app import create_app
from services.ingest.auth import create_key
from services.runtime.database import open_engine
from services.settings import Settings


class Door:
    """A running ingest service; `client` speaks with the platform's key."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.key = self.make_key("*") if settings.database_url else ""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._server: Any = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=60,
        )

    def __enter__(self) -> "Door":
        self._thread.start()
        deadline = time.monotonic() + 60
        while self._server is None or not self._server.started:
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join(60)

    async def _serve(self) -> None:
        engine = open_engine(self.settings.database_url)
        app = create_app(self.settings, engine)
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        await self._server.serve()
        await engine.dispose()

    def make_key(self, *institutions: str) -> str:
        """A credential for these institutions."""
        return self.sql(lambda connection: create_key(connection, list(institutions)))

    def sql(self, work: Callable[[asyncpg.Connection], Any] | str) -> Any:
        """Rows of a statement, or what `work(connection)` returns."""

        async def run() -> Any:
            connection = await asyncpg.connect(self.settings.database_url.replace("+asyncpg", ""))
            try:
                return await (connection.fetch(work) if isinstance(work, str) else work(connection))
            finally:
                await connection.close()

        return asyncio.run(run())

    def post(self, body: Any, key: str | None = None, **more: Any) -> httpx.Response:
        """POST /v1/events: JSON of `body`, or `content=` as it is."""
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if "content" in more:
            return self.client.post("/v1/events", headers=headers, **more)
        return self.client.post("/v1/events", json=body, headers=headers, **more)


@pytest.fixture
def door(settings: Settings) -> Iterator[Door]:
    """The service with usual settings."""
    with Door(settings) as running:
        yield running


@pytest.fixture
def make_door(settings: Settings) -> Iterator[Callable[..., Door]]:
    """Make the service with other settings: `make_door(backlog_rows=3)`."""
    doors: list[Door] = []

    def make(**changes: Any) -> Door:
        doors.append(Door(replace(settings, **changes)).__enter__())
        return doors[-1]

    yield make
    for running in doors:
        running.__exit__()


def settlement(event_id: str = "e1", **changes: Any) -> dict[str, Any]:
    """A settlement as a hospital posts it."""
    return {
        "type": "settlement",
        "event_id": event_id,
        "institution_id": "H1",
        "occurred_at": "2026-01-31T09:30:00+08:00",
        "person_id": "430102199001011234",
        "settlement_id": f"S-{event_id}",
        "encounter_id": "M1",
        "med_type": "11",
        "amounts": {"total": "123.40", "fund": "100.00"},
        **changes,
    }


@pytest.fixture(scope="module")
def shared_door(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One service for all the tests of a module that do not look at its state."""
    url = postgres.create()
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        database_url=url,
        pseudonym_key="pseudonym key for the tests only",
        vault_key="vault key for the tests only, 123",
        rate_per_key=1_000_000,
        rate_burst=1_000_000,
    )
    with Door(settings) as running:
        yield running
    postgres.drop(url)
