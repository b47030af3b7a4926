"""A whole embedded system as a process of its own, as a user starts it, in a folder that is thrown away."""

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
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Running:
    """A system that serves: where, and with which credentials."""

    port: int
    key: str
    token: str
    admin: str
    process: subprocess.Popen
    folder: Path

    def get(self, path: str) -> dict:
        """JSON of a GET with the user's token."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def wait_judged(self, seconds: float = 120.0) -> float:
        """Wait for lag 0; how long it took, seconds."""
        began = time.perf_counter()
        while self.get("/v1/status")["lag"]["events"]:
            if time.perf_counter() - began > seconds:
                raise TimeoutError(f"still behind: {self.get('/v1/status')}")
            time.sleep(0.05)
        return time.perf_counter() - began

    def rss_mebibytes(self) -> float:
        """Resident memory of the process."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1_024
        return float("nan")


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def qingfeng(*arguments: str, environment: dict[str, str]) -> str:
    """Standard output of a `qingfeng` command."""
    command = [sys.executable, "-m", "services", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@contextlib.contextmanager
def embedded(**settings: str) -> Iterator[Running]:
    """`qingfeng up` without the demo; stopped and its folder removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="qingfeng-bench-"))
    port = free_port()
    environment = {
        **os.environ,
        "QINGFENG_DATA_DIR": str(folder),
        "QINGFENG_RATE_PER_KEY": "1000000",
        "QINGFENG_RATE_BURST": "1000000",
        **settings,
    }
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "services", "up", "--port", str(port)],
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        _wait_ready(port, process)
        key = qingfeng("keys", "create", "--institution", "*", environment=environment)
        token = qingfeng("users", "create", "bench", "--role", "supervisor", environment=environment)
        admin = qingfeng("users", "create", "chief", "--role", "admin", environment=environment)
        yield Running(port, key, token, admin, process, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_ready(port: int, process: subprocess.Popen) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("qingfeng up ended at once")
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        time.sleep(0.1)
    raise TimeoutError("qingfeng up does not get ready")
