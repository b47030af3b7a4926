"""A webhook receiver that notes when each alert arrived, in the bench's own process."""

import asyncio
import json
import time
from types import TracebackType
from typing import Self


class Receiver:
    """Listens on a free port; `received`: encounter → time of arrival of the first delivery naming it."""

    def __init__(self) -> None:
        self.received: dict[str, float] = {}
        self.count = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where to deliver."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook"  # type: ignore[union-attr]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()  # type: ignore[union-attr]

    async def wait_for(self, count: int, seconds: float) -> None:
        """Return when so many alerts arrived, at the latest after `seconds`."""
        deadline = time.time() + seconds
        while len(self.received) < 2 * count and time.time() < deadline:
            await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                place = head.lower().index(b"content-length:")
                body = await reader.readexactly(int(head[place + 15 :].split(b"\r\n", 1)[0]))
                now = time.time()
                self.count += 1
                for encounter in json.loads(body)["data"].get("encounters", ()):
                    self.received.setdefault(encounter, now)
                writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()
