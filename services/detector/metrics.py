"""What the detector counts."""

from schemas.topics import CROSSINGS
from schemas.topics import EVENTS as EVENTS_TOPIC
from services.runtime.metrics import LONG_SECONDS, counter, histogram

JUDGEMENT = histogram(
    "judgement_seconds",
    "Time to judge one entry of a person, all rules together.",
    buckets=(0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.1, 1.0),
)
EVENT_LAG = histogram(
    "detector_event_lag_seconds",
    "From the moment the door took an event until it is judged: the oldest of each slice.",
    buckets=LONG_SECONDS,
)
POISON = counter(
    "detector_poison",
    "Messages that made a rule or a decoder raise.",
    ["stage"],
    [(EVENTS_TOPIC,), (CROSSINGS,)],
)
EVENTS = counter(
    "detector_events", "Entries taken by the detector.", ["topic"], [(EVENTS_TOPIC,), (CROSSINGS,)]
)
SCREENED = counter(
    "detector_screenings",
    "Settlements screened, again when what is known of them changed, by care and by region of the registry.",
    ["care", "region"],
)
TOO_LATE = counter("detector_too_late", "Events that lay behind the retention when they arrived.")
