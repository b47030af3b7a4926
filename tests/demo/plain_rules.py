"""The rules as a reader of the catalogue would apply them by hand: slow, plain, and nobody's production code.

Each function returns the findings over a whole county as (rule, frozenset of (institution, business id)).
"""

import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from statistics import median
from typing import Any

from services.demo.county import County

Finding = tuple[str, frozenset[tuple[str, str]]]
JUDGED = ("A01", "A02", "A03", "A04", "A05", "A07", "A07b", "A08", "B01", "D14")
"""Rules that are read here to the letter; others are in `plain_lines`."""
FOREVER = datetime.fromisoformat("9999-01-01T00:00:00+08:00")
OUTPATIENT = ("11", "12", "13", "14", "15", "16", "19", "51", "53", "81")
HOUR = timedelta(hours=1)


@dataclass
class PlainStay:
    institution: str
    encounter: str
    begin: datetime
    end: datetime = FOREVER
    med_type: str = ""
    transfer_to: str = ""
    external: set[str] = field(default_factory=set)

    @property
    def pair(self) -> tuple[str, str]:
        return (self.institution, self.encounter)


@dataclass
class PlainPerson:
    stays: list[PlainStay] = field(default_factory=list)
    settlements: list[dict[str, Any]] = field(default_factory=list)


def _identity(event: dict[str, Any]) -> tuple[str, str, str]:
    business = {"settlement": "settlement_id", "admission": "encounter_id", "discharge": "encounter_id"}
    return event["institution_id"], event["type"], event[business.get(event["type"], "event_id")]


def live_facts(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The greatest version of each fact that no later cancellation removed."""
    newest: dict[tuple[str, str, str], dict[str, Any]] = {}
    cancelled: dict[tuple[str, str, str], str] = {}
    for event in events:
        if event["type"] == "cancellation":
            key = (event["institution_id"], event["cancels"]["type"], event["cancels"]["id"])
            cancelled[key] = max(cancelled.get(key, ""), event["recorded_at"])
            continue
        key = _identity(event)
        known = newest.get(key)
        if known is None or (known["recorded_at"], known["event_id"]) < (
            event["recorded_at"],
            event["event_id"],
        ):
            newest[key] = event
    return [event for key, event in newest.items() if cancelled.get(key, "") < event["recorded_at"]]


def when(settlement: dict[str, Any]) -> datetime:
    """Visit time; a bare date is midnight, which no counter rule takes for a clock time."""
    text = settlement.get("begin_at", settlement["occurred_at"])
    return datetime.fromisoformat(text if len(text) > 10 else f"{text}T00:00:00+08:00")


def gather(county: County) -> dict[str, PlainPerson]:
    people: dict[str, PlainPerson] = defaultdict(PlainPerson)
    stays: dict[tuple[str, str], PlainStay] = {}
    for event in sorted(live_facts(county.events), key=lambda event: event["type"] != "admission"):
        pair = (event["institution_id"], event.get("encounter_id", ""))
        if event["type"] == "admission":
            stays[pair] = PlainStay(
                *pair, datetime.fromisoformat(event["occurred_at"]), med_type=event["med_type"]
            )
            people[event["person_id"]].stays.append(stays[pair])
        elif event["type"] == "discharge" and pair in stays:
            stays[pair].end = datetime.fromisoformat(event["occurred_at"])
            if event["discharge_way"] in (2, 3):
                stays[pair].transfer_to = event.get("transfer_to", "")
        elif event["type"] == "settlement":
            people[event["person_id"]].settlements.append(event)
            if pair in stays and "external_institution" in event:
                stays[pair].external.add(event["external_institution"])
    return people


def overlapping_stays(person: PlainPerson) -> list[Finding]:
    """A01 and A02."""
    found: list[Finding] = []
    stays = sorted(person.stays, key=lambda stay: stay.begin)
    for number, one in enumerate(stays):
        for two in stays[number + 1 :]:
            overlap = min(one.end, two.end) - two.begin
            if any(stay.med_type in ("9901", "9921", "5212") for stay in (one, two)):
                continue
            if "28" in (one.med_type, two.med_type) and overlap <= 24 * HOUR:
                continue
            if one.institution == two.institution:
                if overlap > timedelta(0):
                    found.append(("A02", frozenset((one.pair, two.pair))))
            elif (
                overlap > 12 * HOUR
                and one.transfer_to != two.institution
                and not (two.med_type in ("23", "24", "9925") and overlap <= 24 * HOUR)
            ):
                found.append(("A01", frozenset((one.pair, two.pair))))
    return found


def settled_inside_a_stay(person: PlainPerson) -> list[Finding]:
    """A03 and A04."""
    found: list[Finding] = []
    for stay in person.stays:
        for paid in person.settlements:
            at, elsewhere = when(paid), paid["institution_id"] != stay.institution
            whole_day = stay.begin.date() < at.date() < stay.end.date()
            by_clock = elsewhere and stay.begin + 6 * HOUR <= at <= stay.end - 2 * HOUR
            explained = float(paid["amounts"].get("family", 0)) > 0 or paid.get("channel") in (
                "internet",
                "agent",
            )
            if explained or not (whole_day or by_clock):
                continue
            pairs = frozenset((stay.pair, (paid["institution_id"], paid["settlement_id"])))
            if paid["med_type"] == "41":
                found.append(("A04", pairs))
            elif paid["med_type"].startswith(OUTPATIENT) and not (
                paid["med_type"] == "140201"
                or paid.get("emergency") in (2, 3)
                or paid["institution_id"] in stay.external
            ):
                found.append(("A03", pairs))
    return found


def _kilometres(one: dict[str, str], other: dict[str, str]) -> float:
    lat1, lon1, lat2, lon2 = (
        radians(float(row[name])) for row in (one, other) for name in ("latitude", "longitude")
    )
    return (
        2
        * 6371
        * asin(sqrt(sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2))
    )


def impossible_travel(person: PlainPerson, places: dict[str, dict[str, str]]) -> list[Finding]:
    """A05 between neighbours in time; admissions stand at a counter too."""
    shown = [(stay.begin, stay.institution, stay.encounter) for stay in person.stays]
    for paid in person.settlements:
        offline = (
            paid.get("channel") or paid.get("online") is False or float(paid["amounts"].get("family", 0)) > 0
        )
        backfilled = datetime.fromisoformat(paid["recorded_at"]) - when(paid) > 24 * HOUR
        if not offline and not backfilled and when(paid).time().isoformat() != "00:00:00":
            shown.append((when(paid), paid["institution_id"], paid["settlement_id"]))
    found: list[Finding] = []
    shown.sort()
    for (first, one, one_id), (second, other, other_id) in itertools.pairwise(shown):
        if one == other:
            continue
        gap, distance = second - first, _kilometres(places[one], places[other])
        same_group = places[one]["group_id"] and places[one]["group_id"] == places[other]["group_id"]
        if (distance >= 10 and distance > 120 * (gap / HOUR)) or (
            distance < 10 and not same_group and gap <= timedelta(minutes=5)
        ):
            found.append(("A05", frozenset(((one, one_id), (other, other_id)))))
    return found


def repeated_swipes(person: PlainPerson) -> list[Finding]:
    """A07, A07b and D14."""
    found: list[Finding] = []
    by_place: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for paid in person.settlements:
        by_place[paid["institution_id"]].append(paid)
    for place, all_paid in by_place.items():
        all_paid.sort(key=when)
        counter = [paid for paid in all_paid if paid["med_type"] == "41"]
        for three in zip(counter, counter[1:], counter[2:], strict=False):
            if when(three[2]) - when(three[0]) <= timedelta(minutes=30):
                found.append(("A07b", frozenset((place, paid["settlement_id"]) for paid in three)))
        for number, one in enumerate(all_paid):
            for two in all_paid[number + 1 :]:
                if when(two) - when(one) > timedelta(seconds=60):
                    break
                found += _duplicates(place, one, two)
    return found


def _duplicates(place: str, one: dict[str, Any], two: dict[str, Any]) -> list[Finding]:
    pairs = frozenset(((place, one["settlement_id"]), (place, two["settlement_id"])))
    same_total = one["amounts"]["total"] == two["amounts"]["total"]
    lines = [
        sorted((line["code"], line["quantity"], line["amount"]) for line in paid.get("lines", ()))
        for paid in (one, two)
    ]
    diagnosis = one.get("diagnoses") is not None and one.get("diagnoses") == two.get("diagnoses")
    found: list[Finding] = [("A07", pairs)] if same_total else []
    if not one.get("mid_stay") and ((lines[0] and lines[0] == lines[1]) or (same_total and diagnosis)):
        found.append(("D14", pairs))
    return found


def after_death(person: PlainPerson, death: str) -> list[Finding]:
    """A08; of a month only its last day is certain."""
    if len(death) == 7:
        last = (date.fromisoformat(f"{death}-28") + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    else:
        last = date.fromisoformat(death) + timedelta(days=1)
    return [
        ("A08", frozenset(((paid["institution_id"], paid["settlement_id"]),)))
        for paid in person.settlements
        if when(paid).date() > last
    ]


Swipe = tuple[datetime, str, str, str]
"""When, who, how much, which settlement."""


def kept_cards(county: County) -> list[Finding]:
    """B01, one finding for each terminal and local day."""
    places = {row["institution_id"]: row for row in county.institutions}
    swipes: dict[tuple[str, str, date], list[Swipe]] = defaultdict(list)
    for paid in live_facts(county.events):
        place = places[paid["institution_id"]]
        if paid["type"] == "settlement" and place["kind"] in ("pharmacy", "clinic", "village"):
            terminal = paid.get("device_id") or paid["operator_id"]
            swipes[paid["institution_id"], terminal, when(paid).date()].append(
                (when(paid), paid["person_id"], paid["amounts"]["total"], paid["settlement_id"])
            )
    found = []
    for (place_id, _, day), told in swipes.items():
        before = [
            (on, other) for (place, _, on), other in swipes.items()
            if place == place_id and timedelta() < day - on <= timedelta(days=28)
        ]  # fmt: skip
        weeks = {((day - on).days - 1) // 7 for on, _ in before}
        crowds = [_persons(window) for _, other in before for window in _windows(sorted(other))]
        burst = _burst(sorted(told), crowds if len(weeks) == 4 else [])
        if burst:
            found.append(("B01", frozenset((place_id, number) for number in burst)))
    return found


def _windows(day: list[Swipe]) -> Iterator[list[Swipe]]:
    """Each swipe with those of the ten minutes before it."""
    times = [swipe[0] for swipe in day]
    for end, last in enumerate(day):
        yield day[bisect_left(times, last[0] - timedelta(minutes=10)) : end + 1]


def _persons(window: list[Swipe]) -> set[str]:
    return {swipe[1] for swipe in window}


def _burst(day: list[Swipe], before: list[set[str]]) -> set[str]:
    burst: set[str] = set()
    for window in _windows(day):
        persons = _persons(window)
        if len(persons) < 5:
            continue
        gaps = [later[0] - earlier[0] for earlier, later in itertools.pairwise(window)]
        totals = [swipe[2] for swipe in window]
        together = any(len(persons & crowd) >= max(2, len(persons) / 2) for crowd in before)
        one_amount = max(map(totals.count, totals)) / len(totals) >= 0.5
        if median(gaps) <= timedelta(seconds=60) or one_amount or together:
            burst |= {swipe[3] for swipe in window}
    return burst


def judge(county: County) -> set[Finding]:
    """Every finding of the nine rules."""
    places = {row["institution_id"]: row for row in county.institutions}
    deaths = {row["person_id"]: row["death_date"] for row in county.persons if row["death_date"]}
    found: set[Finding] = set(kept_cards(county))
    for person_id, person in gather(county).items():
        found.update(overlapping_stays(person))
        found.update(settled_inside_a_stay(person))
        found.update(impossible_travel(person, places))
        found.update(repeated_swipes(person))
        if person_id in deaths:
            found.update(after_death(person, deaths[person_id]))
    return found
