"""Evidence as tables: what a rule saw, a row each, in one language.

What stands in `FACTS` (stays, visits, swipes) goes into one table, in the order in which one compares them;
every other list of the evidence (billed lines, a month's cases, packs sold) has one of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.moments import Calendar
from services.alerts.console.texts import Texts
from services.alerts.console.timeline import when

FACTS = ("stays", "stay", "visits", "visit", "settlements", "swipes")
COLUMNS = (
    "institution", "at", "begin", "end", "encounter", "settlement", "discharge_way", "diagnoses", "card",
    "device", "total", "fund", "person",
)  # fmt: skip
LEFT_OUT = frozenset(("checks", "parameters"))
"""Shown by themselves."""
UNSHOWN = frozenset(("begin_is_date", "end_is_date", "place", "med_type"))
TIMES = frozenset(("begin", "end", "at", "then", "times"))
NUMBERS = frozenset((
    "total", "fund", "amount", "covered", "within_policy", "quantity", "cost", "mean", "daily_cost",
))  # fmt: skip
CODES = frozenset((
    "encounter", "settlement", "person", "device", "institution", "code", "line", "clinic", "from", "to",
    "prescription", "document",
))  # fmt: skip
SHARES = frozenset(("drug_share",))
CODED = {
    "card": "card", "discharge_way": "way", "result": "check", "movement": "movement", "method": "card",
    "under_alert": "is",
}  # fmt: skip
PSEUDONYM = 8
"""So many characters of a pseudonym tell the persons of one alert apart; the API has it whole."""
ACROSS = 3
"""Up to so many facts stand beside each other, a column each, which reads well on a telephone too."""

Fact = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `code`: an identifier, set in a fixed-width face; `number`: set to the right."""

    text: str
    code: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Facts of the evidence, one a row; or `across`, one a column, each row with its head. title: "" where
    the heading above says it. more: how many were found beyond those that the alert carries."""

    columns: list[str]
    rows: list[list[Cell]]
    across: bool
    title: str = ""
    more: int = 0


def tables(evidence: Mapping[str, Any], calendar: Calendar, texts: Texts) -> list[Table]:
    """All that the evidence lists, in the rule's order; only columns that hold something."""
    facts = [fact for name in FACTS for fact in _facts(evidence.get(name))]
    found = [("", facts, 0)]
    for name, value in evidence.items():
        if name not in FACTS and name not in LEFT_OUT and isinstance(value, list):
            listed = _facts(value)
            in_all = evidence.get(f"{name}_in_all") or len(listed)
            found.append((texts.get(f"list_{name}") or texts.list_other, listed, in_all - len(listed)))
    return [
        _table(title, listed, more, calendar, texts) for title, listed, more in found if any(_columns(listed))
    ]


def _facts(value: Any) -> list[Fact]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _columns(facts: list[Fact]) -> Iterator[str]:
    """Names of columns that hold something: those of `COLUMNS` first, then as they come."""
    filled = dict.fromkeys(
        name for fact in facts for name, value in fact.items() if value not in (None, "", [])
    )
    yield from (name for name in COLUMNS if name in filled)
    yield from (name for name in filled if name not in COLUMNS and name not in UNSHOWN)


def _table(title: str, facts: list[Fact], more: int, calendar: Calendar, texts: Texts) -> Table:
    columns = list(_columns(facts))
    heads = [
        texts.time if name == "at" else texts.get(f"col_{name}") or texts.get(name) or name
        for name in columns
    ]
    rows = [[_cell(name, fact, calendar, texts) for name in columns] for fact in facts]
    across = len(facts) <= ACROSS
    turned = [list(row) for row in zip(*rows, strict=True)] if across else rows
    return Table(heads, turned, across, title, more)


def _cell(name: str, fact: Fact, calendar: Calendar, texts: Texts) -> Cell:
    value = fact.get(name)
    if name in TIMES and not isinstance(value, list):
        text = when(calendar, value)
        return Cell(text or (texts.not_discharged if name == "end" and "begin" in fact else ""))
    if name in CODED and value:
        return Cell(texts.get(f"{CODED[name]}_{value}") or str(value))
    if isinstance(value, list):
        shown = [when(calendar, one) if name in TIMES else str(one) for one in value]
        return Cell(("、" if texts.language == "zh" else ", ").join(shown))
    if isinstance(value, dict):
        return Cell(texts.of(value))
    if name == "person" and value:
        return Cell(f"{str(value)[:PSEUDONYM]}…", code=True)
    if name in SHARES and isinstance(value, int | float):
        return Cell(f"{value:.0%}", number=True)
    return Cell(_plain(value), code=name in CODES, number=name in NUMBERS)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)
