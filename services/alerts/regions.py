"""Where an alert plays: the regions of its institutions and of its settlements."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

import msgspec

OF_INSTITUTIONS = """
    SELECT DISTINCT ON (id) id, body FROM registry_record
    WHERE "table" = 'institutions' AND id = ANY($1::text[]) AND effective_from <= $2
    ORDER BY id, effective_from DESC
"""
EVERYWHERE = """
    SELECT DISTINCT ON (id) id, body FROM registry_record
    WHERE "table" = 'institutions' AND effective_from <= $1
    ORDER BY id, effective_from DESC
"""
OF_SETTLEMENTS = """
    SELECT institution_id, settlement_id, region FROM screening
    WHERE institution_id = ANY($1::text[]) AND name = ANY($2::text[]) AND region <> ''
"""

SETTLED = "SELECT DISTINCT institution_id FROM settled_place WHERE region ^@ ANY($1::text[])"


class Alert(Protocol):
    """What is asked of an alert."""

    institutions: Any
    settlements: Any


class _Place(msgspec.Struct):
    """Of an institution's record only this."""

    region: str | None = None


class Regions:
    """Regions of some alerts, looked up once for all of them. What nothing is known of has none."""

    def __init__(
        self,
        institutions: dict[str, str] | None = None,
        settlements: dict[tuple[str, str], str] | None = None,
    ) -> None:
        self._institutions = institutions or {}
        self._settlements = settlements or {}

    def of(self, alert: Alert) -> set[str]:
        """Codes of six digits: of its institutions by the registry, of its settlements as posted."""
        places = {self._institutions.get(one) for one in alert.institutions}
        named = ((one, other) for one in alert.institutions for other in alert.settlements)
        return {place for place in (*places, *map(self._settlements.get, named)) if place}


def within(regions: Iterable[str], prefixes: Iterable[str]) -> bool:
    """Whether any region lies in one of the wider ones, which are named by their leading digits."""
    return any(region.startswith(prefix) for region in regions for prefix in prefixes)


async def look_up(raw: Any, alerts: Iterable[Alert], now: datetime) -> Regions:
    """Regions of these alerts, by the registry as it is in force."""
    wanted = list(alerts)
    institutions = list({one for alert in wanted for one in alert.institutions})
    names = list({f"S{one}" for alert in wanted for one in alert.settlements})
    known = await raw.fetch(OF_INSTITUTIONS, institutions, now.date().isoformat())
    settled = await raw.fetch(OF_SETTLEMENTS, institutions, names)
    return Regions(
        {row["id"]: region for row in known if (region := _region(row["body"]))},
        {(row["institution_id"], row["settlement_id"]): row["region"] for row in settled},
    )


async def institutions_within(raw: Any, prefixes: Iterable[str], now: datetime) -> list[str]:
    """Institutions of these regions, by the registry as it is in force."""
    wanted = tuple(prefixes)
    known = await raw.fetch(EVERYWHERE, now.date().isoformat())
    return [row["id"] for row in known if (_region(row["body"]) or "").startswith(wanted)]


async def institutions_settling(raw: Any, prefixes: Iterable[str]) -> list[str]:
    """Institutions of which a settlement was ever posted to have taken place in these regions."""
    return [row["institution_id"] for row in await raw.fetch(SETTLED, list(prefixes))]


def _region(body: bytes) -> str | None:
    """An unreadable record says nothing, and holds nothing up."""
    try:
        return msgspec.json.decode(body, type=_Place).region
    except msgspec.MsgspecError:
        return None
