"""A hospital books stays on the wrong card and puts that right: by many hands, resent and out of order."""

import random
from concurrent.futures import ThreadPoolExecutor

from bench.system import Running, embedded
from tests.support.entries import cancellation, corrected, settlement, stay
from tests.support.systems import due, said

PERSONS = 12


def story() -> list[dict]:
    """Of each person two overlapping stays and a visit, told of the next one first; some are cancelled."""
    told: list[dict] = []
    for number in range(PERSONS):
        right, wrong = f"person-{number}", f"person-{(number + 1) % PERSONS}"
        moved = [
            *stay("03-05 09:00", "03-12 09:00", "H1", f"moved-{number}", person=wrong),
            settlement("03-06 09:00", "H1", f"S{number}", wrong),
        ]
        told += [*stay("03-01 09:00", "03-10 09:00", "H2", f"home-{number}", person=right), *moved]
        told += [corrected(one, "03-20 09:00", person_id=right) for one in moved]
        if number % 3 == 0:
            told.append(cancellation("03-21 09:00", moved[0], person=wrong))
        if number % 4 == 0:
            told += [corrected(one, "03-22 09:00") for one in moved[:2]]
    return told


def month_of(system: Running) -> dict:
    return system.get("/v1/screenings?month=2026-03")["totals"]


def test_stays_booked_on_the_wrong_card_are_judged_by_whose_they_are():
    told = story()
    posted = [*told, *random.Random(1).sample(told, len(told) // 3)]
    random.Random(2).shuffle(posted)
    with embedded(QINGFENG_LATENESS_DAYS="10000") as system:
        batches = [posted[begin : begin + 5] for begin in range(0, len(posted), 5)]
        with ThreadPoolExecutor(4) as hands:
            accepted = sum(answer["accepted"] for answer in hands.map(system.post, batches))
        assert accepted == len(told)
        system.wait_judged()
        status = system.get("/v1/status")
        assert status["judged"] == status["accepted"] == len(told)
        found = said(system)
        assert found == due(system, told)
        assert {"A01"} <= {alert["rule"] for alert in found.values()}
        settled = [event for event in told if event["type"] == "settlement"]
        counted = month_of(system)
        assert (counted["events"], counted["settlements"]) == (len(settled), PERSONS)
        assert counted["total"] == f"{100 * PERSONS}.00"
