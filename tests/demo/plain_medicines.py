"""Rules over what is prescribed and dispensed (E), read to the letter."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from tests.demo.world import Encounter, Pair, World


def beyond_limits(world: World) -> Iterator[Pair]:
    """E01, but for sex and age."""
    for found in world.settled:
        level = int(world.places[found.institution]["level"])
        setting = _setting(found)
        herbs = [line for line in found.lines if line["category"] == "10"]
        for line in found.lines:
            limit = world.limits.get(line["code"])
            if limit and (
                (limit["settings"] and setting not in limit["settings"].split("|"))
                or (limit["min_level"] and level < int(limit["min_level"]))
                or (limit["insurance_types"] and _insurance(found) not in limit["insurance_types"].split("|"))
                or (limit["alone_not_paid"] and len(herbs) == 1)
            ):
                yield found.pair


def _insurance(found: Encounter) -> str:
    return found.settlements[0]["insurance_type"] if found.settlements else ""


def _setting(found: Encounter) -> str:
    if found.admission:
        return "inpatient"
    if found.med_type == "13" or any(event.get("emergency") == 1 for event in found.settlements):
        return "emergency"
    return "pharmacy" if found.med_type == "41" else "outpatient"


def without_indication(world: World) -> Iterator[Pair]:
    """E03."""
    prefixes = {row["code"]: tuple(row["icd_prefixes"].split("|")) for row in world.rows("indications")}
    for found in world.settled:
        for line in found.lines:
            wanted = prefixes.get(line["code"])
            judged = wanted and found.diagnoses and not line.get("approved")
            if judged and not any(code.startswith(wanted) for code in found.diagnoses):
                yield found.pair


def taken_home(world: World) -> Iterator[Pair]:
    """E04 after an acute illness."""
    for found in world.stays:
        for line in found.lines:
            if line.get("discharge_drug") and line.get("days_supply", 0) > 7:
                yield found.pair


def one_substance_twice(world: World) -> Iterator[Pair]:
    """E06."""
    taken: dict[tuple[str, date, str], set[tuple[str, Pair]]] = defaultdict(set)
    for found in world.settled:
        for line in found.lines:
            atc = world.packs.get(line["code"], {}).get("atc")
            if atc:
                taken[found.person, found.day_of(line), atc].add((line["code"], found.pair))
    for uses in taken.values():
        if len({code for code, _ in uses}) > 1:
            yield from (pair for _, pair in uses)


def beyond_title(world: World) -> Iterator[Pair]:
    """E07."""
    titles = {row["practitioner_id"]: int(row["title"]) for row in world.rows("practitioners")}
    for found in world.settled:
        level = int(world.places[found.institution]["level"])
        for line in found.lines:
            pack = world.packs.get(line["code"], {})
            grade = int(pack.get("antibiotic_grade") or 0)
            if grade > 1 and titles[line["practitioner_id"]] < grade:
                yield found.pair
            if line["code"].startswith("Z") and pack.get("injection") and level <= 1:
                yield found.pair
