"""Prometheus metrics: each declared once, beside its sentence of meaning, in the module that moves it.

Names start with `qingfeng_`; labels are never ids, and have few values. `exposition` is the text for
GET /metrics: our own metrics and those of the process, nothing that libraries register elsewhere.
"""

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector

PREFIX = "qingfeng_"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Histogram bounds that answer for 1 ms to 30 s."""
LONG_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 3_600)
"""… for 50 ms to an hour."""

REGISTRY = CollectorRegistry()
ProcessCollector(namespace=PREFIX.rstrip("_"), registry=REGISTRY)


def counter(
    name: str, meaning: str, labels: Sequence[str] = (), known: Iterable[Sequence[str]] = ()
) -> Counter:
    """A count that only grows; `name` without the prefix and without `_total`.

    known: values of the labels that are foreseen; they are there from the start, at 0, so that a first count
    shows as an increase.
    """
    made = Counter(PREFIX + name, meaning, labels, registry=REGISTRY)
    for values in known:
        made.labels(*values)
    return made


def gauge(name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
    """A value that goes up and down; `name` without the prefix, with its unit."""
    return Gauge(PREFIX + name, meaning, labels, registry=REGISTRY)


def histogram(
    name: str, meaning: str, labels: Sequence[str] = (), buckets: Sequence[float] = SECONDS
) -> Histogram:
    """A distribution, in seconds unless the name says otherwise."""
    return Histogram(PREFIX + name, meaning, labels, buckets=buckets, registry=REGISTRY)


def exposition() -> tuple[bytes, str]:
    """(body, content type) of what Prometheus reads."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
