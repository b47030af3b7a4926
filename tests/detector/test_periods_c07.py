"""C07: old persons who live in a ward, by many cheap stays or by a long idle one."""

import pytest

from services.detector.periods.c07_cared_for_in_a_ward import RULE
from tests.detector.periods import on_duckdb, stay
from tests.support.entries import EMPTY, registry

WARDS = registry(
    *({"institution_id": place, "kind": "township", "level": 1} for place in ("T1", "T2")),
    {"institution_id": "H9", "kind": "hospital", "level": 3},
)


def elsewhere(count, place="T2", total=200_000, **given):
    """Old persons with one stay each: a hundred yuan a night and more."""
    return [
        stay("05-01 09:00", "05-06 09:00", place, **({"age": 70, "total": total} | given))
        for _ in range(count)
    ]


def resident(count=4, nights=3, place="T1", last="05-20", **given):
    """Stays of one person a fortnight apart, the last of which begins in the month."""
    days = ["02-01", "03-01", "03-20", "04-10", last][-count:]
    values = {"key": "p", "age": 80, "total": 30_000 * nights, "fund": 10_000}
    return [
        stay(f"{day} 09:00", f"{day[:3]}{int(day[3:]) + nights:02} 09:00", place, **(values | given))
        for day in days
    ]


def test_four_cheap_admissions_of_a_year_are_found():
    (alert,) = on_duckdb([RULE], [*elsewhere(50), *resident()], WARDS)
    assert (alert.subject.id, alert.severity, alert.happened_at) == ("T1", 3, "2026-05-20")
    assert (alert.evidence["persons"], alert.evidence["most_admissions"]) == (1, 4)
    assert alert.amount == "100.00"
    assert len(alert.encounters) == 1


@pytest.mark.parametrize(
    "given", [{"count": 3}, {"age": 59}, {"age": None}, {"total": 100_000}, {"total": 0}, {"last": "06-02"}]
)
def test_three_admissions_a_younger_person_or_dearer_days_are_none(given):
    assert on_duckdb([RULE], [*elsewhere(50), *resident(**given)], WARDS) == []


def test_three_hundred_yuan_a_day_is_the_bound():
    dear = elsewhere(50, total=1_000_000)
    assert len(on_duckdb([RULE], [*dear, *resident(total=90_000)], WARDS)) == 1
    assert on_duckdb([RULE], [*dear, *resident(total=90_300)], WARDS) == []


def test_admissions_of_longer_than_a_year_ago_do_not_count():
    early = resident()
    old = stay("2025-05-31 09:00", "2025-06-03 09:00", "T1", key="p", age=80, total=90_000)
    assert on_duckdb([RULE], [*elsewhere(50), *early[1:], old], WARDS) == []
    old = stay("2025-06-01 09:00", "2025-06-03 09:00", "T1", key="p", age=80, total=60_000)
    assert len(on_duckdb([RULE], [*elsewhere(50), *early[1:], old], WARDS)) == 1


def test_where_others_come_as_often_or_pay_as_little_it_is_usual():
    def often(key):
        return resident(place="T2", key=key, total=150_000)

    one, two = often("a"), often("b")
    assert len(on_duckdb([RULE], [*elsewhere(50), *one, *resident()], WARDS)) == 1
    often_elsewhere = [*one, *two, stay("04-25 09:00", "04-28 09:00", "T2", key="a", age=70, total=900_000)]
    often_elsewhere.append(stay("04-25 09:00", "04-28 09:00", "T2", key="b", age=70, total=900_000))
    assert on_duckdb([RULE], [*elsewhere(50), *often_elsewhere, *resident()], WARDS) == []
    assert len(on_duckdb([RULE], [*elsewhere(49), *elsewhere(1, total=500), *resident()], WARDS)) == 1
    assert on_duckdb([RULE], [*elsewhere(48), *elsewhere(2, total=500), *resident()], WARDS) == []


def test_too_few_persons_of_the_class_are_helped_out_by_others_and_too_few_say_nothing():
    assert on_duckdb([RULE], [*elsewhere(49), *resident()], WARDS) == []
    assert len(on_duckdb([RULE], [*elsewhere(20), *elsewhere(30, "H9"), *resident()], WARDS)) == 1
    assert on_duckdb([RULE], resident(), EMPTY) == []


def test_a_ward_full_of_them_hides_none():
    many = [each for n in range(60) for each in resident(key=f"r{n}")]
    (alert,) = on_duckdb([RULE], [*elsewhere(50), *many], WARDS)
    assert alert.evidence["persons"] == 60


def long_stay(begin="03-01", **given):
    sums = {"03": (80_000, 0), "01": (20_000, 0)}
    return stay(begin, "07-01", "T1", **({"age": 80, "by_category": sums} | given))


def test_a_long_stay_of_tests_or_drugs_alone_is_found():
    told = {"begin": "05-01"}
    (alert,) = on_duckdb([RULE], [long_stay(**told)], WARDS)
    assert alert.evidence["most_nights"] == 61
    drugs = {"09": (90_000, 0), "01": (10_000, 0)}
    assert len(on_duckdb([RULE], [long_stay(**told, by_category=drugs)], WARDS)) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"begin": "05-03"},
        {"begin": "05-01", "by_category": {"03": (79_900, 0), "01": (20_100, 0)}},
        {"begin": "05-01", "by_category": {}},
        {"begin": "05-01", "age": 59},
        {"begin": "04-30"},
    ],
)
def test_fewer_nights_treatment_no_items_or_another_month_are_none(given):
    assert on_duckdb([RULE], [long_stay(**given)], WARDS) == []


def test_where_long_stays_are_usual_it_is_none():
    longer = [stay("04-20", "07-01", "T2", age=40) for _ in range(2)]
    short = [stay("04-20", "04-22", "T2", age=40) for _ in range(98)]
    assert on_duckdb([RULE], [long_stay("05-01"), *longer, *short], WARDS) == []
    assert len(on_duckdb([RULE], [long_stay("05-01"), *longer[1:], *short, *short[:0]], WARDS)) == 1


@pytest.mark.parametrize(
    "given", [{"main_diagnosis": "Z49.100"}, {"main_diagnosis": "Z51.102"}, {"main_diagnosis": "F20.900"},
              {"main_diagnosis": "I10", "med_type": "2114"}]
)  # fmt: skip
def test_a_course_of_treatment_and_what_is_paid_by_the_day_explain_it(given):
    assert on_duckdb([RULE], [*elsewhere(50), *resident(**given)], WARDS) == []
    told = [*elsewhere(50), *resident(**given), *resident(key="q", main_diagnosis="I10")]
    (alert,) = on_duckdb([RULE], told, WARDS)
    assert alert.evidence["persons"] == 1
    assert alert.checked == ["course", "by_day"]
