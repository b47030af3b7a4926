"""G02: members of a group admitted together."""

import pytest

from schemas.registry import Registry
from schemas.rules import RuleParameters
from services.detector.periods.g02_admitted_together import RULE
from services.detector.periods.month import Month
from tests.detector.periods import on_duckdb, on_postgres, stay
from tests.detector.test_periods_g01 import together
from tests.support.entries import EMPTY


def admitted(persons=3, first=18, apart=1, nights=4, place="H1", **given):
    """Members who lie in one after the other."""
    return [
        stay(
            f"05-{first + number * apart:02} 09:00",
            f"05-{first + number * apart + nights:02} 09:00",
            place,
            **{"key": f"g{number}", "main_diagnosis": "J18.9", **given},
        )
        for number in range(persons)
    ]


def found(*told, registry=EMPTY):
    return on_duckdb([RULE], [*together(), *(one for each in told for one in each)], registry)


def test_three_members_admitted_within_days_with_one_diagnosis():
    (alert,) = found(admitted())
    assert (alert.subject.kind, alert.institutions, alert.severity) == ("group", ["H1"], 1)
    assert (alert.happened_at, alert.amount, len(alert.encounters)) == ("2026-05-20", "6000.00", 3)
    assert (alert.evidence["persons"], alert.evidence["diagnosis"]) == (3, "J18")
    assert alert.evidence["cases"][0]["admitted"] == "2026-05-18"


def test_two_are_too_few_and_strangers_do_not_count():
    assert found(admitted(2)) == []
    assert found(admitted(2), admitted(1, 19, key="stranger")) == []


@pytest.mark.parametrize(("last", "count"), [(25, 1), (26, 0)])
def test_seven_days_lie_between_the_first_and_the_last(last, count):
    assert len(found(admitted(2), admitted(1, last, key="g2"))) == count


@pytest.mark.parametrize(("nights", "count"), [(6, 1), (7, 0)])
def test_stays_last_nearly_as_long(nights, count):
    assert len(found(admitted(2, nights=4), admitted(1, 20, nights=nights, key="g2"))) == count


def test_another_diagnosis_or_institution_or_none_is_not_the_same():
    assert found(admitted(2), admitted(1, 20, key="g2", main_diagnosis="I10")) == []
    assert found(admitted(2), admitted(1, 20, key="g2", place="H2")) == []
    assert found(admitted(main_diagnosis="")) == []
    assert len(found(admitted(2), admitted(1, 20, key="g2", main_diagnosis="J18.0"))) == 1


def test_open_stays_wait_for_their_end():
    assert found(admitted(2), [stay("05-20 09:00", None, key="g2", main_diagnosis="J18.9")]) == []


def test_a_household_and_a_home_may_fall_ill_together():
    assert found(admitted(household="x")) == []
    assert found(admitted(community_id="N1")) == []
    apart = [
        each for n in range(3) for each in admitted(3, household=f"h{n}", community_id=f"V{n}")[n : n + 1]
    ]
    (alert,) = found(apart)
    assert alert.checked == ["one_household", "one_community"]
    (unknown,) = found(admitted())
    assert unknown.checked == []


def test_admissions_over_the_turn_of_the_month_are_found_with_the_last():
    told = [*together(days=("05-04", "05-08", "05-12", "05-16")), *admitted(2, 28, nights=2)]
    told.append(stay("06-02 09:00", "06-04 09:00", key="g2", main_diagnosis="J18.9"))
    assert on_duckdb([RULE], told, EMPTY) == []
    (alert,) = on_duckdb([RULE], told, EMPTY, Month.of("2026-06"))
    assert alert.happened_at == "2026-06-02"


def test_groups_are_those_of_g01_as_it_is_in_force():
    strict = Registry({"rules": [RuleParameters(rule="G01", values={"days": 5})]}, 1)
    assert found(admitted(), registry=strict) == []
    assert len(found(admitted(), registry=EMPTY)) == 1


def test_both_engines_agree(database_url):
    told = [*together(5), *admitted(5, 10), *admitted(2, 18, place="H2", household="x")]
    here = on_duckdb([RULE], told, EMPTY)
    assert len(here) == 1
    assert here == on_postgres(database_url, [RULE], told, EMPTY)
