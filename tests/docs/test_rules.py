"""docs/rules.md says what the rules' code says."""

import pytest

from services.detector import facts
from services.detector.catalogue import CATALOGUE
from services.detector.facts import Kind
from services.detector.periods.rule import PeriodRule
from tests.docs import rules
from tests.docs.asked import tables


def test_the_page_of_the_rules_is_that_of_the_code() -> None:
    text = rules.PAGE.read_text(encoding="utf-8")
    assert text == rules.page(rules.kept(text)), "write it with: .venv/bin/python -m tests.docs.rules"


@pytest.mark.faults
def test_the_examples_are_what_the_demo_county_gives() -> None:
    shown = rules.kept(rules.PAGE.read_text(encoding="utf-8"))
    assert shown == rules.made(), "write them with: .venv/bin/python -m tests.docs.rules --examples"


def test_most_rules_have_an_example() -> None:
    shown = rules.kept(rules.PAGE.read_text(encoding="utf-8"))
    assert shown.keys() == {rule.id for rule in CATALOGUE}
    assert sum(example != rules.NO_EXAMPLE for example in shown.values()) > len(CATALOGUE) * 0.8


def test_every_kind_of_fact_and_of_contents_has_words() -> None:
    assert set(rules.KINDS) == {value for name, value in vars(Kind).items() if name.isupper()}
    assert sum(rules.CONTENTS) == facts.CONTENTS


def test_what_a_rule_asks_of_the_registry_is_read_from_its_code() -> None:
    by_id = {rule.id: rule for rule in CATALOGUE}
    assert tables(by_id["A05"]) == ["institutions"]  # by the view: how far, and of one group
    assert tables(by_id["A07"]) == []
    assert tables(by_id["A09"]) == ["persons", "status"]  # by the person's own records
    assert tables(by_id["E02"]) == ["holidays", "institutions", "packs"]  # by what it shares with others
    assert tables(by_id["F04"]) == ["institutions", "practitioners"]  # over a practitioner's day


def test_a_rule_over_months_names_the_relations_that_its_statement_reads() -> None:
    for rule in CATALOGUE:
        if isinstance(rule, PeriodRule):
            assert rules.relations(rule), rule.id
