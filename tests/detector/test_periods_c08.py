"""C08: admitted for what needs no bed."""

import pytest

from schemas.records import Pack
from schemas.registry import Registry
from schemas.screening import Item
from services.detector.periods.c08_minor_illness import RULE
from tests.detector.periods import MAY, on_duckdb, stay
from tests.support.entries import EMPTY, registry

PLACES = registry(
    *({"institution_id": f"T{n}", "kind": "township", "level": 1} for n in range(6)),
).records("institutions")
WARDS = Registry({"institutions": PLACES, "packs": [Pack("INJ", injection=True), Pack("PILL")]}, 1)


def item(code="PILL", category="09"):
    return Item(code, category, "1", 1_000, None, day=MAY.begin)


SUMS = {"01": (30_000, 0), "09": (10_000, 0)}


def cold(end="05-07 09:00", place="T0", **given):
    values = {"main_diagnosis": "J06.900", "total": 40_000, "by_category": SUMS, "items": [item()], "age": 40}
    return stay("05-04 09:00", end, place, **(values | given))


def usual(count=20, place="T1", total=100_000, **given):
    given = {"main_diagnosis": "J18.900", "by_category": SUMS, "items": [item()]} | given
    return [stay("05-03 09:00", "05-10 09:00", place, total=total, **given) for _ in range(count)]


def test_a_cold_in_bed_is_found():
    (alert,) = on_duckdb([RULE], [cold(), *usual()], WARDS)
    assert (alert.subject.id, alert.severity, alert.amount) == ("T0", 3, "2000.00")
    assert (alert.evidence["stays"], alert.evidence["median"]) == (1, "1000.00")
    assert alert.checked == ["frail", "complicated", "emergency"]


OTHERWISE = (
    {"main_diagnosis": "J18.900"},
    {"main_diagnosis": ""},
    {"end": "05-05 09:00"},
    {"end": "05-10 09:00"},
    {"end": None},
    {"total": 50_000},
    {"procedures": ["47.0"]},
    {"by_category": SUMS | {"06": (1, 0)}},
    {"items": [item(), item("INJ")]},
    {"items": [item(), item("001204000060000-120400006")]},
    {"items": [item(category="05")] * 13},
    {"items": [], "by_category": {}},
)


@pytest.mark.parametrize("other", OTHERWISE)
def test_another_illness_cost_length_surgery_infusion_or_treatment_is_none(other):
    assert on_duckdb([RULE], [cold(**other), *usual()], WARDS) == []


@pytest.mark.parametrize("end", ["05-06 09:00", "05-09 09:00"])
def test_two_to_five_nights_three_treatments_a_day_and_less_than_half_the_cost(end):
    assert len(on_duckdb([RULE], [cold(end), *usual()], WARDS)) == 1
    assert len(on_duckdb([RULE], [cold(total=49_999), *usual()], WARDS)) == 1
    assert len(on_duckdb([RULE], [cold(items=[item(category="05")] * 12), *usual()], WARDS)) == 1


def test_high_blood_pressure_is_minor_only_alone():
    assert (
        len(on_duckdb([RULE], [cold(main_diagnosis="I10.x00", diagnoses=["I10.x00"]), *usual()], WARDS)) == 1
    )
    with_more = cold(main_diagnosis="I10.x00", diagnoses=["E11.900", "I10.x00"])
    assert on_duckdb([RULE], [with_more, *usual()], WARDS) == []


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"age": 80}, 0), ({"age": 79}, 1), ({"age": 3}, 0), ({"age": 4}, 1), ({"flags": ["emergency"]}, 0),
        ({"diagnoses": ["E11.900", "I10.x00", "J06.900"]}, 0), ({"diagnoses": ["I10.x00", "J06.900"]}, 1),
    ],
)  # fmt: skip
def test_the_very_old_and_young_the_complicated_and_emergencies_are_innocent(given, found):
    assert len(on_duckdb([RULE], [cold(**given), *usual()], WARDS)) == found
    if not found:
        (alert,) = on_duckdb([RULE], [cold(**given), cold(), *usual()], WARDS)
        assert alert.evidence["stays"] == 1


def test_an_unknown_age_was_not_looked_at():
    (alert,) = on_duckdb([RULE], [cold(age=None), *usual()], WARDS)
    assert alert.checked == ["complicated", "emergency"]


def test_a_class_is_needed_and_ones_own_stays_are_none():
    assert on_duckdb([RULE], [cold(), *usual(19)], WARDS) == []
    assert on_duckdb([RULE], [cold(), *usual(30, "T0")], WARDS) == []
    assert len(on_duckdb([RULE], [*(cold() for _ in range(60)), *usual()], WARDS)) == 1
    assert on_duckdb([RULE], [cold(), *usual()], EMPTY) == []


def test_more_than_half_of_the_others_must_cost_twice_as_much():
    half = [*usual(10), *usual(10, total=70_000)]
    assert on_duckdb([RULE], [cold(), *half], WARDS) == []
    assert len(on_duckdb([RULE], [cold(), *half, *usual(1)], WARDS)) == 1


def test_five_such_stays_and_the_highest_share_of_the_class_are_graver():
    rest = [each for n in range(1, 6) for each in usual(10, f"T{n}")]
    (grave,) = on_duckdb([RULE], [*(cold() for _ in range(5)), *rest], WARDS)
    assert (grave.severity, grave.evidence["share"]) == (2, 1.0)
    (few,) = on_duckdb([RULE], [*(cold() for _ in range(4)), *rest], WARDS)
    assert few.severity == 3
    others = [each for n in range(1, 6) for each in [cold(place=f"T{n}"), *usual(9, f"T{n}")]]
    told = [*(cold() for _ in range(5)), *usual(45, "T0"), *others]
    assert {alert.severity for alert in on_duckdb([RULE], told, WARDS)} == {3}
    assert [a.severity for a in on_duckdb([RULE], [*(cold() for _ in range(5)), *rest[:30]], WARDS)] == [3]
