"""Rules about a month of an institution or a group, as a reader of the catalogue would apply them by hand.

Each function returns (institution, month) pairs over a whole county. Where the page compares with a class's
quantiles only its fixed bounds are read.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import pairwise
from statistics import median

from tests.demo.plain_rules import when
from tests.demo.world import Encounter, World

Place = tuple[str, str]
THRESHOLD = {"2": Decimal(5_000), "3": Decimal(10_000)}
MONTH = "%Y-%m"


def _sales(world: World) -> Iterator[Encounter]:
    for found in world.encounters.values():
        if found.settlements and found.settlements[0]["med_type"] == "41":
            yield found


def _where(found: Encounter) -> Place:
    return (found.institution, found.begin.strftime(MONTH))


def swipes_at_night(world: World) -> Iterator[Place]:
    """B02, its three persons in a night."""
    nights: dict[tuple[Place, str], set[str]] = defaultdict(set)
    for found in world.settled:
        place = world.places[found.institution]
        if found.admission or place["open_24h"] == "true" or found.med_type == "13":
            continue
        if found.begin.hour >= 22 or found.begin.hour < 6:
            night = (found.begin - timedelta(hours=6)).date().isoformat()
            nights[_where(found), night].add(found.person)
    for (where, _), persons in nights.items():
        if len(persons) >= 3:
            yield where


def equal_amounts(world: World) -> Iterator[Place]:
    """B03, but for one fixed-price item where an amount repeats."""
    days: dict[tuple[str, str], list[Encounter]] = defaultdict(list)
    for found in _sales(world):
        days[found.institution, found.begin.date().isoformat()].append(found)
    for sold in days.values():
        for total, count in Counter(found.total for found in sold).items():
            codes = {frozenset(line["code"] for line in f.lines) for f in sold if f.total == total}
            fixed = len(codes) == 1 and len(next(iter(codes))) == 1
            if count >= 10 and count >= 0.3 * len(sold) and not fixed:
                yield _where(sold[0])
        emptied = [event for f in sold for event in f.settlements if _is_emptied(event["amounts"])]
        if len(emptied) >= 5:
            yield _where(sold[0])


def _is_emptied(amounts: dict[str, str]) -> bool:
    return Decimal(amounts["account"]) > 0 and Decimal(amounts.get("balance", "1")) < 1


def churn(world: World) -> Iterator[Place]:
    """B05: more than a tenth and at least three taken back within seven days, and not settled again; or three
    with daily goods settled as covered, which is under alert at once."""
    settled: dict[str, dict[str, dict]] = defaultdict(dict)
    cancelled: dict[str, set[str]] = defaultdict(set)
    for event in world.county.events:
        if event["type"] == "settlement":
            settled[event["institution_id"]][event["settlement_id"]] = event
        elif event["type"] == "cancellation" and event["cancels"]["type"] == "settlement":
            cancelled[event["institution_id"]].add(event["cancels"]["id"])
    for place, events in settled.items():
        visits = sorted((when(event), number) for number, event in events.items())
        gone = [pair for pair in visits if pair[1] in cancelled[place] and not _again(events, pair[1])]
        lost = [at for at, _ in gone]
        named = [at for at, number in gone if _has_daily_goods(events[number])]
        for at in lost:
            week = [other for other, _ in visits if at <= other < at + timedelta(days=7)]
            taken_back = sum(at <= other < at + timedelta(days=7) for other in lost)
            under_alert = sum(at <= other < at + timedelta(days=7) for other in named)
            if under_alert >= 3 or (taken_back >= 3 and taken_back > 0.1 * len(week)):
                yield (place, at.strftime(MONTH))


def _has_daily_goods(event: dict) -> bool:
    return any(line["name"] in ("洗衣液", "食用油") for line in event.get("lines", ()))


def _again(events: dict[str, dict], number: str) -> bool:
    one = events[number]
    return any(
        other["person_id"] == one["person_id"]
        and other["settlement_id"] != number
        and abs(when(other) - when(one)) < timedelta(hours=1)
        for other in events.values()
    )


def one_community(world: World) -> Iterator[Place]:
    """C04: five of one community within 72 hours, alike, mostly tests, no injuries."""
    groups: dict[tuple[str, str], list[Encounter]] = defaultdict(list)
    for stay in world.stays:
        if not any(code[0] in "ST" for code in stay.diagnoses):
            groups[stay.institution, world.persons[stay.person]["community_id"]].append(stay)
    for stays in groups.values():
        stays.sort(key=lambda stay: stay.begin)
        for first in stays:
            wave = [s for s in stays if first.begin <= s.begin <= first.begin + timedelta(hours=72)]
            if len({s.person for s in wave}) >= 5 and median(_share(s, "03", "04") for s in wave) >= 0.5:
                yield _where(first)


def _share(stay: Encounter, *categories: str) -> float:
    total = sum(Decimal(line["amount"]) for line in stay.lines)
    part = sum(Decimal(line["amount"]) for line in stay.lines if line["category"] in categories)
    return float(part / total) if total else 0.0


def check_ups(world: World) -> Iterator[Place]:
    """C05: ten a month with four fifths of tests, no drugs, one night, no surgery."""
    months: Counter[Place] = Counter()
    for stay in world.stays:
        short = stay.discharge is not None and (stay.end.date() - stay.begin.date()).days <= 2
        if short and _share(stay, "03", "04") >= 0.8 and not _share(stay, "06"):
            months[_where(stay)] += 1
    yield from (where for where, count in months.items() if count >= 10)


def drugs_alone(world: World) -> Iterator[Place]:
    """C06: short, nine tenths of drugs, no chemotherapy."""
    for stay in world.stays:
        short = stay.discharge is not None and (stay.end.date() - stay.begin.date()).days <= 2
        oncology = any(code.startswith(("C", "Z51")) for code in stay.diagnoses)
        if short and _share(stay, "09", "11") >= 0.9 and not oncology:
            yield _where(stay)


def other_goods(world: World) -> Iterator[Place]:
    """D11 against the commonest name and the median price of a code sold at least twenty times."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    prices: dict[str, list[Decimal]] = defaultdict(list)
    for found in _sales(world):
        for line in found.lines:
            names[line["code"]][line["name"]] += 1
            prices[line["code"]].append(Decimal(line["unit_price"]))
    middle = {code: median(found) for code, found in prices.items() if len(found) >= 20}
    for found in _sales(world):
        for line in found.lines:
            usual = names[line["code"]].most_common(1)[0][0]
            alike = SequenceMatcher(None, usual, line["name"]).ratio()
            ratio = Decimal(line["unit_price"]) / middle.get(line["code"], Decimal(line["unit_price"]))
            if alike < 0.5 or not Decimal("0.5") <= ratio <= 2:
                yield _where(found)


def packages(world: World) -> Iterator[Place]:
    """D12: one basket of several items twenty times a month, a twentieth of all sales, for a round sum."""
    months: dict[Place, list[Encounter]] = defaultdict(list)
    for found in _sales(world):
        months[_where(found)].append(found)
    for where, sold in months.items():
        baskets = Counter(frozenset(line["code"] for line in found.lines) for found in sold)
        for basket, count in baskets.items():
            same = [f.total for f in sold if frozenset(line["code"] for line in f.lines) == basket]
            round_sums = sum(total % 10 == 0 for total in same)
            if len(basket) > 1 and count >= 20 and count >= 0.05 * len(sold) and round_sums > count / 2:
                yield where


def lent_terminals(world: World) -> Iterator[Place]:
    """D16: a terminal whose number belongs to another institution, suspended at the time."""
    home: dict[str, Counter[str]] = defaultdict(Counter)
    for event in world.live:
        if "operator_id" in event:
            home[event["operator_id"]][event["institution_id"]] += 1
    for found in _sales(world):
        event = found.settlements[0]
        if home[event["operator_id"]].most_common(1)[0][0] != event["institution_id"]:
            yield _where(found)


def big_prescriptions(world: World) -> Iterator[Place]:
    """E05: more than twenty herbs, or more than sixty yuan a dose."""
    for found in world.settled:
        herbs = [line for line in found.lines if line["category"] == "10" and line.get("doses")]
        a_dose = sum(Decimal(line["amount"]) / line["doses"] for line in herbs)
        if len(herbs) > 20 or a_dose > 60:
            yield _where(found)


def dear_drugs(world: World) -> Iterator[Place]:
    """E08: most of a clinic doctor's patients come once, from elsewhere, for a dear drug."""
    doctors: dict[tuple[str, Place], list[Encounter]] = defaultdict(list)
    for found in world.settled:
        if world.places[found.institution]["kind"] == "clinic":
            doctors[found.settlements[0]["practitioner_id"], _where(found)].append(found)
    dear = {code for code, pack in world.packs.items() if pack["high_value"]}
    for (_, where), visits in doctors.items():
        strangers = [
            found
            for found in visits
            if found.settlements[0]["insured_region"] != "430196"
            and any(line["code"] in dear for line in found.lines)
        ]
        if len(strangers) >= 10:
            yield where


def more_than_bought(world: World) -> Iterator[Place]:
    """F02 by month: what was settled after a count exceeds the count and the purchases."""
    books: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for event in world.live:
        if event["type"] == "stock":
            books[event["institution_id"], event["product_code"]].append(event)
    sold: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for found in _sales(world):
        for line in found.lines:
            if not line.get("split_pack"):
                day = found.begin.date().isoformat()
                sold[found.institution, line["code"]].append((day, line["quantity"]))
    for key, movements in books.items():
        counted = min(event["occurred_at"] for event in movements if event["movement"] == "count")
        had = sum(e["quantity"] for e in movements if e["movement"] in ("count", "purchase"))
        settled = sum(quantity for day, quantity in sold[key] if day >= counted[:10])
        if settled > had + max(5, had // 20):
            yield (key[0], counted[:7])


def wave_from_elsewhere(world: World) -> Iterator[Place]:
    """F07: more than five remote admissions on a day, three of one region."""
    days: dict[tuple[str, str], list[Encounter]] = defaultdict(list)
    for stay in world.stays:
        if stay.admission and stay.admission["insured_region"] != "430196":
            days[stay.institution, stay.begin.date().isoformat()].append(stay)
    yield from (_where(stays[0]) for stays in days.values() if len(stays) > 5)


def just_below(world: World) -> Iterator[Place]:
    """F08b."""
    months: dict[Place, list[Decimal]] = defaultdict(list)
    for stay in world.stays:
        threshold = THRESHOLD.get(world.places[stay.institution]["level"])
        if threshold and stay.settlements:
            months[_where(stay)].append(stay.total / threshold)
    for where, shares in months.items():
        upper = sum(Decimal("0.9") <= share < 1 for share in shares)
        lower = sum(Decimal("0.8") <= share < Decimal("0.9") for share in shares)
        if len(shares) >= 10 and upper > 2 * lower and upper >= 5:
            yield where


def too_many_examinations(world: World) -> Iterator[Place]:
    """F11: more than a third of an institution's month is examinations, or the same scan twice in a week."""
    spent: dict[Place, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    scans: dict[tuple[str, str], list[Encounter]] = defaultdict(list)
    for found in world.settled:
        for line in found.lines:
            amount = Decimal(line["amount"])
            spent[_where(found)][0] += amount * (line["category"] == "03")
            spent[_where(found)][1] += amount
            if line["name"] in ("胸部CT平扫", "头颅磁共振平扫") and line["quantity"] > 0:
                scans[found.person, line["code"]].append(found)
    for where, (examined, total) in spent.items():
        if total > 5_000 and examined >= Decimal("0.35") * total:
            yield where
    for visits in scans.values():
        visits.sort(key=lambda found: found.begin)
        for one, two in pairwise(visits):
            if two.begin - one.begin <= timedelta(days=7):
                yield _where(two)


def always_together(world: World) -> Iterator[Place]:
    """G01's risky pairs: on three days, at two institutions, within ten minutes of each other."""
    visits: dict[tuple[str, str], list[Encounter]] = defaultdict(list)
    for found in world.settled:
        if not found.admission and not found.med_type.startswith("14"):
            visits[found.institution, found.med_type].append(found)
    met: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for (place, _), all_found in visits.items():
        all_found.sort(key=lambda found: found.begin)
        for number, one in enumerate(all_found):
            for two in all_found[number + 1 :]:
                if two.begin - one.begin > timedelta(seconds=600):
                    break
                if one.person != two.person:
                    pair = tuple(sorted((one.person, two.person)))
                    met[pair].add((place, one.begin.date().isoformat()))
    for meetings in met.values():
        days, places = {day for _, day in meetings}, {place for place, _ in meetings}
        if len(days) >= 3 and len(places) >= 2:
            yield from ((place, day[:7]) for place, day in meetings)


PLAIN_MONTHS: dict[str, Callable[[World], Iterator[Place]]] = {
    "B02": swipes_at_night,
    "B03": equal_amounts,
    "B05": churn,
    "C04": one_community,
    "C05": check_ups,
    "C06": drugs_alone,
    "D11": other_goods,
    "D12": packages,
    "D16": lent_terminals,
    "E05": big_prescriptions,
    "E08": dear_drugs,
    "F02": more_than_bought,
    "F07": wave_from_elsewhere,
    "F08b": just_below,
    "F11": too_many_examinations,
    "G01": always_together,
}
