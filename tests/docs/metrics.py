"""The metrics of the code, collected by importing every module that declares some.

`python -m tests.docs.metrics` writes the table of docs/metrics.md.
"""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from services.runtime.metrics import REGISTRY

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
PAGE = ROOT / "docs" / "metrics.md"
TABLE = re.compile(r"(?<=<!-- metrics: python -m tests.docs.metrics -->\n).*?(?=\n<!-- end -->)", re.DOTALL)


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
    """Rows for docs/metrics.md."""
    rows = [f"| `{one.name}` | {one.kind} | {one.labels} | {one.meaning.rstrip('.')} |" for one in metrics()]
    return "\n".join(("| name | kind | labels | meaning |", "|---|---|---|---|", *rows))


def _ours() -> Iterator[Metric]:
    for family in REGISTRY.collect():
        name = family.name + "_total" * (family.type == "counter")
        yield Metric(name, family.type, _labels(family.name), family.documentation)


def _labels(name: str) -> str:
    declared = REGISTRY._names_to_collectors.get(name)
    return ", ".join(f"`{label}`" for label in getattr(declared, "_labelnames", ()))


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
