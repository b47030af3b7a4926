"""Judged in bulk, a history says word for word what it says when every event is judged as it comes."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.entry import Entry
from schemas.registry import Registry
from services.detector.replay import Replay
from services.detector.rules import RULES
from services.detector.rules.a07_repeated_swipe import RepeatedSwipe
from services.detector.rules.b01_kept_cards import KeptCards
from services.detector.standing import NotJudged, Standing
from services.settings import Settings
from tests.detector.stories import all_stories
from tests.detector.test_faulty_rules import Fragile
from tests.detector.test_laws import CALM
from tests.detector.test_other_persons import STORIES as OF_SEVERAL_PERSONS
from tests.detector.test_stories import changed
from tests.detector.worlds import REGISTRIES, worlds
from tests.support.entries import EMPTY, cancellation, entries, settlement, stay, swipe
from tests.support.parts import in_bulk

STREAM = frozenset(rule.id for rule in RULES)
SOME = settings(max_examples=150, **CALM)
some_registries = st.sampled_from(REGISTRIES)
every_rule = pytest.mark.parametrize(
    "rule", sorted({rule for _, rules, _ in all_stories() for rule in rules})
)


def said(standing: Standing) -> tuple[dict, dict]:
    """Alerts and data defects with every word of them; not so a defect's origin and shares, which are of the
    moment at which it was first said."""
    defects = {
        name: {**msgspec.to_builtins(defect), "revision": 0, "origin": {}, "shares": []}
        for name, defect in standing.defects.items()
    }
    return {name: msgspec.to_builtins(alert) for name, alert in standing.open.items()}, defects


def one_by_one(
    story: list[Entry], known: Registry, rules: frozenset[str] | None, months: bool = False, **knobs: int
) -> Replay:
    replay = Replay(Settings(**knobs), known, rules)
    replay.feed(story)
    if months:
        replay.finish()
    return replay


def says_the_same(
    story: list[Entry], known: Registry, rules: frozenset[str], size: int = 3, **given: Any
) -> None:
    expected = one_by_one(story, known, rules, **given)
    with TemporaryDirectory() as folder:
        standing, failed = in_bulk(story, known, rules, Path(folder), size, **given)
    assert said(standing) == said(expected)
    assert standing.stock.keys() == expected.stock.keys()
    assert names(failed) == names(expected.failed)


def names(failed: list[NotJudged]) -> list[tuple[str, str, str]]:
    return sorted((one.institution, one.event, one.why.split(" ")[0]) for one in failed)


@SOME
@given(worlds(), some_registries, st.randoms(use_true_random=False))
def test_of_dense_little_worlds_with_repeats_in_any_order(story, known, random):
    told = [*story, *random.sample(story, len(story) // 3)]
    random.shuffle(told)
    says_the_same(told, known, STREAM, random.randint(1, 4))


@settings(SOME, max_examples=50)
@given(worlds(), some_registries)
def test_of_persons_beyond_the_limit(story, known):
    says_the_same(story, known, STREAM, person_facts_limit=4)


@every_rule
def test_of_the_stories_of_a_rule_and_what_comes_after_them(rule):
    for _module, rules, story in all_stories():
        if rule in rules:
            for told in [story.entries, next(changed(story), [])]:
                says_the_same(told, story.registry, rules)


@pytest.mark.parametrize("name", OF_SEVERAL_PERSONS)
def test_of_one_thing_told_of_several_persons(name):
    story, _ = OF_SEVERAL_PERSONS[name]
    says_the_same(entries(*story), EMPTY, STREAM)


def test_of_months_and_of_what_is_usual_at_a_terminal():
    """A shop where as many come every day at that hour, and one where they come once."""
    days = [f"2026-05-{day:02}" for day in range(1, 32)]
    calm = [
        swipe(f"{day} 09:0{number}:00", "P1", device_id="d1", person=f"{day}-{number}")
        for day in days
        for number in range(5)
    ]
    burst = [
        swipe(f"2026-05-31 09:00:{number}0", "P2", device_id="d1", person=f"burst-{number}")
        for number in range(6)
    ]
    known = Registry()
    story = entries(*calm, *burst)
    says_the_same(story, known, frozenset(("B01",)), months=True)
    says_the_same(story, known, frozenset(("B01", "B03", "C02")), months=True)
    crowds = one_by_one(story, known, frozenset(("B01",)))
    unusual = one_by_one(story, known, frozenset(("B01",)), months=True)
    assert len(crowds.open) == 32
    assert 1 < len(unusual.open) < 32, "what is usual is measured, and B01 goes by it"


def test_of_settlements_that_were_taken_back_under_an_alert():
    """Three visits during stays elsewhere, two of them taken back before the stay is told of."""
    story = []
    for number in range(3):
        visit = settlement("2026-05-05 10:00", "H2", f"S{number}", person=f"p{number}")
        gone = cancellation("2026-05-06 10:00", visit)
        ward = stay("2026-05-01 09:00", "2026-05-09 10:00", "H1", f"M{number}", person=f"p{number}")
        story += [*ward, visit, gone] if number == 0 else [visit, gone, *ward]
    rules = frozenset(("A03", "B05"))
    says_the_same(entries(story), EMPTY, rules, months=True)
    (alert,) = one_by_one(entries(story), EMPTY, rules, months=True).open.values()
    assert (alert.rule, alert.evidence["under_alert"]) == ("B05", 3)
    without = [one for one in story if one["type"] != "cancellation" or one["person_id"] != "p2"]
    assert "B05" not in {
        alert.rule for alert in one_by_one(entries(without), EMPTY, rules, months=True).open.values()
    }


@pytest.mark.parametrize("seed", range(4))
def test_of_an_event_that_makes_a_rule_raise(seed, monkeypatch):
    monkeypatch.setattr("services.detector.stages.RULES", (Fragile(), *RULES))
    story = [settlement(f"03-05 12:00:{number}0", "H1", f"S{number}", total="6.66") for number in range(2)]
    story += [settlement(f"03-05 10:00:{number}0", "H1", f"T{number}") for number in range(2)]
    story += [settlement(f"03-05 10:00:{number}0", "H1", f"U{number}", person="other") for number in range(2)]
    Random(seed).shuffle(story)
    replay = one_by_one(entries(*story), EMPTY, STREAM)
    assert len(replay.failed) == 2
    assert len(replay.open) == 2
    says_the_same(entries(*story), EMPTY, STREAM)


def test_a_shared_key_whose_rule_raises_is_judged_without_what_makes_it_raise(monkeypatch, tmp_path):
    class Broken(KeptCards):
        def judge(self, view, refs):
            if any(told.entry.total == 666 for told in view.told):
                raise ZeroDivisionError
            yield from super().judge(view, refs)

    monkeypatch.setattr("services.detector.stages.RULES", (Broken(), RepeatedSwipe()))
    story = [
        swipe(f"03-05 10:0{number}:00", "P1", device_id="d1", person=f"p{number}", encounter=f"E{number}")
        for number in range(6)
    ]
    bad = swipe("03-05 10:03:30", "P1", device_id="d1", person="bad", encounter="E-bad", total="6.66")
    standing, failed = in_bulk(entries(*story, bad), EMPTY, {"A07", "B01"}, tmp_path)
    expected = one_by_one(entries(*story), EMPTY, frozenset(("A07", "B01")))
    assert said(standing) == said(expected)
    assert len(standing.open) == 1
    assert [(one.institution, one.event) for one in failed] == [("P1", "E-bad")]
