"""What the registry says of the insured person on a day: the record in force, standing, approvals, age."""

from datetime import date

from schemas.records import Approval, Person, Status
from services.detector.history import PersonHistory

ALWAYS = ""
"""Orders before every day."""


class Insured:
    """A person's registry records, opened once. Days are YYYY-MM-DD, local."""

    __slots__ = ("approvals", "persons", "statuses")

    def __init__(self, history: PersonHistory) -> None:
        self.persons: list[Person] = []
        self.statuses: list[Status] = []
        self.approvals: list[Approval] = []
        for record in history.records.values():
            detail = record.detail
            if detail.person is not None:
                self.persons.append(detail.person)
            elif detail.status is not None:
                self.statuses.append(detail.status)
            elif detail.approval is not None:
                self.approvals.append(detail.approval)

    def person(self, day: str) -> Person | None:
        """The person's record in force on a day."""
        known = [row for row in self.persons if (row.effective_from or ALWAYS) <= day]
        return max(known, key=lambda row: row.effective_from or ALWAYS) if known else None

    def standing(self, day: str) -> Status | None:
        """The row about the person's insurance in force on a day, also one that says "normal"; of several the
        one that began last. None where there is none."""
        held = [row for row in self.statuses if _holds(row, day)]
        return max(held, key=lambda row: row.from_ or ALWAYS) if held else None

    def approved(self, day: str) -> list[Approval]:
        """Entitlements in force on a day."""
        return [row for row in self.approvals if _holds(row, day)]


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
    return (row.from_ or ALWAYS) <= day and (row.to is None or day <= row.to)
