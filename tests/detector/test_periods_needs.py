"""A rule over months is not asked where nothing tells what it looks for. That nothing is lost by it is held
by every case of every rule, which all pass the same gate."""

import pytest

from schemas.registry import Registry
from services.detector.periods import RULES
from services.detector.periods.duck import ScreenedHistory
from services.detector.periods.needs import Need, question, served
from tests.detector.periods import MAY, screening, stay, visit

EMPTY = Registry({})


def asked_of(*screenings):
    """Ids of the rules that are asked of a month with these alone."""
    return {rule.id for rule in ScreenedHistory(screenings, EMPTY).served(RULES, MAY)}


def test_of_a_month_without_settlements_only_rules_without_needs_are_asked():
    assert asked_of() == {rule.id for rule in RULES if not rule.needs}


def test_stays_alone_wake_no_rule_about_counters():
    woken = asked_of(stay("05-02 09:00", "05-06 09:00"))
    assert {"C02", "C09", "F05"} <= woken
    assert woken.isdisjoint({"B02", "B03", "D12", "E05", "F03", "G01"})


def test_purchases_alone_wake_no_rule_about_wards():
    woken = asked_of(screening("05-02 09:00"))
    assert {"B02", "B03", "G01"} <= woken
    assert woken.isdisjoint({"C02", "C04", "C11", "F05", "F08b"})


def test_a_need_is_looked_for_as_far_back_as_any_rule_reads():
    assert "B02" in asked_of(visit("04-20 22:30"))


@pytest.mark.parametrize("need", Need, ids=lambda need: need.name)
def test_each_need_is_some_rules(need):
    assert any(need in rule.needs for rule in RULES)


def test_a_rule_is_asked_only_when_all_its_needs_are_met():
    _, _, needs = question(RULES, MAY)
    assert served(RULES, dict.fromkeys(needs, True)) == list(RULES)
    for need in needs:
        met = dict.fromkeys(needs, True) | {need: False}
        assert served(RULES, met) == [rule for rule in RULES if need not in rule.needs]
