"""The metrics of the alerts service, each declared once, beside a sentence of meaning."""

from services.runtime.metrics import counter, gauge, histogram

SUB_SECOND = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 3_600)

ALERTS = counter(
    "alerts",
    "Alerts that were opened (first or again), changed or withdrawn, as stored.",
    ["rule", "severity", "event"],
)
LATENCY = histogram(
    "alert_latency_seconds",
    "From the moment the door took an event to the storing of the alert it opened.",
    buckets=SUB_SECOND,
)
LATE_REPEATS = counter(
    "alert_repeats",
    "Alert messages that said nothing new: resent by the detector, or overtaken.",
)
AMOUNT = counter(
    "alert_amount_yuan",
    "Suspected amounts of alerts that were opened, yuan; what alerts share is in each of them.",
    ["rule"],
)
OPEN = gauge(
    "alerts_open",
    "Open alerts, those of rules on trial left out, by severity.",
    ["severity"],
)
INSTITUTIONS = gauge("alerts_open_institutions", "Institutions that open alerts name.")
DEAD_LETTERS = counter(
    "dlq_records",
    "Entries that could not be judged and were put to the dead letters, by kind of error.",
    ["reason"],
)
DEAD_LETTERS_WAITING = gauge("dead_letters_waiting", "Dead letters that nobody has had judged again yet.")
DEFECTS = counter(
    "data_defects",
    "Contradictions found in what institutions sent, by code.",
    ["code"],
)
WITHOUT_ANSWER = ("timeout", "refused", "unreachable", "cut_off", "unreadable", "tls")
ATTEMPTS = counter(
    "webhook_attempts",
    "Tries to deliver a webhook, by outcome.",
    ["outcome"],
    [(outcome,) for outcome in ("delivered", *WITHOUT_ANSWER, "3xx", "4xx", "5xx")],
)
DELIVERY = histogram(
    "webhook_delivery_seconds",
    "From the storing of a change to the receiver's 2xx, for deliveries that took one try.",
    buckets=SUB_SECOND,
)
OLDEST_DELIVERY = gauge(
    "webhook_queue_oldest_age_seconds",
    "Age of the oldest delivery that is due and not done.",
)
WAITING_DELIVERIES = gauge(
    "webhook_deliveries_waiting",
    "Deliveries to endpoints that are switched on which are not done; counted up to 100,000.",
)
ENDPOINTS = gauge(
    "webhook_endpoints",
    "Endpoints by how they fare: well, slowed (they asked for less), failing or disabled.",
    ["health"],
)
DISABLED_WEBHOOKS = counter(
    "webhooks_disabled",
    "Endpoints that were switched off, by reason.",
    ["reason"],
    [("gone",), ("failing",)],
)
STREAM_READERS = gauge(
    "stream_readers",
    "Connections that follow the stream of alerts now.",
)
STREAM_ENDED = counter(
    "stream_cut",
    "Streams of alerts that were ended from this side: the reader was too slow, lost its access, came from "
    "numbers that are forgotten, had been there for an hour (renewal), or the service stops.",
    ["reason"],
    [("slow",), ("access",), ("forgotten",), ("renewal",), ("closing",)],
)
LAG_EVENTS = gauge(
    "lag_events",
    "Events accepted and not yet judged, with their alerts stored (as /v1/status shows it).",
)
LAG_SECONDS = gauge(
    "lag_seconds",
    "How long the oldest of these has waited.",
)
MONTHS_WAITING = gauge(
    "months_waiting",
    "Months that changed, or are to be judged by another registry, and whose rules were not run yet.",
)
CONSUMED = counter(
    "alerts_consumed_records",
    "Records of the alerts topic that were stored, dead letters among them.",
)
