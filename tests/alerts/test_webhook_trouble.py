"""Receivers that misbehave hold up nobody but themselves; a database that restarts loses nothing."""

import asyncio
import contextlib
import dataclasses
import json
import resource
import shutil
import tempfile
import time
from pathlib import Path

from services.alerts import intake
from services.alerts.office import open_office
from services.alerts.webhooks import book
from services.alerts.webhooks.courier import Courier, open_sender
from services.runtime import database
from services.runtime.embedded.postgres import EmbeddedPostgres
from tests.alerts.hooking import an_endpoint
from tests.alerts.making import said
from tests.alerts.serving import receiving

ROUNDS = 20
HANGING_SECONDS = 120.0
HEARD_SECONDS = 60.0
"""Less than a hanging receiver is waited for: who had to wait for it would not be heard in time."""
MEBIBYTES = 1_024


def saying(text):
    async def answer(writer):
        writer.write(text)
        await writer.drain()

    return answer


async def hang(writer):
    await asyncio.sleep(HANGING_SECONDS)


async def flood(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(16_384):
        writer.write(b"x" * 65_536)
        await writer.drain()


async def trickle(writer):
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: 1\r\n" * 1_000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


WELL = saying(b"HTTP/1.1 204 No Content\r\n\r\n")
BAD = (hang, saying(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"), flood, trickle)


class House:
    """A running courier with real receivers."""

    def __init__(self, url, settings, patience=2.0):
        """patience: seconds a receiver is waited for."""
        self.engine = database.open_engine(url)
        knobs = {"webhook_allow_cidrs": "127.0.0.0/8", "webhook_timeout_seconds": patience}
        self.office = open_office(self.engine, dataclasses.replace(settings, **knobs))
        self.arrived = {}

    async def endpoint(self, port):
        asked = an_endpoint(url=f"http://127.0.0.1:{port}/")
        async with self.office.transaction() as raw:
            await book.create(raw, self.office.sealing, asked, {}, "li", self.office.now())

    async def store(self, alert_id):
        async with self.office.transaction() as raw:
            await intake.store(raw, [said(alert_id)], self.office.now())

    @contextlib.asynccontextmanager
    async def couriers(self, count=1):
        sender = open_sender(self.office)
        running = [asyncio.create_task(Courier(self.office, sender.send).run()) for _ in range(count)]
        yield
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await sender.close()

    async def until_heard(self, requests, wanted, seconds=HEARD_SECONDS):
        """Note when each alert arrived, until all of them did."""
        async with asyncio.timeout(seconds):
            while set(self.arrived) < wanted:
                for request in list(requests):
                    alert = json.loads(request.split(b"\r\n\r\n", 1)[1])["data"]["alert_id"]
                    self.arrived.setdefault(alert, time.monotonic())
                await asyncio.sleep(0.005)


async def _one_by_one(house, prefix, requests):
    """Alerts are stored, each once the healthy receiver heard of the one before."""
    for number in range(ROUNDS):
        await house.store(f"{prefix}{number}")
        await house.until_heard(requests, {*house.arrived, f"{prefix}{number}"})
        requests.clear()


def test_receivers_that_hang_fail_flood_or_trickle_delay_nobody_else_and_cost_no_memory(desk, settings):
    async def run():
        house = House(desk.url, settings, patience=HANGING_SECONDS)
        async with contextlib.AsyncExitStack() as stack:
            port, requests = await stack.enter_async_context(receiving(WELL))
            await house.endpoint(port)
            async with house.couriers():
                await _one_by_one(house, "a", requests)
                for bad in BAD:
                    await house.endpoint((await stack.enter_async_context(receiving(bad)))[0])
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                await _one_by_one(house, "b", requests)
                grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            async with house.office.transaction() as raw:
                tries = await raw.fetch("SELECT status, error, length(response) FROM webhook_try")
        await house.engine.dispose()
        return grown, {tuple(row.values()) for row in tries}

    grown, tries = desk.run(run())
    assert grown < 50 * MEBIBYTES
    assert {(204, None, 0), (500, None, 0), (200, None, 20_000)} <= tries


def test_a_database_that_restarts_during_deliveries_loses_none(settings):
    folder = Path(tempfile.mkdtemp(prefix="qingfeng-test-"))
    server = EmbeddedPostgres(folder)
    url = server.start()

    async def slow(writer):
        await asyncio.sleep(0.1)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async def run():
        house = House(url, settings)
        await database.migrate(house.engine)
        wanted = {f"a{number}" for number in range(60)}
        async with receiving(slow) as (port, requests):
            await house.endpoint(port)
            for alert_id in wanted:
                await house.store(alert_id)
            async with house.couriers(2):
                while len(requests) < 15:
                    await asyncio.sleep(0.01)
                await asyncio.to_thread(server.stop)
                await asyncio.sleep(0.3)
                await asyncio.to_thread(server.start)
                await house.until_heard(requests, wanted, seconds=60)
            ids = {_id_of(request) for request in requests}
        await house.engine.dispose()
        return ids

    try:
        ids = asyncio.run(run())
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    assert len(ids) == 60, "what came twice came under its one id"


def _id_of(request):
    head = request.split(b"\r\n\r\n", 1)[0].lower().split(b"\r\n")
    return next(line for line in head if line.startswith(b"webhook-id:"))
