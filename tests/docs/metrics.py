"""The metrics of the code, collected by importing every module that declares some.

`python -m tests.docs.metrics` prints the table of docs/operate.md.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client import REGISTRY

from services.runtime.metrics import PREFIX

SERVICES = Path(__file__).parents[2] / "services"


class Metric(NamedTuple):
    """name: as it is asked for (a counter with `_total`). labels: joined by commas."""

    name: str
    kind: str
    labels: str
    meaning: str


def metrics() -> list[Metric]:
    """All metrics of ours, by name."""
    for path in SERVICES.rglob("*.py"):
        if "runtime.metrics import" in path.read_text(encoding="utf-8"):
            importlib.import_module(".".join(path.relative_to(SERVICES.parent).with_suffix("").parts))
    return sorted(_ours())


def names() -> set[str]:
    """Every name a query may ask for: of a histogram its `_bucket`, `_sum` and `_count`."""
    found = set()
    for metric in metrics():
        ends = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        found.update(metric.name + end for end in ends)
    return found


def table() -> str:
    """Rows for docs/operate.md."""
    rows = [f"| `{one.name}` | {one.kind} | {one.labels} | {one.meaning.rstrip('.')} |" for one in metrics()]
    return "\n".join(("| name | kind | labels | meaning |", "|---|---|---|---|", *rows))


def _ours() -> Iterator[Metric]:
    for collector in list(REGISTRY._collector_to_names):
        name = getattr(collector, "_name", "")
        if name.startswith(PREFIX):
            kind = collector._type
            labels = ", ".join(f"`{label}`" for label in collector._labelnames)
            yield Metric(name + "_total" * (kind == "counter"), kind, labels, collector._documentation)


if __name__ == "__main__":
    print(table())
