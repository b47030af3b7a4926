"""What rules over months need: a rule is not asked of a month in which nothing tells what it looks for.

Each need is a condition of which the rule's predicate keeps nothing without a screening that fulfils it. One
pass over the stored screenings answers all of them, as far back as any rule of the month reads: wider than a
rule's own view, so that a need is never denied that the view would meet.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from services.detector.periods.month import Month


class Need(StrEnum):
    """Conditions over columns of `screening`, on PostgreSQL and on DuckDB."""

    PURCHASES = "care = 'pharmacy' AND settlement_id <> ''"
    VISITS = "care = 'visit' AND settlement_id <> ''"
    CLOCKED = "care IN ('visit', 'pharmacy') AND settlement_id <> '' AND minute IS NOT NULL"
    LINES = "settlement_id <> '' AND items <> '[]'"
    LINES_SOLD = "care IN ('visit', 'pharmacy') AND settlement_id <> '' AND items <> '[]'"
    LINES_IN_WARDS = "care = 'inpatient' AND by_category <> '{}'"
    BILLED = "items <> '[]' OR by_category <> '{}'"
    WARDS = "care = 'inpatient'"
    AGES = "care = 'inpatient' AND age IS NOT NULL"
    COMMUNITIES = "care = 'inpatient' AND community_id <> ''"
    ASSISTANCE = "care = 'inpatient' AND assistance"
    TAKEN_BACK = "settlement_id <> '' AND (withdrawn OR flags LIKE '%offset%')"
    ELSEWHERE = "care = 'inpatient' AND insured_region <> '' AND region <> insured_region"
    PRACTITIONERS = "practitioner <> '' OR items <> '[]'"
    PRESCRIPTIONS = "care = 'pharmacy' AND settlement_id <> '' AND prescription_id <> ''"
    DIAGNOSES_IN_WARDS = "care = 'inpatient' AND main_diagnosis <> ''"


Asked = TypeVar("Asked")


def question(asked: Sequence[Asked], month: Month) -> tuple[str, dict[str, int], list[Need]]:
    """(the SQL that answers all that some rules need of a month, its values by name, the needs in the order
    of its columns)."""
    needs = sorted({need for one in asked for need in one.needs})  # type: ignore[attr-defined]
    columns = ", ".join(f"coalesce(bool_or({need}), false)" for need in needs) or "count(*)"
    back = max((max(one.lookback_days, one.stays_days) for one in asked), default=0)  # type: ignore[attr-defined]
    text = f"SELECT {columns} FROM screening WHERE day >= $since AND day < $end_day"  # noqa: S608 - needs only
    return text, {"since": month.begin - back, "end_day": month.end}, needs


def served(asked: Sequence[Asked], met: Mapping[Need, bool]) -> list[Asked]:
    """Those whose needs are met, in order."""
    return [one for one in asked if all(met[need] for need in one.needs)]  # type: ignore[attr-defined]
