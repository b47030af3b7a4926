"""Groups among pairs that meet: parts of a graph, pruned; what is tangled is divided."""

import random
from dataclasses import replace
from itertools import combinations

import pytest

from services.detector.periods.groups import GroupFigures, at_least, groups_of

FIGURES = GroupFigures()
PLACES = ("P1", "P2")


def met(persons, day, place=None, expected=0.01):
    """Rows of all pairs of some persons that came together on a day."""
    return [
        {
            "one": one,
            "other": other,
            "institution_id": place or PLACES[day % 2],
            "day": day,
            "expected": expected,
        }
        for one, other in combinations(sorted(persons), 2)
    ]


def often(persons, days=range(4), **given):
    return [row for day in days for row in met(persons, day, **given)]


def members(rows, figures=FIGURES):
    return [group.persons for group in groups_of(rows, figures)]


def test_persons_who_meet_on_days_enough_are_a_group():
    (group,) = groups_of(often("abc"), FIGURES)
    assert group.persons == ("a", "b", "c")
    assert (group.place, group.last_day, len(group.gatherings)) == ("P1", 3, 4)
    assert len(list(group.rows())) == 12


def test_two_are_no_group():
    assert members(often("ab")) == []
    assert members(often("ab"), replace(FIGURES, persons=2)) == [("a", "b")]


def test_who_comes_on_fewer_days_than_the_others_is_no_member():
    assert members(often("abc") + met("abd", 0) + met("abd", 1)) == [("a", "b", "c")]


def test_an_occasion_of_few_members_is_no_gathering():
    ten = "abcdefghij"
    (group,) = groups_of(often(ten) + met("abcd", 6), FIGURES)
    assert sorted(day for _, day in group.gatherings) == [0, 1, 2, 3]
    (group,) = groups_of(often(ten) + met("abcde", 6), FIGURES)
    assert len(group.gatherings) == 5


def test_groups_at_one_institution_are_left_alone():
    assert members(often("abc", place="P1")) == []


def test_as_many_meetings_as_chance_brings_are_none():
    assert members(often("abc", expected=0.05)) == [("a", "b", "c")]
    assert members(often("abc", expected=0.1)) == [], "probable enough, though forty times as many"
    loose = replace(FIGURES, chance=0.5)
    assert members(often("abc", expected=0.8), loose) == [("a", "b", "c")]
    assert members(often("abc", expected=0.81), loose) == [], "less than five times as many"


def test_the_probability_of_so_many_or_more():
    assert at_least(0, 3.0) == pytest.approx(1.0)
    assert at_least(1, 1.0) == pytest.approx(0.632121, abs=1e-6)
    assert at_least(4, 0.003) == pytest.approx(3.367e-12, rel=1e-3)
    assert at_least(3, 0.0) == 0.0
    assert at_least(0, 0.0) == 1.0


def test_groups_that_do_not_touch_stand_apart():
    assert members(often("abc") + often("xyz")) == [("a", "b", "c"), ("x", "y", "z")]


def test_groups_that_share_their_leader_are_found_one_by_one():
    crews = ["abcd", "efgh", "ijkl", "mnop"]
    days = iter(range(100))
    rows = [row for crew in crews for _ in range(4) for row in met([*crew, "z"], next(days))]
    found = members(rows)
    assert sorted(set("".join(crews)) - {name for group in found for name in group}) == []
    assert sum("z" in group for group in found) == 1
    assert len(found) == 4


def test_a_crowd_larger_than_a_group_may_be_is_none():
    crowd = [f"p{number:02}" for number in range(51)]
    assert members(often(crowd)) == []
    assert [len(group) for group in members(often(crowd[:50]))] == [50]


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_meetings_leaves_no_trace(seed):
    draw = random.Random(seed)
    names = [f"p{number:03}" for number in range(60)]
    rows = [row for day in range(40) for row in met(draw.sample(names, 6), day)]
    rows += [row for crew in range(6) for row in often(names[crew * 7 : crew * 7 + 8])]
    mixed = draw.sample(rows, len(rows))
    assert groups_of(rows, FIGURES) == groups_of(mixed, FIGURES) != []


def test_the_name_of_a_group_is_that_of_its_members():
    (one,), (other,) = groups_of(often("abc"), FIGURES), groups_of(often("abc", range(2, 9)), FIGURES)
    assert one.name == other.name
