"""What the registry says of the insured person: the record in force on a day, standing, approvals, age."""

from datetime import date

from schemas.records import Approval, Person, Status
from services.detector.history import PersonHistory

ALWAYS = ""
"""Orders before every day."""
NEWBORN_DAYS = 28


class Insured:
    """A person's registry records, opened once; those of a kind by begin. Days are YYYY-MM-DD, local."""

    __slots__ = ("approvals", "persons", "statuses")

    def __init__(self, history: PersonHistory) -> None:
        self.persons: list[Person] = []
        self.statuses: list[Status] = []
        self.approvals: list[Approval] = []
        for _, record in sorted(history.records.items()):
            detail = record.detail
            if detail.person is not None:
                self.persons.append(detail.person)
            elif detail.status is not None:
                self.statuses.append(detail.status)
            elif detail.approval is not None:
                self.approvals.append(detail.approval)

    @property
    def latest(self) -> Person | None:
        """The record with the latest effective date: whom it speaks of was born, and died, once."""
        return max(self.persons, key=_begin) if self.persons else None

    @property
    def deaths(self) -> set[str]:
        """Days of death that records tell and that cannot be one: more than one contradict each other. A
        month says nothing against a day in it."""
        told = {row.death_date for row in self.persons if row.death_date}
        return {
            death for death in told if not any(other != death and other.startswith(death) for other in told)
        }

    @property
    def died(self) -> str | None:
        """The day, or month, of death: that of the latest record. Where an earlier one tells another, the
        later of the two: what is contradictory is no evidence. None while the latest tells of none."""
        latest = self.latest
        if latest is None or not latest.death_date:
            return None
        return max(self.deaths)

    def is_newborn(self, day: int) -> bool | None:
        """Whether the person is a newborn on a local day (ordinal); None where the birth is unknown, or lies
        later."""
        age = age_in_days(self.latest, day)
        return None if age is None else age <= NEWBORN_DAYS

    def person(self, day: str) -> Person | None:
        """The person's record in force on a day."""
        return max((row for row in self.persons if _begin(row) <= day), key=_begin, default=None)

    def standing(self, day: str) -> Status | None:
        """The row about the person's insurance in force on a day, also one that says "normal"; of several the
        one that began last. None where there is none."""
        held = (row for row in self.statuses if _holds(row, day))
        return max(held, key=lambda row: row.from_ or ALWAYS, default=None)

    def approved(self, day: str) -> list[Approval]:
        """Entitlements in force on a day."""
        return [row for row in self.approvals if _holds(row, day)]


def age_on(person: Person | None, day: int) -> int | None:
    """Full years on a local day (ordinal); None where the birth is unknown, or lies later."""
    if person is None or not person.birth_date:
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


def _begin(row: Person) -> str:
    return row.effective_from or ALWAYS


def _holds(row: Status | Approval, day: str) -> bool:
    return (row.from_ or ALWAYS) <= day and (row.to is None or day <= row.to)
