"""On Kafka: one worker with terminal hop and stored alerts, beside a plain Faust agent and the ceiling.

Everything runs on the same two cores: the broker, PostgreSQL, the worker, the alerts service. Events wait
in the topic before the clock starts, so that neither the door nor the relay is measured.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench import events
from bench.door import deliver
from bench.judgement import FIRST_RULES, institutions
from bench.system import free_port
from bench.table import Figure
from schemas.entry import Envelope, decode_envelope, encode_envelope
from schemas.rules import RuleParameters
from schemas.topics import EVENTS
from services.detector import periods
from services.detector.rules import RULES
from services.ingest import auth, reader
from services.runtime.database import driver, migrate, open_engine, transaction
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.kafka import topics
from services.runtime.kafka.partitioner import partition_of
from services.settings import Settings
from tests.support.deployment import Deployment, Door, door
from tests.support.kafka import KafkaBroker, broker_libraries

PART = "Kafka, one worker"
PARTITIONS = 4
PERSONS = 20_000


def all_figures(scale: float) -> list[Figure]:
    """Throughput beside its peers, then the way of a warning."""
    with _broker() as broker:
        return asyncio.run(_all(broker, scale))


async def _all(broker: KafkaBroker, scale: float) -> list[Figure]:
    count = int(60_000 * scale)
    batched, entries = await _ours(broker, count, 200, "a.", alone=FIRST_RULES)
    single, _ = await _ours(broker, count // 3, 1, "b.", alone=FIRST_RULES)
    whole_batched, _ = await _ours(broker, count, 200, "c.")
    whole_single, _ = await _ours(broker, count // 3, 1, "d.")
    plain = await _plain(broker, entries[: count // 3])
    ceiling = await _ceiling(broker, "a.", count)
    figures = [
        Figure(PART, "plain Faust agent, A01 alone, one event a record", plain, "events/s"),
        Figure(PART, "ours, nine rules, 200 events a record", batched, "events/s"),
        Figure(PART, "… to the plain agent", batched / plain, "×", 3),
        Figure(PART, "ours, nine rules, one event a record", single, "events/s"),
        Figure(PART, "… to the plain agent", single / plain, "×", 0.5),
        Figure(PART, "the whole catalogue, 200 events a record", whole_batched, "events/s"),
        Figure(PART, "… to the plain agent", whole_batched / plain, "×"),
        Figure(PART, "the whole catalogue, one event a record", whole_single, "events/s"),
        Figure(PART, "… to the plain agent", whole_single / plain, "×"),
        Figure(PART, "ceiling: aiokafka reading and decoding alone", ceiling, "events/s"),
    ]
    return figures + await _warnings(broker, 60 * scale)


async def _ours(
    broker: KafkaBroker, count: int, batch: int, prefix: str, alone: frozenset[str] | None = None
) -> tuple[float, list]:
    """Events a second judged, terminals included, alerts and screenings stored; and the entries.

    alone: ids of rules when the others are switched off.
    """
    async with _deployment(broker, prefix, relay_batch=batch) as (deployment, opened):
        await opened.load("institutions", *institutions())
        if alone is not None:
            others = {rule.id for rule in (*RULES, *periods.RULES)} - alone
            await opened.load("rules", *[RuleParameters(rule, enabled=False) for rule in sorted(others)])
        await opened.post(events.settlements(count, persons=PERSONS))
        deployment.start("ingest")
        await _until_relayed(opened)
        deployment.stop("ingest")
        deployment.start("alerts")
        deployment.start("worker-1")
        rate = await _judged_rate(opened, count)
        async with driver(opened.engine) as connection:
            entries, _ = await reader.read(connection, reader.START, 10_000_000)
        return rate, [entry for entry in entries if entry.kind == "event"]


async def _plain(broker: KafkaBroker, entries: list) -> float:
    """Events a second of the plain agent over the same entries.

    It starts on an empty topic: what waits there while Faust recovers, plain Faust may forget. What it loses
    later (it has no guards) is not waited for: its pace is measured while it goes.
    """
    topic = "plain.events"
    await topics.apply(broker.bootstrap, [topics.Topic(topic, PARTITIONS)])
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.plain_worker", broker.bootstrap, topic, str(PARTITIONS)]
        process = subprocess.Popen([*command, folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        progress = Path(folder, "progress")
        try:
            await asyncio.sleep(10)
            await _produce(broker, topic, entries[:1])
            await _until_marked(progress, 1)
            await _produce(broker, topic, entries[1:])
            sent = time.time()
            await _until_still(progress, len(entries) - 500)
        finally:
            process.kill()
            process.wait()
        marks = [line.split() for line in progress.read_text().splitlines()]
    done = [(int(count), float(at)) for count, at in marks if float(at) >= sent]
    if len(done) < 5:
        raise RuntimeError(f"the plain agent stopped at {marks[-1][0]} of {len(entries)} events")
    return (done[-1][0] - done[0][0]) / (done[-1][1] - done[0][1])


async def _produce(broker: KafkaBroker, topic: str, entries: list) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=20)
    await producer.start()
    for entry in entries:
        value = encode_envelope(Envelope([entry]))
        await producer.send(topic, value, entry.key.encode(), partition_of(entry.key, PARTITIONS))
    await producer.stop()


async def _until_marked(progress: Path, count: int, seconds: float = 120.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            marks = progress.read_text().split("\n")[:-1] if progress.exists() else []
            if marks and int(marks[-1].split()[0]) >= count:
                return
            await asyncio.sleep(0.2)


async def _until_still(progress: Path, count: int, seconds: float = 10.0) -> None:
    """Until the count is marked, or no mark came for so long."""
    last, since = 0, time.monotonic()
    while last < count and time.monotonic() - since < seconds:
        await asyncio.sleep(0.2)
        marked = int(progress.read_text().split("\n")[:-1][-1].split()[0])
        if marked != last:
            last, since = marked, time.monotonic()


async def _ceiling(broker: KafkaBroker, prefix: str, count: int) -> float:
    """Events a second when records are only read and decoded."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(prefix + EVENTS, number) for number in range(PARTITIONS)])
    await consumer.seek_to_beginning()
    began = time.perf_counter()
    seen = 0
    while seen < count:
        for records in (await consumer.getmany(timeout_ms=1_000)).values():
            for record in records:
                seen += sum(entry.kind == "event" for entry in decode_envelope(record.value).entries)
    seconds = time.perf_counter() - began
    await consumer.stop()
    return seen / seconds


async def _warnings(broker: KafkaBroker, seconds: float) -> list[Figure]:
    """POST → relay → worker → alerts → webhook."""
    async with _deployment(broker, "w.", webhook_allow_cidrs="127.0.0.0/8") as (deployment, opened):
        ports = {name: free_port() for name in ("ingest", "alerts")}
        for name, port in ports.items():
            deployment.start(name, port=port, webhook_allow_cidrs="127.0.0.0/8", rate_per_key=100_000)
        deployment.start("worker-1")
        async with transaction(opened.engine) as connection:
            key = await auth.create_key(connection, ["*"])
        token = _supervisor(deployment)
        await opened.post(events.overlapping_pair(0, "first"))
        await opened.settled()
        system = SimpleNamespace(port=ports["ingest"], api_port=ports["alerts"], key=key, token=token)
        return await deliver(system, seconds, 200, PART, 1_000)


async def _until_relayed(opened: Door) -> None:
    """Wait until all that is in the inbox is on the topic."""
    while True:
        async with driver(opened.engine) as connection:
            position = await reader.load_position(connection, "relay")
            rest = await connection.fetchval(
                "SELECT count(*) FROM inbox WHERE (xid, seq) > ($1, $2) AND kind <> 'tick'",
                position.xid,
                position.seq,
            )
        if position.count and not rest:
            return
        await asyncio.sleep(0.2)


async def _judged_rate(opened: Door, count: int) -> float:
    """From the first judged record seen to all alerts stored."""
    first = None
    while True:
        found = await opened.status()
        if found["judged"] and first is None:
            first = (found["judged"], time.perf_counter())
        if found["judged"] >= count and found["lag"]["events"] == 0:
            return (count - first[0]) / (time.perf_counter() - first[1])  # type: ignore[index]
        await asyncio.sleep(0.05)


@contextlib.contextmanager
def _broker() -> Iterator[KafkaBroker]:
    with tempfile.TemporaryDirectory() as folder:
        broker = KafkaBroker(Path(folder), broker_libraries())
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


@contextlib.asynccontextmanager
async def _deployment(
    broker: KafkaBroker, prefix: str, **knobs: object
) -> AsyncIterator[tuple[Deployment, Door]]:
    """A fresh database and topics of their own."""
    with tempfile.TemporaryDirectory() as folder:
        postgres = EmbeddedPostgres(Path(folder, "pg"))
        settings = Settings(
            data_dir=Path(folder, "data"),
            database_url=await asyncio.to_thread(postgres.start),
            pseudonym_key="pseudonym key of the bench",
            vault_key="vault key of the bench only",
            kafka=broker.bootstrap,
            topic_prefix=prefix,
            partitions=PARTITIONS,
        )
        settings = replace(settings, **knobs)
        engine = open_engine(settings.database_url)
        await migrate(engine)
        await engine.dispose()
        deployment = Deployment(settings, Path(folder))
        try:
            async with door(settings) as opened:
                yield deployment, opened
        finally:
            deployment.close()
            await asyncio.to_thread(postgres.stop)


def _supervisor(deployment: Deployment) -> str:
    command = [sys.executable, "-m", "services", "users", "create", "chief", "--role", "supervisor"]
    environment = {**os.environ, **deployment.environment()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()
