"""Every story of every rule: what it finds, and that what it finds is a function of the facts.

A story is told as it stands, in any order, with repeats, through packed memories; and the same again with one
of its events cancelled, corrected or taken back by a mirror.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from random import Random
from typing import Any

import pytest

from schemas.entry import Entry
from schemas.registry import WHOLE, Registry
from schemas.rules import RuleParameters
from services.detector.memory import PersonMemory
from services.detector.rules import RULES
from tests.detector.running import Run
from tests.detector.stories import Story, all_stories
from tests.detector.test_parameters_law import values_of
from tests.support.entries import cancellation, compared, entry, judge_all, replay_of

ALL = list(all_stories())
IDS = [f"{module}: {story.name}" for module, _, story in ALL]
CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
"""Its characters, and its commas."""
APART = re.compile(r"\d +(小时|公里|天|元|次)")
"""A gap between a number and its Chinese unit."""
MUTANTS = 6
"""So many changed versions of a story are told, chosen by its name."""
MIXTURES = 12
"""So many mixtures of the stories of a rule are told."""

every_rule = pytest.mark.parametrize("rule", sorted({rule for _, rules, _ in ALL for rule in rules}))
every_story = pytest.mark.parametrize(("module", "rules", "story"), ALL, ids=IDS)


@pytest.fixture(autouse=True)
def _folded_soon(monkeypatch):
    """Histories fold what is over as soon as they can."""
    monkeypatch.setattr(PersonMemory, "fold_at", 1)


def final(story: Story, told: list[Entry], rules: frozenset[str]) -> dict[str, dict[str, Any]]:
    """What stands at the end of one run."""
    return compared(replay_of(told, story.registry, rules).open.values())


def changed(story: Story) -> Iterator[list[Entry]]:
    """The story and what comes after it: an event is cancelled, corrected, or taken back."""
    random = Random(story.name)
    told = story.told
    changes = [change for event in told for change in _changes(event, told, random)]
    for change in random.sample(changes, min(MUTANTS, len(changes))):
        yield [*story.entries, entry(change)]


def _changes(event: dict[str, Any], told: list[dict[str, Any]], random: Random) -> Iterator[dict[str, Any]]:
    of = {name: value for name, value in event.items() if name != "recorded_at"}
    of["event_id"] = f"{event['event_id']}-changed"
    later = {"recorded_at": "2027-01-01T00:00:00+08:00"}
    yield {**cancellation("12-31 08:00", event), **later}
    if event["type"] == "cancellation":
        return
    other = random.choice(told)
    if event["type"] in ("admission", "discharge", "settlement"):
        yield {**of, **later, "occurred_at": other["occurred_at"]}
    if event["type"] != "settlement":
        return
    yield {**of, **later, "encounter_id": other.get("encounter_id", "M9")}
    yield {**of, **later, "amounts": {"total": "7.00", "fund": "7.00"}, "lines": []}
    amounts = {name: f"-{amount}".replace("--", "") for name, amount in event["amounts"].items()}
    yield {**of, **later, "settlement_id": f"{event['settlement_id']}-", "amounts": amounts, "lines": []}


def test_every_module_of_stories_is_about_a_rule_of_the_catalogue():
    known = {rule.id for rule in RULES}
    assert {rule for _, rules, _ in ALL for rule in rules} <= known
    assert len(IDS) == len(set(IDS))


@every_story
def test_a_story_is_judged_as_its_page_says(module, rules, story):
    found = judge_all(story.events, story.registry, rules)
    wanted = sorted(story.expects, key=lambda one: (one[0], one[1], one[2] or ""))
    said = sorted((alert.rule, alert.severity, alert.amount) for alert in found)
    # An amount that no page defines is left open.
    shown = [
        (rule, severity, None if one[2] is None else amount)
        for (rule, severity, amount), one in zip(said, wanted, strict=False)
    ]
    assert [*shown, *said[len(shown) :]] == wanted
    assert [alert.message.en for alert in found if CHINESE.search(alert.message.en)] == []
    assert [alert.message.zh for alert in found if APART.search(alert.message.zh)] == []


@every_story
def test_a_story_ends_the_same_in_any_order_with_repeats(module, rules, story):
    random = Random(story.name)
    told = story.entries
    expected = final(story, told, rules)
    for _ in range(4):
        shuffled = [*told, *random.sample(told, (len(told) + 1) // 2)]
        random.shuffle(shuffled)
        assert final(story, shuffled, rules) == expected


@every_story
def test_at_every_step_what_stands_is_what_judging_the_whole_says(module, rules, story):
    random = Random(story.name)
    for told in [story.entries, *changed(story)]:
        shuffled = random.sample(told, len(told))
        run = Run(story.registry, rules=rules)
        for one in shuffled:
            run.feed(one)
            for key, said, whole in run.said_and_whole():
                assert said == whole, key
            run.persons.repack()
            run.shared.repack()
        assert compared(run.open) == final(story, told, rules)


@every_story
def test_nothing_stands_once_all_is_cancelled(module, rules, story):
    gone = [
        {**cancellation("12-31 08:00", event), "recorded_at": "2027-01-01T00:00:00+08:00"}
        for event in story.told
        if event["type"] != "cancellation"
    ]
    assert final(story, [*story.entries, *map(entry, gone)], rules) == {}


@every_rule
def test_stories_of_a_rule_told_together_are_a_function_of_the_facts(rule):
    told_together(rule, MIXTURES)


@pytest.mark.faults
@every_rule
def test_the_law_holds_for_many_mixtures(rule):
    told_together(rule, 100 * MIXTURES)


def told_together(rule: str, mixtures: int) -> None:
    """Ids collide, events are changed, and the parameters differ by region and day."""
    pool = [story for _, rules, story in ALL if rule in rules]
    for number in range(mixtures):
        random = Random(f"{rule} {number}")
        told, known = mixture(pool, rule, random)
        run = Run(known, rules=frozenset((rule,)))
        for one in random.sample(told, len(told)):
            run.feed(one)
            for key, said, whole in run.said_and_whole():
                assert said == whole, key
            if random.random() < 0.3:
                run.persons.repack()
        assert compared(run.open) == compared(replay_of(told, known, [rule]).open.values())


def mixture(pool: list[Story], rule: str, random: Random) -> tuple[list[Entry], Registry]:
    """Some stories in one, with changes; their registries in one, with parameters."""
    chosen = [random.choice(pool) for _ in range(random.randint(2, 4))]
    told = [event for story in chosen for event in story.told]
    entries = [one for story in chosen for one in story.entries]
    for number in range(random.randint(0, 3)):
        change = random.choice(list(_changes(random.choice(told), told, random)))
        entries.append(entry({**change, "event_id": f"{change['event_id']}-{number}"}))
    tables: dict[str, dict[Any, Any]] = {}
    for story in chosen:
        for table in WHOLE:
            tables.setdefault(table, {}).update({row.place: row for row in story.registry.records(table)})
    given = [_parameters(rule, random) for _ in range(random.randint(0, 2))]
    tables[RuleParameters.TABLE] = {record.place: record for record in given}
    return _unconflicted(entries), Registry({name: list(rows.values()) for name, rows in tables.items()})


def _parameters(id: str, random: Random) -> RuleParameters:
    rule = next(rule for rule in RULES if rule.id == id)
    names = [item.name for item in fields(rule.parameters)]
    chosen = [
        values_of(rule, name, random.choice((0.5, 2, 10)))
        for name in random.sample(names, min(2, len(names)))
    ]
    return RuleParameters(
        id,
        random.choice(("", "43")),
        random.choice(("", "2026-03-04", "2026-03-06")),
        enabled=random.choice((None, True, False)),
        values={name: value for one in chosen for name, value in one.items()},
    )


def _unconflicted(entries: list[Entry]) -> list[Entry]:
    """Entries as the door lets them in: of two events with one id and other content the first."""
    known: dict[tuple[str, str], bytes] = {}
    kept = []
    for one in entries:
        event = json.loads(one.body)
        name = (event.get("institution_id", ""), event.get("event_id", ""))
        if one.kind == "person" or known.setdefault(name, one.body) == one.body:
            kept.append(one)
    return kept
