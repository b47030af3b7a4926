"""Acceptance, rules.md §J 4, 5, 12, 13: impossible travel, kept cards, settlements after death, any order."""

from itertools import permutations

import pytest

from tests.support.entries import (
    admission,
    cancellation,
    compared,
    discharge,
    entries,
    fee_lines,
    inpatient,
    judge_all,
    line,
    person,
    registry,
    replay_of,
    settlement,
    stay,
    swipe,
)

# A third of a degree of latitude is 37 km, 0.27 of one 30 km.
HERE = {"institution_id": "H1", "latitude": 28.20, "longitude": 112.90, "kind": "hospital", "level": 3}
THERE = {"institution_id": "H2", "latitude": 28.47, "longitude": 112.90, "kind": "hospital", "level": 2}
MAP = registry(HERE, THERE)


def burst(institution: str, count: int = 5, seconds: int = 30, **given) -> list[dict]:
    """Persons one after another at one terminal, with amounts of their own."""
    story = []
    for index in range(count):
        minute, second = divmod(index * seconds, 60)
        at = given.get("begin_at", "03-05 10:{:02d}:{:02d}").format(minute, second)
        rest = {name: value for name, value in given.items() if name != "begin_at"}
        story.append(
            swipe(
                at, institution, f"B{index}", person=f"p{index}", total=f"{20 + index}.00",
                device_id="d1", **rest,
            )
        )  # fmt: skip
    return story


def test_j04_thirty_kilometres_in_ten_minutes_is_an_alert():
    story = [settlement("03-05 10:00", "H1", "S1"), settlement("03-05 10:10", "H2", "S2")]
    (alert,) = judge_all(story, MAP)
    assert (alert.rule, alert.severity, alert.settlements) == ("A05", 2, ["S1", "S2"])
    assert alert.evidence["distance_km"] == pytest.approx(30, abs=0.1)


def test_j04_the_same_event_twice_is_none():
    once = settlement("03-05 10:00", "H1", "S1")
    assert judge_all([once, once], MAP) == []


@pytest.mark.parametrize("given", [{"channel": "internet"}, {"channel": "delivery"}, {"channel": "agent"}])
def test_j04_an_internet_hospital_is_none(given):
    story = [settlement("03-05 10:00", "H1"), settlement("03-05 10:10", "H2", **given)]
    assert judge_all(story, MAP) == []


def test_j05_five_cards_in_minutes_at_a_clinic_are_an_alert():
    known = registry({"institution_id": "C1", "kind": "clinic"})
    (alert,) = judge_all(burst("C1", seconds=30), known)
    assert (alert.rule, alert.severity) == ("B01", 2)
    assert alert.subject.id == "C1|d1"
    assert alert.amount == "300.00"


def test_j05_the_same_at_a_big_hospitals_counter_is_none():
    known = registry({"institution_id": "C1", "kind": "hospital", "level": 3})
    assert judge_all(burst("C1"), known) == []


def test_j05_the_same_uploaded_in_a_burst_after_an_outage_is_none():
    known = registry({"institution_id": "C1", "kind": "clinic"})
    story = [
        swipe(
            f"03-05 18:00:{index * 10:02d}", "C1", f"B{index}", person=f"p{index}", total=f"{index + 1}.00",
            device_id="d1", begin_at=f"03-05 {9 + index:02d}:15",
        )
        for index in range(5)
    ]  # fmt: skip
    assert judge_all(story, known) == []


@pytest.mark.parametrize(("visited", "alerts"), [("05-11 10:00", 0), ("05-12 00:30", 1), ("05-12", 1)])
def test_j12_a_day_of_grace_after_death_and_then_an_alert(visited, alerts):
    story = [person(death_date="2026-05-10"), settlement(visited)]
    found = judge_all(story)
    assert [(alert.rule, alert.severity) for alert in found] == [("A08", 1)] * alerts


def test_j12_a_discharge_after_death_of_a_stay_begun_before_is_none():
    story = [
        person(death_date="2026-05-10"),
        stay("05-09 08:00", "05-15 10:00", "H1", "M1"),
        inpatient(None, None, "H1", "M1", "S1", at="05-15 11:00"),
    ]
    assert judge_all(story) == []


def test_j12_where_only_the_month_is_known_the_month_is_waited_for():
    story = [
        person(death_date="2026-05"),
        settlement("05-31 23:00", "H1", "S1"),
        settlement("06-01 08:00", "H1", "S2"),
    ]
    assert [alert.settlements for alert in judge_all(story)] == [["S2"]]


def test_j13_final_alerts_are_those_of_the_ordered_run_whatever_the_order():
    visit = settlement("03-06 10:00", "H2", "S1", encounter="V1")
    void = settlement("03-07 10:00", "H2", "S2", encounter="V2")
    story = entries(
        admission("03-01 08:00", "H1", "M1"),
        discharge("03-10 08:00", "H1", "M1"),
        visit,
        fee_lines("03-06 09:00", line("L1", "03-06 09:30"), institution="H2", encounter="V1"),
        void,
        cancellation("03-07 11:00", void),
    )
    expected = compared(replay_of(story).open.values())
    assert [alert["settlements"] for alert in expected.values()] == [["S1"]]
    for order in permutations(story):
        assert compared(replay_of(order).open.values()) == expected
