"""What a panel is, and how metrics are asked for."""

from typing import NamedTuple


class Graph(NamedTuple):
    """A panel. queries: (PromQL, legend). page_above: where an alert rule begins to page."""

    title: str
    meaning: str
    unit: str
    queries: list[tuple[str, str]]
    page_above: float | None = None


class Board(NamedTuple):
    """A dashboard: rows of graphs by their titles."""

    uid: str
    title: str
    rows: dict[str, list[Graph]]


def rate(metric: str, by: str = "") -> str:
    """Per second, summed over processes."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}[$__rate_interval]))"


def increase(metric: str, by: str = "") -> str:
    """How many in the interval, summed over processes."""
    return f"sum{f' by ({by})' if by else ''} (increase({metric}[$__rate_interval]))"


def quantiles(metric: str) -> list[tuple[str, str]]:
    """The median and the 99th percentile of a histogram."""
    return [(quantile(metric, 0.5), "p50"), (quantile(metric, 0.99), "p99")]


def quantile(metric: str, share: float, by: str = "le") -> str:
    """A percentile of a histogram."""
    return f"histogram_quantile({share}, sum by ({by}) (rate({metric}_bucket[$__rate_interval])))"
