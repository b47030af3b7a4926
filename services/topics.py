"""What a deployment's services agree on: its topics on Kafka, as each of them declares them at its start."""

from schemas.topics import ALERTS, CROSSINGS, EVENTS, REGISTRY
from services.runtime.kafka.topics import DAY_MS, TABLE, Topic, changelog
from services.settings import Settings

KEPT_MS = 30 * DAY_MS
"""How long records wait for a service that is away."""

LARGEST_RECORD = 16 << 20
"""Bytes of a record: many large events together, or the whole history of a placeholder person."""


def topics_of(settings: Settings) -> list[Topic]:
    """The topics of a deployment, the detector's table aside."""
    keyed = [
        Topic(
            settings.topic_prefix + name,
            settings.partitions,
            replicas=settings.replicas,
            retention_ms=KEPT_MS,
            largest_record=LARGEST_RECORD,
        )
        for name in (EVENTS, CROSSINGS, ALERTS)
    ]
    # A worker that judges again after a crash needs the registry as it was then.
    name = settings.topic_prefix + REGISTRY
    return [*keyed, Topic(name, 1, "compact", settings.replicas, min_compaction_lag_ms=7 * DAY_MS)]


def detector_id(settings: Settings) -> str:
    """The workers' consumer group, and the first part of their changelog's name."""
    return settings.topic_prefix + "qingfeng.detector"


def changelog_of(settings: Settings) -> Topic:
    """The changelog of the detector's table."""
    return changelog(
        detector_id(settings),
        TABLE,
        settings.partitions,
        replicas=settings.replicas,
        largest_record=LARGEST_RECORD,
    )
