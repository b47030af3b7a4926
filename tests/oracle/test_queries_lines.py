"""The oracle's queries over billed lines, each held to its page on events made by hand: D01–D04."""

from datetime import date
from decimal import Decimal

from tests.support.entries import cancellation, corrected, fee_lines, line, settlement, stay

STAY = stay("03-01 09:00", "03-05 09:00")
"""Four nights, five days."""


def beds(count: int, **given) -> dict:
    """Bed-days, a line of forty yuan each."""
    lines = [
        line(f"B{n}", f"03-{1 + n % 5:02d} 20:00", "40.00", code="BED", category="01", unit="日", **given)
        for n in range(count)
    ]
    return fee_lines("03-05 08:00", *lines)


def hours(*parts: tuple[str, str, str], unit: str | None = "小时", **given) -> dict:
    """Oxygen: (line id, time, hours)."""
    lines = [line(name, at, "10.00", code="OXYGEN", quantity=count, unit=unit) for name, at, count in parts]
    lines = [{name: value for name, value in one.items() if value is not None} for one in lines]
    return fee_lines("03-05 08:00", *lines, **given)


def test_example_7_d01_five_bed_days_of_four_nights_are_none_and_six_are_found(ask):
    assert ask("D01", STAY, beds(5)) == []
    [row] = ask("D01", STAY, beds(6))
    assert (row.encounters, row.codes, row.severity, row.amount) == (["M1"], ["BED"], 1, Decimal("40.00"))


def test_d01_the_amount_is_of_what_is_within_policy_net_of_refunds(ask):
    [row] = ask("D01", STAY, beds(6, covered_amount="30.00"))
    assert row.amount == Decimal("30.00")
    back = line("R1", "03-05 20:00", "-40.00", code="BED", category="01", quantity="-1", refunds_line_id="B0")
    assert ask("D01", STAY, beds(6), fee_lines("03-05 08:30", back)) == []


def test_d01_a_line_counts_once_whether_uploaded_settled_or_corrected(ask):
    uploaded = beds(6)
    settled = settlement("03-05 10:00", encounter="M1", med_type="21", lines=uploaded["lines"])
    [row] = ask("D01", STAY, uploaded, settled)
    assert row.amount == Decimal("40.00")
    fewer = [*uploaded["lines"][:5], {**uploaded["lines"][5], "quantity": "0.5"}]
    [row] = ask("D01", STAY, uploaded, corrected(uploaded, "03-06 08:00", lines=fewer))
    assert row.amount == Decimal("21.82")


def test_d01_cancelled_lines_are_gone_and_what_came_later_stands(ask):
    uploaded = beds(6)
    one = cancellation("03-05 12:00", uploaded, cancels={"type": "fee_lines", "id": "M1", "line_id": "B3"})
    whole = cancellation("03-05 12:00", uploaded, cancels={"type": "fee_lines", "id": "M1", "line_id": "*"})
    assert ask("D01", STAY, uploaded, one) == []
    assert ask("D01", STAY, uploaded, whole) == []
    assert len(ask("D01", STAY, uploaded, whole, corrected(uploaded, "03-05 13:00"))) == 1


def test_d01_nursing_may_not_outnumber_days_and_other_units_are_not_days(ask):
    def nursing(count: int, **given) -> dict:
        values = {"code": "NURSE", "category": "07", "unit": "日", **given}
        return fee_lines("03-05 08:00", line("1", "03-05 08:00", quantity=str(count), **values))

    assert ask("D01", STAY, nursing(5)) == []
    assert len(ask("D01", STAY, nursing(6))) == 1
    assert ask("D01", STAY, nursing(6, unit="次")) == []
    assert ask("D01", STAY, nursing(6, category="05", unit="次")) == []
    assert len(ask("D01", STAY, nursing(6, category="05"))) == 1


def test_d01_open_stays_companions_and_births_are_not_judged(ask):
    assert ask("D01", stay("03-01 09:00", None), beds(6)) == []
    assert ask("D01", STAY, beds(6, name="陪护床")) == []
    assert ask("D01", stay("03-01 09:00", "03-05 09:00", med_type="52"), beds(6)) == []


def test_example_8_d02_twenty_four_hours_are_none_and_twenty_five_are_found(ask):
    half = ("1", "03-02 08:00", "12")
    assert ask("D02", STAY, hours(half, ("2", "03-02 20:00", "12"))) == []
    [row] = ask("D02", STAY, hours(half, ("2", "03-02 20:00", "13")))
    assert (row.day, row.codes, row.severity) == (date(2026, 3, 2), ["OXYGEN"], 1)
    assert row.amount == Decimal("0.80")
    assert ask("D02", STAY, hours(half, ("2", "03-03 20:00", "13"))) == []


def test_d02_hours_of_two_institutions_are_one_day(ask):
    elsewhere = hours(("1", "03-02 20:00", "13"), institution="H2", encounter="M2")
    assert len(ask("D02", STAY, hours(("1", "03-02 08:00", "12")), elsewhere)) == 1


def test_example_8_d02_a_line_for_several_days_is_asked_to_be_split(ask):
    three_days = stay("03-01 09:00", "03-03 09:00")
    [row] = ask("D02", three_days, hours(("1", "03-01 10:00", "72")))
    assert (row.severity, row.amount) == (3, None)
    [row] = ask("D02", three_days, hours(("1", "03-01 10:00", "73")))
    assert row.severity == 1


def test_d02_times_are_no_hours(ask):
    many = ("1", "03-02 08:00", "25")
    hourly = [{"code": "OXYGEN", "hourly": 1}]
    assert ask("D02", STAY, hours(many, unit="次"), limits=hourly) == []
    assert ask("D02", STAY, hours(many, unit=None)) == []
    assert len(ask("D02", STAY, hours(many, unit=None), limits=hourly)) == 1


def items(at: str, *parts: tuple[str, str, str], place: str = "H1", name: str = "S1") -> dict:
    """A visit with lines (line id, code, quantity) of ten yuan."""
    lines = [line(number, code=code, quantity=quantity) for number, code, quantity in parts]
    return settlement(at, place, name, lines=lines)


def test_d03_a_day_counts_over_institutions_and_nature_gives_the_severity(ask):
    visits = [items("03-05 09:00", ("1", "CT", "1")), items("03-05 15:00", ("1", "CT", "1"), place="H2")]
    clinical = [{"code": "CT", "day_max": 1, "nature": "clinical"}]
    [row] = ask("D03", visits, limits=clinical)
    assert (row.form, row.subject, row.day, row.codes) == ("day", "person-1", date(2026, 3, 5), ["CT"])
    assert (row.severity, row.amount) == (2, Decimal("10.00"))
    [row] = ask("D03", visits, limits=[{"code": "CT", "day_max": 1, "nature": "anatomical"}])
    assert row.severity == 1
    assert ask("D03", visits, limits=[{"code": "CT", "day_max": 2}]) == []
    assert ask("D03", visits) == []


def test_d03_limits_hold_from_their_day(ask):
    visit = items("03-05 09:00", ("1", "CT", "2"))
    later = [
        {"code": "CT", "day_max": 2, "effective_from": "2026-01-01"},
        {"code": "CT", "day_max": 1, "effective_from": "2026-03-06"},
    ]
    assert ask("D03", visit, limits=later) == []
    assert len(ask("D03", items("03-06 09:00", ("1", "CT", "2")), limits=later)) == 1


def test_d03_an_encounter_counts_over_days_and_a_line_without_a_day_only_there(ask):
    limit = [{"code": "MRI", "encounter_max": 1, "day_max": 1}]
    apart = [line("1", "03-02 09:00", code="MRI"), line("2", "03-03 09:00", code="MRI")]
    [row] = ask("D03", STAY, fee_lines("03-05 08:00", *apart), limits=limit)
    assert (row.form, row.encounters, row.codes) == ("encounter", ["M1"], ["MRI"])
    undated = [line("1", code="MRI"), line("2", code="MRI")]
    assert [row.form for row in ask("D03", STAY, fee_lines("03-05 08:00", *undated), limits=limit)] == [
        "encounter"
    ]


def test_d04_both_of_a_pair_on_one_day_are_found_with_the_amount_of_the_one_not_payable(ask):
    pair = [{"code": "A", "other_code": "B", "scope": "day"}]
    [row] = ask(
        "D04", items("03-05 09:00", ("1", "A", "1"), ("2", "B", "1"), ("3", "B", "1")), exclusive_pairs=pair
    )
    assert (row.form, row.day, row.codes, row.severity) == ("day", date(2026, 3, 5), ["A", "B"], 1)
    assert row.amount == Decimal("20.00")
    two_days = fee_lines(
        "03-05 08:00", line("1", "03-02 09:00", code="A"), line("2", "03-03 09:00", code="B")
    )
    assert ask("D04", STAY, two_days, exclusive_pairs=pair) == []
    [row] = ask("D04", STAY, two_days, exclusive_pairs=[{**pair[0], "scope": "encounter"}])
    assert (row.form, row.day, row.encounters) == ("encounter", None, ["M1"])


def test_d04_other_encounters_refunds_and_pairs_not_in_force_are_none(ask):
    pair = {"code": "A", "other_code": "B", "scope": "day"}
    visits = [items("03-05 09:00", ("1", "A", "1")), items("03-05 10:00", ("1", "B", "1"), name="S2")]
    assert ask("D04", visits, exclusive_pairs=[pair]) == []
    both = items("03-05 09:00", ("1", "A", "1"), ("2", "B", "1"))
    assert ask("D04", both, exclusive_pairs=[{**pair, "effective_from": "2026-03-06"}]) == []
    refund = line("3", code="B", quantity="-1", amount="-10.00", refunds_line_id="2")
    both["lines"].append(refund)
    assert ask("D04", both, exclusive_pairs=[pair]) == []
