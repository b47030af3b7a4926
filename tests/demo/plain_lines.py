"""Rules about entitlement, wards and lines as a reader of the catalogue would apply them by hand.

Each function returns the encounters that its rule is about, over a whole county.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations

from tests.demo import plain_medicines as medicines
from tests.demo.world import Encounter, Pair, World

DAY = timedelta(days=1)
NEWBORN = ("9901", "9921", "5212")
REVIEW = {"2": Decimal(5_000), "3": Decimal(10_000)}


def outside_insurance(world: World) -> Iterator[Pair]:
    """A09."""
    suspended = {row["id"]: row for row in world.rows("status") if row["kind"] == "person"}
    for found in world.settled:
        person, day = world.persons[found.person], found.begin.date().isoformat()
        if any(event.get("emergency") == 1 for event in found.settlements) or found.med_type in ("13", "24"):
            continue
        born = date.fromisoformat(person["birth_date"])
        if day < person["insured_from"] and (found.begin.date() - born).days <= 90:
            continue
        paused = suspended.get(found.person)
        outside = day < person["insured_from"] or (person["insured_to"] and day > person["insured_to"])
        if outside or (paused and paused["from"] <= day <= paused["to"]):
            yield found.pair


def other_sex_or_age(world: World) -> Iterator[Pair]:
    """A10."""
    for found in world.settled:
        if found.med_type in NEWBORN:
            continue
        person, age = world.persons[found.person], world.age(found)
        limits = [world.limits[line["code"]] for line in found.lines if line["code"] in world.limits]
        if (
            any(limit["sex"] not in ("", person["sex"]) for limit in limits)
            or any(limit["max_age"] and age > int(limit["max_age"]) for limit in limits)
            or (person["sex"] == "1" and any(code.startswith("O") for code in found.diagnoses))
            or (age > 1 and any(code.startswith("P") for code in found.diagnoses))
        ):
            yield found.pair


def once_in_a_lifetime(world: World) -> Iterator[Pair]:
    """A11."""
    done: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for found in world.settled:
        for code in {line["code"] for line in found.lines}:
            net = sum(line["quantity"] for line in found.lines if line["code"] == code)
            if world.limits.get(code, {}).get("lifetime_max") == "1" and net > 0:
                done[found.person, code].append(found.pair)
    for pairs in done.values():
        if len(pairs) > 1:
            yield from pairs


def shared_cards(world: World) -> Iterator[Pair]:
    """A12."""
    used: dict[str, list[tuple[datetime, str, Pair]]] = defaultdict(list)
    for found in world.settled:
        for event in [*found.settlements, *([found.admission] if found.admission else [])]:
            used[event["card"]["number"]].append((found.begin, found.person, found.pair))
    for uses in used.values():
        for at, person, pair in uses:
            if any(abs(other - at) <= DAY and somebody != person for other, somebody, _ in uses):
                yield pair


def faces(world: World) -> Iterator[Pair]:
    """A13; who buys for another, or does not come, shows no face."""
    required = {row["institution_id"] for row in world.rows("face_check")}
    for found in world.settled:
        by_card = any(event["card"]["kind"] == "social_card" for event in found.settlements)
        comes = all(event.get("channel", "counter") == "counter" for event in found.settlements)
        unchecked = found.institution in required and by_card and comes and "match" not in found.checks
        if "mismatch" in found.checks or unchecked:
            yield found.pair


def chronic_care(world: World) -> Iterator[Pair]:
    """A14."""
    approved = {(row["person_id"], row["disease_code"]) for row in world.rows("approvals")}
    offered = {(row["institution_id"], row["service"]) for row in world.rows("scopes")}
    for found in world.settled:
        for event in found.settlements:
            disease = event.get("disease_code")
            if event["med_type"].startswith("14") and not (
                (found.person, disease) in approved
                and (found.institution, disease) in offered
                and (found.institution, event["med_type"]) in offered
            ):
                yield found.pair


def hanging_beds(world: World) -> Iterator[Pair]:
    """C01 by the weights that one stay's own data give: at least four."""
    for stay in world.stays:
        last = stay.end.date() if stay.discharge else _last_day(world)
        full_days = [stay.begin.date() + number * DAY for number in range(1, (last - stay.begin.date()).days)]
        if not stay.lines and not stay.discharge and (last - stay.begin.date()).days <= 3:
            continue
        care = {stay.day_of(line) for line in stay.lines if line["category"] not in ("01", "02", "07")}
        beds = {stay.day_of(line) for line in stay.lines if line["category"] == "01"}
        nursed = {stay.day_of(line) for line in stay.lines if line["category"] == "07"}
        idle = any(day not in care and day + DAY not in care for day in full_days[:-1])
        tested = any(line["category"] in ("03", "04") for line in stay.lines)
        by_the_day = stay.med_type in ("2105", "2114") or any(code[0] == "F" for code in stay.diagnoses)
        score = 5 * ("absent" in stay.nights) + 2 * any(day not in beds & nursed for day in full_days)
        if not by_the_day:
            score += 3 * idle + 2 * (not tested)
        if score >= 4:
            yield stay.pair


def _last_day(world: World) -> date:
    return max(datetime.fromisoformat(event["occurred_at"]) for event in world.live).date()


def ordered_from_bed(world: World) -> Iterator[Pair]:
    """C10."""
    numbers = {row["practitioner_id"]: row["person_id"] for row in world.rows("practitioners")}
    in_bed: dict[str, list[Encounter]] = defaultdict(list)
    for stay in world.stays:
        in_bed[stay.person].append(stay)
    for found in world.settled:
        if found.admission:
            continue
        for stay in in_bed.get(numbers.get(found.settlements[0].get("practitioner_id", ""), ""), ()):
            if stay.begin < found.begin < stay.end:
                yield found.pair


def dated_outside(world: World) -> Iterator[Pair]:
    """C12."""
    for stay in world.stays:
        for line in stay.lines:
            day = stay.day_of(line)
            if day < stay.begin.date() - DAY or (stay.discharge and day > stay.end.date() + DAY):
                yield stay.pair


def panel_and_parts(world: World) -> Iterator[Pair]:
    """D05."""
    yield from _with_bundle(world, "contains", lambda has: has)


def without_companion(world: World) -> Iterator[Pair]:
    """D09."""
    yield from _with_bundle(world, "requires", lambda has: not has)
    bottles = {code for code, pack in world.packs.items() if pack["injection"] == "1"}
    drips = {row["code"] for row in world.rows("bundles") if row["component_code"] in bottles}
    for found in world.settled:
        given = sum((line["quantity"] for line in found.lines if line["code"] in bottles), Decimal(0))
        hung = sum((line["quantity"] for line in found.lines if line["code"] in drips), Decimal(0))
        if given and hung > given:
            yield found.pair


def _with_bundle(world: World, relation: str, wrong: Callable[[bool], bool]) -> Iterator[Pair]:
    parts: dict[str, set[str]] = defaultdict(set)
    for row in world.rows("bundles"):
        if row["relation"] == relation:
            parts[row["code"]].add(row["component_code"])
    for found in world.settled:
        net: dict[str, Decimal] = defaultdict(Decimal)
        for line in found.lines:
            net[line["code"]] += line["quantity"]
        codes = {code for code, quantity in net.items() if quantity > 0}
        if any(wrong(not codes.isdisjoint(parts[code])) for code in codes & parts.keys()):
            yield found.pair


def second_operation(world: World) -> Iterator[Pair]:
    """D06."""
    percent = {row["code"]: row for row in world.rows("prices") if row["second_operation_percent"]}
    usual: dict[str, Decimal] = {}
    for found in world.settled:
        for line in found.lines:
            if line["code"] in percent:
                price = Decimal(line["unit_price"])
                usual[line["code"]] = max(price, usual.get(line["code"], price))
    for found in world.stays:
        days: dict[date, list[Decimal]] = defaultdict(list)
        for line in found.lines:
            if line["code"] in percent and line["quantity"] > 0:
                days[found.day_of(line)].append(Decimal(line["unit_price"]) / usual[line["code"]])
        if any(len(shares) > 1 and shares.count(Decimal(1)) > 1 for shares in days.values()):
            yield found.pair


def above_the_cap(world: World) -> Iterator[Pair]:
    """D07."""
    for found in world.settled:
        level, day = world.places[found.institution]["level"], found.begin.date().isoformat()
        for line in found.lines:
            caps = [
                (row["effective_from"], Decimal(row["max_price"]))
                for row in _prices(world).get(line["code"], ())
                if row["level"] in ("", level) and row["effective_from"] <= day
            ]
            if caps and Decimal(line["unit_price"]) > max(caps)[1] + Decimal("0.01"):
                yield found.pair


def _prices(world: World) -> dict[str, list[dict[str, str]]]:
    if not hasattr(world, "prices"):
        world.prices = defaultdict(list)
        for row in world.rows("prices"):
            world.prices[row["code"]].append(row)
    return world.prices


def wrong_products(world: World) -> Iterator[Pair]:
    """D08."""
    for found in world.settled:
        for line in found.lines:
            expected = line["quantity"] * Decimal(line["unit_price"])
            if abs(Decimal(line["amount"]) - expected) > max(Decimal("0.05"), expected / 200):
                yield found.pair


def too_many_minutes(world: World) -> Iterator[Pair]:
    """D10."""
    minutes: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    pairs: dict[tuple[str, date], set[Pair]] = defaultdict(set)
    for found in world.settled:
        for line in found.lines:
            standard = world.limits.get(line["code"], {}).get("minutes")
            if standard:
                key = (line["practitioner_id"], found.day_of(line))
                minutes[key] += int(standard) * line["quantity"]
                pairs[key].add(found.pair)
    for key, total in minutes.items():
        if total > 12 * 60:
            yield from pairs[key]
    yield from _treated_at_once(world)


def _treated_at_once(world: World) -> Iterator[Pair]:
    """D10's other half: who treats two patients by lines that name another than who saw them."""
    treated: dict[str, list[tuple[datetime, timedelta, str, Pair]]] = defaultdict(list)
    for found in world.settled:
        doctors = {event["practitioner_id"] for event in found.settlements}
        for line in found.lines:
            standard = world.limits.get(line["code"], {}).get("minutes")
            if standard and "occurred_at" in line and line["practitioner_id"] not in doctors:
                lasts = timedelta(minutes=int(standard) * line["quantity"])
                begin = datetime.fromisoformat(line["occurred_at"])
                treated[line["practitioner_id"]].append((begin, lasts, found.person, found.pair))
    for treatments in treated.values():
        for one, other in combinations(sorted(treatments), 2):
            apart = other[0] - one[0]
            if one[2] != other[2] and timedelta() < apart < min(one[1], other[1]) - timedelta(minutes=5):
                yield from (one[3], other[3])


def sold_twice(world: World) -> Iterator[Pair]:
    """D13."""
    sales: dict[str, list[Pair]] = defaultdict(list)
    for found in world.settled:
        for line in found.lines:
            for code in line.get("trace_codes", ()):
                if not line.get("split_pack"):
                    sales[code].append(found.pair)
    for pairs in sales.values():
        if len(pairs) > 1:
            yield from pairs


def not_medical(world: World) -> Iterator[Pair]:
    """D15."""
    for found in world.settled:
        if any(line["code"].startswith("5") and Decimal(line["covered_amount"]) for line in found.lines):
            yield found.pair


def invoices(world: World) -> Iterator[Pair]:
    """D17."""
    used: dict[str, set[tuple[Pair, str]]] = defaultdict(set)
    for found in world.settled:
        for event in found.settlements:
            used[event["invoice_no"]].add((found.pair, event["settlement_id"]))
    for uses in used.values():
        if len(uses) > 1:
            yield from (pair for pair, _ in uses)


def suspended(world: World) -> Iterator[Pair]:
    """F01."""
    orders: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in world.rows("status"):
        if row["status"] != "normal":
            orders[row["id"]].append(row)
    for found in world.settled:
        day = found.begin.date().isoformat()
        doctors = {event.get("practitioner_id", "") for event in found.settlements}
        for number in (found.institution, *doctors):
            if any(row["from"] <= day <= row["to"] for row in orders[number]):
                yield found.pair


def to_be_reviewed(world: World) -> Iterator[Pair]:
    """F08."""
    for stay in world.stays:
        threshold = REVIEW.get(world.places[stay.institution]["level"])
        if threshold and sum(Decimal(line["amount"]) for line in stay.lines) >= threshold:
            yield stay.pair


def injuries(world: World) -> Iterator[Pair]:
    """F12."""
    for stay in world.stays:
        if stay.med_type == "21" and any(code[0] in "STVWXY" for code in stay.diagnoses):
            yield stay.pair


PLAIN: dict[str, Callable[[World], Iterator[Pair]]] = {
    "A09": outside_insurance,
    "A10": other_sex_or_age,
    "A11": once_in_a_lifetime,
    "A12": shared_cards,
    "A13": faces,
    "A14": chronic_care,
    "C01": hanging_beds,
    "C10": ordered_from_bed,
    "C12": dated_outside,
    "D05": panel_and_parts,
    "D06": second_operation,
    "D07": above_the_cap,
    "D08": wrong_products,
    "D09": without_companion,
    "D10": too_many_minutes,
    "D13": sold_twice,
    "D15": not_medical,
    "D17": invoices,
    "E01": medicines.beyond_limits,
    "E03": medicines.without_indication,
    "E04": medicines.taken_home,
    "E06": medicines.one_substance_twice,
    "E07": medicines.beyond_title,
    "F01": suspended,
    "F08": to_be_reviewed,
    "F12": injuries,
}
