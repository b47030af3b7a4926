"""From events to the alert of a month: admission, judge, screening and period rule in one go."""

import random

import pytest

from schemas.screening import digest
from tests.support.entries import (
    cancellation,
    compared,
    corrected,
    entries,
    inpatient,
    line,
    registry,
    replay_of,
    stay,
    swipe,
)

PLACES = registry(
    {"institution_id": "P1", "kind": "pharmacy", "open_24h": False},
    {"institution_id": "H1", "kind": "hospital", "level": 2, "beds": 2},
)


def story():
    """A dozen equal swipes of which some were cancelled or corrected, and a crowded ward."""
    equal = [
        swipe(
            f"05-04 10:{n:02}",
            "P1",
            f"S{n}",
            person=f"p{n}",
            lines=[line("1", code=f"X{n % 2}", amount="100")],
        )
        for n in range(14)
    ]
    ward = [
        event
        for n in range(4)
        for event in (
            *stay("05-10 09:00", "05-14 09:00", encounter=f"M{n}", person=f"q{n}", bed=f"{n}"),
            inpatient("05-10 09:00", "05-14 09:00", encounter=f"M{n}", person=f"q{n}"),
        )
    ]
    return [
        *equal,
        cancellation("05-04 18:00", equal[0]),
        corrected(equal[1], "05-04 19:00", amounts={"total": "55", "fund": "5"}),
        *ward,
    ]


def finished(events, rules):
    replay = replay_of(entries(events), PLACES, rules)
    replay.finish()
    return replay


def test_events_lead_to_alerts_about_institutions():
    replay = finished(story(), ["B03", "C02"])
    by_rule = {alert.rule: alert for alert in replay.open.values()}
    assert by_rule["B03"].evidence["equal_swipes"] == 12
    assert by_rule["B03"].subject.id == "P1"
    assert by_rule["C02"].evidence["most"] == 4
    assert "S0" not in by_rule["B03"].settlements


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_events_leaves_no_trace(seed):
    told = story()
    mixed = random.Random(seed).sample(told, len(told))
    one, other = finished(told, None), finished(mixed, None)
    assert compared(one.open.values()) == compared(other.open.values())
    assert _said(one) == _said(other)


def _said(replay):
    said = [
        ((message.institution_id, message.name, message.key), digest(message))
        for message in replay.screened()
    ]
    assert len({name for name, _ in said}) == len(said)
    return sorted(said)


def test_rules_that_were_not_asked_for_are_not_judged():
    assert finished(story(), ["A01"]).open == {}


def test_every_settlement_is_screened_once_and_every_event_counted():
    replay = finished(story(), None)
    settled = [message for message in replay.screened() if message.settlement_id]
    assert len(settled) == 18
    assert sum(message.versions for message in settled) == 19
    assert sum(message.withdrawn for message in settled) == 1


def test_cancelled_settlements_and_lines_of_a_stay_reach_the_rules_over_months():
    sold = [swipe(f"05-04 {10 + n // 10}:{n % 10:02}", "P2", f"T{n}", person=f"a{n}") for n in range(60)]
    lost = [swipe(f"05-04 10:{n:02}", "P1", f"S{n}", person=f"p{n}") for n in range(5)]
    drugs = [line("1", category="09", amount="950"), line("2", category="01", amount="50")]
    ward = inpatient("05-10 09:00", "05-11 09:00", encounter="M1", person="q", lines=drugs)
    cancelled = [cancellation("05-04 18:00", one) for one in lost[:3]]
    replay = finished([*cancelled, *sold, *lost, ward], ["B05", "C06"])
    by_rule = {alert.rule: alert for alert in replay.open.values()}
    assert by_rule["B05"].settlements == ["S0", "S1", "S2"]
    assert by_rule["B05"].evidence["settled"] == 5
    assert by_rule["C06"].encounters == ["M1"]
    assert by_rule["C06"].evidence["drug_share"] == 0.95
