"""What the registry says of the insured person on a day: the record in force, standing, approvals, age."""

from datetime import date

from schemas.records import Approval, Person, Status
from services.detector.history import PersonHistory

BEFORE_ALL = ""
"""Orders before every day."""


def person_on(history: PersonHistory, day: str) -> Person | None:
    """The person's record in force on a day (YYYY-MM-DD)."""
    found = None
    for record in history.records.values():
        person = record.detail.person
        if person is None or (person.effective_from or BEFORE_ALL) > day:
            continue
        if found is None or (person.effective_from or BEFORE_ALL) > (found.effective_from or BEFORE_ALL):
            found = person
    return found


def standing_on(history: PersonHistory, day: str) -> Status | None:
    """The row about the person's insurance in force on a day, also one that says "normal"; of several the one
    that began last. None where there is none."""
    held = [row for row in history.statuses if _holds(row, day)]
    return max(held, key=lambda row: row.from_ or BEFORE_ALL, default=None)


def approved_on(history: PersonHistory, day: str) -> list[Approval]:
    """Entitlements in force on a day."""
    return [row for row in history.approvals if _holds(row, day)]


def age_on(person: Person, day: int) -> int | None:
    """Full years on a local day (ordinal); None where the birth is unknown, or lies later."""
    if not person.birth_date:
        return None
    born, today = date.fromisoformat(person.birth_date), date.fromordinal(day)
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years if today >= born else None


def age_in_days(person: Person | None, day: int) -> int | None:
    """Days since birth on a local day (ordinal); None where the birth is unknown, or lies later."""
    if person is None or not person.birth_date:
        return None
    age = day - date.fromisoformat(person.birth_date).toordinal()
    return age if age >= 0 else None


def _holds(row: Status | Approval, day: str) -> bool:
    return (row.from_ or BEFORE_ALL) <= day and (row.to is None or day <= row.to)
