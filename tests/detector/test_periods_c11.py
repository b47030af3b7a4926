"""C11: people on assistance among the admissions; about institutions, never about a person."""

import msgspec
import pytest

from services.detector.periods.c11_people_on_assistance import RULE
from tests.detector.periods import on_duckdb, stay
from tests.support.entries import EMPTY, registry

WARDS = registry(
    *({"institution_id": f"T{n}", "kind": "township", "level": 1} for n in range(3)),
    {"institution_id": "H1", "kind": "hospital", "level": 3},
)


def admitted(place, assisted, others, **given):
    return [
        stay("05-04 09:00", "05-08 09:00", place, **({"assistance": n < assisted} | given))
        for n in range(assisted + others)
    ]


ELSEWHERE = admitted("T1", 8, 72)


def test_a_share_far_above_the_class_is_found():
    (alert,) = on_duckdb([RULE], [*admitted("T0", 8, 4), *ELSEWHERE], WARDS)
    assert (alert.subject.id, alert.severity, alert.happened_at) == ("T0", 3, "2026-05-01")
    assert (alert.evidence["assisted"], alert.evidence["class_share"]) == (8, 0.1)
    # 8 × 2,000 yuan, of which a tenth instead of two thirds were expected.
    assert alert.amount == "13600.00"


def test_no_person_and_no_stay_is_named():
    told = [*admitted("T0", 8, 4), *ELSEWHERE]
    (alert,) = on_duckdb([RULE], told, WARDS)
    text = msgspec.json.encode(alert).decode()
    assert alert.encounters == alert.settlements == []
    assert not any(one.key in text for one in told)


@pytest.mark.parametrize(("assisted", "others", "found"), [(4, 6, 0), (5, 4, 0), (5, 5, 1), (5, 13, 0)])
def test_ten_admissions_five_assisted_and_more_than_three_standard_errors(assisted, others, found):
    assert len(on_duckdb([RULE], [*admitted("T0", assisted, others), *ELSEWHERE], WARDS)) == found


def test_it_must_be_twice_the_others_share():
    elsewhere = admitted("T1", 80, 120)
    assert on_duckdb([RULE], [*admitted("T0", 79, 21), *elsewhere], WARDS) == []
    assert len(on_duckdb([RULE], [*admitted("T0", 80, 20), *elsewhere], WARDS)) == 1


def test_shares_as_a_county_shows_them_are_ordinary():
    seed = {"county": (1_407, 5_931), "town": (519, 2_763), "tcm": (162, 2_836), "township": (3, 38)}
    told = [each for name, (poor, all_) in seed.items() for each in admitted(name, poor, all_ - poor)]
    assert on_duckdb([RULE], told, EMPTY) == []


def test_too_few_elsewhere_are_helped_out_by_all_others():
    told = admitted("T0", 8, 4)
    assert on_duckdb([RULE], [*told, *admitted("T1", 3, 26)], WARDS) == []
    assert len(on_duckdb([RULE], [*told, *admitted("T1", 3, 27)], WARDS)) == 1
    assert len(on_duckdb([RULE], [*told, *admitted("T1", 1, 9), *admitted("H1", 2, 28)], WARDS)) == 1


def test_where_nobody_else_is_known_to_be_on_assistance_nothing_is_said():
    told = [*admitted("T0", 8, 4), *admitted("T1", 0, 100)]
    assert on_duckdb([RULE], told, WARDS) == []
    (alert,) = on_duckdb([RULE], [*told, *admitted("H1", 1, 0)], WARDS)
    assert alert.evidence["class_share"] == 0


def test_newborns_do_not_count():
    told = [*admitted("T0", 3, 5), *admitted("T0", 5, 0, flags=["newborn"]), *ELSEWHERE]
    assert on_duckdb([RULE], told, WARDS) == []
