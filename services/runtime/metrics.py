"""Prometheus metrics: each declared once, beside its sentence of meaning, in the module that moves it.

Names start with `qingfeng_`; labels are never ids. `exposition` is the text for GET /metrics.
"""

from collections.abc import Sequence

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

PREFIX = "qingfeng_"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Histogram bounds that answer for 1 ms to 30 s."""


def counter(name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
    """A count that only grows; `name` without the prefix and without `_total`."""
    return Counter(PREFIX + name, meaning, labels)


def gauge(name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
    """A value that goes up and down; `name` without the prefix, with its unit."""
    return Gauge(PREFIX + name, meaning, labels)


def histogram(
    name: str, meaning: str, labels: Sequence[str] = (), buckets: Sequence[float] = SECONDS
) -> Histogram:
    """A distribution, in seconds unless the name says otherwise."""
    return Histogram(PREFIX + name, meaning, labels, buckets=buckets)


def exposition() -> tuple[bytes, str]:
    """(body, content type) of what Prometheus reads."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
