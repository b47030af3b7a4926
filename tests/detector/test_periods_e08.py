"""E08: dear medicines from one hand."""

import pytest

from schemas.records import Institution, Pack
from schemas.registry import Registry
from schemas.screening import Item
from services.detector.periods.e08_precious_drugs import RULE
from tests.detector.periods import on_duckdb, visit
from tests.support.entries import EMPTY

KNOWN = Registry(
    {
        "institutions": [Institution(f"C{n}", kind="clinic") for n in range(6)],
        "packs": [Pack("DEAR", high_value=True), Pack("PLAIN")],
    },
    1,
)


def drug(code="DEAR", amount=40_000, practitioner="", category="09"):
    return Item(code, category, "1", amount, None, None, practitioner)


def prescribed(*items, person, doctor="D1", day="05-04", institution="C1", **given):
    return visit(f"{day} 10:00", institution, key=person, practitioner=doctor, items=list(items), **given)


def circle(count=5, doctor="D1", *, code="DEAR", plain=10_000, **given):
    """So many persons who came once for a dear medicine and a cheap one."""
    return [
        prescribed(drug(code), drug("PLAIN", plain), person=f"{doctor}-p{n}", doctor=doctor, **given)
        for n in range(count)
    ]


def colleagues(count=4):
    """Practitioners elsewhere who prescribe nothing dear."""
    return [
        prescribed(drug("PLAIN"), person=f"q{n}", doctor=f"Q{n}", institution=f"C{n + 2}")
        for n in range(count)
    ]


def test_five_persons_who_came_once_for_dear_medicines_are_found():
    (alert,) = on_duckdb([RULE], [*circle(), *colleagues()], KNOWN)
    assert (alert.subject.kind, alert.subject.id, alert.severity) == ("practitioner", "D1", 3)
    assert (alert.institutions, alert.happened_at) == (["C1"], "2026-05-04")
    assert (alert.evidence["share"], alert.evidence["persons"], alert.evidence["once"]) == (0.8, 5, 5)
    assert alert.amount == "2000.00"
    assert len(alert.settlements) == 5


@pytest.mark.parametrize(
    ("persons", "plain", "found"), [(4, 0, 0), (5, 93_000, 1), (5, 93_500, 0), (9, 10_000, 1)]
)
def test_five_persons_and_three_tenths_of_all_that_was_prescribed_are_needed(persons, plain, found):
    told = [*circle(persons, plain=plain), *colleagues()]
    assert len(on_duckdb([RULE], told, KNOWN)) == found


def test_it_takes_five_practitioners_to_compare_with():
    assert on_duckdb([RULE], [*circle(), *colleagues(3)], KNOWN) == []


def test_it_must_stand_out_of_its_class():
    others = [each for n in range(4) for each in circle(5, f"Q{n}", institution=f"C{n + 2}")]
    assert on_duckdb([RULE], [*circle(), *others], KNOWN) == []
    found = on_duckdb([RULE], [*circle(plain=9_000), *others], KNOWN)
    assert [alert.subject.id for alert in found] == ["D1"]


def again(count, day="05-20"):
    return [prescribed(person=f"D1-p{n}", day=day) for n in range(count)]


def test_persons_who_come_again_are_followed_up():
    told = [*circle(), *colleagues()]
    assert len(on_duckdb([RULE], [*told, *again(1)], KNOWN)) == 1
    assert on_duckdb([RULE], [*told, *again(2)], KNOWN) == []
    assert on_duckdb([RULE], [*told, *again(2, "04-20")], KNOWN) == []
    assert len(on_duckdb([RULE], [*told, *again(2, "01-20")], KNOWN)) == 1


def test_persons_insured_elsewhere_are_far_even_when_they_come_again():
    far = {"region": "430102", "insured_region": "430702"}
    told = [*circle(3, **far), *circle(5)[3:], *colleagues(), *again(5)]
    (alert,) = on_duckdb([RULE], told, KNOWN)
    assert (alert.evidence["once"], alert.evidence["far"]) == (0, 3)
    assert on_duckdb([RULE], [*circle(2, **far), *circle(5)[2:], *colleagues(), *again(5)], KNOWN) == []


def test_whom_the_line_names_has_prescribed_it():
    told = [prescribed(drug(practitioner="D2"), person=f"p{n}", doctor="D1") for n in range(5)] + colleagues()
    (alert,) = on_duckdb([RULE], told, KNOWN)
    assert alert.subject.id == "D2"


def test_a_department_whose_medicines_are_dear_is_innocent():
    assert on_duckdb([RULE], [*circle(department="肿瘤科"), *colleagues()], KNOWN) == []
    (alert,) = on_duckdb([RULE], [*circle(department="内科"), *colleagues()], KNOWN)
    assert alert.checked == ["specialty"]


def test_without_a_practitioner_packs_or_kinds_nothing_is_said():
    assert on_duckdb([RULE], [*circle(doctor=""), *colleagues()], KNOWN) == []
    kinds = Registry({"institutions": KNOWN.records("institutions")}, 1)
    assert on_duckdb([RULE], [*circle(), *colleagues()], kinds) == []
    assert on_duckdb([RULE], [*circle(), *colleagues()], EMPTY) == []
    assert on_duckdb([RULE], [*circle(care="pharmacy", med_type="41"), *colleagues()], KNOWN) == []
