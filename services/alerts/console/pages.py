"""What the pages show, as values: an alert's rows, evidence tables and figures in one language."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from schemas.finding import Words
from schemas.moments import Calendar, micros
from services.alerts.console.texts import Texts
from services.alerts.console.timeline import when
from services.alerts.ledger import decode_alert
from services.alerts.reading import Shown

FACTS = ("stays", "stay", "visits", "visit", "settlements", "swipes")
COLUMNS = (
    "institution", "at", "begin", "end", "encounter", "settlement", "discharge_way", "diagnoses", "card",
    "device", "total", "fund", "person",
)  # fmt: skip
FIGURES = (
    "overlap_hours", "overlap_nights", "distance_km", "minutes", "speed_kmh", "death_date", "device",
    "window_minutes", "persons", "usual_persons", "median_gap_seconds", "same_amount_share",
)  # fmt: skip
TIMES = frozenset(("begin", "end", "at"))
NUMBERS = frozenset(("total", "fund"))
CODED = {"card": "card", "discharge_way": "way"}
PSEUDONYM = 8
"""So many characters of a pseudonym tell the persons of one alert apart; the API has it whole."""
ACROSS = 3
"""Up to so many facts stand beside each other, a column each, which reads well on a telephone too."""

NAMES = """
    SELECT id, body FROM registry_record WHERE "table" = 'institutions' AND id = ANY($1::text[])
    ORDER BY effective_from
"""


RULES = """
    WITH RECURSIVE known AS (
        SELECT min(rule) AS rule FROM alert
        UNION ALL
        SELECT (SELECT min(rule) FROM alert WHERE rule > known.rule) FROM known WHERE known.rule IS NOT NULL
    )
    SELECT rule, (SELECT body FROM alert WHERE alert.rule = known.rule LIMIT 1) AS body
    FROM known WHERE rule IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `code`: an identifier, set in a fixed-width face; `number`: set to the right."""

    text: str
    code: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Facts of the evidence, one a row; or `across`, one a column, each row with its head."""

    columns: list[str]
    rows: list[list[Cell]]
    across: bool


def local(calendar: Calendar, moment: datetime) -> str:
    """Local time, to the second."""
    return calendar.text(micros(moment))[:19].replace("T", " ")


def day_of(calendar: Calendar, text: str) -> str:
    """The local day of a moment that the API tells, YYYY-MM-DD."""
    return local(calendar, datetime.fromisoformat(text))[:10]


def figures(evidence: dict[str, Any], texts: Texts) -> list[tuple[str, str]]:
    """The evidence's single figures, named."""
    named = [(texts.get(name) or name, evidence.get(name)) for name in FIGURES]
    shown = [(name, _figure(value)) for name, value in named if value not in (None, "")]
    share = evidence.get("same_amount_share")
    if isinstance(share, int | float):
        shown[-1] = (shown[-1][0], f"{share:.0%}")
    return shown


def table(evidence: dict[str, Any], calendar: Calendar, texts: Texts) -> Table | None:
    """All stays, visits, settlements and swipes of the evidence; only columns that hold something."""
    facts: list[dict[str, Any]] = []
    for name in FACTS:
        found = evidence.get(name)
        facts += [fact for fact in (found if isinstance(found, list) else [found]) if isinstance(fact, dict)]
    columns = [name for name in COLUMNS if any(fact.get(name) not in (None, "", []) for fact in facts)]
    if not columns:
        return None
    heads = [texts.time if name == "at" else texts.get(name) or name for name in columns]
    rows = [[_cell(name, fact, calendar, texts) for name in columns] for fact in facts]
    if len(facts) <= ACROSS:
        return Table(heads, [list(row) for row in zip(*rows, strict=True)], across=True)
    return Table(heads, rows, across=False)


def checks(shown: Shown, texts: Texts) -> list[str]:
    """The innocent explanations that were looked for and not found, in words."""
    told = shown.alert.evidence.get("checks")
    words = told if isinstance(told, dict) else {}
    return [texts.of(words[name]) or name if name in words else name for name in shown.alert.checked]


def parameters(shown: Shown) -> list[tuple[str, str]]:
    """The parameters in force, by name."""
    told = shown.alert.evidence.get("parameters")
    return [(str(name), _figure(value)) for name, value in told.items()] if isinstance(told, dict) else []


async def rules(raw: Any) -> list[tuple[str, Words]]:
    """The rules that have alerts, each with its title, by one step through the index for each, however many
    alerts there are."""
    return [(row["rule"], decode_alert(row["body"]).title) for row in await raw.fetch(RULES)]


async def names(raw: Any, institutions: set[str]) -> dict[str, str]:
    """Names of institutions as the registry has them; those without one are left out."""
    found = {}
    for row in await raw.fetch(NAMES, list(institutions)) if institutions else []:
        try:
            record = msgspec.json.decode(row["body"])
        except msgspec.DecodeError:
            continue
        if isinstance(record, dict) and record.get("name"):
            found[row["id"]] = str(record["name"])
    return found


def message(shown: Shown, known: dict[str, str], texts: Texts) -> str:
    """What happened, with the names of institutions beside their codes."""
    said = texts.of(shown.alert.message)
    for institution, name in known.items():
        said = said.replace(institution, f"{name}（{institution}）" if texts.language == "zh" else
                            f"{name} ({institution})")  # fmt: skip
    return said


def yuan(amount: str) -> str:
    """An amount with its thousands apart."""
    whole, _, cents = amount.partition(".")
    return f"{int(whole):,}.{cents}" if whole.lstrip("-").isdigit() else amount


def mentioned(shown: Shown) -> set[str]:
    """Every institution that an alert names."""
    return set(shown.alert.institutions)


def _cell(name: str, fact: dict[str, Any], calendar: Calendar, texts: Texts) -> Cell:
    value = fact.get(name)
    if name in TIMES:
        text = when(calendar, value)
        return Cell(text or (texts.not_discharged if name == "end" and "begin" in fact else ""))
    if name in CODED and value:
        return Cell(texts.get(f"{CODED[name]}_{value}") or str(value))
    if isinstance(value, list):
        return Cell("、".join(map(str, value)) if texts.language == "zh" else ", ".join(map(str, value)))
    if name == "person" and value:
        return Cell(f"{str(value)[:PSEUDONYM]}…", code=True)
    code = name in ("encounter", "settlement", "person", "device", "institution")
    return Cell("" if value is None else str(value), code=code, number=name in NUMBERS)


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)
