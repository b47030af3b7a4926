"""A real PostgreSQL for the tests: one server a session, one fresh database a test.

The server is the embedded one. A database is a copy of a migrated template, which takes some 50 ms.
"""

import asyncio
import itertools
import shutil
from collections.abc import Iterator

import asyncpg
import pytest

from services.runtime.database import migrate, open_engine
from services.runtime.embedded.postgres import EmbeddedPostgres
from tests.support.room import make_folder

TEMPLATE = "qingfeng_template"


class TestServer:
    """The session's server; `create` makes a migrated database and returns its SQLAlchemy URL."""

    __test__ = False

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self._prepared = False

    def create(self) -> str:
        """A fresh database; `drop` it, or leave it to the end of the session."""
        name = f"test_{next(self._numbers)}"
        asyncio.run(self._create(name))
        return self._url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected."""
        name = url.split("@/", 1)[1].split("?", 1)[0]
        asyncio.run(self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    async def _create(self, name: str) -> None:
        if not self._prepared:
            # Speed only: no test pulls the plug of the machine.
            await self._run("ALTER SYSTEM SET fsync = off")
            await self._run("SELECT pg_reload_conf()")
            await self._run(f"CREATE DATABASE {TEMPLATE}")
            engine = open_engine(self._url(TEMPLATE))
            await migrate(engine)
            await engine.dispose()
            self._prepared = True
        await self._run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server.url.replace("+asyncpg", ""))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _url(self, name: str) -> str:
        return self.server.url.replace("@/postgres?", f"@/{name}?")


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestServer]:
    """The session's PostgreSQL. A test that stops a server starts its own `EmbeddedPostgres`."""
    folder = make_folder("qingfeng-test-")
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        yield TestServer(server)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database_url(postgres: TestServer) -> Iterator[str]:
    """SQLAlchemy URL of a fresh, migrated database."""
    url = postgres.create()
    yield url
    postgres.drop(url)
