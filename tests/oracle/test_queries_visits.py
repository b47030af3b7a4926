"""The oracle's queries over visits and admissions, held to their pages by hand-made events: F05, F09, F10."""

from datetime import date
from decimal import Decimal

import pytest

from tests.support.entries import inpatient, line, settlement

SEED = {
    "H1": ("hospital", 5931, "18041311.07"),
    "H2": ("hospital", 2836, "9373301.39"),
    "T1": ("township", 18, "2228922.22"),
    "T2": ("township", 38, "42436.89"),
    "T3": ("township", 2763, "4538724.06"),
}
"""rules.md F05: kind, admissions and their cost."""


def admissions(place: str, number: int, cost: str, day: str = "03-05") -> list[dict]:
    """Stays of a day and a night whose totals come to a cost."""
    fen = int(Decimal(cost) * 100)
    totals = [fen // number + (n < fen % number) for n in range(number)]
    return [
        inpatient(f"{day} 08:00", f"{day} 20:00", place, f"M{n}", person=f"{place}-{n}",
                  total=f"{total // 100}.{total % 100:02d}")
        for n, total in enumerate(totals)
    ]  # fmt: skip


def seeds(*places: str) -> list[list[dict]]:
    """The seed table's admissions of some institutions."""
    return [admissions(place, *SEED[place][1:]) for place in places]


def class_of(*places: str, **given) -> list[dict]:
    """Registry rows of one class."""
    return [
        {"institution_id": place, "kind": "hospital", "level": 1, "region": "430602", **given}
        for place in places
    ]


def test_example_10_f05_over_all_five_only_the_clinic_is_found(ask):
    [row] = ask("F05", seeds(*SEED), institutions=class_of(*SEED))
    assert (row.institutions, row.month) == (["T1"], "2026-03")


def test_example_10_f05_inside_its_class_only_the_clinic_is_found(ask):
    rows = [{"institution_id": place, "kind": SEED[place][0], "level": 1} for place in SEED]
    [row] = ask("F05", seeds(*SEED), institutions=rows)
    assert row.institutions == ["T1"]


@pytest.mark.parametrize(("number", "found"), [(5, 1), (4, 0)])
def test_f05_few_admissions_are_not_judged(ask, number, found):
    story = [admissions("T1", number, "900000.00"), *seeds("T2", "T3")]
    assert len(ask("F05", story, institutions=class_of("T1", "T2", "T3"))) == found


def test_f05_five_peers_are_compared_by_their_spread_and_fewer_by_the_ratio(ask):
    def costs(*each: int) -> list:
        return [admissions(f"C{n}", 10, f"{cost * 10}.00") for n, cost in enumerate(each)]

    five = class_of(*(f"C{n}" for n in range(5)))
    assert ask("F05", costs(1000, 1010, 1020, 1030, 2900), institutions=five) == []
    assert len(ask("F05", costs(1000, 1010, 1020, 1030, 3100), institutions=five)) == 1
    assert ask("F05", costs(500, 900, 1100, 2000, 4000), institutions=five) == []
    four = class_of(*(f"C{n}" for n in range(4)))
    assert ask("F05", costs(1000, 1000, 1000, 4900), institutions=four) == []
    assert len(ask("F05", costs(1000, 1000, 1000, 5000), institutions=four)) == 1


def test_f05_a_small_class_by_region_falls_back_to_the_wide_one(ask):
    near, far = class_of("C0", "C1"), class_of("C2", "C3", "C4", region="430603")
    story = [admissions(f"C{n}", 10, f"{cost}0.00") for n, cost in enumerate((9000, 1000, 1010, 1020, 1030))]
    assert ask("F05", story[:2], institutions=near) == []
    assert len(ask("F05", story, institutions=[*near, *far])) == 1


def test_f05_months_are_compared_apart_and_open_stays_not_at_all(ask):
    story = [admissions("T1", 18, "2228922.22", day="04-05"), *seeds("T2", "T3")]
    assert ask("F05", story, institutions=class_of("T1", "T2", "T3")) == []
    unfinished = [{**stay, "mid_stay": True} for stay in admissions("T1", 18, "2228922.22")]
    assert ask("F05", unfinished, seeds("T2", "T3"), institutions=class_of("T1", "T2", "T3")) == []


def pieces(*parts: tuple[str, str], **given) -> list[dict]:
    """Visits at one institution on one day: time and total."""
    return [
        settlement(f"03-05 {at}", "H1", f"S{n}", total=total, **given) for n, (at, total) in enumerate(parts)
    ]


def test_f09_three_settlements_that_together_pass_the_limit_are_found(ask):
    three = pieces(("08:00", "80.00"), ("09:00", "80.00"), ("10:00", "80.00"))
    [row] = ask("F09", three, f09_limit=200)
    assert (row.subject, row.institutions, row.day, row.severity) == (
        "person-1", ["H1"], date(2026, 3, 5), 2,
    )  # fmt: skip
    assert ask("F09", three, f09_limit=240) == []
    assert ask("F09", three, f09_limit=79) == []
    assert ask("F09", three[:2], f09_limit=100) == []
    assert ask("F09", three) == []


def test_f09_two_within_thirty_minutes_by_one_doctor_are_found(ask):
    two = pieces(("08:00", "150.00"), ("08:30", "150.00"), practitioner_id="D1")
    assert len(ask("F09", two, f09_limit=200)) == 1
    assert (
        ask("F09", pieces(("08:00", "150.00"), ("08:31", "150.00"), practitioner_id="D1"), f09_limit=200)
        == []
    )
    assert ask("F09", pieces(("08:00", "150.00"), ("08:30", "150.00")), f09_limit=200) == []


def test_f09_settlements_close_below_the_limit_are_found(ask):
    assert (
        len(ask("F09", pieces(("08:00", "90.00"), ("09:00", "95.00"), ("10:00", "210.00")), f09_limit=100))
        == 1
    )
    assert (
        ask("F09", pieces(("08:00", "90.00"), ("09:00", "210.00"), ("10:00", "210.00")), f09_limit=100) == []
    )


def test_f09_other_departments_diseases_and_halves_of_the_day_stand_apart(ask):
    parts = (("08:00", "80.00"), ("09:00", "80.00"), ("10:00", "80.00"))
    for name, value in (("department", "外科"), ("disease_code", "M03900")):
        mixed = pieces(*parts)
        mixed[2][name] = value
        assert ask("F09", mixed, f09_limit=200) == []
    assert ask("F09", pieces(*parts[:2], ("14:00", "80.00")), f09_limit=200) == []


def days(*numbers: int, place: str = "H1", **given) -> list[dict]:
    """A visit on each of these days of March, each of another amount."""
    return [
        settlement(f"03-{day:02d} 09:00", place, f"S{place}{day}", total=f"{day}.00", **given)
        for day in numbers
    ]


def test_f10_ten_visits_a_month_are_found(ask):
    ten = (1, 2, 4, 7, 11, 12, 16, 20, 27, 29)
    [row] = ask("F10", days(*ten))
    assert (row.subject, row.month, row.severity) == ("person-1", "2026-03", 3)
    assert ask("F10", days(*ten[:9])) == []
    assert ask("F10", days(*ten, med_type="41")) == []


def test_f10_four_institutions_a_month_are_found(ask):
    four = [days(3 * n, place=f"H{n}") for n in (1, 2, 4, 7)]
    assert len(ask("F10", four)) == 1
    assert ask("F10", four[:3]) == []


def test_f10_even_gaps_with_one_amount_are_found(ask):
    def even(*numbers: int, total: str = "50.00") -> list[dict]:
        return [{**visit, "amounts": {"total": total, "fund": "0.00"}} for visit in days(*numbers)]

    assert len(ask("F10", even(3, 10, 17, 24))) == 1
    assert ask("F10", even(3, 10, 17)) == []
    assert ask("F10", even(3, 10, 19, 24)) == []
    assert ask("F10", even(3, 10, 17), even(24, total="51.00")) == []


def test_f10_courses_are_none(ask):
    ten = (1, 2, 4, 7, 11, 12, 16, 20, 27, 29)
    assert ask("F10", days(*ten, med_type="140201")) == []
    assert ask("F10", days(*ten, diagnoses=[{"code": "Z51.100"}])) == []
    assert ask("F10", days(*ten, diagnoses=[{"code": "Z20.300"}])) == []
    assert ask("F10", days(*ten, lines=[line("1", name="推拿治疗")])) == []
    course = [{"code": "001101", "course_days": 10}]
    assert ask("F10", days(*ten, lines=[line("1")]), limits=course) == []
