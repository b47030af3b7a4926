"""C04: a community admitted together."""

import pytest

from services.detector.periods.c04_one_community import RULE
from services.detector.periods.month import Month
from tests.detector.periods import on_duckdb, stay
from tests.support.entries import EMPTY, registry

TESTS, DRUGS = {"03": (60_000, 0), "01": (40_000, 0)}, {"09": (60_000, 0), "03": (40_000, 0)}


def wave(count, first="05-04 09:00", end="05-07 09:00", **given):
    values = {"community_id": "V1", "age": 70, "by_category": TESTS, "main_diagnosis": "I67.900"}
    return [stay(first, end, **(values | given)) for _ in range(count)]


def test_five_old_people_of_one_village_are_found():
    (alert,) = on_duckdb([RULE], wave(5), EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H1", "2026-05-04", 2)
    assert (alert.evidence["persons"], alert.evidence["community"]) == (5, "V1")
    assert alert.amount == "10000.00"
    assert len(alert.encounters) == 5
    assert alert.checked == ["outbreak", "accident", "dialysis"]


def test_four_persons_are_too_few_and_one_person_counts_once():
    assert on_duckdb([RULE], wave(4), EMPTY) == []
    assert on_duckdb([RULE], [*wave(4), *wave(2, key="same")][1:], EMPTY) == []


def test_the_wave_lasts_72_hours():
    assert len(on_duckdb([RULE], [*wave(4), *wave(1, "05-07 09:00", "05-09 09:00")], EMPTY)) == 1
    assert on_duckdb([RULE], [*wave(4), *wave(1, "05-07 09:01", "05-09 09:00")], EMPTY) == []


def test_a_wave_belongs_to_the_month_of_its_last_admission():
    told = [*wave(4, "05-30 09:00", "06-02 09:00"), *wave(1, "06-01 09:00", "06-04 09:00")]
    assert on_duckdb([RULE], told, EMPTY) == []
    (alert,) = on_duckdb([RULE], told, EMPTY, Month.of("2026-06"))
    assert alert.evidence["persons"] == 5


def test_at_level_three_eight_are_needed():
    big = registry({"institution_id": "H1", "kind": "hospital", "level": 3})
    assert on_duckdb([RULE], wave(7), big) == []
    assert len(on_duckdb([RULE], wave(8), big)) == 1


@pytest.mark.parametrize(("before", "found"), [(15, 1), (16, 0)])
def test_where_as_many_come_all_the_time_it_is_no_wave(before, found):
    told = wave(5)
    for n in range(before):
        told += wave(1, f"04-{7 + n % 20:02} 09:00", f"04-{9 + n % 20:02} 09:00", by_category=DRUGS)
    assert len(on_duckdb([RULE], told, EMPTY)) == found


UNLIKE = (
    {"by_category": DRUGS},
    {"by_category": {}},
    {"by_category": TESTS | {"06": (1, 0)}},
    {"procedures": ["47.0"]},
    {"end": "05-12 09:00"},
    {"end": None},
    {"flags": ["mid_stay"]},
    {"community_id": ""},
    {"community_id": "V2"},
    {"flags": ["newborn"]},
)


@pytest.mark.parametrize("other", UNLIKE)
def test_four_fifths_must_be_short_settled_and_mostly_tests(other):
    assert on_duckdb([RULE], [*wave(3), *wave(2, **other)], EMPTY) == []


def test_one_in_five_may_be_different():
    assert len(on_duckdb([RULE], [*wave(4), *wave(1, by_category=DRUGS)], EMPTY)) == 1


def test_seven_nights_are_short_eight_are_not():
    assert len(on_duckdb([RULE], wave(5, end="05-11 09:00"), EMPTY)) == 1
    assert on_duckdb([RULE], wave(5, end="05-12 09:00"), EMPTY) == []


def test_old_or_of_one_decade():
    ages = ([59, 62, 65, 70, 88], [31, 33, 35, 38, 52], [31, 43, 55, 28, 62], [None] * 5)
    for given, found in zip(ages, (1, 1, 0, 0), strict=True):
        told = wave(5)
        for one, age in zip(told, given, strict=True):
            one.age = age
        assert len(on_duckdb([RULE], told, EMPTY)) == found


def test_they_cost_alike():
    dear = wave(5)
    dear[0].total = 600_000
    assert on_duckdb([RULE], dear, EMPTY) == []
    dear[0].total = 400_000
    assert len(on_duckdb([RULE], dear, EMPTY)) == 1


@pytest.mark.parametrize("diagnosis", ["J11.100", "A09.900", "S82.800", "T57.000", "N18.500", "Z49.100"])
def test_an_infection_an_accident_and_dialysis_explain_it(diagnosis):
    assert on_duckdb([RULE], wave(5, main_diagnosis=diagnosis), EMPTY) == []
    assert len(on_duckdb([RULE], [*wave(2), *wave(3, main_diagnosis=diagnosis)], EMPTY)) == 1


def test_different_infections_are_no_outbreak():
    told = wave(6)
    for one, code in zip(told, ("J11.1", "J18.9", "A09.9", "J11.2", "J20.9", "J06.9"), strict=True):
        one.main_diagnosis = code
    assert len(on_duckdb([RULE], told, EMPTY)) == 1


def test_without_diagnoses_nothing_is_explained_and_nothing_was_looked_for():
    (alert,) = on_duckdb([RULE], wave(5, main_diagnosis=""), EMPTY)
    assert alert.checked == []


def test_the_largest_wave_of_a_community_speaks_and_communities_are_apart():
    told = [*wave(5), *wave(6, "05-20 09:00", "05-22 09:00"), *wave(5, community_id="V2")]
    first, second = sorted(on_duckdb([RULE], told, EMPTY), key=lambda alert: alert.happened_at)
    assert (first.evidence["community"], second.evidence["community"]) == ("V2", "V1")
    assert (second.happened_at, second.evidence["persons"]) == ("2026-05-20", 6)
