"""Read by hand, the rules about months and groups find what is planted and nothing else."""

import pytest

from services.demo.county import County
from services.demo.labels import Label
from tests.demo.plain_months import PLAIN_MONTHS, Place
from tests.demo.world import World


@pytest.fixture(scope="module")
def world(county: County) -> World:
    return World(county)


def _places(label: Label) -> set[Place]:
    numbers = {*label.institutions, *(number for number, _ in label.settlements + label.encounters)}
    return {(number, label.month) for number in numbers}


@pytest.mark.parametrize("rule", PLAIN_MONTHS)
def test_what_is_planted_is_found_and_nothing_else(world: World, rule: str) -> None:
    found = set(PLAIN_MONTHS[rule](world))
    planted = [label for label in world.county.labels if label.rule == rule]
    excused = [
        label
        for label in world.county.labels
        if rule in label.tolerates or (label.mild and rule in label.rules)
    ]
    assert planted
    assert [label.story for label in planted if found.isdisjoint(_places(label))] == []
    assert found - {place for label in planted + excused for place in _places(label)} == set()


@pytest.mark.parametrize("rule", PLAIN_MONTHS)
def test_lookalikes_are_left_alone(world: World, rule: str) -> None:
    found = set(PLAIN_MONTHS[rule](world))
    guilty = {place for label in world.county.labels if label.rule == rule for place in _places(label)}
    for label in world.county.labels:
        if label.kind == "lookalike" and rule in label.rules and not label.mild:
            assert found.isdisjoint(_places(label) - guilty), label.story
