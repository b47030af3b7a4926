"""The law of the contract under parameters that differ by region and day: what stands is still a function of
the facts, and of the registry that holds the parameters."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.registry import WHOLE, Registry
from schemas.rules import RuleParameters
from services.detector.parameter_files import check_reach
from services.detector.rules import RULES
from tests.detector.test_laws import (
    CALM,
    _folded_soon,  # noqa: F401 - a fixture
    any_order_is_one_order,
    every_step_says_the_whole,
    troubles_leave_no_trace,
)
from tests.detector.worlds import DAYS, REGISTRIES, worlds

REGIONS = ("", "43", "4301", "430102", "430181", "4307")
FACTORS = (0.5, 2, 10)
FEW = settings(max_examples=150, **CALM)
MANY = settings(max_examples=5_000, **CALM)


def values_of(rule, name: str, factor: float) -> dict:
    """A figure of a rule, made smaller or greater as far as the rule sees."""
    default = getattr(rule.parameters, name)
    if isinstance(default, bool) or not isinstance(default, int | float):
        return {}
    value = type(default)(default * factor)
    unit = next(item.metadata["unit"] for item in fields(rule.parameters) if item.name == name)
    try:
        check_reach(rule, value, unit, default)
    except ValueError:
        return {}
    return {name: value}


@st.composite
def parameters(draw) -> RuleParameters:
    """What some file says of some rule."""
    rule = draw(st.sampled_from(RULES))
    names = [item.name for item in fields(rule.parameters)]
    chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) if names else []
    values = [values_of(rule, name, draw(st.sampled_from(FACTORS))) for name in chosen]
    return RuleParameters(
        rule.id,
        draw(st.sampled_from(REGIONS)),
        draw(st.sampled_from(("", *DAYS))),
        enabled=draw(st.sampled_from((None, None, None, True, False))),
        shadow=draw(st.sampled_from((None, True, False))),
        severity=draw(st.sampled_from((None, None, 1, 3))),
        values={name: value for one in values for name, value in one.items()},
    )


@st.composite
def registries(draw) -> Registry:
    """One of the worlds' registries with parameters in it, one record a place."""
    known = draw(st.sampled_from(REGISTRIES))
    records = draw(st.lists(parameters(), max_size=12, unique_by=lambda record: record.place))
    tables = {name: known.records(name) for name in WHOLE}
    return Registry({**tables, "rules": records}, known.version)


@FEW
@given(worlds(), registries(), st.randoms(use_true_random=False))
def test_any_order_is_one_order_under_any_parameters(story, known, random):
    any_order_is_one_order(story, known, random)


@FEW
@given(worlds(), registries(), st.randoms(use_true_random=False))
def test_after_every_step_the_whole_is_said_under_any_parameters(story, known, random):
    every_step_says_the_whole(story, known, random)


@FEW
@given(worlds(), st.lists(registries(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_parameters_that_change_on_the_way_leave_no_trace(story, known, random):
    troubles_leave_no_trace(story, known, random)


@pytest.mark.faults
@pytest.mark.timeout(3_000)
@MANY
@given(worlds(most=30), st.lists(registries(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_the_law_holds_for_many_parameters(story, known, random):
    any_order_is_one_order(story, known[-1], random)
    every_step_says_the_whole(story, known[-1], random)
    troubles_leave_no_trace(story, known, random)
