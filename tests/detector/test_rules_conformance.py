"""One suite over every rule of the catalogue, and over the borders between the rooms."""

import string
import subprocess
import sys
from pathlib import Path
from time import process_time

import pytest
from hypothesis import Phase, given, settings

from schemas.finding import AlertMessage, DefectMessage
from schemas.registry import Registry
from services.detector.reading import read_entry
from services.detector.rule import Rule
from services.detector.rules import RULES
from services.detector.stages import make_pipeline
from services.detector.view import PersonView
from services.settings import Settings
from tests.detector.running import Run, standing
from tests.detector.test_laws import CALM, registries
from tests.detector.worlds import worlds
from tests.support.entries import (
    CALENDAR,
    admission,
    cancellation,
    compared,
    entries,
    judge_all,
    replay_of,
    settlement,
    stay,
    swipe,
)

ROOT = Path(__file__).resolve().parents[2]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
GLANCE = settings(max_examples=40, phases=[Phase.generate], **CALM)


def placeholders(text: str) -> set[str]:
    """Names of the gaps in a text, less their language."""
    names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    return {name.removesuffix("_zh").removesuffix("_en") for name in names}


def clock(index: int) -> str:
    """A time in March of its own for each of some thousand."""
    return f"03-{1 + index % 28:02d} {index % 24:02d}:{index % 60:02d}"


def day(index: int) -> str:
    """A day of its own for each of some hundred."""
    return f"{2020 + index // 300}-{1 + index % 300 // 25:02d}-{1 + index % 25:02d}"


def settled_and_cancelled(index: int) -> list:
    """A visit that did not happen."""
    visit = settlement(clock(index), "H1", f"S{index}")
    return [visit, cancellation("03-30 10:00", visit)]


CROWDS = {
    "visits": lambda: [settlement(clock(index), f"H{index % 9}", f"S{index}") for index in range(990)],
    "visits_at_one_moment": lambda: [
        settlement("03-05 10:00", "H1", f"S{index}", total=f"{index}.00") for index in range(990)
    ],
    "swipes_in_a_stay": lambda: [
        admission("03-01 00:01"),
        *(swipe(clock(index), total=f"{index}.00", fund="0.00") for index in range(980)),
    ],
    "stays_one_after_another": lambda: [
        stay(f"{day(index)} 08:00", f"{day(index)} 20:00", f"H{index % 5}", f"M{index}")
        for index in range(495)
    ],
    "settled_and_cancelled": lambda: [settled_and_cancelled(index) for index in range(490)],
}


@every_rule
def test_a_rule_has_a_face(rule: Rule):
    assert rule.basis
    assert all(rule.basis)
    assert all((rule.title.zh, rule.title.en))
    assert placeholders(rule.message.zh) == placeholders(rule.message.en)
    assert "amount" in placeholders(rule.message.zh)
    assert rule.phase in ("pre", "in_process", "post")
    assert rule.window_days >= 1
    assert rule.version


@every_rule
def test_every_check_has_words_and_every_parameter_a_unit_and_a_meaning(rule: Rule):
    assert rule.checks
    for words in rule.checks.values():
        assert all((words.zh, words.en))
    for item in rule.parameters.explain():
        assert all((item["unit"], item["meaning"].zh, item["meaning"].en))


def test_ids_are_unique_and_in_order():
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))


@every_rule
def test_a_rule_never_finds_anything_where_there_is_nothing(rule: Rule):
    assert judge_all([], rules=[rule.id]) == []
    assert judge_all([settlement("03-05 10:00")], rules=[rule.id]) == []
    assert judge_all([admission("03-05 10:00")], rules=[rule.id]) == []


@GLANCE
@given(worlds(least=14, most=26), registries)
def test_what_is_found_keeps_the_catalogues_promises(story, registry):
    checks = {rule.id: set(rule.checks) for rule in RULES}
    for alert in replay_of(story, registry).open.values():
        assert set(alert.checked) <= checks[alert.rule]
        assert len(alert.checked) == len(set(alert.checked))
        assert alert.severity in (1, 2, 3)
        assert not alert.amount.startswith("-")
        assert "{" not in alert.message.zh + alert.message.en
        assert all((alert.encounters, alert.institutions, alert.basis))
        assert alert.alert_id.startswith(alert.rule)
        assert "p0" not in alert.alert_id


@GLANCE
@given(worlds(least=14, most=26), registries)
def test_a_rule_alone_says_what_it_says_among_all(story, registry):
    together = compared(replay_of(story, registry).open.values())
    for rule in RULES:
        alone = compared(replay_of(story, registry, rules=[rule.id]).open.values())
        assert alone == {key: alert for key, alert in together.items() if alert["rule"] == rule.id}


@GLANCE
@given(worlds(least=10, most=22), registries)
def test_judging_leaves_facts_as_they_were_and_judging_again_says_nothing_new(story, registry):
    run = Run(registry)
    for one in story:
        run.feed(one)
    for keyed in (run.persons, run.shared):
        for memory in keyed.memories.values():
            before, said = keyed.stage.pack(memory), standing(memory)
            again = keyed.stage.rejudge(memory)
            assert [item for item in again if isinstance(item.value, AlertMessage | DefectMessage)] == []
            assert standing(memory) == said
            assert keyed.stage.pack(memory) == before


@GLANCE
@given(worlds(least=10, most=22), registries)
def test_asked_about_any_encounter_a_rule_yields_at_least_every_finding_that_names_it(story, registry):
    run = Run(registry)
    for one in story:
        run.feed(one)
    stage = run.pipeline.person
    for memory in run.persons.memories.values():
        view = PersonView(memory, registry, stage.bench.calendar)
        refs = {(fact.institution, fact.encounter) for fact in memory.facts}
        for rule in RULES:
            if rule.key != "person":
                continue
            everything = {finding.alert_id: finding for finding in rule.judge(view, None)}
            for ref in refs:
                asked = {finding.alert_id for finding in rule.judge(view, {ref})}
                named = {key for key, finding in everything.items() if ref in finding.members}
                assert named <= asked <= set(everything)


@pytest.mark.parametrize("shape", CROWDS)
def test_a_thousand_facts_are_judged_in_bounded_time(shape):
    stage = make_pipeline(Settings(), Registry(), keep_all=True).person
    memory = stage.fresh("person-1")
    *story, last = entries(*CROWDS[shape]())
    for one in story:
        memory.add(read_entry(one, CALENDAR))
    began = process_time()
    stage.rejudge(memory)
    assert process_time() - began < 5
    began = process_time()
    stage.step(memory, last)
    assert process_time() - began < 0.5


def test_a_crowd_of_stays_costs_no_more_than_it_says():
    story = entries(*(admission("03-01 08:00", f"H{index}", f"M{index}") for index in range(60)))
    began = process_time()
    assert len(replay_of(story).open) == 60 * 59 // 2
    assert process_time() - began < 5


def test_the_borders_between_the_rooms_are_kept():
    """All contracts of import-linter, as pyproject.toml states them."""
    program = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_nothing_is_known_means_nothing_is_said_by_rules_that_need_the_registry():
    story = [settlement("03-05 10:00", "H1"), settlement("03-05 10:01", "H2", total="7.00")]
    assert judge_all(story, Registry(), ["A05"]) == []
    assert judge_all(story, Registry(), ["A08"]) == []
