"""F11: more examinations than needed."""

import pytest

from schemas.screening import Item
from services.detector.periods.f11_too_many_examinations import RULE
from tests.detector.periods import on_duckdb, stay, visit
from tests.support.entries import EMPTY, registry

CLASS = registry(*({"institution_id": f"H{n}", "kind": "hospital", "level": 2} for n in range(1, 6)))


def visits(count=20, examined=35_00, other=65_00, institution="H1", **given):
    """So many bills with so much for examinations."""
    sums = {"03": (examined, 0), "09": (other, 0)}
    return [visit("05-04 10:00", institution, by_category=sums, **given) for _ in range(count)]


def test_a_third_and_more_of_what_was_billed_is_found():
    (alert,) = on_duckdb([RULE], visits(examined=40_00, other=60_00), EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H1", "2026-05-01", 3)
    assert (alert.evidence["share"], alert.evidence["bills"]) == (0.4, 20)
    assert alert.amount == "100.00"
    assert "门诊费用中检查费占40%" in alert.message.zh


@pytest.mark.parametrize(
    ("count", "examined", "severities"),
    [(19, 40_00, []), (20, 34_00, []), (20, 35_01, [3]), (20, 64_00, [3]), (20, 65_00, [2])],
)
def test_twenty_bills_and_the_share_are_needed(count, examined, severities):
    found = on_duckdb([RULE], visits(count, examined), EMPTY)
    assert [alert.severity for alert in found] == severities


def test_stays_are_judged_apart_from_visits():
    sums = {"03": (40_00, 0), "01": (60_00, 0)}
    lying = [stay("05-04 10:00", "05-09 10:00", by_category=sums) for _ in range(20)]
    (alert,) = on_duckdb([RULE], [*visits(examined=0), *lying], EMPTY)
    assert "住院费用中检查费占40%" in alert.message.zh


def test_the_covered_part_counts_where_it_is_told():
    sums = {"03": (40_00, 20_00), "09": (60_00, 0)}
    (alert,) = on_duckdb([RULE], [visit("05-04 10:00", by_category=sums) for _ in range(20)], EMPTY)
    assert alert.amount == "50.00"


def test_where_the_class_does_alike_only_the_first_stands_out():
    others = [each for n in range(2, 6) for each in visits(examined=40_00, other=60_00, institution=f"H{n}")]
    assert on_duckdb([RULE], [*others, *visits(examined=40_00, other=60_00)], CLASS) == []
    found = on_duckdb([RULE], [*others, *visits(examined=50_00, other=50_00)], CLASS)
    assert [alert.subject.id for alert in found] == ["H1"]


def scan(day, institution="H1", person="p1", code="CT", price="210.00", amount=21_000, **given):
    item = Item(code, "03", "1", amount, None, price)
    return visit(f"{day} 10:00", institution, key=person, items=[item], **given)


def test_the_same_scan_again_within_a_week_is_found_wherever_it_is():
    first, second = scan("05-04", settlement_id="S1"), scan("05-11", "H2")
    (alert,) = on_duckdb([RULE], [first, second], EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H2", "2026-05-11", 3)
    assert alert.encounters == sorted([first.encounter_id, second.encounter_id])
    assert alert.settlements == sorted(["S1", second.settlement_id])
    assert (alert.amount, alert.evidence["days"], alert.evidence["first"]) == ("210.00", 7, "2026-05-04")
    assert set(alert.checked) == {"emergency", "operation"}


@pytest.mark.parametrize(
    "second",
    [
        scan("05-12"),
        scan("05-04"),
        scan("05-08", code="MRI"),
        scan("05-08", person="p2"),
        scan("05-08", price="149.99"),
        scan("05-08", price=None, amount=14_999),
        scan("05-08", flags=["emergency"]),
        scan("05-08", procedures=["47.0"]),
    ],
)
def test_later_elsewhere_on_the_body_or_with_a_reason_it_is_not(second):
    assert on_duckdb([RULE], [scan("05-04"), second], EMPTY) == []


def test_without_a_price_the_amount_tells_what_is_expensive():
    told = [scan("05-04", price=None), scan("05-08", price=None)]
    assert len(on_duckdb([RULE], told, EMPTY)) == 1


def test_three_scans_are_two_repetitions_and_the_month_before_counts_as_first():
    told = [scan("04-29"), scan("05-02"), scan("05-06")]
    found = on_duckdb([RULE], told, EMPTY)
    assert {alert.happened_at for alert in found} == {"2026-05-02", "2026-05-06"}


def test_scans_of_one_encounter_are_its_own_matter():
    days = [scan("05-04", encounter_id="M1"), scan("05-08", encounter_id="M1")]
    assert on_duckdb([RULE], days, EMPTY) == []


def patients(count=20, codes="ABCDE", department="内科", **given):
    items = [Item(code, "04", "1", 2_000, None) for code in codes]
    return [
        visit("05-04 10:00", items=items, department=department, **{"main_diagnosis": f"J{n}", **given})
        for n in range(count)
    ]


def test_one_package_for_nearly_everybody_is_found():
    (alert,) = on_duckdb([RULE], [*patients(20), *patients(5, "AB")], EMPTY)
    assert (alert.severity, alert.amount, alert.evidence["alike"]) == (3, "0.00", 20)
    assert "80%" in alert.message.zh
    assert alert.checked == ["one_disease"]


@pytest.mark.parametrize(("packed", "others", "codes"), [(19, 0, "ABCDE"), (20, 6, "ABCDE"), (20, 0, "ABCD")])
def test_four_in_five_of_twenty_with_five_items_are_needed(packed, others, codes):
    assert on_duckdb([RULE], [*patients(packed, codes), *patients(others, "AB")], EMPTY) == []


def test_departments_are_counted_apart_and_unknown_ones_not_at_all():
    assert on_duckdb([RULE], [*patients(15), *patients(15, department="外科")], EMPTY) == []
    assert on_duckdb([RULE], patients(department=""), EMPTY) == []


def test_one_disease_and_check_ups_are_innocent():
    assert on_duckdb([RULE], patients(main_diagnosis="I10"), EMPTY) == []
    assert on_duckdb([RULE], patients(med_type="9107"), EMPTY) == []
    assert len(on_duckdb([RULE], patients(main_diagnosis=""), EMPTY)) == 1
