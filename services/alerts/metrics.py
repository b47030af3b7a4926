"""The metrics of the alerts service, each declared once, beside a sentence of meaning."""

from prometheus_client import Counter, Gauge, Histogram

SUB_SECOND = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 3_600)

ALERTS = Counter(
    "qingfeng_alerts_total",
    "Alerts that were opened (first or again), changed or withdrawn, as stored.",
    ["rule", "severity", "event"],
)
LATENCY = Histogram(
    "qingfeng_alert_latency_seconds",
    "From the moment the door took an event to the storing of the alert it opened.",
    buckets=SUB_SECOND,
)
LATE_REPEATS = Counter(
    "qingfeng_alert_repeats_total",
    "Alert messages that said nothing new: resent by the detector, or overtaken.",
)
DEAD_LETTERS = Counter(
    "qingfeng_dlq_records_total",
    "Entries that could not be judged and wait in the dead letters, by reason.",
    ["reason"],
)
DEFECTS = Counter(
    "qingfeng_data_defects_total",
    "Contradictions found in what institutions sent, by code.",
    ["code"],
)
ATTEMPTS = Counter(
    "qingfeng_webhook_attempts_total",
    "Tries to deliver a webhook, by outcome.",
    ["outcome"],
)
DELIVERY = Histogram(
    "qingfeng_webhook_delivery_seconds",
    "From the storing of a change to the receiver's 2xx, for deliveries that took one try.",
    buckets=SUB_SECOND,
)
OLDEST_DELIVERY = Gauge(
    "qingfeng_webhook_queue_oldest_age_seconds",
    "Age of the oldest delivery that is due and not done.",
)
DISABLED_WEBHOOKS = Counter(
    "qingfeng_webhooks_disabled_total",
    "Endpoints that were switched off, by reason.",
    ["reason"],
)
