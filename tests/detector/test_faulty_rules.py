"""A rule that raises: the memory is as it was, the rest goes on, and the event can be judged later."""

import pytest

from schemas.finding import AlertMessage
from schemas.registry import Registry
from services.detector.judge import Bench
from services.detector.replay import Replay
from services.detector.rules import RULES
from services.detector.rules.a07_repeated_swipe import RepeatedSwipe
from services.detector.rules.b01_kept_cards import KeptCards
from services.detector.shared.history import SharedHistory
from services.detector.shared.keys import terminal_key
from services.detector.shared.registers import Register, Swipe
from services.detector.stages import PersonStage, SharedStage
from services.settings import Settings
from tests.support.entries import CALENDAR, cancellation, entries, moment, person, registry, settlement


class Fragile(RepeatedSwipe):
    """Raises on a total of 6.66."""

    within = None

    def judge(self, view, refs):
        if any(fact.total == 666 for fact in view.history.facts):
            raise ZeroDivisionError
        yield from super().judge(view, refs)


def stage(*rules) -> PersonStage:
    """Persons under these rules."""
    return PersonStage(Bench(rules=rules, calendar=CALENDAR), Registry())


def remembered(memory) -> tuple:
    """What of a memory must not change."""
    idle = sorted(fact.event for fact in memory.idle)
    return ([*memory.facts], idle, memory.turns, {**memory.said}, {**memory.records})


@pytest.mark.parametrize("told", [0, 1, 2, 3])
def test_a_raising_rule_leaves_the_memory_as_it_was(told):
    good = settlement("03-05 10:00", "H1", "S1")
    story = [good, person(), cancellation("03-05 10:30", good)][:told]
    judge = stage(Fragile())
    memory = judge.fresh("person-1")
    for one in entries(*story):
        judge.step(memory, one)
    memory.changes()
    before = remembered(memory)
    (bad,) = entries(settlement("03-05 12:00", "H1", "S6", total="6.66"))
    with pytest.raises(ZeroDivisionError):
        judge.step(memory, bad)
    assert remembered(memory) == before
    assert set(memory.changes()) <= {""}


def test_an_event_that_raised_is_judged_once_the_rule_is_mended():
    bad = [settlement("03-05 12:00", "H1", f"S{number}", total="6.66") for number in (1, 2)]
    memory = stage().fresh("person-1")
    for one in entries(*bad):
        with pytest.raises(ZeroDivisionError):
            stage(Fragile()).step(memory, one)
    emissions = [item for one in entries(*bad) for item in stage(RepeatedSwipe()).step(memory, one)]
    alerts = [item.value.alert for item in emissions if isinstance(item.value, AlertMessage)]
    assert [alert.rule for alert in alerts] == ["A07"]


def test_replay_goes_on_after_an_event_that_raises():
    replay = Replay(Settings(), Registry())
    replay.pipeline.person.bench = Bench(rules=(Fragile(),), calendar=CALENDAR)
    replay.pipeline.person.use(Registry())
    story = [settlement("03-05 12:00", "H1", "S6", total="6.66")]
    story += [settlement(f"03-05 10:00:{number}0", "H1", f"S{number}") for number in (1, 2)]
    replay.feed(entries(*story))
    assert len(replay.failed) == 1
    assert len(replay.open) == 1


def test_a_terminal_whose_rule_raises_keeps_what_it_knew():
    class Broken(KeptCards):
        def judge(self, view, refs):
            if any(told.entry.total == 666 for told in view.told):
                raise ZeroDivisionError
            yield from super().judge(view, refs)

    def register(revision: int, total: int | None) -> Register:
        at = moment("03-05 10:00")
        entries = [] if total is None else [Swipe(at, "S1", "41", total, 0, "")]
        return Register("P1", "E1", "p1", revision, entries)

    terminal = SharedStage(Bench(rules=(Broken(),), calendar=CALENDAR), Registry())
    memory = SharedHistory(terminal_key("P1", "d1", 739_000))
    terminal.judge.take(memory, register(1, 100))
    with pytest.raises(ZeroDivisionError):
        terminal.judge.take(memory, register(2, 666))
    assert [told.entry.total for told in memory.told] == [100]
    cells = {name: body for name, body in memory.changes().items() if body is not None}
    assert SharedHistory.restore(memory.key, cells.items()).registers == memory.registers


def test_a_late_register_changes_nothing():
    known = registry({"institution_id": "P1", "kind": "pharmacy"})
    terminal = SharedStage(Bench(rules=RULES, calendar=CALENDAR), known)
    memory = SharedHistory(terminal_key("P1", "d1", 739_000))
    newer = Register("P1", "E1", "p1", 2, [])
    assert terminal.judge.take(memory, newer) == []
    older = Register("P1", "E1", "p1", 1, [Swipe(moment("03-05 10:00"), "S1", "41", 1, 0, "")])
    assert terminal.judge.take(memory, older) is None
    assert memory.told == []
