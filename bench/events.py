"""Events as hospitals and pharmacies post them, made beforehand so that making them is not measured."""

import json
import random
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
DISORDER = 300
"""Seconds by which events come late that systems hold back."""
DAYS = 170
"""As far back as a system takes events without being told otherwise: 18 events a person are a year's half."""


def settlements(count: int, *, persons: int, prefix: str = "B") -> list[dict]:
    """Ordinary settlements of the last months in no order, as a backlog comes, one in fourteen in-patient,
    at 300 institutions; of each prefix others, for the same visits told twice would all be suspected."""
    chance = random.Random(prefix)
    now = _last_hour()
    moments = (now - timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(count))
    return [_settlement(chance, f"{prefix}{number}", at, persons) for number, at in enumerate(moments)]


def passing(count: int, *, persons: int, share: tuple[float, float], seed: int, prefix: str) -> list[dict]:
    """The same as time passes: of the last months the part from the first to the second share (0–1), in
    order but for the minutes that systems differ in sending."""
    chance = random.Random(seed)
    now, (first, last) = _last_hour(), share
    made = []
    for number in range(count):
        passed = first + (last - first) * number / count
        seconds = (1 - passed) * DAYS * 86_400 + chance.uniform(0, DISORDER)
        at = (now - timedelta(seconds=seconds)).replace(microsecond=0)
        made.append(_settlement(chance, f"{prefix}{number}", at, persons))
    return made


def body(events: list[dict]) -> bytes:
    """A JSON array."""
    return json.dumps(events).encode()


def single(event: dict) -> bytes:
    """One JSON object."""
    return json.dumps(event).encode()


def overlapping_pair(number: int, prefix: str) -> list[dict]:
    """Two admissions of one person at two hospitals: the second raises a warning."""
    now = datetime.now(UTC).replace(microsecond=0)
    return [
        {
            "type": "admission",
            "event_id": f"{prefix}{number}-{place}",
            "institution_id": f"H4301020{place:04d}",
            "person_id": f"{prefix}-{number}",
            "encounter_id": f"{prefix}{number}-{place}",
            "med_type": "21",
            "occurred_at": (now - timedelta(days=3 - place)).isoformat(),
        }
        for place in (0, 1)
    ]


def _last_hour() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - HOUR


def _settlement(chance: random.Random, name: str, at: datetime, persons: int) -> dict:
    place = chance.randrange(300)
    hospital = place % 4 == 0
    stay = hospital and chance.random() < 0.3
    total = chance.randrange(500, 90_000)
    person = chance.randrange(persons)
    event = {
        "type": "settlement",
        "event_id": f"E{name}",
        "institution_id": f"{'H' if hospital else 'P'}4301020{place:04d}",
        "occurred_at": at.isoformat(),
        "recorded_at": (at + timedelta(seconds=3)).isoformat(),
        "region": "430102",
        "device_id": f"POS-{place:04d}-{chance.randrange(3)}",
        "person_id": f"4300000000{person:010d}",
        "card": {"kind": "e_voucher", "number": f"C{person:012d}"},
        "settlement_id": f"S{name}",
        "encounter_id": f"M{name}",
        "med_type": "21" if stay else "11" if hospital else "41",
        "amounts": {
            "total": f"{total / 100:.2f}",
            "fund": f"{total // 2 / 100:.2f}",
            "account": f"{(total - total // 2) / 100:.2f}",
            "cash": "0.00",
        },
        "begin_at": (at - timedelta(days=4) if stay else at).isoformat(),
        "diagnoses": [{"code": "I10", "main": True}],
    }
    if stay:
        event["end_at"] = at.isoformat()
    return event
