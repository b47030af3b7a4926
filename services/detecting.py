"""Where a detector worker is put together: the stages on Faust, its folder, its health.

A worker needs Kafka and nothing else. It waits for the broker, and for the relay to have named the log. When
it can no longer know that it is right (cut off from the broker, asleep too long, a record that cannot be
finished) it begins anew in place, as after a crash: nothing of what it had in hand is written.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError
from fastapi import FastAPI

from schemas.entry import decode_envelope
from schemas.finding import DeadLetterMessage, Origin, encode_messages
from schemas.registry import Registry
from schemas.topics import CROSSINGS, EVENTS, LOG_ID, REGISTRY
from services.detector.program import DetectorProgram, concerned
from services.detector.reference import RegistryBook
from services.detector.stages import Crossings, decode_crossings, encode_crossings, make_pipeline
from services.runtime import vitals
from services.runtime.errors import UserError
from services.runtime.failpoints import failpoint
from services.runtime.kafka import topics
from services.runtime.kafka.app import GuardedApp, WorkerSettings
from services.runtime.kafka.broker import last_of
from services.runtime.kafka.follower import Follower
from services.runtime.kafka.local_state import FolderInUse, LocalState
from services.runtime.kafka.serve import running
from services.runtime.kafka.topics import TopicsDiffer
from services.runtime.kafka.wire import Batch, Wire
from services.runtime.kafka.worker import Worker
from services.runtime.logs import log
from services.runtime.web import add_operations, install_conventions
from services.settings import Settings
from services.topics import LARGEST_RECORD, changelog_of, detector_id, topics_of

PAUSE_SECONDS = 1.0
WORKERS_AT_MOST = 1_024

FAUST = {
    # A batch that is full makes its sender wait for the broker; whole states are larger than 16 KiB.
    "producer_max_batch_size": 1 << 20,
    "producer_linger": 0.005,
    # Records of 200 events each: few of them are enough to have work at hand.
    "stream_buffer_maxsize": 128,
}


class Detector:
    """One worker. `trouble`: why it cannot judge now, for readiness."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._program = DetectorProgram(make_pipeline(settings, Registry()))
        self._book = RegistryBook(
            self._program,
            lambda: begin_anew("the broker's log is another one"),
            lambda: last_of(settings.kafka, settings.topic_prefix + REGISTRY, LOG_ID),
        )
        self._app: GuardedApp | None = None
        self.trouble: str | None = "Kafka does not answer"

    async def run(self, stop: asyncio.Event) -> None:
        """Judge until `stop` is set. Raises UserError for settings and topics that cannot serve."""
        follower = Follower(self._settings.kafka, self._settings.topic_prefix + REGISTRY, self._book.take)
        preparing = asyncio.create_task(self._prepare(follower))
        following: asyncio.Task[None] | None = None
        await asyncio.wait([preparing, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        if not preparing.done():
            preparing.cancel()
            return
        following = preparing.result()
        try:
            with own_folder(self._settings) as state:
                _drop_other_log(state, self._book.log_id)
                self._app = self._build(state.tables)
                async with running(self._app), self._watched(self._app, state.tables):
                    await stop.wait()
                state.stopped_cleanly()
        finally:
            following.cancel()

    @contextlib.asynccontextmanager
    async def _watched(self, app: GuardedApp, tables: Path) -> AsyncIterator[None]:
        """Metrics of the worker's state and lag, for as long as the block."""
        watching = [
            asyncio.create_task(vitals.watch_folder(tables)),
            asyncio.create_task(vitals.watch_lag(app.lags, self._settings.topic_prefix)),
        ]
        try:
            yield
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)

    async def check(self) -> str | None:
        """Readiness: the partitions are dealt and their tables complete."""
        if self._app is None:
            return self.trouble
        if self._app.rebalancing or self._app.tables.recovery.in_recovery:
            return "partitions are being dealt"
        return None

    async def _prepare(self, follower: Follower) -> "asyncio.Task[None]":
        """Wait for the broker, its topics, the registry and the name of the log."""
        settings = self._settings
        while True:
            try:
                await topics.apply(settings.kafka, [*topics_of(settings), changelog_of(settings)])
                break
            except TopicsDiffer as error:
                raise UserError(str(error)) from error
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("detector_waits_for_kafka", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
        following = asyncio.create_task(follower.run())
        self.trouble = "no relay has named the log yet"
        await follower.read_to_the_end.wait()
        await self._book.named()
        return following

    def _build(self, tables: Path) -> GuardedApp:
        settings = self._settings
        app = GuardedApp(
            WorkerSettings(
                app_id=detector_id(settings),
                bootstrap=settings.kafka,
                tables_folder=tables,
                partitions=settings.partitions,
                session_timeout=settings.session_timeout_seconds,
                commit_interval=settings.commit_interval_seconds,
                largest_record=LARGEST_RECORD,
            ),
            begin_anew,
            **FAUST,
        )
        Worker(app, self._program, wire(settings.topic_prefix), self._book, failpoint(settings.failpoint))
        return app


async def serve_detector(settings: Settings, serve: Callable[[FastAPI], Awaitable[None] | None]) -> None:
    """Run a worker until SIGTERM or SIGINT; `serve` serves its health and metrics, where asked for."""
    stop = asyncio.Event()
    detector = Detector(settings)
    serving = serve(_operations(detector))
    web = asyncio.ensure_future(serving) if serving is not None else None
    await asyncio.sleep(0)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await detector.run(stop)
    finally:
        if web is not None:
            web.cancel()
            await asyncio.gather(web, return_exceptions=True)


def begin_anew(reason: str) -> None:
    """Replace this process by a new one of the same id, as a supervisor would after a crash."""
    log.error("detector_begins_anew", reason=reason)
    time.sleep(PAUSE_SECONDS)
    os.execv(sys.executable, sys.orig_argv)


def wire(prefix: str) -> Wire:
    """The detector's topics as a worker reads and writes them."""
    return Wire(prefix, CROSSINGS, _read, _write, encode_messages, _unreadable)


@contextlib.contextmanager
def own_folder(settings: Settings) -> Any:
    """This worker's folder: the given one, else the first free `worker-<n>` of the data folder."""
    if settings.worker_dir is not None:
        try:
            with LocalState(settings.worker_dir) as state:
                yield state
        except FolderInUse as error:
            raise UserError(f"QINGFENG_WORKER_DIR: {error}") from error
        return
    for number in range(1, WORKERS_AT_MOST):
        held = LocalState(settings.data_dir / f"worker-{number}")
        try:
            state = held.__enter__()
        except FolderInUse:
            continue
        with contextlib.ExitStack() as stack:
            stack.push(held)
            yield state
        return
    raise UserError(f"{settings.data_dir}: all worker folders are in use")


def _operations(detector: Detector) -> FastAPI:
    app = FastAPI(title="Qingfeng detector", version="1")
    install_conventions(app)
    add_operations(app, {"kafka": detector.check})
    return app


def _drop_other_log(state: LocalState, log_id: str) -> None:
    """Tables made from another log know what this one never said."""
    mark = state.folder / "log-id"
    if not mark.exists() or mark.read_text() != log_id:
        shutil.rmtree(state.tables, ignore_errors=True)
        state.tables.mkdir()
        mark.write_text(log_id)


def _read(topic: str, value: bytes) -> Batch:
    envelope = decode_envelope(value) if topic == EVENTS else decode_crossings(value)
    if isinstance(envelope, Crossings):
        as_of = max((crossing.as_of for _, crossing in envelope.crossings), default=0)
        return Batch(envelope.crossings, as_of, log_id=envelope.log_id)
    if topic == CROSSINGS:  # the word that the registry changed
        anew = concerned(envelope.entries[0].body)
        return Batch((), 0, envelope.number, True, envelope.log_id, anew)
    as_of = max((max(entry.as_of, entry.occurred_at) for entry in envelope.entries), default=0)
    return Batch(envelope.entries, as_of, envelope.number, envelope.echo, envelope.log_id)


def _write(messages: Sequence[tuple[str, Any]], log_id: str) -> bytes:
    return encode_crossings(Crossings(list(messages), log_id))


def _unreadable(topic: str, value: bytes, error: Exception) -> DeadLetterMessage:
    stage = topic if topic == "rejudge" else f"{topic} record"
    return DeadLetterMessage(
        stage=stage, key="", error=type(error).__name__, reason="cannot be read", body=value, origin=Origin()
    )
