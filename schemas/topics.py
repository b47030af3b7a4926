"""The Kafka topics and who meets there. One partition count for all keyed topics, fixed at start."""

EVENTS = "qingfeng.events"
"""Envelopes of inbox entries, keyed by person. Written by the relay, read by the detector."""

CROSSINGS = "qingfeng.crossings"
"""Facts that cross keys, person → terminal, as registers. Written and read by the detector."""

ALERTS = "qingfeng.alerts"
"""`schemas.finding` messages. Written by the detector, read by alerts."""

REGISTRY = "qingfeng.registry"
"""Registry records, compacted. Written by the relay, read by every detector worker."""
