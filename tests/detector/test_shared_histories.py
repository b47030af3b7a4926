"""What is remembered of a shared key, as it is stored: few registers in one cell, more in several."""

import pytest

from services.detector.memory import Said
from services.detector.shared.history import FEW, SharedHistory
from services.detector.shared.registers import Register, Swipe

KEY = "t2:P12:d1739000"


def register(number: int, revision: int = 1) -> Register:
    swipe = Swipe(1_000_000 * number, f"S{number}", "41", 100, 50, "e_voucher", False)
    return Register("P1", f"M{number}", f"person-{number}", revision, [swipe])


def store(cells: dict[str, bytes], memory: SharedHistory) -> None:
    for cell, body in memory.changes().items():
        if body is None:
            del cells[cell]
        else:
            cells[cell] = body


@pytest.mark.parametrize("is_packed_between", [False, True])
def test_nothing_is_lost_on_the_way_from_one_cell_to_several(is_packed_between: bool):
    memory, cells, counts = SharedHistory(KEY), {}, []
    for number in range(FEW + 3):
        memory.put(register(number))
        store(cells, memory)
        counts.append(len(cells))
        restored = SharedHistory.restore(KEY, reversed(cells.items()))
        assert (restored.registers, restored.turns) == (memory.registers, memory.turns)
        memory = SharedHistory.unpack(KEY, memory.pack()) if is_packed_between else restored
    assert counts == [1] * FEW + [FEW + 2, FEW + 3, FEW + 4]


def test_a_finding_takes_its_place_and_a_withdrawn_one_leaves_no_cell():
    memory, cells = SharedHistory(KEY), {}
    for number in range(FEW + 1):
        memory.put(register(number))
    memory.say("B01-x", Said("B01", [("P1", "M0")], b"x"))
    store(cells, memory)
    assert SharedHistory.restore(KEY, cells.items()).said == memory.said
    memory.say("B01-x", None)
    store(cells, memory)
    assert len(cells) == FEW + 2
    assert not SharedHistory.restore(KEY, cells.items()).said
