"""Finds days, persons and counters for the stories, and keeps the labels.

A story's person has nothing else in the diary for a day around it, so that a story says exactly what it
is meant to say and no second rule is triggered by chance.
"""

from collections.abc import Callable
from random import Random

from services.demo.almanac import DAY, MINUTE, day_text, draw_second, month_start, month_text
from services.demo.care import Pair, Stay
from services.demo.geography import Institution
from services.demo.labels import Label
from services.demo.ledger import Ledger
from services.demo.people import Person
from services.demo.pharmacies import opening_hours

_TRIES = 600
_RECENT_DAYS = 3
_OPEN_END_DAYS = 16
_SILENCE = 20 * MINUTE


class NoRoom(Exception):
    """The county is too small or too short for one more of this story; it is left out."""


class Cast:
    """Days, persons and counters that a story may use."""

    def __init__(
        self, ledger: Ledger, people: list[Person], sessions: dict[int, list[tuple[int, Pair, Pair]]]
    ) -> None:
        self.ledger = ledger
        self.people = people
        self.rng: Random = ledger.rng
        self.geography = ledger.geography
        self.labels: list[Label] = []
        self.sessions = sessions
        self.used: set[tuple[str, int, int]] = set()
        self.recent = False
        self._first_day = ledger.start // DAY + 1
        self._last_day = ledger.until // DAY - 1
        self._dead = [person for person in people if person.death_day is not None]

    # Days

    def day(self, length: int, open_end: bool = False) -> int:
        """The first day of a story that lasts `length` further days and is over before the last day ends.

        An open-ended story needs persons who do nothing afterwards, so it begins near the end.
        """
        latest = self._last_day - length
        earliest = self._first_day
        if self.recent:
            earliest = max(earliest, latest - _RECENT_DAYS + 1)
        elif open_end:
            earliest = max(earliest, latest - _OPEN_END_DAYS)
        if latest < earliest:
            raise NoRoom
        return self.rng.randint(earliest, latest)

    # Persons

    def person(self, begin: int, end: int, suits: Callable[[Person], bool] | None = None) -> Person:
        """A living person, free from a day before to a day after, and busy with this story from now on."""
        for _ in range(_TRIES):
            person = self.people[int(self.rng.random() * len(self.people))]
            if person.death_day is not None or person.conditions in (("dialysis",), ("chemotherapy",)):
                continue
            if (suits is None or suits(person)) and self.ledger.free(person, begin, end):
                self.ledger.enter(person, begin, end, self.geography.institutions[0])
                return person
        raise NoRoom

    def persons(self, count: int, begin: int, end: int) -> list[Person]:
        return [self.person(begin, end) for _ in range(count)]

    def deceased(self, first: int, last: int) -> Person:
        """Somebody who died between two days and has no story yet; if nobody did, somebody does now."""
        for number, person in enumerate(self._dead):
            if first <= (person.death_day or 0) <= last:
                return self._dead.pop(number)
        if last < first:
            raise NoRoom
        day = self.rng.randint(max(first, last - _OPEN_END_DAYS), last)
        person = self.person(day * DAY, self.ledger.until)
        person.dies(day)
        return person

    def deceased_in_month_before(self, day: int) -> Person:
        """Somebody of whose death only the month is known: the month before a day's month."""
        begin = month_start(day)
        person = self.person(begin * DAY, self.ledger.until)
        person.dies(begin - 1, month_text(begin - 1))
        return person

    # Counters

    def pick(self, places: list[Institution], *others: Institution) -> Institution:
        """A place that is none of the others and in no group or chain with them."""
        rest = [p for p in places if not any(_related(p, other) for other in others)]
        if not rest:
            raise NoRoom
        return self.rng.choice(rest)

    def hospital(self, *others: Institution) -> Institution:
        """A place with beds: a general hospital of the seat or a township hospital."""
        return self.pick(self.geography.hospitals + self.geography.of_kind("township"), *others)

    def pharmacy(self, *others: Institution) -> Institution:
        return self.pick(self.geography.of_kind("pharmacy"), *others)

    def counter_time(self, place: Institution, day: int, lasts: int = 0) -> int:
        """An opening second of the day with nobody else at the counter from 20 minutes before to after."""
        for _ in range(_TRIES):
            second = day * DAY + draw_second(self.rng, opening_hours(place))
            if self.undisturbed(place, second, lasts):
                return second
        raise NoRoom

    def undisturbed(self, place: Institution, second: int, lasts: int) -> bool:
        # Stories stay within one local day, because terminals are judged by local day.
        if (second + lasts) // DAY != second // DAY or second + lasts + MINUTE > self.ledger.until:
            return False
        middle = second + lasts // 2
        return self.ledger.swipes_around(place, middle, lasts // 2 + _SILENCE) == 0

    # Labels

    def fraud(
        self,
        rule: str,
        story: str,
        at: int,
        zh: str,
        en: str,
        *,
        encounters: list[Pair] | None = None,
        settlements: list[Pair] | None = None,
        device: str | None = None,
        tolerates: list[str] | None = None,
    ) -> None:
        """One finding that the rule has to make."""
        self._label("fraud", rule, story, at, zh, en, encounters, settlements, device, tolerates)

    def innocent(
        self,
        rules: list[str],
        story: str,
        at: int,
        zh: str,
        en: str,
        *,
        encounters: list[Pair] | None = None,
        settlements: list[Pair] | None = None,
        device: str | None = None,
    ) -> None:
        """Facts about which the rules have to stay silent."""
        self._label("lookalike", rules, story, at, zh, en, encounters, settlements, device, None)

    def _label(
        self,
        kind: str,
        rule: str | list[str],
        story: str,
        at: int,
        zh: str,
        en: str,
        encounters: list[Pair] | None,
        settlements: list[Pair] | None,
        device: str | None,
        tolerates: list[str] | None,
    ) -> None:
        prefix = rule if isinstance(rule, str) else "OK"
        self.labels.append(
            Label(
                label_id=f"{prefix}-{len(self.labels) + 1:04d}",
                kind=kind,
                story=story,
                rule=rule,
                encounters=encounters or [],
                settlements=settlements or [],
                device=device,
                day=day_text(at // DAY),
                note={"zh": zh, "en": en},
                tolerates=tolerates or [],
            )
        )


def _related(one: Institution, other: Institution) -> bool:
    same_group = bool(one.group_id) and one.group_id == other.group_id
    same_chain = bool(one.chain_id) and one.chain_id == other.chain_id
    return one is other or same_group or same_chain


def encounters(*stays: Stay) -> list[Pair]:
    """What a label names of stays."""
    return [stay.pair for stay in stays]
