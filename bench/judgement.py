"""Judgement alone: events a second on one core, the cost per event as persons grow, bytes of state.

Persons hold some live facts before the clock starts; events then fall on persons evenly, the hardest case
for a cache, and as thickly as before: a person settles once in `EVERY`, however many persons there are.
State is held packed, the hottest `HOTTEST` histories unpacked.
"""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import msgspec

from schemas.entry import Entry
from schemas.moments import DAY, MINUTE, Calendar, micros, normal
from schemas.records import Bundle, ExclusivePair, Indication, Institution, Limit, Pack, Price
from schemas.registry import Registry
from services.detector.memory import PersonMemory
from services.detector.reading import read_entry
from services.detector.shelf import Shelf
from services.detector.stages import Pipeline, make_pipeline
from services.runtime.collector import calm_the_collector
from services.settings import Settings

FIRST_RULES = frozenset(("A01", "A02", "A03", "A04", "A05", "A07", "A08", "B01", "D14"))
"""Rules of place and time alone."""
CODES = 60
HOTTEST = 2_000
EVERY = 19 * DAY // 2
"""20 facts in 190 days."""
START = micros(datetime(2026, 1, 1, tzinfo=UTC))
INSTITUTIONS = 300
SOMEBODY = "abcdefghijklmnopqrstuvwxyz"
"""A person, as long as a pseudonym."""


@dataclass(frozen=True)
class Rate:
    """What one run measured."""

    persons: int
    events: int
    seconds: float
    bytes_of_state: int

    @property
    def per_second(self) -> float:
        """Events judged a second."""
        return self.events / self.seconds


def institutions() -> list[Institution]:
    """Institutions within 60 km, a quarter hospitals, the rest pharmacies."""
    chance = random.Random(5)
    return [
        Institution(
            institution_id=f"{'H' if number % 4 == 0 else 'P'}4301020{number:04d}",
            kind="hospital" if number % 4 == 0 else "pharmacy",
            level=2 if number % 4 == 0 else 0,
            region="430102",
            latitude=28.0 + chance.random() / 2,
            longitude=113.0 + chance.random() / 2,
        )
        for number in range(INSTITUTIONS)
    ]


def settlement(chance: random.Random, number: int, at: int, lines: int = 0, person: str = SOMEBODY) -> bytes:
    """An ordinary settlement in its normal form: a pharmacy or out-patient visit, now and then a stay."""
    place = chance.randrange(INSTITUTIONS)
    hospital = place % 4 == 0
    stay = hospital and chance.random() < 0.1
    total = chance.randrange(500, 90_000)
    moment = _text(at)
    event = {
        "type": "settlement",
        "event_id": f"E{number:012d}",
        "institution_id": f"{'H' if hospital else 'P'}4301020{place:04d}",
        "occurred_at": moment,
        "recorded_at": _text(at + MINUTE // 20),
        "region": "430102",
        "device_id": f"POS-{place:04d}-{chance.randrange(3)}",
        "person_id": person,
        "card": {"kind": "e_voucher", "number": "abcdefghijklmnopqrstuvwxyz"},
        "settlement_id": f"S{number:012d}",
        "encounter_id": f"M{number:012d}",
        "med_type": "21" if stay else "11" if hospital else "41",
        "amounts": {
            "total": f"{total / 100:.2f}",
            "fund": f"{total // 2 / 100:.2f}",
            "account": f"{(total - total // 2) / 100:.2f}",
            "cash": "0.00",
        },
        "begin_at": _text(at - 3 * DAY) if stay else moment,
        "diagnoses": [{"code": "I10", "main": True}],
    }
    if stay:
        event["end_at"] = moment
    if lines:
        event |= {"practitioner_id": f"D{place:04d}-{chance.randrange(9)}", "invoice_no": f"I{number:012d}"}
        event["lines"] = [_line(chance, index, moment, total // lines) for index in range(lines)]
    return msgspec.json.encode(event)


def registry_of_all() -> Registry:
    """Institutions, and for every code billed here whatever the tables may say of it."""
    codes = [_code(number, index) for number in range(CODES) for index in range(3)]
    return Registry(
        {
            "institutions": institutions(),
            "limits": [Limit(code, day_max=Decimal(9), max_age=120, min_level=0) for code in codes],
            "prices": [Price(code, max_price=Decimal(10_000)) for code in codes],
            "packs": [
                Pack(code, ingredient=code[:4], atc=code[:5], daily_units=Decimal(1)) for code in codes
            ],
            "indications": [Indication(code, ("I10",)) for code in codes],
            "exclusive_pairs": [ExclusivePair(code, other, "day") for code, other in pairwise(codes)],
            "bundles": [Bundle(code, codes[0], "contains") for code in codes[1:]],
        }
    )


def _code(number: int, index: int) -> str:
    return f"XA{number:02d}DEM000A0010100000{index}"


def _line(chance: random.Random, index: int, moment: str, amount: int) -> dict:
    price = f"{amount / 100:.2f}"
    return {
        "line_id": f"L{index}",
        "code": _code(chance.randrange(CODES), index),
        "quantity": "1",
        "amount": price,
        "covered_amount": price,
        "unit_price": price,
        "unit": "盒",
        "category": ("09", "05", "04")[index % 3],
        "days_supply": 7,
        "occurred_at": moment,
    }


def measure(
    persons: int,
    events: int,
    *,
    facts: int = 20,
    lined: int = 0,
    rules: frozenset[str] | None = FIRST_RULES,
    registry: Registry | None = None,
    screens: bool = False,
    seed: int = 1,
) -> Rate:
    """Judge `events` spread evenly over `persons` of `facts` live facts on average, of which a share of
    `lined` in `facts` carries three lines. rules: ids, None for all."""
    chance = random.Random(seed)
    known = registry or Registry({"institutions": institutions()})
    pipeline = make_pipeline(Settings(), known, keep_all=True, rules=rules, screens=screens)
    shelf = Shelf(pipeline.person, HOTTEST)
    share = lined / facts
    templates = _templates(pipeline, chance, facts, share)
    shelf.lay({f"person-{number:020d}": templates[number % len(templates)] for number in range(persons)})
    now, pace = START + facts * EVERY, max(1, EVERY // persons)
    batch = []
    for number in range(events):
        at = now + number * pace
        key = f"person-{chance.randrange(persons):020d}"
        body = settlement(chance, number, at, 3 if chance.random() < share else 0, key)
        batch.append(Entry(number, "event", key, body, at, at, 0))
    calm_the_collector()
    step = pipeline.person.step
    began = time.process_time()
    for entry in batch:
        step(shelf.get(entry.key), entry)
    seconds = time.process_time() - began
    return Rate(persons, events, seconds, sum(map(len, templates)) // len(templates))


def _templates(pipeline: Pipeline, chance: random.Random, facts: int, share: float) -> list[bytes]:
    """Histories as a year leaves them, packed: a few hundred, shared by all persons to save time."""
    templates = []
    for number in range(300):
        history = PersonMemory("template")
        for place in range(chance.randrange(facts - facts // 2, facts + facts // 2 + 1)):
            at = START + chance.randrange(facts * EVERY)
            name = number * 1_000 + place + 10**9
            body = settlement(chance, name, at, 3 if chance.random() < share else 0)
            entry = Entry(0, "event", SOMEBODY, body, at, at, 0)
            history.add(read_entry(entry, pipeline.person.bench.calendar))
        templates.append(history.pack())
    return templates


def size_of_ten() -> int:
    """Bytes of the state of a person with ten facts."""
    history, chance = PersonMemory("ten"), random.Random(1)
    for number in range(10):
        at = START + number * DAY
        entry = Entry(0, "event", SOMEBODY, settlement(chance, number, at), at, at, 0)
        history.add(read_entry(entry, Calendar("Asia/Shanghai")))
    return len(history.pack())


def _text(moment: int) -> str:
    return normal(moment // 1_000_000 * 1_000_000)
