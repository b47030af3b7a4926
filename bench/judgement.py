"""Judgement alone: events a second on one core, the cost per event as persons grow, bytes of state.

Persons hold 20 live facts on average before the clock starts; events then fall on persons evenly, the
hardest case for a cache. State is held packed, the hottest `HOTTEST` histories unpacked.
"""

import gc
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from schemas.entry import Entry
from schemas.moments import DAY, MINUTE, micros, normal
from schemas.registry import Institution, Registry
from services.detector.history import PersonHistory
from services.detector.reading import read_entry
from services.detector.shelf import Shelf
from services.detector.stages import make_pipeline
from services.settings import Settings

FACTS = 20
HOTTEST = 2_000
START = micros(datetime(2026, 1, 1, tzinfo=UTC))
INSTITUTIONS = 300


@dataclass(frozen=True)
class Rate:
    """What one run measured."""

    persons: int
    events: int
    seconds: float
    bytes_of_ten_facts: int

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


def settlement(chance: random.Random, number: int, at: int) -> bytes:
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
        "person_id": "abcdefghijklmnopqrstuvwxyz",
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
    return msgspec.json.encode(event)


def measure(persons: int, events: int, seed: int = 1) -> Rate:
    """Judge `events` spread evenly over `persons`."""
    chance = random.Random(seed)
    pipeline = make_pipeline(Settings(), Registry({"institutions": institutions()}), keep_all=True)
    shelf = Shelf(pipeline.person, HOTTEST)
    _fill(shelf, pipeline, chance, persons)
    now = START + 200 * DAY
    batch = [
        Entry(
            number,
            "event",
            f"person-{chance.randrange(persons):020d}",
            settlement(chance, number, at),
            at,
            at,
            0,
        )
        for number, at in enumerate(now + step * MINUTE // 10 for step in range(events))
    ]
    gc.collect()
    gc.freeze()
    step = pipeline.person.step
    began = time.process_time()
    for entry in batch:
        step(shelf.get(entry.key), entry)
    seconds = time.process_time() - began
    return Rate(persons, events, seconds, _size_of_ten(chance, pipeline))


def _fill(shelf: Shelf, pipeline, chance: random.Random, persons: int) -> None:
    """Histories as a year leaves them, packed; made of a few hundred templates to save time."""
    templates = []
    for number in range(300):
        history = PersonHistory("template")
        for place in range(chance.randrange(FACTS - 10, FACTS + 11)):
            at = START + chance.randrange(190 * DAY)
            body = settlement(chance, number * 1_000 + place + 10**9, at)
            history.add(read_entry(Entry(0, "event", "", body, at, at, 0), pipeline.person.bench.calendar))
        templates.append(history.pack())
    shelf.lay({f"person-{number:020d}": templates[number % 300] for number in range(persons)})


def _size_of_ten(chance: random.Random, pipeline) -> int:
    history = PersonHistory("ten")
    for number in range(10):
        at = START + number * DAY
        entry = Entry(0, "event", "", settlement(chance, number, at), at, at, 0)
        history.add(read_entry(entry, pipeline.person.bench.calendar))
    return len(history.pack())


def _text(moment: int) -> str:
    return normal(moment // 1_000_000 * 1_000_000)


def main() -> None:
    """Print the table."""
    for persons in (10_000, 100_000, 1_000_000):
        rate = measure(persons, 100_000)
        print(
            f"{persons:>9,} persons  {rate.per_second:>8,.0f} events/s  "
            f"{1e6 / rate.per_second:5.1f} us/event  {rate.bytes_of_ten_facts} bytes for ten facts"
        )


if __name__ == "__main__":
    main()
