"""What ingest counts."""

from typing import get_args

from schemas.event import EventType
from services.runtime.metrics import counter, gauge, histogram

TYPES = get_args(EventType)
REFUSALS = ("conflict", "unknown_field", "required", "type", "range")

EVENTS = counter(
    "ingest_events",
    "Events posted, by result (accepted, duplicate, rejected), type of those taken, and reason of those not.",
    ["result", "type", "reason"],
    [
        *(("accepted", kind, "") for kind in TYPES),
        *(("duplicate", kind, "") for kind in TYPES),
        *(("rejected", "", code) for code in REFUSALS),
    ],
)
REQUESTS_REFUSED = counter(
    "ingest_requests_refused",
    "Requests refused as a whole, nothing of them kept, by reason.",
    ["reason"],
    [("unavailable",), ("forbidden",), ("unauthenticated",), ("rate",)],
)
REQUESTS = counter(
    "ingest_requests",
    "POST /v1/events answered, by HTTP status.",
    ["status"],
    [("202",), ("422",), ("429",), ("503",)],
)
DURATION = histogram("ingest_request_duration_seconds", "POST /v1/events from first byte to answer.")
BACKLOG_ROWS = gauge("inbox_backlog_rows", "Entries in the inbox that its reader has not taken yet.")
BACKLOG_BYTES = gauge("inbox_backlog_bytes", "Bytes of entries not yet taken, by the average entry.")
LIMIT_ROWS = gauge("inbox_limit_rows", "Entries waiting at which the door closes (QINGFENG_BACKLOG_ROWS).")
LIMIT_BYTES = gauge(
    "inbox_limit_bytes", "Bytes waiting at which the door closes (QINGFENG_BACKLOG_MEBIBYTES)."
)
OLDEST_AGE = gauge("inbox_oldest_age_seconds", "How long the oldest entry not yet taken has waited.")
LAST_COMMIT = gauge("inbox_last_accepted_timestamp_seconds", "When an event was last accepted, Unix time.")
RELAYED = counter("relay_entries", "Entries of the inbox that Kafka has acknowledged.")
