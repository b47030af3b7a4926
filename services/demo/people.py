"""The insured persons of the county: households, ages, illnesses, cards and where they live.

Nobody here exists. Person numbers are twenty digits that begin with 9900, cards and vouchers say DEMO.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from services.demo.almanac import day_text
from services.demo.geography import NEIGHBOUR_REGIONS, REGION, TOWNS

_DAYS_PER_YEAR = 365.25
_SEAT_SHARE = 0.42
_NEIGHBOUR_SHARE = 0.02
_YEARLY_DEATHS_OVER_65 = 0.035
_EMPLOYEE, _RESIDENT = "310", "390"
# Illness, share of those over the age, age. Dialysis and chemotherapy are drawn apart.
_CHRONIC = (("hypertension", 0.30, 45), ("diabetes", 0.12, 45), ("coronary", 0.08, 55), ("copd", 0.06, 60))
_CARD_KINDS = ("e_voucher", "social_card", "social_card", "id_card", "e_voucher")
_CARD_LETTERS = {"e_voucher": "E", "social_card": "S", "id_card": "N"}
_STORY_SHARE, _STORY_MOST, _STORY_LEAST = 0.2, 0.6, 1_500
_DOCTORS_SHARE, _DOCTORS_MOST = 30, 190
_COMMUNITY_PERSONS = 60
_ASSISTED_SHARE = 0.06
_BUSY, _QUIET = 1.7, 0.45
_DIALYSIS_EVERY = 2_000
_CHEMOTHERAPY_EVERY = 550


@dataclass(slots=True)
class Person:
    """An insured person; the diary holds presences (begin, end, institution index), sorted, in seconds.

    `role` "story": lives nothing of everyday life, because a story will need somebody; "doctor": practises in
    the county. `pace`: how often the person falls ill, relative to the age group. `stays`: (begin, end) in
    seconds. `suspended`: first and last day without benefits. `bought`: codes by day. `haunts`: the few
    institutions the person goes to, by kind of care.
    """

    index: int
    person_id: str
    sex: int
    birth_day: int
    age: int
    household: int
    town: int
    insured_region: str
    insurance_type: str
    conditions: tuple[str, ...]
    card: dict[str, str]
    shares_family_account: bool
    insured_from: str
    community: str
    role: str = ""
    assisted: bool = False
    pace: float = 1.0
    insured_to: str = ""
    suspended: tuple[int, int] | None = None
    death_day: int | None = None
    death_text: str = ""
    diary: list[tuple[int, int, int]] = field(default_factory=list)
    stays: list[tuple[int, int]] = field(default_factory=list)
    bought: dict[int, set[str]] = field(default_factory=dict)
    haunts: dict[str, Any] = field(default_factory=dict)

    def alive_at(self, second: int) -> bool:
        return self.birth_day * 86_400 <= second and (
            self.death_day is None or second < self.death_day * 86_400
        )

    def dies(self, day: int, text: str = "") -> None:
        """Enters the death, to the day or, with `text`, to the month."""
        self.death_day = day
        self.death_text = text or day_text(day)


def _household_ages(rng: Random) -> list[int]:
    """Ages under one roof: a couple, often children, often a grandparent; or an old person alone."""
    draw = rng.random()
    if draw < 0.22:
        return [rng.randint(60, 91) for _ in range(rng.randint(1, 2))]
    parents = rng.randint(24, 58)
    ages = [parents, max(20, parents + rng.randint(-4, 4))]
    ages += [
        max(0, parents - rng.randint(21, 33)) for _ in range(rng.choices((0, 1, 2, 3), (20, 40, 32, 8))[0])
    ]
    if draw > 0.62:
        ages.append(parents + rng.randint(22, 32))
    return ages


def _conditions(rng: Random, index: int, age: int) -> tuple[str, ...]:
    # The few who live by a fixed schedule are dealt out evenly, so that even a small county has some.
    if index % _DIALYSIS_EVERY in (3, 31, 77):
        return ("dialysis",)
    if index % _CHEMOTHERAPY_EVERY == 11:
        return ("chemotherapy",)
    return tuple(name for name, share, since in _CHRONIC if age >= since and rng.random() < share)


def _person(
    rng: Random, index: int, age: int, household: int, town: int, first_day: int, today: int
) -> Person:
    conditions = _conditions(rng, index, age)
    if conditions in (("dialysis",), ("chemotherapy",)):
        age = max(age, 38 + index % 37)
    birth_day = today - int((age + rng.random()) * _DAYS_PER_YEAR)
    kind = rng.choice(_CARD_KINDS)
    insured_region = rng.choice(NEIGHBOUR_REGIONS) if rng.random() < _NEIGHBOUR_SHARE else REGION
    employee = age >= 20 and rng.random() < (0.45 if town == 0 else 0.15)
    insured_from = max(birth_day, first_day - rng.randint(1_000, 6_000))
    return Person(
        index=index,
        person_id=f"9900{index * 7_919 + 10_007:016d}",
        sex=rng.randint(1, 2),
        birth_day=birth_day,
        age=age,
        household=household,
        town=town,
        insured_region=insured_region,
        insurance_type=_EMPLOYEE if employee else _RESIDENT,
        conditions=conditions,
        card={"kind": kind, "number": f"DEMO{_CARD_LETTERS[kind]}{index * 104_729 + 31:012d}"},
        shares_family_account=employee and rng.random() < 0.3,
        insured_from=day_text(insured_from),
        community=f"V{town:02d}",
        assisted=rng.random() < _ASSISTED_SHARE,
        pace=_BUSY if rng.random() < 0.45 else _QUIET,
    )


def _some_die(rng: Random, people: list[Person], first_day: int, last_day: int) -> None:
    share = _YEARLY_DEATHS_OVER_65 * (last_day - first_day + 1) / _DAYS_PER_YEAR
    for person in people:
        if (
            person.age >= 65
            and person.conditions != ("dialysis",)
            and not person.role
            and rng.random() < share
        ):
            person.dies(rng.randint(first_day, last_day))


def populate(rng: Random, count: int, first_day: int, last_day: int) -> list[Person]:
    """Draws `count` persons, household by household."""
    people: list[Person] = []
    household = 0
    while len(people) < count:
        household += 1
        town = 0 if rng.random() < _SEAT_SHARE else rng.randint(1, len(TOWNS) - 1)
        for age in _household_ages(rng)[: count - len(people)]:
            people.append(_person(rng, len(people), age, household, town, first_day, last_day))
    _settle_down(people)
    _give_roles(rng, people)
    _some_die(rng, people, first_day, last_day)
    return people


def _settle_down(people: list[Person]) -> None:
    """Villages and neighbourhoods of about sixty persons, household by household."""
    for town in range(len(TOWNS)):
        at_home = [person for person in people if person.town == town]
        for number, person in enumerate(at_home):
            person.community = f"V{town:02d}{number // _COMMUNITY_PERSONS:03d}"


def _give_roles(rng: Random, people: list[Person]) -> None:
    """Some keep free for the stories; some of working age are the county's doctors."""
    free = [person for person in people if person.conditions not in (("dialysis",), ("chemotherapy",))]
    count = int(min(_STORY_MOST * len(people), max(_STORY_SHARE * len(people), _STORY_LEAST)))
    for person in rng.sample(free, min(count, len(free))):
        person.role = "story"
    working = [person for person in free if not person.role and 28 <= person.age <= 60]
    for person in working[: min(_DOCTORS_MOST, len(people) // _DOCTORS_SHARE)]:
        person.role = "doctor"
