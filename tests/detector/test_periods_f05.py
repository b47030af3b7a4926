"""F05: the catalogue's seed table, both comparisons, and what must stay silent."""

import pytest

from schemas.screening import ScreeningMessage
from services.detector.periods.f05_cost_outlier import RULE
from tests.detector.periods import on_duckdb, stay
from tests.support.entries import EMPTY, registry

SEED = {
    "county": (1_804_131_107, 5_931),
    "tcm": (937_330_139, 2_836),
    "clinic": (222_892_222, 18),
    "township": (4_243_689, 38),
    "town": (453_872_406, 2_763),
}
"""rules.md §J 10: fen and admissions of five institutions."""


def admissions(institution: str, total: int, count: int, **given) -> list[ScreeningMessage]:
    """So many stays that cost so much in all."""
    share, rest = divmod(total, count)
    return [
        stay("05-04", "05-08", institution, total=share + (number < rest), fund=share // 2, **given)
        for number in range(count)
    ]


def table(**changes) -> list[ScreeningMessage]:
    """The seed table, or another."""
    return [each for name, row in {**SEED, **changes}.items() for each in admissions(name, *row)]


def known(**kinds):
    """A registry of institutions: kind, level, region by name."""
    return registry(
        *(
            {"institution_id": name, "kind": kind, "level": level, "region": region}
            for name, (kind, level, region) in kinds.items()
        )
    )


ALIKE = known(**dict.fromkeys(SEED, ("hospital", 2, "430102")))
BY_KIND = known(
    county=("hospital", 2, "430102"),
    tcm=("hospital", 2, "430102"),
    **dict.fromkeys(("clinic", "township", "town"), ("township", 1, "430102")),
)


@pytest.fixture(scope="module")
def seed():
    """The seed table, made once."""
    return table()


def test_of_five_alike_the_robust_z_names_exactly_the_clinic(seed):
    (alert,) = on_duckdb([RULE], seed, ALIKE)
    assert alert.subject.id == "clinic"
    assert alert.evidence["test"] == "robust_z"
    assert alert.evidence["robust_z"] == pytest.approx(4.06, abs=0.005)
    assert alert.evidence["ratio"] == pytest.approx(40.7, abs=0.05)
    assert alert.evidence["median"] == "3041.87"
    assert alert.evidence["mean"] == "123829.01"
    assert (alert.severity, alert.happened_at, alert.institutions) == (2, "2026-05-01", ["clinic"])


def test_within_its_small_class_the_ratio_names_it_too(seed):
    (alert,) = on_duckdb([RULE], seed, BY_KIND)
    assert alert.subject.id == "clinic"
    assert (alert.evidence["test"], alert.evidence["peers"]) == ("ratio", 3)
    assert alert.evidence["ratio"] == pytest.approx(75.4, abs=0.05)
    assert alert.evidence["median"] == "1642.68"
    assert [case["institution"] for case in alert.evidence["cases"]] == ["clinic", "town", "township"]


def test_few_admissions_say_look_at_the_data_first(seed):
    (few,) = on_duckdb([RULE], seed, ALIKE)
    assert "请先核对数据" in few.message.zh
    assert "mistake in the data first" in few.message.en
    (many,) = on_duckdb([RULE], table(clinic=(371_487_036, 30)), ALIKE)
    assert "请先核对数据" not in many.message.zh


def test_the_amount_is_what_the_fund_paid_above_the_median(seed):
    (alert,) = on_duckdb([RULE], seed, ALIKE)
    fund = 18 * (222_892_222 // 18 // 2)
    assert float(alert.amount) == pytest.approx(fund * (1 - 3_041.87 / 123_829.01) / 100, rel=1e-6)


def test_a_registry_that_knows_no_kinds_leaves_a_reminder(seed):
    (alert,) = on_duckdb([RULE], seed, EMPTY)
    assert (alert.subject.id, alert.severity) == ("clinic", 3)


def test_without_kinds_few_institutions_are_not_compared():
    assert on_duckdb([RULE], table(county=(1, 1), tcm=(1, 1))[2:], EMPTY) == []


@pytest.mark.parametrize(("count", "found"), [(4, 0), (5, 1)])
def test_a_handful_of_admissions_is_no_mean(count, found):
    told = table(clinic=(12_382_901 * count, count))
    assert len(on_duckdb([RULE], told, ALIKE)) == found


@pytest.mark.parametrize(("ratio", "found"), [(4.9, 0), (5.1, 1)])
def test_in_a_small_class_the_ratio_decides(ratio, found):
    row = (round(164_268 * ratio) * 18, 18)
    assert len(on_duckdb([RULE], table(clinic=row), BY_KIND)) == found


def test_peers_of_the_region_come_first_where_there_are_enough():
    near = {f"n{n}": (100_000 * (n + 10), 10) for n in range(4)}
    far = {f"f{n}": (1_000_000 * (n + 10), 10) for n in range(5)}
    told = [
        each for name, row in {**near, **far, "x": (9_000_000, 10)}.items() for each in admissions(name, *row)
    ]
    places = {name: ("township", 1, "430102" if name[0] in "nx" else "430202") for name in [*near, *far, "x"]}
    (alert,) = on_duckdb([RULE], told, known(**places))
    assert (alert.subject.id, alert.evidence["peers"], alert.evidence["region"]) == ("x", 5, "430102")
    alone = {**places, "n0": ("township", 1, "430302"), "n1": ("township", 1, "430302")}
    assert on_duckdb([RULE], told, known(**alone)) == []


def test_a_dialysis_centre_is_expensive_and_right():
    rest = [each for name, row in SEED.items() if name != "clinic" for each in admissions(name, *row)]
    mostly = admissions("clinic", *SEED["clinic"], main_diagnosis="Z49.1")
    assert on_duckdb([RULE], [*rest, *mostly], ALIKE) == []
    half = admissions("clinic", *SEED["clinic"])
    half[0].main_diagnosis = "N18.5"
    (alert,) = on_duckdb([RULE], [*rest, *half], ALIKE)
    assert alert.checked == ["dialysis"]


def test_parts_of_a_stay_are_one_admission_and_an_unsettled_one_is_none():
    rest = [each for name, row in SEED.items() if name != "clinic" for each in admissions(name, *row)]
    parts = [
        stay(
            "05-04", "05-08", "clinic", key=f"p{n}", encounter_id=f"M{n}", total=6_000_000,
            flags=["mid_stay"] if first else [],
        )
        for n in range(4)
        for first in (True, False)
    ]  # fmt: skip
    assert on_duckdb([RULE], [*rest, *parts], ALIKE) == []
    unfinished = [stay("05-04", "05-08", "clinic", total=12_000_000, flags=["mid_stay"]) for _ in range(18)]
    assert on_duckdb([RULE], [*rest, *unfinished], ALIKE) == []


def test_what_was_taken_back_or_contradicts_itself_does_not_count():
    rest = [each for name, row in SEED.items() if name != "clinic" for each in admissions(name, *row)]
    for flag in ("offset", "negative", "defective"):
        assert on_duckdb([RULE], [*rest, *admissions("clinic", *SEED["clinic"], flags=[flag])], ALIKE) == []
    assert on_duckdb([RULE], [*rest, *admissions("clinic", *SEED["clinic"], withdrawn=True)], ALIKE) == []
