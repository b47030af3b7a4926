"""Reading stored alerts: lists by filter, newest first, and one alert with its history.

Lists run by the number an alert was born with, which never changes: what is opened, changed or withdrawn
between two pages makes neither gaps nor repeats in what follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas import moments
from schemas.finding import Alert
from services.alerts import cursors, regions
from services.alerts.ledger import decode_alert

COLUMNS = "alert_id, version, status, body, born, change, detected_at, changed_at"
ONE = f"SELECT {COLUMNS} FROM alert WHERE alert_id = $1"  # noqa: S608 - no value is pasted in
WITHIN = """(institutions && ${}::text[] OR (institutions && ${}::text[] AND EXISTS (
    SELECT FROM screening s, json_array_elements_text(alert.body::json -> 'settlements') AS settled (id)
    WHERE s.institution_id = ANY(alert.institutions) AND s.name = 'S' || settled.id
        AND s.region ^@ ANY(${}::text[]))))"""
"""Of its institutions or its settlements one lies there. Only of institutions that ever settled there the
settlements are looked up."""
VERSIONS = "SELECT version, event, body, changed_at FROM alert_version WHERE alert_id = $1 ORDER BY version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is to hold; empty means any. `regions`: leading digits, where an institution or a
    settlement of the alert lies. `since`: changed at or after. `shadow`: alerts of rules on trial, which
    stand in no other list, instead of all others."""

    statuses: Sequence[str] = ()
    rules: Sequence[str] = ()
    institutions: Sequence[str] = ()
    regions: Sequence[str] = ()
    severities: Sequence[int] = ()
    since: datetime | None = None
    shadow: bool = False

    def holds(self, alert: Any) -> bool:
        """Whether an alert (its status, rule, severity, institutions, regions) is among these, `since` and
        `shadow` left aside."""
        return (
            (not self.statuses or alert.status in self.statuses)
            and (not self.rules or alert.rule in self.rules)
            and (not self.severities or alert.severity in self.severities)
            and (not self.institutions or not set(self.institutions).isdisjoint(alert.institutions))
            and (not self.regions or regions.within(alert.regions, self.regions))
        )

    def listing(self) -> str:
        """The text that ties a cursor to these filters."""
        return repr(
            (
                "alerts",
                *map(sorted, (self.statuses, self.rules, self.institutions, self.regions, self.severities)),
                self.since,
                self.shadow,
            )
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A stored alert. `fields` is what outsiders read (contract, section 3)."""

    alert: Alert
    version: int
    born: int
    change: int
    detected_at: datetime
    changed_at: datetime

    @property
    def fields(self) -> dict[str, Any]:
        """The alert in the order of the contract."""
        return fields(self.alert, self.version, self.detected_at)


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of an alert's history, with the evidence as it stood then."""

    version: int
    event: str
    alert: Alert
    changed_at: datetime


async def page(
    raw: Any, wanted: Wanted, limit: int, after: int | None, now: datetime
) -> tuple[list[Shown], int | None]:
    """Up to `limit` alerts born before number `after` (None: from the newest), and the number to go on
    after, None at the end. now: as of when the registry tells where institutions lie."""
    clauses, values = _clauses(wanted)
    if wanted.regions:
        there = await regions.institutions_within(raw, wanted.regions, now)
        settled = await regions.institutions_settling(raw, wanted.regions)
        values += [there, settled, list(wanted.regions)]
        clauses.append(WITHIN.format(len(values) - 2, len(values) - 1, len(values)))
    if after is not None:
        values.append(after)
        clauses.append(f"born < ${len(values)}")
    where = " AND ".join(clauses)
    query = f"SELECT {COLUMNS} FROM alert WHERE {where} ORDER BY born DESC LIMIT {limit + 1:d}"  # noqa: S608
    rows = await raw.fetch(query, *values)
    shown = [_shown(row) for row in rows[:limit]]
    return shown, shown[-1].born if len(rows) > limit else None


async def one(raw: Any, alert_id: str) -> Shown | None:
    """One alert, or None."""
    row = await raw.fetchrow(ONE, alert_id)
    return _shown(row) if row is not None else None


async def history(raw: Any, alert_id: str) -> list[Version]:
    """Every version of an alert, first to last."""
    return [
        Version(row["version"], row["event"], decode_alert(row["body"]), row["changed_at"])
        for row in await raw.fetch(VERSIONS, alert_id)
    ]


def fields(alert: Alert, version: int, detected_at: datetime) -> dict[str, Any]:
    """An alert as outsiders read it: exactly the fields of the contract, `shadow` only where it is true."""
    told: dict[str, Any] = {"alert_id": alert.alert_id, "version": version}
    for name in Alert.__struct_fields__:
        value = getattr(alert, name)
        told[name] = {"zh": value.zh, "en": value.en} if name in ("title", "message") else value
        if name == "happened_at":
            told["detected_at"] = moments.normal(moments.micros(detected_at))
    if not told["shadow"]:
        del told["shadow"]
    told["subject"] = {"kind": alert.subject.kind, "id": alert.subject.id}
    return told


def next_cursor(key: bytes, place: int | None, wanted: Wanted) -> str | None:
    """The cursor for the next page, None at the end."""
    return None if place is None else cursors.seal(key, place, wanted.listing())


def _clauses(wanted: Wanted) -> tuple[list[str], list[Any]]:
    asked = (
        ("status = ANY(${}::text[])", list(wanted.statuses)),
        ("rule = ANY(${}::text[])", list(wanted.rules)),
        ("institutions && ${}::text[]", list(wanted.institutions)),
        ("severity = ANY(${}::int[])", list(wanted.severities)),
        ("changed_at >= ${}", wanted.since),
    )
    clauses, values = ["shadow" if wanted.shadow else "NOT shadow"], []
    for clause, value in asked:
        if value:
            values.append(value)
            clauses.append(clause.format(len(values)))
    return clauses, values


def _shown(row: Any) -> Shown:
    return Shown(
        decode_alert(row["body"]),
        row["version"],
        row["born"],
        row["change"],
        row["detected_at"],
        row["changed_at"],
    )
