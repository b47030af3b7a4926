"""The oracle's query over medicines, held to its page on events made by hand: E02."""

from datetime import date

import pytest

from tests.support.entries import line, settlement, stay, swipe


def pack(name: str, at: str, days: int | None = 30, place: str = "P1", **given) -> dict:
    """A purchase of one drug for some days."""
    values = {"code": "X1", "category": "09", "days_supply": days, **given}
    lines = [line("1", **{key: value for key, value in values.items() if value is not None})]
    return swipe(at, place, name, lines=lines)


FIRST = pack("S1", "03-01 10:00")


def test_example_9_e02_held_eight_days_is_found_and_six_is_none(ask):
    [row] = ask("E02", FIRST, pack("S2", "03-23 09:00"))
    assert (row.institutions, row.settlements, row.codes) == (["P1"], ["S2"], ["X1"])
    assert (row.day, row.severity) == (date(2026, 3, 23), 3)
    assert ask("E02", FIRST, pack("S2", "03-24 09:00")) == []
    assert ask("E02", FIRST, pack("S2", "03-25 09:00")) == []


def test_e02_supply_is_one_ledger_over_institutions_and_codes_of_an_ingredient(ask):
    packs = [{"code": code, "ingredient": "amlodipine", "daily_units": 1} for code in ("X1", "X2")]
    other = pack("S2", "03-10 09:00", place="P2", code="X2")
    assert ask("E02", FIRST, other) == []
    assert len(ask("E02", FIRST, other, packs=packs)) == 1
    apart = [pack("S2", "03-16 09:00"), pack("S3", "04-25 09:00"), pack("S4", "05-31 09:00")]
    assert [row.settlements for row in ask("E02", FIRST, apart)] == [["S2"]]


def test_e02_what_was_held_before_adds_up(ask):
    later = [pack("S2", "03-27 09:00"), pack("S3", "04-21 09:00")]
    assert [row.settlements for row in ask("E02", FIRST, later)] == [["S3"]]


@pytest.mark.parametrize(("days", "severity"), [(52, 3), (53, 2)])
def test_e02_more_than_twice_the_limit_is_graver(ask, days, severity):
    [row] = ask("E02", FIRST, pack("S2", "03-23 09:00", days=days, quantity=str(days / 30)))
    assert row.severity == severity


def test_e02_three_institutions_in_thirty_days_are_graver(ask):
    small = [pack(f"S{n}", f"03-0{n} 10:00", days=12, place=f"P{n}") for n in (1, 2, 3)]
    assert [row.severity for row in ask("E02", small)] == [2]
    again = [pack(f"S{n}", f"03-0{n} 10:00", days=12, place="P1") for n in (1, 2, 3)]
    assert [row.severity for row in ask("E02", again)] == [3]


def test_e02_more_than_four_hundred_days_a_year_are_gravest(ask):
    month = [pack(f"S{n}", f"2026-{1 + n:02d}-01 09:00", days=90) for n in range(5)]
    grades = {row.settlements[0]: row.severity for row in ask("E02", month)}
    assert grades == {"S1": 2, "S2": 2, "S3": 2, "S4": 1}


def test_e02_three_precious_ingredients_are_gravest(ask):
    codes = ("X1", "X2", "X3")
    packs = [{"code": code, "ingredient": code, "high_value": 1, "resale_prone": 1} for code in codes]
    bought = [
        pack(f"S{code}{day}", f"03-{day} 09:00", code=code)
        for number, code in enumerate(codes)
        for day in (f"0{1 + number}", f"1{number}")
    ]
    assert [row.severity for row in ask("E02", bought)] == [3, 3, 3]
    grades = {row.codes[0]: row.severity for row in ask("E02", bought, packs=packs)}
    assert grades == {"X1": 3, "X2": 3, "X3": 1}


def test_e02_long_prescriptions_have_wider_limits(ask):
    def chronic(name: str, at: str, days: int) -> dict:
        lines = [line("1", code="X1", category="09", days_supply=days)]
        return settlement(at, "H1", name, med_type="140104", lines=lines)

    first = chronic("S1", "03-01 10:00", 84)
    assert ask("E02", first, chronic("S2", "05-10 09:00", 84)) == []
    assert len(ask("E02", first, chronic("S2", "05-09 09:00", 84))) == 1


def test_e02_days_follow_from_packs_where_none_are_told_and_are_not_guessed(ask):
    packs = [{"code": "X1", "ingredient": "amlodipine", "units_per_pack": 30, "daily_units": 1}]
    twice = [pack("S1", "03-01 10:00", days=None), pack("S2", "03-10 10:00", days=None)]
    assert len(ask("E02", twice, packs=packs)) == 1
    assert ask("E02", twice) == []


def test_e02_innocent_supply_is_none(ask):
    switch = [
        {"code": "X1", "ingredient": "amlodipine", "units_per_pack": 30, "daily_units": 1},
        {"code": "X2", "ingredient": "amlodipine", "units_per_pack": 30, "daily_units": 2},
    ]
    assert ask("E02", FIRST, pack("S2", "03-10 09:00", code="X2"), packs=switch) == []
    assert ask("E02", FIRST, pack("S2", "03-10 09:00", quantity="2")) == []
    spring = [{"day": "2026-03-20", "name": "春节", "kind": "holiday"}]
    assert ask("E02", FIRST, pack("S2", "03-10 09:00"), holidays=spring) == []
    assert ask("E02", FIRST, pack("S2", "03-10 09:00", discharge_drug=True)) == []
    back = pack("S2", "03-10 09:00")
    back["lines"].append(
        line("2", code="X1", quantity="-1", amount="-10.00", category="09", refunds_line_id="1")
    )
    assert ask("E02", FIRST, back) == []


def test_e02_what_is_given_on_a_ward_is_no_supply(ask):
    ward = settlement("03-12 09:00", "H1", "S2", encounter="M1", med_type="21", lines=FIRST["lines"])
    assert ask("E02", FIRST, stay("03-09 09:00", "03-12 08:00"), ward) == []
