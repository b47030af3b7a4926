"""The Kafka topics and who meets there. One partition count for all keyed topics, fixed at start."""

EVENTS = "qingfeng.events"
"""Envelopes of inbox entries, keyed by person. Written by the relay, read by the detector."""

CROSSINGS = "qingfeng.crossings"
"""What is said at keys that persons share, as registers. Written and read by the detector."""

ALERTS = "qingfeng.alerts"
"""Lists of `schemas.finding` messages. Written by the detector, read by alerts."""

REGISTRY = "qingfeng.registry"
"""Registry records, compacted, one partition. Written by the relay, read by every detector worker.

Keys: `LOG_ID`, `VERSION`, else `schemas.registry.item_key` of a `schemas.registry.RegistryItem`."""

LOG_ID = b"log-id"
"""Its value names the log: a broker that lost everything gets another one."""

VERSION = b"version"
"""Its value (a JSON integer): all records up to this registry version stand before it."""
