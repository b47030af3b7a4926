"""A fact is one fact whoever the person is: what was booked on the wrong card, and how it is put right."""

from itertools import permutations
from random import Random
from typing import Any

import pytest

from schemas.entry import PERSONS_AT_MOST
from services.detector.facts import told_of
from services.detector.lines import lines_among, lines_taken_back
from services.detector.memory import PersonMemory
from services.detector.reading import read_entry
from services.detector.versions import identity, resolve
from tests.detector.running import Run
from tests.support.entries import (
    CALENDAR,
    EMPTY,
    admission,
    cancellation,
    corrected,
    entries,
    entry,
    fee_lines,
    line,
    replay_of,
    settlement,
    stay,
)

WRONG, RIGHT = "wrong", "right"

AT_HOME = stay("03-01 09:00", "03-10 09:00", "H2", "home-wrong", person=WRONG)
ALSO_AT_HOME = stay("03-01 09:00", "03-10 09:00", "H3", "home-right", person=RIGHT)
MOVED = admission("03-05 09:00", "H1", "M1", person=WRONG)
TO_RIGHT = corrected(MOVED, "03-06 09:00", person_id=RIGHT)
BACK = corrected(MOVED, "03-07 09:00")
TAKEN_BACK = cancellation("03-08 09:00", MOVED, person=RIGHT)

LINES = fee_lines("03-05 10:00", line("L1", "03-05 10:00", amount="900.00"), encounter="V1", person=WRONG)
SETTLED = settlement(
    "03-05 11:00", "H1", "S1", RIGHT, encounter="V1",
    lines=[line("L1", "03-05 10:00", amount="900.00"), line("L2", "03-05 10:00")],
)  # fmt: skip
UNSETTLED = cancellation("03-06 09:00", SETTLED, person=RIGHT)
SETTLED_AGAIN = cancellation(
    "03-07 09:00", cancels={"type": "cancellation", "id": UNSETTLED["event_id"]}, person=RIGHT
)

STORIES: dict[str, tuple[list[dict[str, Any]], set[tuple[str, str]]]] = {
    "booked on the wrong card": ([*AT_HOME, *ALSO_AT_HOME, MOVED], {("A01", WRONG)}),
    "a correction moves it": ([*AT_HOME, *ALSO_AT_HOME, MOVED, TO_RIGHT], {("A01", RIGHT)}),
    "and another one back": ([*AT_HOME, *ALSO_AT_HOME, MOVED, TO_RIGHT, BACK], {("A01", WRONG)}),
    "cancelled under the other person": ([*AT_HOME, *ALSO_AT_HOME, MOVED, TO_RIGHT, TAKEN_BACK], set()),
    "cancelled by who never had it": ([*AT_HOME, MOVED, TAKEN_BACK], set()),
    "its one version cancelled by name": (
        [
            *AT_HOME,
            *ALSO_AT_HOME,
            MOVED,
            TO_RIGHT,
            cancellation(
                "03-08 09:00",
                cancels={"type": "admission", "id": "M1", "event_id": TO_RIGHT["event_id"]},
                person=WRONG,
            ),
        ],
        {("A01", WRONG)},
    ),
    "the cancellation was cancelled": (
        [
            *AT_HOME,
            MOVED,
            TAKEN_BACK,
            cancellation(
                "03-09 09:00", cancels={"type": "cancellation", "id": TAKEN_BACK["event_id"]}, person=RIGHT
            ),
        ],
        {("A01", WRONG)},
    ),
}


def said(alerts: Any) -> set[tuple[str, str]]:
    return {(alert.rule, alert.subject.id) for alert in alerts}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_of_two_persons_ends_the_same_in_any_order(name: str):
    told, expected = STORIES[name]
    story = entries(*told)
    random = Random(1)
    for _ in range(24):
        random.shuffle(story)
        assert said(replay_of(story).open.values()) == expected
        run = Run(EMPTY)
        for one in story:
            run.feed(one)
            run.persons.repack()
        assert said(run.open) == expected


def history_of(key: str, *told: dict[str, Any]) -> PersonMemory:
    """What a person remembers of these events, those of others as foreign ones."""
    memory = PersonMemory(key)
    for event in told:
        fact = read_entry(entry(event), CALENDAR)
        memory.add(fact if event["person_id"] == key else told_of(event["person_id"], fact))
    return memory


def billed(memory: PersonMemory) -> list[str]:
    ref = ("H1", "V1")
    return sorted(one.line.id for one in lines_among(memory.encounter(ref), lines_taken_back(memory, ref)))


@pytest.mark.parametrize(
    ("told", "wrong", "right"),
    [
        ([LINES], ["L1"], []),
        ([LINES, SETTLED], [], ["L1", "L2"]),
        ([LINES, SETTLED, UNSETTLED], ["L1"], []),
        ([LINES, SETTLED, UNSETTLED, SETTLED_AGAIN], [], ["L1", "L2"]),
        ([LINES, SETTLED, corrected(LINES, "03-05 12:00")], ["L1"], ["L2"]),
        (
            [
                LINES,
                SETTLED,
                corrected(
                    SETTLED,
                    "03-05 12:00",
                    settlement_id="S1-",
                    amounts={"total": "-100.00", "fund": "-60.00"},
                ),
            ],
            ["L1"],
            [],
        ),
        (
            [
                LINES,
                cancellation(
                    "03-06 09:00", cancels={"type": "fee_lines", "id": "V1", "line_id": "*"}, person=RIGHT
                ),
            ],
            [],
            [],
        ),
    ],
)
def test_a_line_counts_once_whoever_it_is_booked_on(told, wrong, right):
    for order in permutations(told):
        assert billed(history_of(WRONG, *order)) == wrong
        assert billed(history_of(RIGHT, *order)) == right


def test_what_is_told_of_another_is_neither_live_nor_screened():
    run = Run(EMPTY)
    first = settlement("03-05 09:00", "H1", "S1", WRONG)
    for one in entries(first, corrected(first, "03-06 09:00", person_id=RIGHT)):
        run.feed(one)
    wrong, right = run.persons.memory(WRONG), run.persons.memory(RIGHT)
    assert (wrong.facts, len(wrong.idle), len(wrong.foreign)) == ([], 1, 1)
    assert (len(right.facts), right.idle, len(right.foreign)) == (1, [], 1)
    screened = {message.key: message for message in run.screened.values()}
    assert screened[WRONG].withdrawn
    assert not screened[RIGHT].withdrawn
    assert [message.versions for message in screened.values()] == [1, 1]


def test_an_id_of_very_many_persons_goes_by_person():
    shared = [settlement("03-05 09:00", "H1", "0", f"p{number}") for number in range(PERSONS_AT_MOST + 1)]
    for count, live in ((PERSONS_AT_MOST, False), (PERSONS_AT_MOST + 1, True)):
        memory = history_of("p0", *shared[:count])
        assert bool(memory.facts) is live
        found = replay_of(entries(*shared[:count]))
        assert bool(found.persons.get("p0").facts) is live


def test_foreign_facts_survive_both_encodings():
    memory = history_of(WRONG, *AT_HOME, MOVED, TO_RIGHT, LINES, SETTLED)
    restored = PersonMemory.restore(WRONG, [(cell, body) for cell, body in memory.changes().items() if body])
    unpacked = PersonMemory.unpack(WRONG, memory.pack())
    for other in (restored, unpacked):
        assert sorted(map(identity, other.facts)) == sorted(map(identity, memory.facts))
        assert sorted(map(identity, other.foreign)) == sorted(map(identity, memory.foreign))
        assert sorted(map(identity, other.elsewhere)) == sorted(map(identity, memory.elsewhere)) != []


def test_a_dead_letter_that_is_tried_again_stays_another_persons():
    body = entry(TO_RIGHT)
    body.key = WRONG
    assert resolve([read_entry(body, CALENDAR)]).live == []
