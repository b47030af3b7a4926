"""The oracle's queries over counters, each held to its page on events made by hand: A06, A07, B03, B04."""

from datetime import date

from tests.support.entries import cancellation, corrected, line, settlement, swipe


def drug(line_id: str, code: str = "X1", quantity: str = "1", **given) -> dict:
    """A western medicine."""
    return line(line_id, code=code, quantity=quantity, category="09", **given)


def bought(at: str, *lines: dict, place: str = "P1", name: str | None = None, **given) -> dict:
    """A purchase of these lines."""
    return swipe(at, place, name, lines=list(lines), **given)


def test_a06_three_institutions_on_one_day_are_found_and_two_are_not(ask):
    two = [settlement("03-05 09:00", "H1"), swipe("03-05 10:00", "P1")]
    [row] = ask("A06", two, swipe("03-05 11:00", "P2"))
    assert (row.subject, row.day, row.severity) == ("person-1", date(2026, 3, 5), 3)
    assert ask("A06", two, swipe("03-06 11:00", "P2")) == []
    assert ask("A06", two, swipe("03-05 11:00", "P1")) == []


def test_a06_two_pharmacies_with_one_ingredient_are_found(ask):
    packs = [{"code": code, "ingredient": "amlodipine"} for code in ("X1", "X2")]
    first, second = bought("03-05 09:00", drug("1")), bought("03-05 10:00", drug("1", "X2"), place="P2")
    assert ask("A06", first, second) == []
    assert len(ask("A06", first, second, packs=packs)) == 1
    assert ask("A06", first, bought("03-06 10:00", drug("1", "X2"), place="P2"), packs=packs) == []


def test_a06_a_prescription_passed_on_is_no_further_institution(ask):
    clinic, hospital = settlement("03-05 08:00", "C1"), settlement("03-05 09:00", "H1", prescription_id="R1")
    assert len(ask("A06", clinic, hospital, bought("03-05 10:00", drug("1")))) == 1
    assert ask("A06", clinic, hospital, bought("03-05 10:00", drug("1", external_prescription=True))) == []
    assert ask("A06", clinic, hospital, bought("03-05 10:00", drug("1"), prescription_id="R1")) == []


def test_a06_what_was_cancelled_or_taken_back_by_a_mirror_is_nowhere(ask):
    visits = [settlement("03-05 09:00", "H1"), swipe("03-05 10:00", "P1")]
    third = swipe("03-05 11:00", "P2", "S9")
    mirror = swipe("03-05 12:00", "P2", "S10", total="-100.00", fund="-60.00", encounter="E-S9")
    assert ask("A06", visits, third, cancellation("03-05 12:00", third)) == []
    assert ask("A06", visits, third, mirror) == []


def test_a06_a_cancelled_cancellation_removes_nothing(ask):
    visits = [settlement("03-05 09:00", "H1"), swipe("03-05 10:00", "P1"), swipe("03-05 11:00", "P2", "S9")]
    taken_back = cancellation("03-05 12:00", visits[-1])
    assert len(ask("A06", visits, taken_back, cancellation("03-05 13:00", taken_back))) == 1


def test_a07_three_swipes_in_thirty_minutes_are_found_and_thirty_one_are_not(ask):
    two = [swipe("03-05 09:00", total="10.00"), swipe("03-05 09:20", total="20.00")]
    [row] = ask("A07", two, swipe("03-05 09:30", total="30.00"))
    assert (row.form, row.subject, row.institutions, row.day) == (
        "burst",
        "person-1",
        ["P1"],
        date(2026, 3, 5),
    )
    assert ask("A07", two, swipe("03-05 09:31", total="30.00")) == []
    assert ask("A07", two, swipe("03-05 09:30", "P2", total="30.00")) == []
    assert ask("A07", two, settlement("03-05 09:30", "P1", total="30.00")) == []


def test_a07_swipes_of_which_one_was_cancelled_or_has_no_clock_are_none(ask):
    three = [swipe(f"03-05 09:{minute}", "P1", f"S{minute}", total=f"{minute}.00") for minute in (10, 20, 30)]
    assert len(ask("A07", three)) == 1
    assert ask("A07", three, cancellation("03-05 09:50", three[1])) == []
    assert ask("A07", three, corrected(three[1], "03-05 09:50", begin_at="03-05")) == []


def test_a07_a_window_over_midnight_is_of_the_day_on_which_it_begins(ask):
    times = ("03-05 23:50", "03-05 23:55", "03-06 00:10")
    [row] = ask("A07", [swipe(at, total=f"{number}.00") for number, at in enumerate(times, 1)])
    assert row.day == date(2026, 3, 5)


def crowd(number: int, total: str, start: int = 0, **given) -> list[dict]:
    """Swipes of different persons with one amount."""
    return [
        swipe(f"03-05 {8 + (start + place) // 6:02d}:{(start + place) % 6 * 10:02d}", "P1",
              f"S{start + place}", person=f"p{start + place}", total=total, **given)
        for place in range(number)
    ]  # fmt: skip


def test_b03_ten_equal_amounts_that_are_a_third_of_the_day_are_found(ask):
    [row] = ask("B03", crowd(10, "99.00"))
    assert (row.institutions, row.day, row.severity) == (["P1"], date(2026, 3, 5), 2)
    assert ask("B03", crowd(9, "99.00")) == []
    assert ask("B03", crowd(10, "99.00"), [crowd(1, f"{n}.10", start=20 + n) for n in range(23)]) != []
    assert ask("B03", crowd(10, "99.00"), [crowd(1, f"{n}.10", start=20 + n) for n in range(24)]) == []


def test_b03_one_item_at_a_fixed_price_is_none(ask):
    assert ask("B03", crowd(10, "10.00", lines=[line("1", code="TEST")])) == []
    mixed = [*crowd(9, "10.00", lines=[line("1", code="TEST")]), *crowd(1, "10.00", start=9)]
    assert len(ask("B03", mixed)) == 1


def test_b04_three_days_in_a_row_are_one_run_with_its_first_day(ask):
    days = [swipe(f"03-{day} 09:00", "P1" if day % 2 else "P2") for day in (30, 31)]
    assert ask("B04", days) == []
    [row] = ask("B04", days, swipe("04-01 23:00"), swipe("04-02 09:00"))
    assert (row.form, row.subject, row.day, row.severity) == ("run", "person-1", date(2026, 3, 30), 3)
    assert ask("B04", days, settlement("04-01 09:00")) == []


def test_b04_more_than_four_dispensings_of_a_drug_in_a_month_are_found(ask):
    months = [bought(f"03-{day:02d} 09:00", drug("1"), drug("2")) for day in (1, 7, 13, 19)]
    assert ask("B04", months) == []
    [row] = ask("B04", months, bought("03-25 09:00", drug("1"), place="P2"))
    assert (row.form, row.month, row.codes) == ("month", "2026-03", ["X1"])
    assert ask("B04", months, bought("04-01 09:00", drug("1"))) == []


def test_b04_more_than_twice_the_monthly_standard_is_found(ask):
    packs = [{"code": "X1", "ingredient": "amlodipine", "units_per_pack": 30, "daily_units": 1}]
    assert ask("B04", bought("03-05 09:00", drug("1", quantity="2")), packs=packs) == []
    [row] = ask("B04", bought("03-05 09:00", drug("1", quantity="3")), packs=packs)
    assert (row.month, row.codes) == ("2026-03", ["amlodipine"])
    returned = drug("2", quantity="-1", amount="-10.00", refunds_line_id="1")
    assert ask("B04", bought("03-05 09:00", drug("1", quantity="3"), returned), packs=packs) == []
    assert ask("B04", bought("03-05 09:00", drug("1", quantity="3"))) == []
