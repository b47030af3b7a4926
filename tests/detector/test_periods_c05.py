"""C05: stays that are a check-up, of an institution and of a person."""

import pytest

from services.detector.periods.c05_check_up_stays import RULE
from services.detector.periods.month import Month
from tests.detector.periods import on_duckdb, stay
from tests.support.entries import EMPTY, registry

WARDS = registry(
    *({"institution_id": place, "kind": "hospital", "level": 2} for place in ("H1", "H2")),
    {"institution_id": "H3", "kind": "hospital", "level": 3},
)
TESTS = {"03": (50_000, 0), "04": (35_000, 0), "01": (15_000, 0)}
USUAL = {"03": (20_000, 0), "09": (50_000, 0), "01": (30_000, 0)}


def check_ups(count, begin="05-04 09:00", end="05-05 09:00", **given):
    return [stay(begin, end, **({"by_category": TESTS} | given)) for _ in range(count)]


def usual(count, place="H2", end="05-10 09:00", **given):
    return [stay("05-03 09:00", end, place, **({"by_category": USUAL} | given)) for _ in range(count)]


@pytest.mark.parametrize(("count", "found"), [(9, 0), (10, 1)])
def test_ten_in_a_month_are_found(count, found):
    alerts = on_duckdb([RULE], check_ups(count), EMPTY)
    assert len(alerts) == found
    if found:
        assert (alerts[0].subject.id, alerts[0].severity, alerts[0].amount) == ("H1", 2, "20000.00")
        assert (alerts[0].evidence["stays"], alerts[0].evidence["test_share"]) == (10, 0.85)
        assert len(alerts[0].encounters) == 10
        assert {case["on"] for case in alerts[0].evidence["cases"]} == {"2026-05-04"}, (
            "a day that people read"
        )


OTHERWISE = (
    {"by_category": {"03": (79_900, 0), "01": (20_100, 0)}},
    {"by_category": {"03": (90_000, 0), "09": (10_000, 0)}},
    {"by_category": {}},
    {"by_category": TESTS | {"06": (1, 0)}},
    {"procedures": ["45.23"]},
    {"end": "05-07 09:00"},
    {"flags": ["mid_stay"]},
    {"flags": ["newborn"]},
)


@pytest.mark.parametrize("other", OTHERWISE)
def test_a_stay_with_fewer_tests_with_drugs_an_operation_or_of_longer_is_none(other):
    assert on_duckdb([RULE], [*check_ups(9), *check_ups(1, **other)], EMPTY) == []


def test_a_month_counts_its_own_admissions():
    told = [*check_ups(9), *check_ups(5, "04-20 09:00", "04-21 09:00")]
    assert on_duckdb([RULE], told, EMPTY) == []


def test_a_person_with_another_stay_within_half_a_year_does_not_count():
    told = check_ups(10)
    for day, found in (("2025-11-03", 0), ("2025-11-02", 1), ("2026-05-20", 0)):
        other = stay(f"{day} 09:00", f"{day} 20:00", "H2", key=told[0].key, by_category=USUAL)
        assert len(on_duckdb([RULE], [*told, other], EMPTY)) == found


def test_a_large_class_says_what_is_many_and_what_is_short():
    some = [*check_ups(10), *usual(100)]
    assert len(on_duckdb([RULE], some, WARDS)) == 1
    more_tests = usual(2, by_category={"03": (90_000, 0), "09": (10_000, 0)})
    assert on_duckdb([RULE], [*some[:-2], *more_tests], WARDS) == []
    assert len(on_duckdb([RULE], [*some[:-1], more_tests[0]], WARDS)) == 1
    shorter = usual(6, end="05-03 20:00")
    assert on_duckdb([RULE], [*some[:-6], *shorter], WARDS) == []
    assert len(on_duckdb([RULE], [*some[:-6], *shorter[:5], *usual(1)], WARDS)) == 1


def test_drugs_are_few_by_the_class():
    some_drugs = {"03": (85_000, 0), "09": (15_000, 0)}
    told = [*check_ups(10, by_category=some_drugs), *usual(100)]
    assert len(on_duckdb([RULE], told, WARDS)) == 1
    none_elsewhere = usual(6, by_category={"03": (20_000, 0), "01": (80_000, 0)})
    assert on_duckdb([RULE], [*told[:-6], *none_elsewhere], WARDS) == []


def test_another_level_and_ones_own_stays_are_no_class():
    longer = {"end": "05-07 09:00"}
    assert on_duckdb([RULE], [*check_ups(10, **longer), *usual(200, "H3")], WARDS) == []
    assert len(on_duckdb([RULE], [*check_ups(10, **longer), *usual(100)], WARDS)) == 1
    assert len(on_duckdb([RULE], [*check_ups(120), *usual(100)], WARDS)) == 1


def three(first="02-02", key="p"):
    return [
        stay(f"{day} 09:00", f"{day} 20:00", place, key=key, by_category=TESTS)
        for day, place in ((first, "H1"), ("03-20", "H2"), ("05-06", "H1"))
    ]


def test_three_of_one_person_within_half_a_year_are_found():
    (alert,) = on_duckdb([RULE], three(), EMPTY)
    assert (alert.institutions, alert.happened_at, alert.evidence["stays"]) == (["H1", "H2"], "2026-05-06", 3)
    assert "同一参保人" in alert.message.zh
    assert on_duckdb([RULE], three()[1:], EMPTY) == []
    assert len(on_duckdb([RULE], three("2025-12-01"), EMPTY)) == 1
    assert on_duckdb([RULE], three("2025-11-30"), EMPTY) == []


def test_a_person_is_named_in_the_month_of_the_last_stay():
    assert on_duckdb([RULE], three(), EMPTY, Month.of("2026-06")) == []
    two = [*three(), *three(key="q")]
    assert len({alert.alert_id for alert in on_duckdb([RULE], two, EMPTY)}) == 2
