"""A load generator that costs little: raw HTTP/1.1 over kept-alive sockets, requests made beforehand.

It runs in a process of its own, on the same two cores as what it measures, and is named in the table.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field


def request(path: str, host: str, key: str, body: bytes, kind: str = "application/json") -> bytes:
    """A whole POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Result:
    """Status codes, and seconds from sending to the whole answer."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Requests answered."""
        return sum(self.statuses.values())

    def percentile(self, share: float) -> float:
        """Latency that this share of the requests stayed under, seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


class _Connection(asyncio.Protocol):
    """One socket: sends a request, waits for its answer, takes the next."""

    def __init__(self, load: "_Load") -> None:
        self.load = load
        self.buffer = b""
        self.sent = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.load.ready(self)

    def send(self, data: bytes) -> None:
        self.sent = time.perf_counter()
        self.transport.write(data)  # type: ignore[union-attr]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        place = head.find(b"content-length:")
        length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        status = int(self.buffer[9:12])
        self.buffer = self.buffer[end + 4 + length :]
        self.load.answered(self, status, time.perf_counter() - self.sent)

    def connection_lost(self, exc: Exception | None) -> None:
        self.load.lost()


class _Load:
    def __init__(self, requests: Iterable[bytes], rate: float | None) -> None:
        self.requests = iter(requests)
        self.rate = rate
        self.result = Result()
        self.idle: deque[_Connection] = deque()
        self.flying = 0
        self.done = asyncio.get_running_loop().create_future()
        self.exhausted = False

    def ready(self, connection: _Connection) -> None:
        if self.rate is None:
            self._next(connection)
        else:
            self.idle.append(connection)

    def answered(self, connection: _Connection, status: int, latency: float) -> None:
        self.result.statuses[status] = self.result.statuses.get(status, 0) + 1
        self.result.latencies.append(latency)
        self.flying -= 1
        if self.rate is None:
            self._next(connection)
        else:
            self.idle.append(connection)
        self._maybe_done()

    def lost(self) -> None:
        if not self.done.done() and not self.exhausted:
            self.done.set_exception(ConnectionError("the server closed a connection"))

    def _next(self, connection: _Connection) -> None:
        data = next(self.requests, None)
        if data is None:
            self.exhausted = True
            self._maybe_done()
            return
        self.flying += 1
        connection.send(data)

    def _maybe_done(self) -> None:
        if self.exhausted and self.flying == 0 and not self.done.done():
            self.done.set_result(None)

    async def pace(self) -> None:
        """Send at a constant rate, whether answers come or not (as long as a socket is free)."""
        began = time.perf_counter()
        for number, data in enumerate(self.requests):
            due = began + number / self.rate  # type: ignore[operator]
            delay = due - time.perf_counter()
            if delay > 0:
                await asyncio.sleep(delay)
            while not self.idle:
                await asyncio.sleep(0.0005)
            self.flying += 1
            connection = self.idle.popleft()
            connection.send(data)
            # Waiting for a free socket counts: the clock runs from when the request was due.
            connection.sent = min(connection.sent, due)
        self.exhausted = True
        self._maybe_done()


async def run(
    port: int, requests: Iterable[bytes], *, connections: int = 32, rate: float | None = None
) -> Result:
    """Send all requests over so many sockets, as fast as answers come or at `rate` a second."""
    load = _Load(requests, rate)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    transports = []
    for _ in range(connections):
        transport, _ = await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port)
        transports.append(transport)
    if rate is not None:
        await load.pace()
    await load.done
    load.result.seconds = time.perf_counter() - began
    for transport in transports:
        transport.close()
    return load.result
