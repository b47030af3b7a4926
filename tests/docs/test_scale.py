"""docs/scale.md: what is called computed follows from what it says."""

import re

import pytest

from services.detector.rules import RULES
from services.settings import Settings
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
UNITS = {"": 1, "million": 1e6, "GB": 1e9, "TB": 1e12}
SETTLEMENTS, EVENTS, BUSIEST = 12, 1.93, 0.15
INBOX, MEMORY, SCREENING = 1_500, 2_000, 1_000
YEAR = 365


def table(name: str) -> dict[str, list[float]]:
    """The numbers of a marked table by the words before them."""
    part = PAGE.split(f"<!-- scale: {name} -->")[1].split("<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines() if "|" in line]
    return {row[0]: [_number(cell) for cell in row[1:]] for row in rows[2:]}


def _number(cell: str) -> float:
    number, unit = re.fullmatch(r"([\d.,]+) ?(\w*)", cell).groups()  # type: ignore[union-attr]
    return float(number.replace(",", "")) * UNITS[unit]


def about(values: list[float]) -> object:
    return pytest.approx(values, rel=0.05)


def test_the_load_follows_from_the_number_of_persons() -> None:
    load = table("load")
    persons = load["insured persons"]
    assert load["settlements a year"] == about([SETTLEMENTS * count for count in persons])
    daily = [SETTLEMENTS * EVENTS * count / YEAR for count in persons]
    assert load["events a day"] == about(daily)
    assert load["events a second in the busiest hour"] == about([BUSIEST * count / 3_600 for count in daily])
    assert load["settlements a month"] == about([SETTLEMENTS * count / 12 for count in persons])


def test_the_disk_follows_from_the_load_and_from_what_is_kept_how_long() -> None:
    load, disk = table("load"), table("disk")
    window = max(rule.window_days for rule in RULES)
    remembered = 2 * window + Settings().lateness_days
    assert f"memories keep {remembered}" in PAGE
    assert f"inbox keeps {Settings().inbox_retention_days} days" in PAGE
    daily = load["events a day"]
    inbox = [count * Settings().inbox_retention_days * INBOX for count in daily]
    memories = [count * remembered * MEMORY for count in daily]
    screenings = [3 * count * SCREENING for count in load["settlements a year"]]
    assert disk["inbox"] == about(inbox)
    assert disk["memories"] == about(memories)
    assert disk["screenings, three years"] == about(screenings)
    together = [1.5 * sum(parts) for parts in zip(inbox, memories, screenings, strict=True)]
    assert disk["together, with half again to spare"] == about(together)


def test_what_is_quoted_as_measured_stands_among_the_figures() -> None:
    figures = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    for quoted in re.findall(r"^\| [^|]+ \| ([\d,.]+ (?:events/s|ms))", PAGE, re.MULTILINE):
        assert quoted.split()[0] in figures, quoted
