"""The county's books while it is being made: events, ids, where each person was, what each counter did.

The diaries are what keeps normal life innocent: a person enters an institution only when there was time to
travel there, and a small counter serves at most four persons within any ten minutes.
"""

from bisect import bisect_left, insort
from random import Random
from typing import Any

from services.demo.almanac import DAY, HOUR, MINUTE, timestamp
from services.demo.geography import REGION, Geography, Institution, Terminal
from services.demo.people import Person
from services.demo.standing import Standing, doctors_on_duty

_SPEED_KM_PER_HOUR = 40
_CHANGE_OF_PLACE = 35 * MINUTE
_RETURN = 75 * MINUTE
_COUNTER_WINDOW = 10 * MINUTE
_COUNTER_MOST = 4
# A prime above every institution's yearly count: numbers are scattered without ever repeating.
_ID_MODULUS = 1_000_003
_ID_FACTOR = 48_271
_FREE_BED_TRIES = 400
_MONTH = 31 * DAY
_MOST_IN_TWO_MONTHS = 8


class Ledger:
    """What has happened so far, between `start` and `until` (local seconds)."""

    def __init__(self, rng: Random, geography: Geography, standing: Standing, start: int, until: int) -> None:
        self.rng = rng
        self.geography = geography
        self.standing = standing
        self.start = start
        self.until = until
        self.posted: list[tuple[int, int, dict[str, Any]]] = []
        self._ids: dict[tuple[str, int], int] = {}
        self._counters: dict[int, list[int]] = {}
        self._beds: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._traced = 0

    def post(self, event: dict[str, Any], recorded: int) -> bool:
        """Keeps an event unless the world ends before it is recorded."""
        if recorded > self.until:
            return False
        event["recorded_at"] = timestamp(recorded)
        self.posted.append((recorded, len(self.posted), event))
        return True

    def delay(self) -> int:
        """Seconds between an event and its record in the institution's system."""
        return 1 + int(self.rng.random() * 6)

    def new_id(self, letter: str, place: Institution) -> str:
        """A business id, unique within the institution only: other institutions use the same numbers."""
        count = self._ids.get((letter, place.index), 0) + 1
        self._ids[letter, place.index] = count
        return f"{letter}{count * _ID_FACTOR % _ID_MODULUS:07d}"

    def new_invoice(self, place: Institution) -> str:
        """An invoice number, unique in the county."""
        return f"{place.institution_id[0]}{place.institution_id[-5:]}{self.new_id('V', place)[1:]}"

    def new_trace_code(self) -> str:
        """The code on one pack, unique in the world."""
        self._traced += 1
        return f"8{self._traced * 7_368_787:019d}"

    def head(
        self, kind: str, place: Institution, at: int, terminal: Terminal | None = None
    ) -> dict[str, Any]:
        """The fields that every event has; `event_id` is given when the county is put in order."""
        event = {
            "type": kind,
            "event_id": "",
            "institution_id": place.institution_id,
            "occurred_at": timestamp(at),
            "recorded_at": "",
            "region": REGION,
        }
        if terminal:
            if terminal.device_id:
                event["device_id"] = terminal.device_id
            event["operator_id"] = terminal.operator_id
        return event

    def terminal(self, place: Institution) -> Terminal:
        return place.terminals[int(self.rng.random() * len(place.terminals))]

    def doctor(self, place: Institution, second: int) -> str:
        """Somebody on duty."""
        staff = doctors_on_duty(place, second % DAY // HOUR)
        return staff[int(self.rng.random() * len(staff))]

    def bed(self, place: Institution, begin: int, end: int) -> str:
        """A bed that nobody else lies in between two moments."""
        for _ in range(_FREE_BED_TRIES):
            number = 1 + int(self.rng.random() * max(place.beds, 1))
            taken = self._beds.setdefault((place.index, number), [])
            if all(other_end <= begin or end <= other_begin for other_begin, other_end in taken):
                taken.append((begin, end))
                return f"B{number:03d}"
        return f"加{self.new_id('B', place)[1:]}"

    # Where persons are

    def gap(self, one: int, other: int) -> int:
        """Seconds that an honest person needs between two presences."""
        if one == other:
            return _RETURN
        return _CHANGE_OF_PLACE + int(self.geography.distance[one][other] / _SPEED_KM_PER_HOUR * HOUR)

    def can_be(self, person: Person, begin: int, end: int, place: Institution) -> bool:
        """Whether the person, alive, can be here from begin to end with time for the way before and after."""
        if not (person.alive_at(begin) and person.alive_at(end)):
            return False
        if self.standing.is_suspended(place, begin // DAY):
            return False
        diary = person.diary
        at = bisect_left(diary, (begin, 0, 0))
        if at and begin - diary[at - 1][1] < self.gap(diary[at - 1][2], place.index):
            return False
        return at == len(diary) or diary[at][0] - end >= self.gap(diary[at][2], place.index)

    def enter(self, person: Person, begin: int, end: int, place: Institution) -> None:
        insort(person.diary, (begin, end, place.index))

    def free(self, person: Person, begin: int, end: int, margin: int = DAY) -> bool:
        """Whether the person has nothing at all in the diary from margin before begin to margin after end."""
        return all(entry[1] < begin - margin or entry[0] > end + margin for entry in person.diary)

    def moderate(self, person: Person, second: int) -> bool:
        """Whether one more presence leaves the person with few visits a month and two a day at most."""
        day = second // DAY
        around = [entry for entry in person.diary if abs(entry[0] - second) <= _MONTH]
        return (
            len(around) < _MOST_IN_TWO_MONTHS
            and sum(begin // DAY <= day <= end // DAY for begin, end, _ in around) < 2
        )

    # What counters do

    def quiet(self, place: Institution, second: int, others: int = _COUNTER_MOST - 1) -> bool:
        """Whether one more swipe now leaves the counters of a small institution without a crowd."""
        if place.crowded:
            return True
        return self.swipes_around(place, second, _COUNTER_WINDOW) <= others

    def swipes_around(self, place: Institution, second: int, reach: int) -> int:
        """Swipes at the institution from reach before to reach after a moment."""
        times = self._counters.get(place.index, ())
        return bisect_left(times, second + reach + 1) - bisect_left(times, second - reach)

    def mark(self, place: Institution, begin: int, at: int) -> None:
        """Remembers a swipe by both its times, because either may be taken for the moment of the swipe."""
        if place.crowded:
            return
        times = self._counters.setdefault(place.index, [])
        insort(times, at)
        if begin != at:
            insort(times, begin)
