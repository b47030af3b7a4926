"""Whoever opens an alert is told what to do next, whatever rule it is of."""

import pytest

from services.alerts.console.advice import FAMILIES, STEPS, steps
from services.detector import periods, rules


@pytest.mark.parametrize("rule", [rule.id for rule in (*rules.RULES, *periods.RULES)])
def test_every_rule_has_steps_of_its_own_or_of_its_family(rule):
    zh, en = steps(rule)
    assert len(zh) == len(en) >= 3
    assert rule in STEPS or rule[0] in FAMILIES
    assert all(step.isascii() for step in en)


def test_steps_of_a_rule_go_before_those_of_its_family():
    assert steps("A01") == STEPS["A01"]
    assert steps("A12") == FAMILIES["A"]
