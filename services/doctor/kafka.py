"""Kafka: whether it answers, and whether the topics are as declared."""

import asyncio

from aiokafka.errors import KafkaError

from schemas.finding import Words
from services.doctor.finding import LOOK_SECONDS, Finding
from services.runtime.kafka import topics
from services.settings import Settings
from services.topics import changelog_of, topics_of


def examine_kafka(settings: Settings) -> list[Finding]:
    """The topics, one finding for all that are missing and one for each that differs."""
    name = Words("Kafka", "topics")
    declared = [*topics_of(settings), changelog_of(settings)]
    try:
        missing, differences = asyncio.run(_topics(settings.kafka, declared))
    except (KafkaError, OSError, TimeoutError) as error:
        todo = Words(
            "检查 Kafka 是否运行、QINGFENG_KAFKA 是否正确；期间仍可接收，到积压上限为止",
            "does it run, is QINGFENG_KAFKA right? Events are accepted meanwhile, up to the backlog's limit",
        )
        said = Words("连接不上", f"cannot be reached ({type(error).__name__})")
        return [Finding("bad", name, said, todo)]
    found = []
    if missing:
        names = ", ".join(missing)
        todo = Words("服务启动时自动创建", "the services make them when they start")
        found.append(Finding("warn", name, Words(f"缺主题 {names}", f"missing: {names}"), todo))
    for difference in differences:
        todo = Words(
            "改回所声明的值，或换 QINGFENG_TOPIC_PREFIX 重建",
            "set it as declared, or begin anew under another QINGFENG_TOPIC_PREFIX",
        )
        found.append(Finding("bad", name, Words("与声明不符", difference), todo))
    if not found:
        said = Words(f"{len(declared)} 个主题与声明一致", f"all {len(declared)} are as declared")
        found.append(Finding("ok", name, said))
    return found


async def _topics(bootstrap: str, declared: list[topics.Topic]) -> tuple[list[str], list[str]]:
    async with asyncio.timeout(LOOK_SECONDS):
        return await topics.compare(bootstrap, declared)
