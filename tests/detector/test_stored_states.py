"""What an older program wrote is read as it was meant; what a newer one wrote is not touched."""

from pathlib import Path

import msgspec
import pytest

from services.detector.facts import Fact
from services.detector.memory import CODEC
from services.detector.program import DetectorProgram
from services.runtime.ports import NewerState
from tests.detector import stored
from tests.detector.stored import State
from tests.support.entries import cancellation, entry

FILES = sorted(stored.FOLDER.glob("form-*.msgpack"))
FORMS = ("packed", "cells")


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def state(request: pytest.FixtureRequest) -> State:
    return stored.read(request.param)


def opened(state: State, form: str) -> stored.Run:
    """A run that has this state, and has judged nothing yet."""
    run = stored.run_of()
    for keyed, memories in ((run.persons, state.persons), (run.shared, state.shared)):
        for key, memory in memories.items():
            stage = keyed.stage
            keyed.memories[key] = (
                stage.unpack(key, memory.packed)
                if form == "packed"
                else stage.restore(key, memory.cells.items())
            )
    return run


def told(fact: Fact) -> tuple:
    """What rules read of a fact, however it is packed."""
    detail = fact.detail
    return (
        fact.event, fact.at, fact.end, fact.flags, fact.total, detail.recorded, detail.account,
        detail.practitioner, repr(detail.lines), repr(detail.more),
    )  # fmt: skip


def test_the_present_form_has_its_file_and_none_is_missing():
    assert [path.stem for path in FILES] == [f"form-{form}" for form in range(2, CODEC + 1)]


@pytest.mark.parametrize("form", FORMS)
def test_all_that_was_remembered_is_there(state: State, form: str):
    run, fresh = opened(state, form), stored.run_of()
    for one in state.entries:
        fresh.feed(one)
    assert run.persons.memories.keys() == fresh.persons.memories.keys()
    for key, memory in run.persons.memories.items():
        again = fresh.persons.memories[key]
        assert list(map(told, memory.facts)) == list(map(told, again.facts))
        assert sorted(map(told, memory.idle)) == sorted(map(told, again.idle))
        assert memory.records.keys() == again.records.keys()
        assert (memory.suspended, memory.turns) == (again.suspended, again.turns)
        assert sorted(memory.said) == state.persons[key].said
    for key, memory in run.shared.memories.items():
        assert memory.registers == fresh.shared.memories[key].registers
        assert sorted(memory.said) == state.shared[key].said


@pytest.mark.parametrize("form", FORMS)
def test_what_comes_again_is_known_and_nothing_is_said_twice(state: State, form: str):
    run = opened(state, form)
    for one in state.entries:
        run.feed(one)
    assert run.heard == {}
    assert run.defects == {}


@pytest.mark.parametrize("form", FORMS)
def test_what_stood_is_withdrawn_under_the_name_it_had(state: State, form: str):
    run = opened(state, form)
    assert set(state.open.values()) == {"A01", "A08", "B01"}
    for what in ("admission", "discharge"):
        cancels = {"type": what, "id": "M1"}
        told = cancellation("03-25 09:00", cancels=cancels, institution="H1", event_id=f"no {what}")
        run.feed(entry(told))
    withdrawn = {alert_id for (alert_id, _), (_, alert) in run.heard.items() if alert is None}
    assert withdrawn == {alert_id for alert_id, rule in state.open.items() if rule == "A01"}


def test_the_state_of_a_newer_program_is_neither_read_nor_set_aside():
    state = stored.read(FILES[-1])
    run = stored.run_of()
    for keyed, memories in ((run.persons, state.persons), (run.shared, state.shared)):
        key, memory = next(iter(memories.items()))
        form = msgspec.msgpack.decode(memory.packed)
        newer = msgspec.msgpack.encode([CODEC + 1, *form[1:]])
        head = msgspec.msgpack.decode(memory.cells[""])
        is_whole = len(head) > 3
        marked = [CODEC + 1, *head[1:]] if is_whole else [*head[:-1], CODEC + 1]
        cells = {**memory.cells, "": msgspec.msgpack.encode(marked)}
        with pytest.raises(NewerState):
            keyed.stage.unpack(key, newer)
        with pytest.raises(NewerState):
            keyed.stage.restore(key, cells.items())

    def memory_of(key: str):
        raise NewerState

    program = DetectorProgram(run.pipeline)
    with pytest.raises(NewerState):
        program.sit(program.first, state.entries[:1], memory_of)


def test_a_file_is_never_written_anew(tmp_path: Path):
    stored.write(tmp_path)
    with pytest.raises(FileExistsError):
        stored.write(tmp_path)
