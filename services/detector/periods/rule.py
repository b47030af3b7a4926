"""What a period rule is: its face here, its predicate in one SQL file, its findings made of the rows.

The text of the SQL is the same on PostgreSQL and on DuckDB (`relations` says what it may read). Each row
is one finding. Columns with a meaning of their own:

- the columns that `identity` names: what makes it the same finding again, free of anchors. `about` serves
  where no column to show does
- institution_id, or institution_ids (array); practitioner; group_id: whom it is about
- encounters, settlements (arrays); amount (fen; 0 without); happened (local day as ordinal); historical
- severity: instead of the rule's own. variant: which of `variants` says it
- check_<name>: whether an innocent explanation holds; NULL where the data to look for it is missing.
  A row with one that holds is no finding.
- each_<name>: arrays of one length; together they are `cases` in the evidence, a dict each

All other columns are values for the texts and stand in the evidence; <name>_fen is money, shown as <name>
in yuan, <name>_day a local day, <name>_minute a minute of the day, shown as <name>.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from schemas.finding import Subject, Words
from services.detector.facts import yuan
from services.detector.periods.month import Month
from services.detector.periods.needs import Need
from services.detector.rule import Explanation, Finding, Parameters, cleared

CASES_AT_MOST = 200
"""Of longer lists the first stand in the evidence, and how many there are."""
DIGITS = 4
"""Shares and ratios in evidence and texts; both engines agree far beyond that."""
OF_MEANING = frozenset((
    "about", "amount", "encounters", "happened", "historical", "institution_ids", "settlements", "severity",
    "variant",
))  # fmt: skip
"""Columns that stand in the finding itself."""


@dataclass(frozen=True, kw_only=True)
class PeriodRule:
    """One rule of the catalogue over a month of screenings.

    sql: name of the file beside the registration. subject: whom its findings are about. severity: 1 is
    gravest. lookback_days: how far before the month it reads; a month that changes is judged again with
    all months that read it. stays_days: how far before it reads `ward_stays`; such a rule says nothing of a
    month in which nothing was screened; nor does one that `needs_month`. needs:
    what some screening must tell for it to find anything. variants: other messages by the
    name that the column `variant` gives.
    """

    id: str
    title: Words
    message: Words
    basis: tuple[str, ...]
    checks: Mapping[str, Words]
    parameters: Parameters
    sql: str
    subject: Literal["institution", "practitioner", "group"]
    identity: tuple[str, ...]
    severity: int
    lookback_days: int = 0
    stays_days: int = 0
    needs_month: bool = False
    needs: tuple[Need, ...] = ()
    version: str = "1"
    phase: Literal["in_process", "post"] = "post"
    variants: Mapping[str, Words] = field(default_factory=dict)
    key: str = "period"
    shadow: bool = False

    @cached_property
    def text(self) -> str:
        """The SQL."""
        return (Path(__file__).parent / self.sql).read_text(encoding="utf-8")

    @property
    def page(self) -> str:
        """The rule's page: the docstring of the module that registers it."""
        home = sys.modules.get(f"{__package__}.{Path(self.sql).stem}")
        return (home.__doc__ or "") if home is not None else ""

    def values(self, month: Month) -> dict[str, Any]:
        """Everything its SQL may ask for by name: its parameters, and the month."""
        own = {item.name: getattr(self.parameters, item.name) for item in fields(self.parameters)}
        return {**own, "month": month.text, "begin_day": month.begin, "end_day": month.end}

    def findings(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
        """The findings of the rows of its SQL, innocent ones left out."""
        for row in rows:
            explanations = [Explanation(name, row[f"check_{name}"]) for name in self.checks]
            if not cleared(explanations):
                yield self._finding(row, explanations)

    def _finding(self, row: Mapping[str, Any], explanations: list[Explanation]) -> Finding:
        institutions = sorted(row["institution_ids"] if "institution_ids" in row else [row["institution_id"]])
        shown = _shown(row)
        return Finding(
            rule=self._speaking(row.get("variant")),  # type: ignore[arg-type]
            about=tuple(_plain(row[name]) for name in self.identity),
            members=[],
            severity=row.get("severity") or self.severity,
            subject=Subject(self.subject, self._subject(row, institutions)),
            institutions=institutions,
            encounters=sorted(row.get("encounters") or []),
            settlements=sorted(row.get("settlements") or []),
            happened=date.fromordinal(row["happened"]).isoformat(),
            amount=int(row.get("amount") or 0),
            values=shown,
            evidence={**shown, **_cases(row)},
            explanations=explanations,
            historical=bool(row["historical"]),
            place=institutions[0],
            shadow=self.shadow,
        )

    def _speaking(self, variant: str | None) -> "PeriodRule":
        return replace(self, message=self.variants[variant]) if variant in self.variants else self

    def _subject(self, row: Mapping[str, Any], institutions: list[str]) -> str:
        if self.subject == "institution":
            return institutions[0]
        return str(row["practitioner" if self.subject == "practitioner" else "group_id"])


def group_name(persons: Sequence[str]) -> str:
    """The name of a group of persons: a digest, the same in whatever order they are named."""
    return sha256("\n".join(sorted(persons)).encode()).hexdigest()[:24]


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns without a meaning of their own, as texts and evidence show them."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name in OF_MEANING or name.startswith(("check_", "each_")):
            continue
        shown[_shown_name(name)] = _presentable(name, value)
    return shown


def _shown_name(name: str) -> str:
    return name.removesuffix("_fen").removesuffix("_day").removesuffix("_minute")


def _cases(row: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name[5:]: value for name, value in row.items() if name.startswith("each_") and value}
    if not columns:
        return {}
    cases = [
        {_shown_name(name): _presentable(name, value) for name, value in zip(columns, values, strict=True)}
        for values in zip(*columns.values(), strict=True)
    ]
    return {"cases": cases[:CASES_AT_MOST], "cases_in_all": len(cases)}


def _presentable(name: str, value: Any) -> Any:
    value = _plain(value)
    if value is None or isinstance(value, str | bool):
        return value
    if name.endswith("_fen"):
        return yuan(round(value))
    if name.endswith("_day"):
        return date.fromordinal(value).isoformat()
    if name.endswith("_minute"):
        return f"{value // 60:02d}:{value % 60:02d}"
    return round(value, DIGITS) if isinstance(value, float) else value


def _plain(value: Any) -> Any:
    """One type for one number, whichever engine it comes from: whole ones are integers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
