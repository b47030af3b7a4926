"""A real Apache Kafka for the tests: one KRaft node on 127.0.0.1, fetched once with Maven and cached.

`kafka` is the broker the whole session shares: topics are kept apart by `topic_prefix`. A test that
stops, kills or wipes a broker asks for `own_kafka`. `QINGFENG_TEST_KAFKA=host:port` names a broker that runs
already; it is shared only, so `own_kafka` still starts its own. Without Java and Maven (and no given broker)
such tests are skipped and say why.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

POM = Path(__file__).with_name("kafka-broker.pom.xml")
STARTED_LINE = "Kafka Server started"
START_SECONDS = 60.0
STOP_SECONDS = 20.0

SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{advertised_port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
log.dirs={log_folder}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
"""


class BrokerUnavailable(Exception):
    """No broker can be run on this machine; the message says what is missing."""


@dataclass(frozen=True)
class GivenKafka:
    """A broker somebody else runs; the tests may use it and must not stop it."""

    bootstrap: str


class KafkaBroker:
    """One Kafka node in a folder of its own. It keeps its port over restarts, so clients find it again."""

    def __init__(self, folder: Path, libraries: Path, advertised_port: int = 0) -> None:
        """advertised_port: of a proxy that clients use; 0: the broker's own."""
        self.folder = folder
        self.libraries = libraries
        self.port, self.controller_port = free_ports(2)
        self.advertised_port = advertised_port or self.port
        self.log_folder = folder / "log"
        self.output = folder / "broker.out"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.advertised_port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The server's process, for tests that pause it (SIGSTOP, SIGCONT)."""
        if self._process is None:
            raise RuntimeError("the broker was never started")
        return self._process.pid

    def start(self) -> None:
        """Start and wait until the broker serves; formats the log folder when it is empty."""
        if self.running:
            return
        self._write_properties()
        if not (self.log_folder / "meta.properties").exists():
            self._format()
        self.output.unlink(missing_ok=True)
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self._properties)), stdout=output, stderr=subprocess.STDOUT
            )
        self._wait_until_serving()

    def stop(self) -> None:
        """Shut down in order; falls back to a kill when the broker does not end in time."""
        if not self.running or self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End at once, as a power cut of the process would (SIGKILL)."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()

    def restart(self, *, wipe: bool = False) -> None:
        """Stop and start again; with `wipe` the broker comes back empty, as a new cluster."""
        self.stop()
        if wipe:
            shutil.rmtree(self.log_folder, ignore_errors=True)
        self.start()

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _write_properties(self) -> None:
        self.log_folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(
            SERVER_PROPERTIES.format(
                port=self.port,
                advertised_port=self.advertised_port,
                controller_port=self.controller_port,
                log_folder=self.log_folder,
            )
        )

    def _format(self) -> None:
        cluster_id = uuid.uuid4().hex[:22]
        command = self._java(
            "kafka.tools.StorageTool", "format", "--standalone", "-t", cluster_id, "-c", str(self._properties)
        )
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS)
        if done.returncode != 0:
            raise RuntimeError(f"the broker's log folder could not be formatted: {done.stdout}{done.stderr}")

    def _java(self, *arguments: str) -> list[str]:
        # Cheap to start rather than fast at its peak: a test broker lives seconds and shares its cores.
        return [
            "java",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
            "-cp",
            f"{self.libraries}/*",
            *arguments,
        ]

    def _wait_until_serving(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            said = self.output.read_text(errors="replace")
            if STARTED_LINE in said:
                return
            if not self.running:
                raise RuntimeError(f"the broker ended while starting:\n{said[-4000:]}")
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"the broker did not start within {START_SECONDS} s:\n{said[-4000:]}")


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, all held open together so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def kafka_version() -> str:
    """The broker version the tests run on, as the pom states it."""
    found = re.search(r"<kafka\.version>([^<]+)<", POM.read_text())
    if found is None:
        raise ValueError(f"{POM.name} states no kafka.version")
    return found.group(1)


def broker_libraries() -> Path:
    """The folder with Kafka's jars; fetched on first use, by one process only."""
    cache = Path(os.environ.get("QINGFENG_CACHE") or Path.home() / ".cache" / "qingfeng")
    wanted = cache / f"kafka-{kafka_version()}"
    if wanted.is_dir():
        _require("java")
        return wanted
    _require("java", "mvn")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.is_dir():
            _fetch(cache, wanted)
    return wanted


def _require(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise BrokerUnavailable(
            f"no {' and no '.join(missing)} to run Apache Kafka with; "
            "QINGFENG_TEST_KAFKA=host:port names a broker that runs already"
        )


def _fetch(cache: Path, wanted: Path) -> None:
    # Fetched beside the final place and renamed: a broken download never looks like a complete one.
    with tempfile.TemporaryDirectory(dir=cache) as workspace:
        fetched = Path(workspace) / "libraries"
        command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={fetched}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise BrokerUnavailable(f"Maven could not fetch Apache Kafka: {done.stdout[-2000:]}")
        fetched.rename(wanted)


@pytest.fixture(scope="session")
def kafka_libraries() -> Path:
    """Kafka's jars, or the reason why tests on a broker are skipped."""
    try:
        return broker_libraries()
    except BrokerUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def kafka(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KafkaBroker | GivenKafka]:
    """The broker all tests of the session share; it is never stopped by a test."""
    given = os.environ.get("QINGFENG_TEST_KAFKA")
    if given:
        yield GivenKafka(given)
        return
    libraries = request.getfixturevalue("kafka_libraries")
    broker = KafkaBroker(tmp_path_factory.mktemp("kafka"), libraries)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def own_kafka(kafka_libraries: Path, tmp_path: Path) -> Iterator[KafkaBroker]:
    """A started broker of the test's own, to be stopped, killed, paused or wiped."""
    broker = KafkaBroker(tmp_path / "kafka", kafka_libraries)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def topic_prefix() -> str:
    """A prefix no other test uses, for topics, groups and application ids on the shared broker."""
    return f"t{uuid.uuid4().hex[:10]}."
