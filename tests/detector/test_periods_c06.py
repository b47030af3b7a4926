"""C06: stays for drugs alone."""

import pytest

from services.detector.periods.c06_stays_for_drugs import RULE
from tests.detector.periods import on_duckdb, stay
from tests.support.entries import EMPTY, registry

WARDS = registry(*({"institution_id": place, "kind": "hospital", "level": 2} for place in ("H1", "H2")))
DRUGS, USUAL = (
    {"09": (60_000, 0), "11": (31_000, 0), "01": (9_000, 0)},
    {"09": (40_000, 0), "01": (60_000, 0)},
)


def for_drugs(end="05-05 09:00", **given):
    return stay("05-04 09:00", end, **({"by_category": DRUGS, "main_diagnosis": "J18.900"} | given))


def usual(count, end="05-10 09:00", **given):
    return [stay("05-03 09:00", end, "H2", **({"by_category": USUAL} | given)) for _ in range(count)]


def test_a_short_stay_of_nine_tenths_drugs_is_found():
    (alert,) = on_duckdb([RULE], [for_drugs()], EMPTY)
    assert (alert.subject.id, alert.severity, alert.amount) == ("H1", 3, "2000.00")
    assert (alert.evidence["stays"], alert.evidence["drug_share"]) == (1, 0.91)
    assert alert.checked == ["oncology"]


def test_one_finding_an_institution_and_month():
    (alert,) = on_duckdb([RULE], [for_drugs(), for_drugs(), for_drugs()], EMPTY)
    assert (alert.evidence["stays"], len(alert.encounters)) == (3, 3)


OTHERWISE = (
    {"by_category": {"09": (89_900, 0), "01": (10_100, 0)}},
    {"by_category": {}},
    {"end": "05-07 09:00"},
    {"end": None},
    {"flags": ["mid_stay"]},
)


@pytest.mark.parametrize("other", OTHERWISE)
def test_fewer_drugs_a_longer_stay_an_open_one_or_none_itemised_is_not(other):
    assert on_duckdb([RULE], [for_drugs(**other)], EMPTY) == []


def test_a_tenth_of_the_rest_and_two_nights_are_the_bounds():
    assert len(on_duckdb([RULE], [for_drugs(by_category={"09": (90, 0), "01": (10, 0)})], EMPTY)) == 1
    assert len(on_duckdb([RULE], [for_drugs("05-06 09:00")], EMPTY)) == 1


def test_the_treatment_of_a_tumour_is_drugs():
    innocent = (
        {"main_diagnosis": "C34.900"},
        {"main_diagnosis": "Z51.100"},
        {"diagnoses": ["C50.900", "J18.900"]},
        {"diagnoses": ["J18.900", "Z51.102"]},
        {"department": "全科家庭病床"},
    )
    for given in innocent:
        assert on_duckdb([RULE], [for_drugs(**given)], EMPTY) == []
        (alert,) = on_duckdb([RULE], [for_drugs(**given), for_drugs()], EMPTY)
        assert alert.evidence["stays"] == 1


def test_a_stay_without_diagnosis_was_not_looked_at_for_tumours():
    (alert,) = on_duckdb([RULE], [for_drugs(main_diagnosis="", department="内科")], EMPTY)
    assert alert.checked == ["home_bed"]


def test_a_large_class_says_what_is_much_and_what_is_short():
    told = [for_drugs(), *usual(100)]
    assert len(on_duckdb([RULE], told, WARDS)) == 1
    more = usual(2, by_category={"09": (1_000, 0)})
    assert on_duckdb([RULE], [*told[:-2], *more], WARDS) == []
    assert len(on_duckdb([RULE], [*told[:-1], more[0]], WARDS)) == 1
    shorter = usual(6, end="05-03 20:00")
    assert on_duckdb([RULE], [*told[:-6], *shorter], WARDS) == []
    assert len(on_duckdb([RULE], [*told[:-5], *shorter[:5]], WARDS)) == 1
    assert len(on_duckdb([RULE], [for_drugs("05-07 09:00"), *usual(100)], WARDS)) == 1
