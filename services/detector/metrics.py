"""What the detector counts."""

from services.runtime.metrics import counter, histogram

JUDGEMENT = histogram(
    "judgement_seconds",
    "Time to judge one entry of a person, all rules together.",
    buckets=(0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.1, 1.0),
)
POISON = counter("detector_poison", "Messages that made a rule or a decoder raise.", ["stage"])
EVENTS = counter("detector_events", "Entries taken by the detector.", ["topic"])
TOO_LATE = counter("detector_too_late", "Events that lay behind the retention when they arrived.")
