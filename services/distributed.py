"""Where ingest and alerts are put together for Kafka: the counterpart of `assembly`, a service a process.

The services meet in topics only; `services.detecting` puts the third one together.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.registry import Registry
from schemas.topics import ALERTS, LOG_ID, REGISTRY
from services.alerts import app as alerts
from services.alerts.consumer import AlertsConsumer
from services.detector.stages import make_pipeline
from services.ingest.app import Ingest
from services.ingest.relay import Relay
from services.ingest.relay_store import READER
from services.periodic import PeriodJudge
from services.retrying import Neighbourhood
from services.runtime.failpoints import failpoint
from services.runtime.kafka.broker import Broker
from services.runtime.kafka.reader import TopicReader
from services.runtime.vitals import watch_lag
from services.runtime.web import add_operations, install_conventions
from services.settings import Settings
from services.topics import LARGEST_RECORD, topics_of


def ingest_app(settings: Settings, engine: AsyncEngine) -> FastAPI:
    """The door, and the relay to Kafka where QINGFENG_KAFKA says where that is."""
    retention = make_pipeline(settings, Registry()).person.bench.retention
    ingest = Ingest(settings, engine, reader=READER, retention=retention)
    checks = ingest.checks
    beside = []
    if settings.kafka:
        broker = RelayBroker(settings.kafka, settings.topic_prefix, topics_of(settings), LARGEST_RECORD)
        relay = Relay(
            engine,
            ingest.inbox,
            broker,
            partitions=settings.partitions,
            chunk=settings.relay_batch,
            fail=failpoint(settings.failpoint),
        )
        beside.append(relay.run())
        checks["kafka"] = lambda: _kafka_trouble(relay, broker)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await ingest.start()
        async with _working(beside):
            yield
        await ingest.close()

    app = FastAPI(title="Qingfeng ingest", version="1", lifespan=lifespan)
    install_conventions(app)
    ingest.install(app)
    add_operations(app, checks)
    return app


def alerts_app(settings: Settings, engine: AsyncEngine) -> FastAPI:
    """The alerts service: stores what the topic brings, and serves API, console and webhooks."""
    reader = TopicReader(
        settings.kafka,
        settings.topic_prefix + ALERTS,
        settings.partitions,
        declared=topics_of(settings),
        name_topic=settings.topic_prefix + REGISTRY,
        name_key=LOG_ID,
    )
    consumer = AlertsConsumer(engine, reader, fail=failpoint(settings.failpoint))

    async def stores() -> str | None:
        return consumer.trouble

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = watch_lag(consumer.lags, settings.topic_prefix)
        async with _working([consumer.run(), alerts.work(office), PeriodJudge(engine).run(), watching]):
            yield

    app = FastAPI(title="Qingfeng alerts", version="1", lifespan=lifespan)
    install_conventions(app)
    office = alerts.install(app, engine, settings, neighbours=Neighbourhood(engine))
    add_operations(app, {**alerts.readiness(engine), "kafka": stores})
    return app


class RelayBroker(Broker):
    """The broker as the relay needs it."""

    async def log_id(self) -> str | None:
        """The log's identity as the registry topic names it."""
        name = await self.last_of(REGISTRY, LOG_ID)
        return None if name is None else name.decode()


async def _kafka_trouble(relay: Relay, broker: Broker) -> str | None:
    if relay.trouble is not None or not relay.works:
        return relay.trouble
    return None if await broker.answers() else "Kafka does not answer"


@contextlib.asynccontextmanager
async def _working(work: list[Coroutine[Any, Any, Any]]) -> AsyncIterator[None]:
    """Work that goes on for as long as the block."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
