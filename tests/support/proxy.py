"""A TCP proxy in front of a broker that a test cuts, freezes or slows down.

The broker names itself to its clients, so it must be started with the proxy's port as its advertised one.
"""

import asyncio
import contextlib
import threading


class Proxy:
    """Listens on `port` in a thread of its own; passes on to `target` until told otherwise."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.delay = 0.0
        """Seconds each piece of data is held, both ways."""
        self.bytes_per_second = 0
        """0: no limit; of each connection and way."""
        self.frozen = False
        """Connections stay open and nothing passes: half-open."""
        self._target = target
        self._refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(5)

    def cut(self) -> None:
        """Drop all connections and refuse new ones."""
        self._refusing = True
        self._loop.call_soon_threadsafe(self._drop)

    def mend(self) -> None:
        """Pass everything on again, at full speed."""
        self._refusing = self.frozen = False
        self.delay, self.bytes_per_second = 0.0, 0

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _start(self) -> None:
        await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def _drop(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        self._writers -= {writer, far_writer}

    def _held(self, data: bytes) -> float:
        return self.delay + (len(data) / self.bytes_per_second if self.bytes_per_second else 0.0)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                while self.frozen:
                    await asyncio.sleep(0.05)
                await asyncio.sleep(
                    self.delay + (len(data) / self.bytes_per_second if self.bytes_per_second else 0)
                )
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
