"""Webhook deliveries: how many one worker brings to fifty receivers, and what a long queue costs.

The worker is the real courier on a database of its own; receivers listen in a process of their own. All of
it, PostgreSQL included, shares the machine.
"""

import asyncio
import contextlib
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop

from bench import databases
from bench.table import Figure
from services.alerts import intake
from services.alerts.app import work
from services.alerts.office import Office, open_office
from services.alerts.webhooks import book, queue, settling
from services.runtime import database
from services.settings import Settings
from tests.alerts.hooking import an_endpoint
from tests.alerts.making import said

PART = "deliveries, 50 endpoints"
ENDPOINTS = 50
WANTED = 1_000.0
LONG, SHORT, ALERTS = 1_000_000, 50_000, 20_000
LEASE = timedelta(seconds=25)

FILL = """
    INSERT INTO webhook_delivery (delivery_id, webhook_id, event, alert_id, version, state, coalescing,
                                  created_at, next_at, request_id, sequence)
    SELECT 'msg_' || md5(w.webhook_id || n), w.webhook_id, 'alert.opened', 'a' || n % $3, 1, 'pending', false,
           $1, $1, '', n
    FROM webhook w CROSS JOIN generate_series(1, $2) n
"""
CLONES = """
    INSERT INTO {table} SELECT (jsonb_populate_record(
        a, jsonb_build_object('alert_id', 'a' || n, 'born', n + 1, 'change', n + 1))).*
    FROM {table} a CROSS JOIN generate_series(1, $1 - 1) n WHERE a.alert_id = 'a0'
"""
SCANS = """
    SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables
    WHERE relname IN ('webhook_delivery', 'webhook_try', 'alert', 'alert_version')
"""


def figures(scale: float = 1.0) -> list[Figure]:
    """All figures of this part; scale 0.1 for a look."""
    with _sinks() as (urls, arrived), databases.fresh() as url:
        drained = uvloop.run(_drained(url, urls, int(400 * scale)))
        paced = uvloop.run(_paced(url, urls, arrived, 10 * scale))
    with databases.fresh() as url:
        claims, scans = uvloop.run(_claims(url, int(LONG * scale)))
    return [
        Figure(PART, "one worker, receivers and database included", drained, "/s", WANTED),
        Figure(PART, f"stored to received at {WANTED:,.0f}/s, p95", paced * 1_000, "ms", 1_000, False),
        Figure(
            PART, f"claims by index alone, {LONG * scale:,.0f} waiting", max(100 - scans, 0), "of 100", 100
        ),
        Figure(PART, "… cost of such a claim", claims[1] * 1_000, "ms"),
        Figure(PART, f"… cost as against {SHORT:,} waiting", claims[1] / claims[0], "×", 2.0, False),
    ]


async def _drained(url: str, urls: list[str], alerts: int) -> float:
    """Deliveries a second of a worker that finds them all waiting."""
    async with _office(url, urls) as office:
        for number in range(alerts):
            await _store(office, f"a{number}")
        began = time.perf_counter()
        async with _working(office):
            await _all_delivered(office)
        return alerts * len(urls) / (time.perf_counter() - began)


async def _paced(url: str, urls: list[str], arrived: Connection, seconds: float) -> float:
    """p95 of the seconds from storing an alert to its arrival, at a steady thousand deliveries a second."""
    stored: dict[str, float] = {}
    async with _office(url, urls) as office, _working(office):
        begin = time.time()
        for number in range(int(seconds * WANTED / len(urls))):
            await asyncio.sleep(max(begin + number * len(urls) / WANTED - time.time(), 0.0))
            await _store(office, f"p{number}")
            stored[f"p{number}"] = time.time()
        await _all_delivered(office)
    arrived.send("tell")
    waits = [at - stored[alert] for alert, at in arrived.recv() if alert in stored]
    return statistics.quantiles(waits, n=20)[-1]


async def _claims(url: str, waiting: int) -> tuple[tuple[float, float], int]:
    """((seconds of a claim and its settling with few waiting, with many), sequential scans of the latter)."""
    async with _office(url, [f"https://{number}.example" for number in range(ENDPOINTS)]) as office:
        await _fill(office, SHORT)
        few = await _claim_cost(office)
        await _fill(office, waiting)
        async with database.driver(office.engine) as raw:
            before = await raw.fetchval(SCANS)
        many = await _claim_cost(office)
        await asyncio.sleep(2)  # statistics are reported when a connection rests
        async with database.driver(office.engine) as raw:
            return (few, many), await raw.fetchval(SCANS) - before


async def _claim_cost(office: Office) -> float:
    """Median seconds of a hundred turns: claim two hundred and fifty, settle them."""
    costs, done = [], []
    for _ in range(100):
        began = time.perf_counter()
        async with office.transaction() as raw:
            if done:
                await settling.settle(raw, done, office.now())
            claimed = await queue.claim(raw, office.now(), {}, [], LEASE)
        costs.append(time.perf_counter() - began)
        done = [settling.Settled(one, "delivered", office.now(), 1, 204, "", "") for one in claimed]
    return statistics.median(costs)


async def _fill(office: Office, waiting: int) -> None:
    async with database.driver(office.engine) as raw:
        await raw.execute("TRUNCATE webhook_delivery, webhook_try, alert, alert_version, alert_voice")
        await raw.execute("UPDATE alert_ledger SET change = 0")
        await _store(office, "a0")
        await raw.execute("TRUNCATE webhook_delivery, webhook_try")
        for table in ("alert", "alert_version"):
            await raw.execute(CLONES.format(table=table), ALERTS)
        await raw.execute(FILL, office.now(), waiting // ENDPOINTS, ALERTS)
        await raw.execute("VACUUM ANALYZE")


async def _store(office: Office, alert_id: str) -> None:
    async with office.transaction() as raw:
        await intake.store(raw, [said(alert_id)], office.now())


async def _all_delivered(office: Office) -> None:
    waiting = "SELECT EXISTS (SELECT FROM webhook_delivery WHERE state = 'pending')"
    while True:
        await asyncio.sleep(0.05)
        async with database.driver(office.engine) as raw:
            if not await raw.fetchval(waiting):
                return


@contextlib.asynccontextmanager
async def _office(url: str, urls: list[str]) -> AsyncIterator[Office]:
    """An office whose book holds these endpoints and no others."""
    engine = database.open_engine(url, statement_seconds=600)
    settings = Settings(
        database_url=url, data_dir=Path(tempfile.gettempdir()), vault_key="v" * 32,
        webhook_allow_cidrs="127.0.0.0/8",
    )  # fmt: skip
    office = open_office(engine, settings)
    async with office.transaction() as raw:
        await raw.execute("DELETE FROM webhook")
        for each in urls:
            await book.create(raw, office.sealing, an_endpoint(url=each), {}, "bench", office.now())
    yield office
    await engine.dispose()


@contextlib.asynccontextmanager
async def _working(office: Office) -> AsyncIterator[None]:
    task = asyncio.create_task(work(office))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextlib.contextmanager
def _sinks() -> Iterator[tuple[list[str], Connection]]:
    """Receivers in a process of their own: (their addresses, the wire that tells what arrived when)."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve_sinks, args=(theirs,))
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        process.terminate()
        process.join()


def _serve_sinks(wire: Connection) -> None:
    uvloop.run(_listen(wire))


async def _listen(wire: Connection) -> None:
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Sink, "127.0.0.1", 0) for _ in range(ENDPOINTS)]
    wire.send([f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook" for server in servers])
    await asyncio.to_thread(wire.recv)
    wire.send(Sink.arrived)
    await asyncio.Event().wait()


class Sink(asyncio.Protocol):
    """Takes each POST and answers 204 at once. `arrived`: (alert, time) of all of them."""

    arrived: list[tuple[str, float]] = []  # noqa: RUF012 - one list for all connections

    def connection_made(self, transport: Any) -> None:
        self._transport, self._heard = transport, b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(b"\r\n\r\n")) >= 0:
            head = self._heard[:end].lower()
            place = head.index(b"content-length:") + 15
            length = int(head[place:].split(b"\r\n", 1)[0])
            if len(self._heard) < end + 4 + length:
                return
            body, self._heard = self._heard[end + 4 : end + 4 + length], self._heard[end + 4 + length :]
            alert = body.split(b'"alert_id":"', 1)[1].split(b'"', 1)[0].decode()
            self.arrived.append((alert, time.time()))
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
