"""What the pages show, as values: an alert's message, figures, checks and names in one language."""

import re
from datetime import datetime
from typing import Any

import msgspec

from schemas.finding import Words
from schemas.moments import Calendar, micros
from services.alerts.console.texts import Texts
from services.alerts.ledger import decode_alert
from services.alerts.reading import Shown

FIGURES = (
    "overlap_hours", "overlap_nights", "distance_km", "minutes", "speed_kmh", "death_date", "device",
    "window_minutes", "persons", "usual_persons", "median_gap_seconds", "same_amount_share",
)  # fmt: skip
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
    """What happened, with the names of institutions beside their codes; codes of other things, which may have
    an institution's in them, as they are."""
    said = texts.of(shown.alert.message)
    if not known:
        return said
    both = "{}（{}）" if texts.language == "zh" else "{} ({})"
    codes = "|".join(re.escape(code) for code in sorted(known, key=len, reverse=True))
    alone = re.compile(rf"(?<![\w-])(?:{codes})(?![\w-])", re.ASCII)
    return alone.sub(lambda found: both.format(known[found[0]], found[0]), said)


def yuan(amount: str) -> str:
    """An amount with its thousands apart."""
    whole, _, cents = amount.partition(".")
    return f"{int(whole):,}.{cents}" if whole.lstrip("-").isdigit() else amount


def mentioned(shown: Shown) -> set[str]:
    """Every institution that an alert names."""
    return set(shown.alert.institutions)


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)
