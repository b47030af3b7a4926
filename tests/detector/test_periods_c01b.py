"""C01b: signs of an empty bed that only other stays show."""

import pytest

from schemas.registry import Registry
from schemas.rules import RuleParameters
from schemas.screening import Item
from services.detector.periods.c01b_empty_bed_compared import RULE
from tests.detector.periods import MAY, on_duckdb, stay
from tests.support.entries import registry

HOSPITALS = registry(
    *({"institution_id": name, "kind": "hospital", "level": 2} for name in ("H1", "H2")),
)
FOURTH = MAY.begin + 3
FULL = range(1, 5)


def day_bill(day, cost, *more):
    """A bed, nursing and so much treatment of one day; more: further charge types of ten yuan."""
    lines = [("BED", "01", 100), ("CARE", "07", 100), ("CURE", "05", cost - 200)]
    lines += [(f"X{category}", category, 1_000) for category in more]
    return [
        Item(code, category, "1", amount, amount, None, "", FOURTH + day) for code, category, amount in lines
    ]


def usual(count=20, **given):
    """Stays of five nights of the class, three hundred yuan a day, tested on the first."""
    items = [item for day in range(5) for item in day_bill(day, 30_000, *(["04"] if day == 0 else []))]
    return [lying(items, institution="H2", total=150_000, **given) for _ in range(count)]


def lying(items, institution="H1", begin="05-04 09:00", end="05-09 09:00", **given):
    sums: dict = {}
    for item in items:
        amount, covered = sums.get(item.category, (0, 0))
        sums[item.category] = (amount + item.amount, covered + item.covered)
    return stay(begin, end, institution, items=list(items), by_category=sums, **given)


def untested(cost=30_000, cheap=0, **given):
    """A stay without a test, of whose full days so many cost next to nothing."""
    items = day_bill(0, 30_000)
    for day in FULL:
        items += day_bill(day, 500 if day <= cheap else cost)
    return lying(items, **({"encounter_id": "M1", "main_diagnosis": "Z00.0"} | given))


def judged(*told):
    return on_duckdb([RULE], [*usual(), *told], HOSPITALS)


def other_in_bed(begin="05-05 09:00", end="05-07 09:00", institution="H1", **given):
    return stay(begin, end, institution, encounter_id="M2", **({"bed": "7"} | given))


def test_half_of_the_days_below_a_fifth_of_the_usual_cost_add_one():
    (alert,) = judged(untested(cheap=2))
    assert (alert.subject.id, alert.encounters, alert.severity, alert.amount) == ("H1", ["M1"], 3, "2000.00")
    assert (alert.evidence["score"], alert.evidence["score_alone"]) == (4, 3)
    assert (alert.evidence["cheap_days"], alert.evidence["full_days"], alert.evidence["usual"]) == (
        2,
        4,
        "300.00",
    )
    assert alert.checked == ["on_leave"]


@pytest.mark.parametrize(
    "told",
    [
        untested(cheap=1),
        untested(cheap=2, main_diagnosis="J18.9"),
        untested(cheap=2, main_diagnosis="Z50.1"),
        untested(cheap=2, med_type="2105"),
        untested(cheap=2, flags=["newborn"]),
        untested(cheap=2, end="05-05 09:00"),
        untested(cheap=2, institution="H9"),
    ],
    ids=[
        "one day",
        "weighs too little",
        "rehabilitation",
        "by the day",
        "newborn",
        "one night",
        "unknown class",
    ],
)
def test_what_is_usual_or_not_to_be_compared_is_silent(told):
    assert judged(told) == []


def test_lines_without_a_day_say_nothing_of_days():
    whole = [Item("CURE", "05", "1", 1_000, 1_000)]
    assert judged(lying(whole, main_diagnosis="Z00.0", bed="7")) == []


def test_too_few_stays_of_the_class_are_nothing_to_compare_with():
    assert on_duckdb([RULE], [*usual(10), untested(cheap=2)], HOSPITALS) == []


def test_a_bed_given_to_two_adds_three():
    (alert,) = judged(untested(bed="7"), other_in_bed())
    assert (alert.encounters, alert.severity, alert.evidence["score"]) == (["M1"], 2, 6)
    assert (alert.evidence["bed"], alert.evidence["other"]) == ("7", "M2")
    assert "7床同时登记给住院M2" in alert.message.zh


def test_a_shared_bed_and_cheap_days_are_said_together():
    (alert,) = judged(untested(bed="7", cheap=4), other_in_bed())
    assert alert.evidence["score"] == 7
    assert "7床" in alert.message.zh
    assert "4个整日中有4日" in alert.message.zh


@pytest.mark.parametrize(
    "other",
    [
        other_in_bed("05-09 05:30", "05-11 09:00"),
        other_in_bed(bed="8"),
        other_in_bed(med_type="28"),
        other_in_bed(institution="H2"),
    ],
    ids=["three and a half hours", "another bed", "day surgery", "another hospital"],
)
def test_a_bed_that_is_handed_on_is_not_shared(other):
    assert judged(untested(bed="7"), other) == []


def test_a_shared_bed_alone_weighs_too_little():
    tested = usual(1)[0]
    bill = {"items": tested.items, "by_category": tested.by_category}
    assert (
        judged(stay("05-04 09:00", "05-09 09:00", "H1", encounter_id="M1", bed="7", **bill), other_in_bed())
        == []
    )


def test_a_leave_on_record_explains_days_without_treatment():
    bare = [item for item in day_bill(0, 30_000, "04") if item]
    bare += [item for day in FULL for item in day_bill(day, 200)[:2]]
    (alert,) = judged(lying(bare, encounter_id="M1"))
    assert alert.evidence["score"] == 4
    assert judged(lying(bare, encounter_id="M1", flags=["on_leave"])) == []


def test_what_c01_found_is_said_again_only_where_it_is_grave_by_comparison():
    told = {"alerts": ["C01-1"], "main_diagnosis": "J18.9"}
    assert judged(untested(cheap=2, **told)) == []
    (alert,) = judged(untested(cheap=4, bed="7", **told), other_in_bed())
    assert (alert.severity, alert.evidence["score"]) == (2, 6)


def with_values(*records):
    rows = {"institutions": HOSPITALS.records("institutions"), "rules": list(records)}
    return Registry(rows, 1)


def test_what_is_set_for_c01_holds_for_both():
    untested_weighs_less = RuleParameters("C01", "", values={"untested_weight": 1})
    c01_is_off = RuleParameters("C01", "", enabled=False, severity=1)
    told = [*usual(), untested(cheap=2)]
    assert on_duckdb([RULE], told, with_values(untested_weighs_less)) == []
    (alert,) = on_duckdb([RULE], told, with_values(c01_is_off))
    assert (alert.severity, alert.evidence["parameters"]["untested_weight"]) == (3, 2)


def test_the_text_says_the_share_that_is_in_force():
    told = [*usual(), untested(cheap=2)]
    (usually,) = on_duckdb([RULE], told, HOSPITALS)
    (by_file,) = on_duckdb(
        [RULE], told, with_values(RuleParameters("C01b", "", values={"cost_share": 0.125}))
    )
    assert "300.00元的20%" in usually.message.zh
    assert "12.5% of the usual" in by_file.message.en
