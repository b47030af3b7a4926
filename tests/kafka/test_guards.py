"""Each guard against a real broker, beside plain Faust breaking the law that the guard keeps.

When Faust changes, these tests say which guard is still needed and whether it still holds.
"""

import asyncio
from importlib.metadata import version

import pytest
from faust.exceptions import ProducerSendError
from faust.transport.drivers import aiokafka as driver

from services.runtime.kafka import transport as guarded
from services.runtime.kafka.topics import Topic, apply, changelog
from tests.kafka.harness import GuardedTestApp, PlainApp, committed, eventually, on, send, worker_settings

FAUST = "0.15.3"


def test_the_guards_were_verified_for_the_faust_that_is_installed():
    assert version("faust-streaming") == FAUST, "run tests/kafka, read the change log, then change FAUST"


class TestOffsets:
    """Five messages, two at a time: the first stays in work while the others are done."""

    def test_plain_faust_commits_past_a_message_still_in_work(self, kafka, topic_prefix, tmp_path):
        assert (
            asyncio.run(self._committed_while_the_first_is_in_work(PlainApp, kafka, topic_prefix, tmp_path))
            == 5
        )

    def test_the_guarded_consumer_does_not(self, kafka, topic_prefix, tmp_path):
        assert (
            asyncio.run(
                self._committed_while_the_first_is_in_work(GuardedTestApp, kafka, topic_prefix, tmp_path)
            )
            == 0
        )

    async def _committed_while_the_first_is_in_work(self, kind, kafka, prefix, folder) -> int:
        app = kind(worker_settings(kafka.bootstrap, prefix + "app", folder))
        release, done = asyncio.Event(), []

        @app.agent(app.bytes_topic(prefix + "in"), concurrency=2)
        async def work(stream):
            async for value in stream:
                if value == b"0":
                    await release.wait()
                done.append(value)

        async with on(app, Topic(prefix + "in", 1)):
            await send(kafka.bootstrap, prefix + "in", [(b"k", str(number).encode()) for number in range(5)])
            await eventually(lambda: len(done) == 4)
            await asyncio.sleep(1.0)
            seen = await committed(kafka.bootstrap, prefix + "app", prefix + "in")
            release.set()
            await eventually(lambda: len(done) == 5)
            await eventually(lambda: _is_committed(kafka, prefix, 5))
        return seen


async def _is_committed(kafka, prefix, offset) -> bool:
    return await committed(kafka.bootstrap, prefix + "app", prefix + "in") == offset


class SlowChangelog:
    """Mixed into a producer: a changelog record takes its time."""

    async def send(self, topic, *arguments, **options):
        if topic.endswith("-changelog"):
            await asyncio.sleep(0.3)
        return await super().send(topic, *arguments, **options)


class WitnessedCommit:
    """Mixed into a consumer: notes how many records the changelog held when an offset was committed."""

    async def _commit(self, offsets):
        for partition, offset in offsets.items():
            if partition.topic.endswith("in") and offset:
                changelog_partition = guarded.TP(self.app.changelog_name, partition.partition)
                ends = await self.highwaters(changelog_partition)
                self.app.witnessed.append((offset, ends[changelog_partition] or 0))
        return await super()._commit(offsets)


def observed(consumer: type, producer: type, base: type) -> type:
    """A transport of the given parts whose changelog is slow and whose commits are witnessed."""
    return type(
        "Observed",
        (base,),
        {
            "Consumer": type("Consumer", (WitnessedCommit, consumer), {}),
            "Producer": type("Producer", (SlowChangelog, producer), {}),
        },
    )


class TestChangelog:
    """One message changes ten keys, and each changelog record takes 0.3 s to go out."""

    def test_plain_faust_commits_before_the_changelog_has_the_change(self, kafka, topic_prefix, tmp_path):
        app = PlainApp(worker_settings(kafka.bootstrap, topic_prefix + "app", tmp_path))
        app.transport_class = observed(driver.Consumer, driver.Producer, driver.Transport)
        offset, in_changelog = asyncio.run(self._first_commit(app, topic_prefix))
        assert offset == 1
        assert in_changelog < 10

    def test_the_guarded_commit_waits_for_the_changelog(self, kafka, topic_prefix, tmp_path):
        app = GuardedTestApp(worker_settings(kafka.bootstrap, topic_prefix + "app", tmp_path))
        app.transport_class = observed(guarded.Consumer, guarded.Producer, guarded.Transport)
        assert asyncio.run(self._first_commit(app, topic_prefix)) == (1, 10)

    async def _first_commit(self, app, prefix) -> tuple[int, int]:
        log = changelog(prefix + "app", "state", 1)
        app.witnessed, app.changelog_name = [], log.name
        table = app.bytes_table("state")

        @app.agent(app.bytes_topic(prefix + "in"))
        async def work(stream):
            async for value in stream:
                for number in range(10):
                    table[b"key %d" % number] = value

        async with on(app, Topic(prefix + "in", 1), log):
            await send(app.worker_settings.bootstrap, prefix + "in", [(b"k", b"v")])
            await eventually(lambda: bool(app.witnessed))
            await eventually(lambda: app.producer.buffer.size == 0)
        return app.witnessed[0]


class SlowEndOfRecovery:
    """Mixed into a consumer: the moment between the seek and the resumed flow lasts."""

    async def perform_seek(self):
        await super().perform_seek()
        await asyncio.sleep(2.0)


class TestRecovery:
    """Sixty messages wait while a table is recovered; each takes 0.1 s."""

    def test_plain_faust_forgets_messages_that_come_at_the_end_of_a_recovery(
        self, kafka, topic_prefix, tmp_path
    ):
        app = PlainApp(worker_settings(kafka.bootstrap, topic_prefix + "app", tmp_path))
        consumer = type("Consumer", (SlowEndOfRecovery, driver.Consumer), {})
        app.transport_class = type("Slow", (driver.Transport,), {"Consumer": consumer})
        assert len(asyncio.run(self._processed(app, topic_prefix))) < 60

    def test_the_guarded_consumer_processes_them_all(self, kafka, topic_prefix, tmp_path):
        app = GuardedTestApp(worker_settings(kafka.bootstrap, topic_prefix + "app", tmp_path))
        consumer = type("Consumer", (SlowEndOfRecovery, guarded.Consumer), {})
        app.transport_class = type("Slow", (guarded.Transport,), {"Consumer": consumer})
        assert len(asyncio.run(self._processed(app, topic_prefix))) == 60

    async def _processed(self, app, prefix) -> set[bytes]:
        log, bootstrap = changelog(prefix + "app", "state", 1), app.worker_settings.bootstrap
        app.bytes_table("state")
        done = []

        @app.agent(app.bytes_topic(prefix + "in"))
        async def work(stream):
            async for value in stream:
                await asyncio.sleep(0.1)
                done.append(value)

        await apply(bootstrap, [Topic(prefix + "in", 1), log])
        await send(bootstrap, log.name, [(b"key", b"state")])
        await send(bootstrap, prefix + "in", [(b"k", b"%d" % number) for number in range(60)])
        async with on(app):
            await eventually(lambda: bool(done))
            count = -1
            while count < len(done) < 60:
                count = len(done)
                await asyncio.sleep(3.0)
        return set(done)


@pytest.mark.parametrize("idempotent", [True, False])
def test_the_producer_is_idempotent_unless_the_broker_refuses(idempotent, kafka, topic_prefix, tmp_path):
    async def scenario() -> bool:
        settings = worker_settings(
            kafka.bootstrap, topic_prefix + "app", tmp_path, idempotent_producer=idempotent
        )
        app = GuardedTestApp(settings)
        app.agent(app.bytes_topic(topic_prefix + "in"))(_read)
        async with on(app, Topic(topic_prefix + "in", 1)):
            await app.producer.send_and_wait(topic_prefix + "in", b"k", b"v", None, None, None)
            return app.producer._producer._txn_manager is not None

    assert asyncio.run(scenario()) is idempotent


async def _read(stream):
    async for _ in stream:
        pass


def test_a_flush_after_a_lost_record_always_fails():
    async def scenario() -> None:
        buffer = guarded.AcknowledgedBuffer()
        buffer.failure = ValueError("lost")
        with pytest.raises(ProducerSendError, match="lost"):
            await buffer.flush()

    asyncio.run(scenario())
