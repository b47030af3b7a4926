"""The stream of alerts: five hundred readers of one process, at a hundred alerts a second.

The alerts service is the real one in a process of its own, with its courier and all; readers are in another.
Whoever stores the alerts, the readers and PostgreSQL share the machine with it.
"""

import asyncio
import contextlib
import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from bench import databases
from bench.table import Figure
from services.alerts import intake, users
from services.alerts.app import create_app
from services.runtime import database
from services.runtime.collector import calm_the_collector
from services.runtime.serving import Server
from services.settings import Settings
from tests.alerts.making import said

READERS = 500
RATE = 100.0
Heard = list[tuple[list[int], list[float]]]
"""For each reader the ids it read, and when."""
SETTLE_SECONDS = 3.0
ID = re.compile(rb"^id: ([1-9]\d*)$", re.MULTILINE)
"""The first block of a stream, on a database without alerts, is 0."""


def figures(scale: float = 1.0) -> list[Figure]:
    """All figures of this part; scale 0.1 for a look."""
    with databases.fresh() as url:
        stored, heard, cpu = uvloop.run(_measure(url, max(5.0, 30.0 * scale)))
    due = sorted(stored)
    whole = sum(ids == due for ids, _ in heard)
    waits = sorted(at - stored[number] for ids, times in heard for number, at in zip(ids, times, strict=True))
    part = f"stream, {READERS} readers at {RATE:.0f} alerts/s"
    return [
        Figure(part, "stored to read, p99", waits[int(len(waits) * 0.99)] * 1_000, "ms", 1_000, False,
               f"{len(waits):,} events read"),
        Figure(part, "… median", waits[len(waits) // 2] * 1_000, "ms"),
        Figure(part, "readers that heard each change once, in order", whole, "", READERS),
        Figure(part, "share of a core that the service takes", cpu * 100, "%"),
    ]  # fmt: skip


async def _measure(url: str, seconds: float) -> tuple[dict[int, float], Heard, float]:
    """(when each change was stored, what was heard, cores the service took)."""
    engine = database.open_engine(url)
    async with database.transaction(engine) as raw:
        token = await users.create(raw, "bench", "handler", datetime.now(UTC))
    with _process(_serve, url) as (service, port), _process(_read, port, token) as (readers, reading):
        assert reading == READERS
        before, stored = _cpu(service), {}
        begin = time.time()
        for number in range(int(seconds * RATE)):
            await asyncio.sleep(max(begin + number / RATE - time.time(), 0.0))
            async with database.transaction(engine) as raw:
                await intake.store(raw, [said(f"s{number}")], datetime.now(UTC))
            stored[number + 1] = time.time()
        cpu = (_cpu(service) - before) / (time.time() - begin)
        await asyncio.sleep(SETTLE_SECONDS)
        readers.wire.send("tell")
        heard = readers.wire.recv()
    await engine.dispose()
    return stored, heard, cpu


class Beside:
    """A process of the bench, and the wire to it."""

    def __init__(self, process: Any, wire: Connection) -> None:
        self.process, self.wire = process, wire


@contextlib.contextmanager
def _process(work: Any, *given: Any) -> Iterator[tuple[Beside, Any]]:
    """(a process that does `work(wire, *given)`, the first word it sends)."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=work, args=(theirs, *given))
    process.start()
    try:
        yield Beside(process, ours), ours.recv()
    finally:
        process.terminate()
        process.join()


def _cpu(beside: Beside) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{beside.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _serve(wire: Connection, url: str) -> None:
    settings = Settings(database_url=url, data_dir=Path(tempfile.mkdtemp()), vault_key="v" * 32)
    uvloop.run(_serving(wire, settings))


async def _serving(wire: Connection, settings: Settings) -> None:
    config = uvicorn.Config(create_app(database.open_engine(settings.database_url), settings), port=0,
                            loop="uvloop", http="httptools", log_config=None, access_log=False)  # fmt: skip
    calm_the_collector()
    server = Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    wire.send(server.servers[0].sockets[0].getsockname()[1])
    await serving


def _read(wire: Connection, port: int, token: str) -> None:
    uvloop.run(_reading(wire, port, token))


async def _reading(wire: Connection, port: int, token: str) -> None:
    loop = asyncio.get_running_loop()
    readers = []
    for _ in range(READERS):
        _, reader = await loop.create_connection(lambda: Reader(token), "127.0.0.1", port)
        readers.append(reader)
        await reader.begun.wait()
    wire.send(len(readers))

    def tell() -> None:
        loop.remove_reader(wire.fileno())
        os.set_blocking(wire.fileno(), True)
        wire.recv()
        wire.send([(one.ids, one.times) for one in readers])

    loop.add_reader(wire.fileno(), tell)
    await asyncio.Event().wait()


class Reader(asyncio.Protocol):
    """Follows the stream and notes each event's number and time."""

    def __init__(self, token: str) -> None:
        self.ids: list[int] = []
        self.times: list[float] = []
        self.begun = asyncio.Event()
        self._token, self._rest = token, b""

    def connection_made(self, transport: Any) -> None:
        asked = (
            f"GET /v1/alerts/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self._token}\r\n\r\n"
        )
        transport.write(asked.encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        whole, _, self._rest = (self._rest + data).rpartition(b"\n")
        found = [int(number) for number in ID.findall(whole)]
        self.ids += found
        self.times += [now] * len(found)
        if b"retry: " in whole:
            self.begun.set()
