"""One table for all figures: what was measured, what is wanted, and how the two relate."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """A figure with its target.

    wanted: None for a mere yardstick. more_is_better: which side of the target is the good one.
    """

    part: str
    name: str
    value: float
    unit: str
    wanted: float | None = None
    more_is_better: bool = True
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Measured to wanted, above 1 is good."""
        if self.wanted is None:
            return None
        if self.value == self.wanted:
            return 1.0
        return self.value / self.wanted if self.more_is_better else self.wanted / max(self.value, 1e-12)


def show(figures: list[Figure]) -> None:
    """Print all figures, part by part."""
    table = Table(title="Qingfeng bench: two shared cores, load generator and database included")
    for column in ("part", "figure", "measured", "wanted", "ratio", "note"):
        table.add_column(column, justify="right" if column in ("measured", "wanted", "ratio") else "left")
    part = None
    for figure in figures:
        sign = "≥" if figure.more_is_better else "≤"
        ratio = figure.ratio
        table.add_row(
            figure.part if figure.part != part else "",
            figure.name,
            f"{_number(figure.value)} {figure.unit}",
            "" if figure.wanted is None else f"{sign} {_number(figure.wanted)} {figure.unit}",
            "" if ratio is None else f"{ratio:.2f}{'' if ratio >= 1 else ' short'}",
            figure.note,
        )
        part = figure.part
    Console(width=150).print(table)


def _number(value: float) -> str:
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"
