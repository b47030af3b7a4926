"""E05: too large a prescription of Chinese medicine."""

import pytest

from schemas.screening import Item
from services.detector.periods.e05_herbal_prescription import RULE
from tests.detector.periods import on_duckdb, screening, stay, visit
from tests.support.entries import EMPTY, registry

PLACES = registry(
    {"institution_id": "H1", "kind": "hospital", "level": 2, "name": "县人民医院"},
    {"institution_id": "H2", "kind": "hospital", "level": 2, "name": "县中医医院"},
)


def herbs(count=12, doses=7, amount=2_000, covered=None):
    """So many herbs at so much each."""
    return [Item(f"T{n:03}", "10", "70", amount, covered, None, "", 0, doses) for n in range(count)]


def prescribed(*args, **given):
    return visit("05-04 10:00", items=herbs(*args), **given)


def test_eight_doses_are_found():
    (alert,) = on_duckdb([RULE], [prescribed(12, 8)], EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H1", "2026-05-04", 3)
    assert (alert.encounters, len(alert.settlements)) == ([alert.encounters[0]], 1)
    assert alert.amount == "30.00"
    assert "12味8剂" in alert.message.zh


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ((12, 7), 0),
        ((20, 7), 0),
        ((21, 7), 1),
        ((12, 7, 3_500), 0),
        ((12, 7, 3_501), 1),
    ],
)
def test_a_prescription_has_room_for_so_many_doses_and_herbs_and_so_dear_a_dose(given, found):
    assert len(on_duckdb([RULE], [prescribed(*given)], EMPTY)) == found


@pytest.mark.parametrize(
    ("given", "doses", "found"),
    [
        ({"med_type": "140104"}, 15, 0),
        ({"med_type": "140104"}, 16, 1),
        ({"disease_code": "M03900"}, 15, 0),
        ({"med_type": "140201"}, 30, 0),
        ({"med_type": "140201"}, 31, 1),
    ],
)
def test_chronic_and_special_diseases_have_more_room(given, doses, found):
    assert len(on_duckdb([RULE], [prescribed(5, doses, **given)], EMPTY)) == found


def test_two_figures_at_once_or_one_twice_over_are_graver():
    assert [alert.severity for alert in on_duckdb([RULE], [prescribed(21, 8)], EMPTY)] == [2]
    assert [alert.severity for alert in on_duckdb([RULE], [prescribed(5, 14)], EMPTY)] == [2]


def test_a_dose_far_dearer_than_those_of_its_class_is_found():
    usual = [prescribed(10, 7, 700) for _ in range(30)]
    dear = prescribed(10, 7, 1_060, settlement_id="DEAR")
    (alert,) = on_duckdb([RULE], [*usual, dear], PLACES)
    assert (alert.settlements, alert.evidence["dose_price"]) == (["DEAR"], "15.14")
    assert on_duckdb([RULE], [*usual[:18], dear], PLACES) == []
    assert on_duckdb([RULE], [*usual, dear], EMPTY) == []


def test_without_doses_only_the_number_of_herbs_is_judged():
    assert on_duckdb([RULE], [prescribed(20, None, 90_000)], EMPTY) == []
    (alert,) = on_duckdb([RULE], [prescribed(25, None)], EMPTY)
    assert (alert.amount, "剂" in alert.message.zh) == ("100.00", False)


def test_the_covered_part_counts():
    (alert,) = on_duckdb([RULE], [prescribed(10, 8, 2_000, 1_000)], EMPTY)
    assert alert.amount == "12.50"


def test_a_pharmacys_herbs_are_judged_and_other_medicines_are_not():
    assert len(on_duckdb([RULE], [screening("05-04 10:00", items=herbs(12, 8))], EMPTY)) == 1
    tablets = [Item("Z1", "11", "20", 90_000, None, None, "", 0, 20)]
    assert on_duckdb([RULE], [visit("05-04 10:00", items=tablets)], EMPTY) == []


def lying(chinese=80_000, other=80_000, department="骨科", institution="H1", **given):
    sums = {"10": (chinese, 0), "09": (other, 0)}
    return stay("05-04 10:00", "05-09 10:00", institution, by_category=sums, department=department, **given)


def test_a_stay_that_is_half_chinese_medicine_elsewhere_than_in_its_department_is_found():
    (alert,) = on_duckdb([RULE], [lying()], PLACES)
    assert (alert.severity, alert.amount, alert.checked) == (3, "0.00", ["chinese_medicine_hospital"])
    assert "占50%" in alert.message.zh
    (alert,) = on_duckdb([RULE], [lying(100_000)], PLACES)
    assert alert.amount == "100.00"
    assert on_duckdb([RULE], [lying(79_999)], PLACES) == []


def test_a_small_bill_and_one_that_is_not_settled_for_good_are_not_judged():
    assert on_duckdb([RULE], [lying(49_999, 50_000)], PLACES) == []
    assert on_duckdb([RULE], [lying(flags=["mid_stay"])], PLACES) == []


@pytest.mark.parametrize("department", ["中医科", "针灸推拿科", "康复医学科", ""])
def test_departments_of_chinese_medicine_and_unknown_ones_are_innocent(department):
    assert on_duckdb([RULE], [lying(department=department)], PLACES) == []


def test_a_hospital_of_chinese_medicine_is_innocent():
    assert on_duckdb([RULE], [lying(institution="H2")], PLACES) == []
    assert len(on_duckdb([RULE], [lying(institution="H9")], PLACES)) == 1


def test_the_month_before_is_another_months():
    early = visit("04-30 10:00", items=herbs(12, 8))
    assert on_duckdb([RULE], [early], EMPTY) == []
