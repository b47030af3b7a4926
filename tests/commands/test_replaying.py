"""A replay says the same in however many processes, however these begin, and event by event."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from services import replaying
from services.commands import read_registry
from services.demo import county
from services.detector.profiling import Costs
from services.histories import read_history
from services.replaying import Outcome
from services.runtime import crew
from services.runtime.errors import UserError
from services.settings import Settings
from tests.support.entries import cancellation, settlement, stock, swipe

UNTIL = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _many_processes(monkeypatch):
    """Histories as small as these are shared out too."""
    monkeypatch.setattr(replaying, "EVENTS_A_PROCESS", 1)


def texts(*events: dict | bytes) -> list[tuple[str, bytes]]:
    return [
        (f"line {number}", event if isinstance(event, bytes) else json.dumps(event).encode())
        for number, event in enumerate(events)
    ]


def replayed(events: list[tuple[str, bytes]], folder: Path, **knobs) -> Outcome:
    return replaying.run(Settings(data_dir=folder), events, **knobs)


def said(outcome: Outcome) -> dict[str, dict]:
    return {name: msgspec.to_builtins(alert) for name, alert in outcome.open.items()}


def left_out(outcome: Outcome) -> tuple:
    """What the command tells beside the alerts."""
    refused = [(place, why.errors[0].code) for place, why in outcome.refused]
    return (refused, outcome.entries, outcome.duplicates, outcome.conflicts, len(outcome.defects))


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> tuple[list[tuple[str, bytes]], list]:
    """A small county with all that is planted in it, and what institutions send besides: repeats, other words
    under a known id, also of another person, and what cannot be read."""
    folder = tmp_path_factory.mktemp("county")
    made = county.generate(seed=5, days=20, persons=200, until=UNTIL)
    county.write_registry(folder, made)
    some = [event for event in made.events if event["type"] == "settlement"][:40]
    others = [{**event, "person_id": f"other-{number}"} for number, event in enumerate(some[:20])]
    changed = [{**event, "med_type": "13"} for event in some[20:30]]
    broken = [b"{", b'{"type": "settlement", "person_id": 7}', b'{"type": "discharge"}']
    moved = [{**event, "event_id": f"moved-{number}"} for number, event in enumerate(others[:10])]
    return texts(*made.events, *some, *others, *broken, *changed, *others, *moved), read_registry(folder)


def test_in_one_process_and_in_several_and_event_by_event(played, tmp_path):
    events, known = played
    expected = replayed(events, tmp_path, known=known, one_by_one=True)
    assert len({alert["rule"] for alert in said(expected).values()}) > 15
    assert left_out(expected)[2:4] == (40, 50)
    for processes in (1, 3):
        outcome = replayed(events, tmp_path, known=known, processes=processes)
        assert said(outcome) == said(expected)
        assert left_out(outcome) == left_out(expected)


def test_however_processes_begin(played, tmp_path, monkeypatch):
    events, known = played
    expected = replayed(events, tmp_path, known=known)
    monkeypatch.setattr(crew, "START", "spawn")
    outcome = replayed(events, tmp_path, known=known, processes=2)
    assert said(outcome) == said(expected)
    assert left_out(outcome) == left_out(expected)


def test_of_one_id_under_several_persons_the_first_stands_whoever_takes_it(tmp_path):
    rows = [
        {**settlement(f"03-05 1{number}:00", "H1", "S1", person=f"p{number}"), "event_id": "e"}
        for number in range(6)
    ]
    for first in range(6):
        events = texts(*rows[first:], *rows[:first], *rows[first:])
        outcome = replayed(events, tmp_path, processes=4, rules=frozenset(("A01",)))
        assert (outcome.entries, outcome.duplicates, outcome.conflicts) == (1, 1, 10 - first)


def test_stock_and_its_packs_meet_across_parts(tmp_path):
    codes = ["81234567890123456701", "81234567890123456702"]
    bought = [stock("03-01 08:00", "purchase", codes, "P1"), stock("03-02 08:00", "purchase", codes, "P2")]
    sold = [
        swipe(
            f"03-0{day} 10:00",
            shop,
            person=f"p{day}",
            lines=[
                {"line_id": "1", "code": "X1", "quantity": "1", "amount": "10.00", "trace_codes": [codes[0]]}
            ],
        )
        for day, shop in ((3, "P1"), (4, "P2"))
    ]
    story = texts(*bought, cancellation("03-05 08:00", bought[1]), *sold)
    expected = replayed(story, tmp_path, one_by_one=True)
    assert {alert["rule"] for alert in said(expected).values()} >= {"D13"}
    assert said(replayed(story, tmp_path, processes=4)) == said(expected)


def test_a_cancellation_of_stock_that_names_a_person_meets_its_movement(tmp_path):
    codes = ["81234567890123456701"]
    moved = [stock("03-01 08:00", "sale", codes, shop) for shop in ("P1", "P2", "P3")]
    undone = [
        {**cancellation("03-05 08:00", one), "person_id": f"clerk-{number}"}
        for number, one in enumerate(moved)
    ]
    sold = [
        swipe(
            f"03-02 1{number}:00",
            f"P{number}",
            person=f"p{number}",
            lines=[{"line_id": "1", "code": "X1", "quantity": "1", "amount": "10.00", "trace_codes": codes}],
        )
        for number in (1, 2)
    ]
    story = texts(*moved, *undone, *sold)
    expected = replayed(story, tmp_path, one_by_one=True)
    assert said(replayed(story, tmp_path, processes=4)) == said(expected)


@pytest.mark.parametrize("first", ["stock", "settlement"])
def test_stock_and_a_settlement_of_one_name_are_one_event_and_a_conflict(first, tmp_path):
    codes = ["81234567890123456701"]
    moved = {**stock("03-01 08:00", "sale", codes, "P1"), "event_id": "e"}
    for person in ("anna", "bert", "p10", "p11"):
        paid = {**swipe("03-01 08:00", "P1", person=person), "event_id": "e"}
        story = texts(moved, paid) if first == "stock" else texts(paid, moved)
        for knobs in ({"one_by_one": True}, {"processes": 2}):
            outcome = replayed(story, tmp_path, rules=frozenset(("D13",)), **knobs)
            assert left_out(outcome)[1:4] == (1, 0, 1)
            assert outcome.failed == []


def test_costs_are_those_of_all_processes(played, tmp_path):
    events, rules = played[0][:500], frozenset(("A05", "D14", "D17"))
    alone, together = Costs(), Costs()
    replayed(events, tmp_path, rules=rules, costs=alone)
    replayed(events, tmp_path, rules=rules, costs=together, processes=3)
    assert {rule: (cost.asked, cost.found) for rule, cost in together.items()} == {
        rule: (cost.asked, cost.found) for rule, cost in alone.items()
    }


def test_a_watch_sees_reading_and_judging(played, tmp_path):
    events, rules = played[0][:500], frozenset(("A05",))
    seen = []
    replayed(events, tmp_path, rules=rules, processes=2, watch=lambda *told: seen.append(told))
    assert {what for what, _, _ in seen} == {"reading", "judging"}
    assert all(0 <= done <= total for _, done, total in seen)


def test_what_cannot_be_read_any_more_ends_the_replay(tmp_path):
    file = tmp_path / "events.ndjson"
    file.write_text(
        "\n".join(text.decode() for _, text in texts(*(settlement("03-05 10:00") for _ in "abcd")))
    )
    events, _ = read_history([file])
    file.unlink()
    with pytest.raises(UserError, match=r"events\.ndjson"):
        replayed(events, tmp_path, processes=2)


def test_files_are_read_anew_each_time_and_a_pipe_once(tmp_path):
    def lines(path: Path) -> Iterator[tuple[str, bytes]]:
        events, _ = read_history([path])
        assert [*events] == [*events]
        return iter(events)

    (tmp_path / "a.ndjson").write_text('{"a": 1}\n\n{"b": 2}')
    (tmp_path / "b.jsonl").write_text('{"c": 3}\n')
    (tmp_path / "labels.jsonl").write_text("{}\n")
    assert [place for place, _ in lines(tmp_path)] == ["a.ndjson:1", "a.ndjson:3", "b.jsonl:1"]
