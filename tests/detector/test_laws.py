"""The law of the contract on the pure core: the open alerts are a function of the facts.

Whatever the order, the duplicates, the packing, the crashes and the registry's changes on the way, what
stands at the end equals one clean run; and after every step what stands equals judging the whole.
"""

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from schemas.entry import Entry
from schemas.registry import Registry
from services.detector.memory import PersonMemory
from tests.detector.running import Run
from tests.detector.worlds import REGISTRIES, decode, worlds
from tests.support.entries import compared, replay_of


@pytest.fixture(autouse=True)
def _folded_soon(monkeypatch):
    """Histories fold what is over as soon as they can, so that little worlds see it too."""
    monkeypatch.setattr(PersonMemory, "fold_at", 1, raising=False)


CALM = {"derandomize": True, "deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
FEW = settings(max_examples=300, **CALM)
MANY = settings(max_examples=50_000, **CALM)
registries = st.sampled_from(REGISTRIES)


def clean(story: list[Entry], registry: Registry, **knobs: int) -> dict:
    """What one clean ordered run says."""
    return compared(replay_of(story, registry, **knobs).open.values())


def any_order_is_one_order(story: list[Entry], registry: Registry, random: Random) -> None:
    """Shuffled, with repeats."""
    expected = clean(story, registry)
    for rule in sorted({alert["rule"] for alert in expected.values()}):
        event(rule)
    shuffled = [*story, *random.sample(story, len(story) // 3)]
    random.shuffle(shuffled)
    assert clean(shuffled, registry) == expected


def every_step_says_the_whole(story: list[Entry], registry: Registry, random: Random, **knobs: int) -> None:
    """Incremental = whole, through packing and restoring at any point."""
    run = Run(registry, **knobs)
    for one in random.sample(story, len(story)):
        run.feed(one)
        for key, said, whole in run.said_and_whole():
            assert said == whole, key
        chance = random.random()
        if chance < 0.15:
            run.persons.repack()
            run.shared.repack()
        elif chance < 0.3:
            for keyed in (run.persons, run.shared):
                keyed.put()
                keyed.crash()
    assert compared(run.open) == clean(story, registry, **knobs)


def troubles_leave_no_trace(story: list[Entry], registries: list[Registry], random: Random) -> None:
    """Crashes with emissions already sent, and other registries on the way."""
    run = Run(registries[0])
    for one in story:
        run.feed(one)
        chance = random.random()
        if chance < 0.2:
            run.persons.put()
        elif chance < 0.35:
            run.shared.put()
        elif chance < 0.5:
            run.persons.crash()
        elif chance < 0.6:
            run.shared.crash()
        elif chance < 0.65:
            run.persons.put()
            run.shared.put()
            run.use(random.choice(registries))
        run.work()
    run.use(registries[-1])
    replay = replay_of(story, registries[-1])
    assert compared(run.open) == compared(replay.open.values())
    assert run.open_defects == set(replay.defects)


@FEW
@given(worlds(), registries, st.randoms(use_true_random=False))
def test_the_open_alerts_are_the_same_for_any_order_with_repeats(story, registry, random):
    any_order_is_one_order(story, registry, random)


@FEW
@given(worlds(), registries, st.randoms(use_true_random=False))
def test_after_every_step_what_stands_is_what_judging_the_whole_says(story, registry, random):
    every_step_says_the_whole(story, registry, random)


@settings(FEW, max_examples=100)
@given(worlds(), registries, st.randoms(use_true_random=False))
def test_suspension_and_resumption_are_functions_of_the_facts_too(story, registry, random):
    every_step_says_the_whole(story, registry, random, person_facts_limit=4)


@FEW
@given(worlds(), st.lists(registries, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_crashes_and_registry_changes_on_the_way_leave_no_trace(story, known, random):
    troubles_leave_no_trace(story, known, random)


@pytest.mark.faults
@pytest.mark.timeout(10_000)
@MANY
@given(worlds(most=30), st.lists(registries, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_the_law_holds_for_many_worlds(story, known, random):
    any_order_is_one_order(story, known[-1], random)
    every_step_says_the_whole(story, known[-1], random)
    troubles_leave_no_trace(story, known, random)


def test_the_worlds_are_dense_enough_for_every_rule_to_speak():
    seen: Counter[str] = Counter()

    @settings(max_examples=400, phases=[Phase.generate], **CALM)
    @given(worlds(), registries)
    def look(story, registry):
        seen.update({alert["rule"] for alert in clean(story, registry).values()})

    look()
    missing = {rule: seen[rule] for rule in ("A01", "A02", "A03", "A04", "A05", "A07", "A08", "B01", "D14")}
    assert min(missing.values()) >= 8, missing


def test_a_world_is_decoded_the_same_twice():
    rows = [(0, 0, 0, 0, 0, 0, 0), (6, 0, 2, 1, 3, 2, 1)]
    assert [one.body for one in decode(rows)] == [one.body for one in decode(rows)]
