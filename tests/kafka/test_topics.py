"""Topics are created as declared, and what differs is refused."""

import asyncio

import pytest

from services.runtime.kafka.topics import DAY_MS, Topic, TopicsDiffer, apply, changelog, compare
from services.settings import Settings
from services.topics import changelog_of, topics_of


def test_missing_topics_are_created_and_a_second_apply_creates_none(kafka, topic_prefix):
    declared = [Topic(topic_prefix + "events", 4), changelog(topic_prefix + "app", "state", 4)]
    created = asyncio.run(apply(kafka.bootstrap, declared))
    assert created == [topic.name for topic in declared]
    assert asyncio.run(apply(kafka.bootstrap, declared)) == []


def test_another_partition_count_is_refused_in_one_line_and_nothing_is_created(kafka, topic_prefix):
    name = topic_prefix + "events"
    asyncio.run(apply(kafka.bootstrap, [Topic(name, 4)]))
    declared = [Topic(name, 8), Topic(topic_prefix + "new", 8)]
    with pytest.raises(TopicsDiffer, match="has 4 partitions, not 8") as refused:
        asyncio.run(apply(kafka.bootstrap, declared))
    assert "\n" not in str(refused.value)
    assert asyncio.run(apply(kafka.bootstrap, [declared[1]])) == [declared[1].name]


def test_a_changelog_that_would_be_deleted_by_age_is_refused(kafka, topic_prefix):
    log = changelog(topic_prefix + "app", "state", 1)
    asyncio.run(apply(kafka.bootstrap, [Topic(log.name, 1, "delete")]))
    with pytest.raises(TopicsDiffer, match=r"cleanup\.policy delete, not compact"):
        asyncio.run(apply(kafka.bootstrap, [log]))


def test_a_changelog_keeps_every_version_for_a_day():
    configuration = changelog("app", "state", 4).configuration()
    assert configuration == {"cleanup.policy": "compact", "min.compaction.lag.ms": str(DAY_MS)}


def test_what_differs_is_told_in_words_and_nothing_is_changed(kafka, topic_prefix):
    name = f"{topic_prefix}kept"
    asyncio.run(apply(kafka.bootstrap, [Topic(name, 2, retention_ms=DAY_MS)]))
    declared = [Topic(name, 2, retention_ms=2 * DAY_MS), Topic(f"{topic_prefix}new", 1)]
    for _ in range(2):
        missing, differences = asyncio.run(compare(kafka.bootstrap, declared))
        assert missing == [f"{topic_prefix}new"]
        assert differences == [f"{name} has retention.ms {DAY_MS}, not {2 * DAY_MS}"]
    # What is kept shorter or longer stops no service.
    assert asyncio.run(apply(kafka.bootstrap, declared)) == [f"{topic_prefix}new"]


def test_with_three_copies_two_must_have_a_record_and_with_fewer_nothing_is_asked():
    asked = [
        Topic("events", 4, replicas=count).configuration().get("min.insync.replicas") for count in (1, 2, 3)
    ]
    assert asked == [None, None, "2"]
    for topic in (*topics_of(Settings(replicas=3)), changelog_of(Settings(replicas=3))):
        assert topic.replicas == 3
