"""The tests' own broker behaves as the fault tests need: it survives a kill and can lose everything."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


def test_what_was_acknowledged_survives_a_killed_broker(own_kafka):
    asyncio.run(_create_and_send(own_kafka.bootstrap, b"kept"))
    own_kafka.kill()
    own_kafka.start()
    assert asyncio.run(_read_one(own_kafka.bootstrap)) == b"kept"


def test_a_wiped_broker_comes_back_on_its_port_with_nothing_in_it(own_kafka):
    port = own_kafka.port
    asyncio.run(_create_and_send(own_kafka.bootstrap, b"lost"))
    own_kafka.restart(wipe=True)
    assert own_kafka.port == port
    assert "things" not in asyncio.run(_topics(own_kafka.bootstrap))


async def _create_and_send(bootstrap: str, value: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("things", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    await producer.send_and_wait("things", value)
    await producer.stop()


async def _read_one(bootstrap: str) -> bytes:
    consumer = AIOKafkaConsumer("things", bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    async with asyncio.timeout(60):
        record = await consumer.getone()
    await consumer.stop()
    return record.value


async def _topics(bootstrap: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    names = await admin.list_topics()
    await admin.close()
    return names
