"""Read by hand, the rules about entitlement, wards, lines and drugs find what is planted and nothing else."""

import pytest

from services.demo.county import County
from services.demo.labels import Label
from tests.demo.plain_lines import PLAIN
from tests.demo.world import Pair, World


@pytest.fixture(scope="module")
def world(county: County) -> World:
    return World(county)


def _encounters(world: World, label: Label) -> set[Pair]:
    """The encounters that a label names, also by their settlements."""
    named = set(label.settlements)
    by_settlement = {
        found.pair
        for found in world.encounters.values()
        for event in found.settlements
        if (found.institution, event["settlement_id"]) in named
    }
    return set(label.encounters) | by_settlement


@pytest.mark.parametrize("rule", PLAIN)
def test_what_is_planted_is_found_and_nothing_else(world: World, rule: str) -> None:
    found = set(PLAIN[rule](world))
    planted = [label for label in world.county.labels if label.rule == rule]
    excused = [label for label in world.county.labels if rule in label.tolerates]
    assert planted
    assert [label.story for label in planted if found.isdisjoint(_encounters(world, label))] == []
    explained = {pair for label in planted + excused for pair in _encounters(world, label)}
    assert found - explained == set()


@pytest.mark.parametrize("rule", PLAIN)
def test_lookalikes_are_left_alone(world: World, rule: str) -> None:
    found = set(PLAIN[rule](world))
    for label in world.county.labels:
        if label.kind == "lookalike" and rule in label.rules:
            assert found.isdisjoint(_encounters(world, label)), label.story
