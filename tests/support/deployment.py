"""A deployment on Kafka for the tests: the very commands of the containers, as processes on a fresh database.

Facts go straight into the inbox through admission, as the door would put them there. What must come out is
what a replay of the same entries says; `settled` waits until /v1/status would show lag 0, by the same code.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.entry import Entry
from schemas.finding import Alert
from schemas.registry import Record, Registry
from services.alerts import status
from services.detector.replay import Replay
from services.ingest import reader
from services.ingest.app import make_admission
from services.ingest.inbox import Inbox
from services.ingest.pseudonyms import make_pseudonyms
from services.ingest.refusals import Refused
from services.ingest.registry import Loader, load_registry
from services.ingest.registry_files import ParsedFile
from services.ingest.vault import make_vault
from services.runtime.clock import system_clock
from services.runtime.database import driver, open_engine, transaction
from services.settings import Settings
from tests.support.entries import compared
from tests.support.kafka import free_ports
from tests.support.months import hurry

ROOT = Path(__file__).parents[2]
SETTLED_SECONDS = 90.0


class Service:
    """One process: `qingfeng <command>`."""

    def __init__(self, command: list[str], environment: dict[str, str], output: Path) -> None:
        self.output = output
        self.url = f"http://127.0.0.1:{environment.get('QINGFENG_PORT', '0')}"
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, also when it is stopped."""
        self._process.kill()
        self._process.wait()

    def stop(self, seconds: float = 30.0) -> int:
        """SIGTERM; the exit status."""
        self._process.terminate()
        return self._process.wait(seconds)

    def wait(self, seconds: float = 60.0) -> int:
        return self._process.wait(seconds)


class Deployment:
    """Services by name, on one database and one set of topics."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.services: dict[str, Service] = {}

    def start(self, name: str, failpoint: str = "", **knobs: Any) -> Service:
        """Start `ingest`, `alerts` or a worker (any other name, which is its folder's too)."""
        command = name if name in ("ingest", "alerts") else "detector"
        given = {f"QINGFENG_{knob.upper()}": str(value) for knob, value in knobs.items()}
        environment = {**self.environment(), **given}
        if command == "detector":
            environment["QINGFENG_WORKER_DIR"] = str(self.folder / name)
        else:
            environment["QINGFENG_PORT"] = environment.get("QINGFENG_PORT") or str(free_ports(1)[0])
        if failpoint:
            environment["QINGFENG_FAILPOINT"] = failpoint
        started = Service(["services", command], environment, self.folder / f"{name}.out")
        self.services[name] = started
        return started

    def supervise(self) -> None:
        """Start again what has ended, as a supervisor would."""
        for name in [name for name, service in self.services.items() if not service.running]:
            self.start(name)

    def crash_at(self, name: str, point: str) -> None:
        """Kill a service and start it so that it ends at a point."""
        self.services[name].kill()
        self.start(name, failpoint=point)

    def ended_at_its_point(self, name: str) -> None:
        """Wait until a service has ended at its point, then start it as usual."""
        assert self.services[name].wait() == 70, self.services[name].said
        self.start(name)

    def stop(self, name: str) -> int:
        """SIGTERM, and no supervisor starts it again; the exit status."""
        return self.services.pop(name).stop()

    def close(self) -> None:
        for service in self.services.values():
            service.kill()

    def said(self) -> str:
        """The end of what every service said, for a test that fails."""
        return "\n".join(f"--- {name}\n{service.said[-1500:]}" for name, service in self.services.items())

    def environment(self) -> dict[str, str]:
        """Its settings as the services read them."""
        settings = self.settings
        return {
            "QINGFENG_DATA_DIR": str(settings.data_dir),
            "QINGFENG_DATABASE_URL": settings.database_url,
            "QINGFENG_KAFKA": settings.kafka,
            "QINGFENG_TOPIC_PREFIX": settings.topic_prefix,
            "QINGFENG_PARTITIONS": str(settings.partitions),
            "QINGFENG_RELAY_BATCH": str(settings.relay_batch),
            "QINGFENG_LATENESS_DAYS": str(settings.lateness_days),
            "QINGFENG_PERSON_FACTS_LIMIT": str(settings.person_facts_limit),
            "QINGFENG_PSEUDONYM_KEY": settings.pseudonym_key,
            "QINGFENG_VAULT_KEY": settings.vault_key,
            "QINGFENG_SESSION_TIMEOUT_SECONDS": "4",
            "QINGFENG_COMMIT_INTERVAL_SECONDS": "0.3",
            "QINGFENG_LOG_LEVEL": "info",
            "PYTHONWARNINGS": "ignore",
        }


class Door:
    """The inbox as a test fills it and looks at it."""

    def __init__(self, settings: Settings, engine: AsyncEngine) -> None:
        self.settings = settings
        self.engine = engine
        self.admission = make_admission(settings)
        self.vault = make_vault(settings)
        self.inbox = Inbox(engine, self.vault, writer="tests")
        self.accepted = 0

    async def post(self, events: Iterable[dict[str, Any]], batch: int = 500) -> None:
        """Admit events in batches, as POST would; what is refused fails the test."""
        rows = []
        for event in events:
            row = self.admission.judge(json.dumps(event).encode(), system_clock())
            assert not isinstance(row, Refused), row
            rows.append(row)
        for begin in range(0, len(rows), batch):
            outcomes = await self.inbox.append(rows[begin : begin + batch], "tests", within=10.0)
            self.accepted += outcomes.count("accepted")

    async def load(self, table: str, *records: Record) -> None:
        """Load registry records as a file would."""
        loader = Loader(make_pseudonyms(self.settings), self.vault)
        async with transaction(self.engine) as connection:
            file = ParsedFile(f"{table}.csv", table, list(records), [])
            await loader.load(connection, file, system_clock())

    async def status(self) -> dict[str, Any]:
        """What /v1/status shows."""
        async with driver(self.engine) as connection:
            return await status.read(connection, system_clock())

    async def settled(
        self, seconds: float = SETTLED_SECONDS, each: Callable[[], None] = lambda: None, said: Any = str
    ) -> dict[str, Any]:
        """Wait for lag 0 and for the rules over months; `each` is called now and then meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            each()
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                found = await self.status()
                if found["lag"]["events"] == 0:
                    if found["months_waiting"] == 0:
                        return found
                    async with driver(self.engine) as connection:
                        await hurry(connection)
            assert time.monotonic() < deadline, f"{found}\n{said()}"
            await asyncio.sleep(0.1)

    async def open_alerts(self) -> dict[str, dict[str, Any]]:
        """Open alerts by id, with every field that must not differ."""
        async with driver(self.engine) as connection:
            rows = await connection.fetch("SELECT body FROM alert WHERE status = 'open'")
        return compared(msgspec.json.decode(row["body"], type=Alert) for row in rows)

    async def expected(self) -> dict[str, dict[str, Any]]:
        """Open alerts of a replay of all that is in the inbox, by the registry as it stands."""
        async with driver(self.engine) as connection:
            found, _ = await reader.read(connection, reader.START, 10_000_000)
            registry = await load_registry(connection)
        return self.replay(found, registry)

    def replay(self, found: Iterable[Entry], registry: Registry) -> dict[str, dict[str, Any]]:
        """What a replay says of entries."""
        done = Replay(self.settings, registry)
        done.feed(entry for entry in found if entry.kind in ("event", "person"))
        done.finish()
        return compared(done.open.values())


@contextlib.asynccontextmanager
async def door(settings: Settings) -> AsyncIterator[Door]:
    """The inbox of a deployment's database."""
    engine = open_engine(settings.database_url)
    made = Door(settings, engine)
    await made.inbox.start()
    try:
        yield made
    finally:
        await made.inbox.close()
        await engine.dispose()


@contextlib.asynccontextmanager
async def undisturbed_in_the_end(
    deployment: Deployment, poison: int = 0, seconds: float = SETTLED_SECONDS
) -> AsyncIterator[Door]:
    """What is told inside the block ends as in an undisturbed run; everything is counted once."""
    async with door(deployment.settings) as opened:
        yield opened
        found = await opened.settled(seconds, deployment.supervise, deployment.said)
        alerts = await opened.open_alerts()
        expected = await opened.expected()
        differ = {name for name in alerts.keys() | expected.keys() if alerts.get(name) != expected.get(name)}
        assert not differ, [(alerts.get(name), expected.get(name)) for name in sorted(differ)[:3]]
        assert {"A01", "B01"} <= {alert["rule"] for alert in alerts.values()}
        assert found["judged"] == found["accepted"] == opened.accepted + poison
        assert found["too_late"] == 0


async def until_judged(door: Door, events: int, seconds: float = 60.0) -> None:
    """Wait until so many events are judged."""
    async with asyncio.timeout(seconds):
        while (await door.status())["judged"] < events:
            await asyncio.sleep(0.02)
