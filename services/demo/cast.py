"""Finds days, persons and counters for the stories, and keeps the labels.

A story's person lives nothing but stories, weeks apart from each other, so that a story says exactly what it
is meant to say and no second rule is triggered by chance. Mere customers are taken from the crowd.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from services.demo.almanac import DAY, MINUTE, day_text, draw_second, month_start, month_text
from services.demo.care import Pair, Stay
from services.demo.geography import Institution
from services.demo.labels import Label
from services.demo.ledger import Ledger
from services.demo.people import Person
from services.demo.pharmacies import opening_hours
from services.demo.registry import doctors_of

_TRIES = 600
_RECENT_DAYS = 3
_OPEN_END_DAYS = 16
_SILENCE = 20 * MINUTE
_BETWEEN_STORIES = 34 * DAY
_MONTH = 31 * DAY
_FEW_PLACES = 2


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
        self.standing = ledger.standing
        self.labels: list[Label] = []
        self.sessions = sessions
        self.used: set[tuple] = set()
        self.recent = False
        self.doctors = doctors_of(ledger.geography, people)
        self._first_day = ledger.start // DAY + 1
        self._last_day = ledger.until // DAY - 1
        self._dead = [person for person in people if person.death_day is not None]
        self._waiting = [person for person in people if person.role == "story"]
        self._crowd = [person for person in people if not person.role and person.pace < 1]

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

    def weeks(self, length: int, after: int = 0) -> int:
        """The first of `length` further days that all lie in one calendar month, so many days after the
        county begins at the earliest."""
        first = [
            day
            for day in range(self._first_day + after, self._last_day - length + 1)
            if month_start(day) == month_start(day + length)
        ]
        if not first:
            raise NoRoom
        return self.rng.choice(first)

    # Persons

    def person(self, begin: int, end: int, suits: Callable[[Person], bool] | None = None) -> Person:
        """A living person without any other story for weeks around, and busy with this one from now on."""
        for _ in range(_TRIES):
            if not self._waiting:
                break
            person = self._waiting[int(self.rng.random() * len(self._waiting))]
            if person.death_day is not None or not person.alive_at(begin):
                continue
            if (suits is None or suits(person)) and self.ledger.free(person, begin, end, _BETWEEN_STORIES):
                return self.engage(person, begin, end)
        raise NoRoom

    def engage(self, person: Person, begin: int, end: int) -> Person:
        """Keeps a person free of other stories."""
        self.ledger.enter(person, begin, end, self.geography.institutions[0])
        return person

    def persons(
        self, count: int, begin: int, end: int, suits: Callable[[Person], bool] | None = None
    ) -> list[Person]:
        """So many persons of whom the story needs more than one purchase or visit."""
        return [self.person(begin, end, suits) for _ in range(count)]

    def customers(
        self,
        count: int,
        begin: int,
        end: int,
        place: Institution,
        suits: Callable[[Person], bool] | None = None,
    ) -> list[Person]:
        """Different persons of the crowd, each good for one visit to one place."""
        return [self.customer(begin, end, place, suits) for _ in range(count)]

    def customer(
        self, begin: int, end: int, place: Institution, suits: Callable[[Person], bool] | None = None
    ) -> Person:
        """Somebody of the crowd with nothing else around this day and few other visits in the month."""
        for _ in range(_TRIES):
            if not self._crowd:
                break
            person = self._crowd[int(self.rng.random() * len(self._crowd))]
            if person.death_day is not None or not person.alive_at(begin):
                continue
            if (suits is None or suits(person)) and self._fits(person, begin, end):
                self.ledger.enter(person, begin, end, place)
                return person
        raise NoRoom

    def _fits(self, person: Person, begin: int, end: int) -> bool:
        places = {index for at, _, index in person.diary if abs(at - begin) <= _MONTH}
        return (
            len(places) <= _FEW_PLACES
            and self.ledger.moderate(person, begin)
            and self.ledger.free(person, begin, end, 3 * DAY)
        )

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
        """A place in good standing that is none of the others and in no group or chain with them."""
        rest = [
            place
            for place in places
            if place.index not in self.standing.suspended
            and not any(_related(place, other) for other in others)
        ]
        if not rest:
            raise NoRoom
        return self.rng.choice(rest)

    def claim(self, places: list[Institution], purpose: str, day: int) -> Institution:
        """A place that no other story of this kind has used in the month."""
        free = [
            place
            for place in places
            if place.index not in self.standing.suspended
            and ("claimed", purpose, place.index, month_text(day)) not in self.used
        ]
        if not free:
            raise NoRoom
        place = self.rng.choice(free)
        self.used.add(("claimed", purpose, place.index, month_text(day)))
        return place

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
        tolerates: Iterable[str] = (),
        **about: Any,
    ) -> None:
        """One finding that the rule has to make; `about`: further fields of the label."""
        self._label("fraud", rule, story, at, zh, en, tolerates=list(tolerates), **about)

    def innocent(self, rules: list[str], story: str, at: int, zh: str, en: str, **about: Any) -> None:
        """Facts about which the rules have to stay silent."""
        self._label("lookalike", rules, story, at, zh, en, **about)

    def _label(
        self, kind: str, rule: str | list[str], story: str, at: int, zh: str, en: str, **about: Any
    ) -> None:
        prefix = rule if isinstance(rule, str) else "OK"
        self.labels.append(
            Label(
                label_id=f"{prefix}-{len(self.labels) + 1:04d}",
                kind=kind,
                story=story,
                rule=rule,
                day=day_text(at // DAY),
                note={"zh": zh, "en": en},
                **about,
            )
        )


def _related(one: Institution, other: Institution) -> bool:
    same_group = bool(one.group_id) and one.group_id == other.group_id
    same_chain = bool(one.chain_id) and one.chain_id == other.chain_id
    return one is other or same_group or same_chain


def encounters(*stays: Stay) -> list[Pair]:
    """What a label names of stays."""
    return [stay.pair for stay in stays]
