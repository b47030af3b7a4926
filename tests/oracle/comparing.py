"""Alerts of a replay against rows of the oracle, one to one.

A row names what a finding is about; an alert is that finding when everything the row names stands in it.
Severity and amount are compared once the two have met.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from tests.oracle.county_sql import Row

Alert = dict[str, Any]
DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")
BURST = 3
"""Swipes that make the second form of A07 at least; its first form names two settlements."""


class Comparison:
    """Pairs alerts and rows; `differences` says in words what did not meet and what met unequal."""

    def __init__(self, rows: Iterable[Row], alerts: Iterable[Alert], known_as: Callable[[str], str]) -> None:
        """known_as: the pseudonym of a person; ids of others stay what they are."""
        self._known_as = known_as
        self.met: list[tuple[Row, Alert]] = []
        self.missed: list[Row] = []
        self.false: list[Alert] = []
        rules: dict[str, tuple[list[Row], list[Alert]]] = defaultdict(lambda: ([], []))
        for row in rows:
            rules[row.rule][0].append(row)
        for alert in alerts:
            rules[alert["rule"]][1].append(alert)
        for rule in sorted(rules):
            self._pair(*rules[rule])

    def differences(self) -> list[str]:
        """One line for each difference, by rule."""
        return sorted(
            [f"{row.rule} missed: {spoken(row)}" for row in self.missed]
            + [f"{alert['rule']} false: {short(alert)}" for alert in self.false]
            + [line for row, alert in self.met for line in unequal(row, alert)]
        )

    def _pair(self, rows: list[Row], alerts: list[Alert]) -> None:
        """As many pairs as there can be: a row takes an alert, moving another off it where that helps."""
        told = {place: Told(alert) for place, alert in enumerate(alerts)}
        by_name: dict[str, list[int]] = defaultdict(list)
        for place, alert in told.items():
            for name in alert.names:
                by_name[name].append(place)
        wanted = {
            number: [place for place in self._near(row, by_name) if self._is_about(row, told[place])]
            for number, row in enumerate(rows)
        }
        taken: dict[int, int] = {}
        for number in sorted(wanted, key=lambda number: len(wanted[number])):
            _take(number, wanted, taken, set())
        self.met += [(rows[number], alerts[place]) for place, number in sorted(taken.items())]
        self.missed += [row for number, row in enumerate(rows) if number not in taken.values()]
        self.false += [alert for place, alert in enumerate(alerts) if place not in taken]

    def _near(self, row: Row, by_name: dict[str, list[int]]) -> list[int]:
        """Alerts that share one name with a row."""
        named = row.settlements or row.encounters
        if named:
            return by_name[named[0]]
        if row.subject is None:
            return by_name[row.institutions[0]]
        return by_name[row.subject] or by_name[self._known_as(row.subject)]

    def _is_about(self, row: Row, told: "Told") -> bool:
        return (
            (row.subject is None or told.subject in (row.subject, self._known_as(row.subject)))
            and (row.institutions is None or told.institutions.issuperset(row.institutions))
            and (row.encounters is None or told.encounters.issuperset(row.encounters))
            and (row.settlements is None or told.settlements.issuperset(row.settlements))
            and (row.day is None or row.day.isoformat() in told.days)
            and (row.month is None or row.month in told.months)
            and (row.codes is None or told.words.issuperset(row.codes))
            and self._is_form(row, told)
        )

    def _is_form(self, row: Row, told: "Told") -> bool:
        if row.rule == "A07":
            return (len(told.settlements) >= BURST) == (row.form == "burst")
        if row.form in ("pair", "chain"):
            return told.encounters == set(row.encounters)
        return True


class Told:
    """What an alert tells, ready to be asked."""

    def __init__(self, alert: Alert) -> None:
        self.subject = alert["subject"]["id"]
        self.institutions = set(alert["institutions"])
        self.encounters = set(alert["encounters"])
        self.settlements = set(alert["settlements"])
        self.words = set(words(alert["evidence"]))
        self.days = {word[:10] for word in [alert["happened_at"], *self.words] if DATE.match(word)}
        self.months = {day[:7] for day in self.days}
        self.names = {self.subject, *self.institutions, *self.encounters, *self.settlements}


def words(evidence: Any) -> Iterator[str]:
    """Every text in evidence, the figures in force left out."""
    if isinstance(evidence, str):
        yield evidence
    elif isinstance(evidence, dict):
        for name, value in evidence.items():
            if name not in ("parameters", "checks"):
                yield from words(value)
    elif isinstance(evidence, list):
        for value in evidence:
            yield from words(value)


def unequal(row: Row, alert: Alert) -> Iterator[str]:
    """Differences in severity and amount, where the catalogue defines them."""
    if row.severity not in (None, alert["severity"]):
        yield f"{row.rule} severity {row.severity}, judged {alert['severity']}: {spoken(row)}"
    if row.amount is not None and abs(row.amount - Decimal(alert["amount"])) > Decimal("0.01"):
        yield f"{row.rule} amount {row.amount}, judged {alert['amount']}: {spoken(row)}"


def spoken(row: Row) -> str:
    """What a row names, without what it leaves open."""
    named = {name: value for name, value in row._asdict().items() if value is not None}
    return " ".join(f"{name}={_text(value)}" for name, value in named.items() if name != "rule")


def short(alert: Alert) -> str:
    """What an alert is about."""
    names = ("happened_at", "severity", "amount", "institutions", "encounters", "settlements")
    return " ".join(
        [f"subject={alert['subject']['id']}", *(f"{name}={_text(alert[name])}" for name in names)]
    )


def _take(number: int, wanted: dict[int, list[int]], taken: dict[int, int], tried: set[int]) -> bool:
    for place in wanted[number]:
        if place not in tried:
            tried.add(place)
            if place not in taken or _take(taken[place], wanted, taken, tried):
                taken[place] = number
                return True
    return False


def _text(value: Any) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else str(value)
