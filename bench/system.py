"""A whole embedded system as a process of its own, as a user starts it, in a folder that is thrown away."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from services.alerts import users
from services.ingest import auth
from services.runtime.embedded.postgres import EmbeddedPostgres

Answer = TypeVar("Answer")


class Running:
    """A system that serves: where, and with which credentials. Can be killed and started again."""

    def __init__(self, folder: Path, settings: dict[str, str], program: str = "services") -> None:
        """program: the module that stands for `qingfeng`."""
        self.folder = folder
        self._program = program
        self.port = self.api_port = free_port()
        self.environment = {
            **os.environ,
            "QINGFENG_DATA_DIR": str(folder),
            "QINGFENG_RATE_PER_KEY": "1000000",
            "QINGFENG_RATE_BURST": "1000000",
            **settings,
        }
        self.log = folder / "log"
        self.process: subprocess.Popen | None = None
        self.key = self.token = self.admin = ""

    def start(self, *, wait: bool = True, **settings: str) -> None:
        """Start, wait until it is ready (unless told not to), and have credentials at hand."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self._program, "up", "--port", str(self.port)],
                env={**self.environment, **settings},
                stdout=log,
                stderr=log,
            )
        if wait:
            self._wait_ready()
        if not self.key:
            self.key, self.token, self.admin = self.ask(_credentials)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()  # type: ignore[union-attr]
        self.process.wait()  # type: ignore[union-attr]

    def stop(self, seconds: float = 30.0) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)  # type: ignore[union-attr]
        return self.process.wait(seconds)  # type: ignore[union-attr]

    def qingfeng(self, *arguments: str) -> str:
        """Standard output of a `qingfeng` command on this system's data folder."""
        command = [sys.executable, "-m", "services", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"qingfeng {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def ask(self, work: Callable[[Any], Awaitable[Answer]]) -> Answer:
        """What `work(asyncpg connection)` answers, in a transaction on the running system's database."""

        url = self.environment.get("QINGFENG_DATABASE_URL") or EmbeddedPostgres(self.folder).url

        async def run() -> Answer:
            connection = await asyncpg.connect(url.replace("+asyncpg", ""))
            try:
                async with connection.transaction():
                    return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(run())

    def get(self, path: str) -> dict:
        """JSON of a GET with the user's token."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def post(self, events: list[dict]) -> dict:
        """Post events with the platform key."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/events",
            json.dumps(events).encode(),
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def alerts(self, query: str = "status=open") -> list[dict]:
        """All alerts that a query names, page by page."""
        found: list[dict] = []
        cursor = ""
        while True:
            page = self.get(f"/v1/alerts?{query}&limit=200{cursor}")
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def wait_judged(self, seconds: float = 120.0) -> float:
        """Wait for lag 0; how long it took, seconds. While the database is away nothing is known."""
        began = time.perf_counter()
        while self._lag() != 0:
            if time.perf_counter() - began > seconds:
                raise TimeoutError(f"still behind: {self.get('/v1/status')}")
            time.sleep(0.05)
        return time.perf_counter() - began

    def _lag(self) -> int | None:
        """Events that wait to be judged; None while the database is away."""
        try:
            return self.get("/v1/status")["lag"]["events"]
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return None

    def rss_mebibytes(self) -> float:
        """Resident memory of the process."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():  # type: ignore[union-attr]
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1_024
        return float("nan")

    def _wait_ready(self) -> None:
        for _ in range(600):
            if self.process.poll() is not None:  # type: ignore[union-attr]
                raise RuntimeError(f"qingfeng up ended: {self.log.read_text()[-500:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2).close()
                return
            time.sleep(0.1)
        raise TimeoutError("qingfeng up does not get ready")


async def _credentials(connection: Any) -> tuple[str, str, str]:
    """A platform's key, a supervisor's token and an admin's: what the commands make, without their starts."""
    now = datetime.now(UTC)
    return (
        await auth.create_key(connection, ["*"]),
        await users.create(connection, "bench", "supervisor", now),
        await users.create(connection, "chief", "admin", now),
    )


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def embedded(program: str = "services", **settings: str) -> Iterator[Running]:
    """`qingfeng up` without the demo; stopped and its folder removed at the end."""
    system = Running(Path(tempfile.mkdtemp(prefix="qingfeng-")), settings, program)
    try:
        system.start()
        yield system
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            system.stop()
        system.process.kill()  # type: ignore[union-attr]
        shutil.rmtree(system.folder, ignore_errors=True)
