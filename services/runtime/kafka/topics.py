"""Topics as declared: what is missing is created, what differs is refused.

A partition count never changes: keys would move to partitions where their state is not. A topic that
needs more is a new topic, filled by reading the old one again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

DAY_MS = 24 * 3600 * 1000
TABLE = "memory"
"""The one table of a worker; it gives its changelog the name."""
UNKNOWN_TOPIC = 3
FIRM = ("partitions", "cleanup.policy")
"""What a topic must be like, or keys would not find their state, or lose it."""
VISIBLE_SECONDS = 30.0


class TopicsDiffer(Exception):
    """The broker's topics are not what is declared; one line for all differences."""


@dataclass(frozen=True)
class Topic:
    """One topic as it has to be."""

    name: str
    partitions: int
    cleanup: Literal["delete", "compact"] = "delete"
    replicas: int = 1
    min_compaction_lag_ms: int = 0
    """How long a compacted topic keeps every version of a key."""
    retention_ms: int | None = None
    """How long records are kept; None leaves it to the broker. Only with cleanup `delete`."""
    largest_record: int | None = None
    """Bytes of one record; None leaves it to the broker (1 MiB)."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Further configuration by Kafka's own names."""

    def configuration(self) -> dict[str, str]:
        """The topic's configuration by Kafka's own names."""
        chosen = {
            "min.compaction.lag.ms": self.min_compaction_lag_ms or None,
            "retention.ms": self.retention_ms,
            "max.message.bytes": self.largest_record,
            # With acks=all: what is acknowledged is on two disks, and one broker may be away.
            "min.insync.replicas": 2 if self.replicas > 2 else None,
        }
        stated = {name: str(value) for name, value in chosen.items() if value is not None}
        return {"cleanup.policy": self.cleanup, **stated, **self.more}


def changelog(
    app_id: str, table: str, partitions: int, *, replicas: int = 1, largest_record: int | None = None
) -> Topic:
    """The changelog of a table. Never deleted by age: it is the state.

    For a day every version of a key stays, so a record written late by a worker that had lost the partition
    cannot make the broker drop the newer one.
    """
    name = f"{app_id}-{table}-changelog"
    return Topic(
        name, partitions, "compact", replicas, min_compaction_lag_ms=DAY_MS, largest_record=largest_record
    )


async def apply(bootstrap: str, declared: Iterable[Topic], **client_settings: Any) -> list[str]:
    """Create the missing topics and return their names. Raises TopicsDiffer before it creates any."""
    wanted = list(declared)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **client_settings)
    await admin.start()
    try:
        missing = await _missing(admin, wanted)
        await _create(admin, missing)
        # A broker learns of new topics a moment later; a consumer that asks before would wait for minutes.
        # Another worker may have created some between the two looks, perhaps differently.
        async with asyncio.timeout(VISIBLE_SECONDS):
            while await _missing(admin, wanted):
                await asyncio.sleep(0.1)
        return [topic.name for topic in missing]
    finally:
        await admin.close()


async def compare(
    bootstrap: str, declared: Iterable[Topic], **client_settings: Any
) -> tuple[list[str], list[str]]:
    """(names of topics that are missing, in words what differs of the others); changes nothing.

    Compares every option that is declared, also those that `apply` does not insist on, such as retention.
    """
    wanted = list(declared)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **client_settings)
    await admin.start()
    try:
        missing, differences = await _compared(admin, wanted)
    finally:
        await admin.close()
    return [topic.name for topic in missing], [text for several in differences.values() for text in several]


async def _missing(admin: AIOKafkaAdminClient, wanted: list[Topic]) -> list[Topic]:
    missing, differences = await _compared(admin, wanted)
    firm = [text for option, several in differences.items() if option in FIRM for text in several]
    if firm:
        raise TopicsDiffer(f"{'; '.join(firm)}: declare what is there, or use a new topic")
    return missing


async def _compared(
    admin: AIOKafkaAdminClient, wanted: list[Topic]
) -> tuple[list[Topic], dict[str, list[str]]]:
    """(missing topics, by option what differs of the others)."""
    partitions = await _partition_counts(admin, wanted)
    present = [topic for topic in wanted if topic.name in partitions]
    found = await _configurations(admin, present)
    differences: dict[str, list[str]] = {}
    for topic in present:
        if partitions[topic.name] != topic.partitions:
            text = f"{topic.name} has {partitions[topic.name]} partitions, not {topic.partitions}"
            differences.setdefault("partitions", []).append(text)
        for option, value in topic.configuration().items():
            stands = found[topic.name][option]
            if stands != value:
                text = f"{topic.name} has {option} {stands}, not {value}"
                differences.setdefault(option, []).append(text)
    return [topic for topic in wanted if topic.name not in partitions], differences


async def _partition_counts(admin: AIOKafkaAdminClient, wanted: list[Topic]) -> dict[str, int]:
    counts = {}
    for found in await admin.describe_topics([topic.name for topic in wanted]):
        if found["error_code"] == UNKNOWN_TOPIC:
            continue
        if found["error_code"]:
            raise for_code(found["error_code"])(found["topic"])
        counts[found["topic"]] = len(found["partitions"])
    return counts


async def _configurations(admin: AIOKafkaAdminClient, present: list[Topic]) -> dict[str, dict[str, str]]:
    """The declared options of topics as they stand on the broker."""
    if not present:
        return {}
    asked = [
        ConfigResource(ConfigResourceType.TOPIC, topic.name, dict.fromkeys(topic.configuration()))
        for topic in present
    ]
    found = {}
    for answer in await admin.describe_configs(asked):
        for error_code, message, _, name, entries in (tuple(each)[:5] for each in answer.resources):
            if error_code:
                raise for_code(error_code)(message)
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


async def _create(admin: AIOKafkaAdminClient, missing: list[Topic]) -> None:
    if not missing:
        return
    new = [
        NewTopic(topic.name, topic.partitions, topic.replicas, topic_configs=topic.configuration())
        for topic in missing
    ]
    answer = await admin.create_topics(new)
    for name, error_code, message in (tuple(each)[:3] for each in answer.topic_errors):
        if error_code and error_code != TopicAlreadyExistsError.errno:
            raise for_code(error_code)(f"{name}: {message}")
