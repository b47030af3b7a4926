"""The oracle's queries over stays, each held to its page on events made by hand: C02, C03."""

from datetime import date
from decimal import Decimal

from tests.support.entries import admission, inpatient, line, stay

FLU = [{"code": "J10.100", "main": True}]
FLU_AGAIN = [{"code": "J10.900"}]
GOUT = [{"code": "M10.900"}]
HOUSE = [{"institution_id": "H1", "kind": "hospital", "level": 2, "beds": 10}]


def twice(first: tuple, second: tuple, diseases=FLU, again=FLU_AGAIN, place: str = "H1", **given) -> list:
    """Two stays of one person; what is given is of the second's admission."""
    leaving = {name: given.pop(name) for name in ("discharge_way", "transfer_to") if name in given}
    return [
        stay(*first, "H1", "M1", diagnoses=diseases, **leaving),
        stay(*second, place, "M2", diagnoses=again, **given),
    ]


FIRST = ("03-01 08:00", "03-05 10:00")


def crowd(number: int, begin: str = "03-01 09:00", end: str | None = "03-04 09:00", **given) -> list:
    """Stays of different persons at one time."""
    return [stay(begin, end, "H1", f"M{n}", person=f"p{n}", **given) for n in range(number)]


def test_c02_more_than_a_tenth_over_the_beds_on_three_nights_is_found(ask):
    [row] = ask("C02", crowd(12), institutions=HOUSE)
    assert (row.form, row.institutions, row.day, row.severity) == ("load", ["H1"], date(2026, 3, 1), 2)
    assert ask("C02", crowd(11), institutions=HOUSE) == []
    assert ask("C02", crowd(12, end="03-03 09:00"), institutions=HOUSE) == []
    assert ask("C02", crowd(12)) == []
    two_and_one = crowd(12, begin="03-30 09:00", end="04-02 09:00")
    assert ask("C02", two_and_one, institutions=HOUSE) == []


def test_c02_an_open_stay_counts_until_the_last_event(ask):
    later = admission("03-03 12:00", "H2", "M99", "p99")
    assert len(ask("C02", crowd(12, end=None), later, institutions=HOUSE)) == 1
    assert ask("C02", crowd(12, end=None), institutions=HOUSE) == []


def test_c02_day_surgery_and_newborns_take_no_bed(ask):
    assert ask("C02", crowd(12, med_type="28"), institutions=HOUSE) == []
    assert ask("C02", crowd(12, med_type="9901"), institutions=HOUSE) == []
    babies = [{"person_id": f"p{n}", "birth_date": "2026-02-20"} for n in range(12)]
    assert ask("C02", crowd(12), institutions=HOUSE, persons=babies) == []


def test_c02_beds_are_those_in_force_on_the_night(ask):
    larger = [*HOUSE, {**HOUSE[0], "beds": 20, "effective_from": "2026-03-02"}]
    assert ask("C02", crowd(12), institutions=larger) == []


def test_c02_two_persons_in_one_bed_for_more_than_four_hours_are_found(ask):
    one = stay("03-01 09:00", "03-03 12:00", "H1", "M1", person="p1", bed="B1")
    [row] = ask("C02", one, stay("03-03 07:59", None, "H1", "M2", person="p2", bed="B1"))
    assert (row.form, sorted(row.encounters), row.severity) == ("bed", ["M1", "M2"], 2)
    assert ask("C02", one, stay("03-03 08:00", None, "H1", "M2", person="p2", bed="B1")) == []
    assert ask("C02", one, stay("03-02 08:00", None, "H1", "M2", person="p2", bed="B2")) == []
    assert ask("C02", one, stay("03-02 08:00", None, "H2", "M2", person="p2", bed="B1")) == []
    assert ask("C02", one, stay("03-02 08:00", None, "H1", "M2", person="p1", bed="B1")) == []
    wards = [
        stay("03-01 09:00", "03-03 12:00", "H1", f"M{n}", person=f"p{n}", bed="B1", department=name)
        for n, name in enumerate(("内科", "外科"))
    ]
    assert ask("C02", wards) == []


def test_c02_with_bare_dates_they_share_a_night(ask):
    one = stay("03-01", "03-03", "H1", "M1", person="p1", bed="B1")
    assert ask("C02", one, stay("03-03 01:00", None, "H1", "M2", person="p2", bed="B1")) == []
    assert len(ask("C02", one, stay("03-02 23:00", None, "H1", "M2", person="p2", bed="B1"))) == 1


def test_example_6_c03_fifteen_days_are_found_and_sixteen_are_not(ask):
    [row] = ask("C03", twice(FIRST, ("03-20 10:00", "03-22 10:00")))
    assert (row.form, row.encounters, row.severity) == ("pair", ["M1", "M2"], 3)
    assert ask("C03", twice(FIRST, ("03-20 10:01", None))) == []
    assert ask("C03", twice(FIRST, ("03-21 10:00", None))) == []
    assert len(ask("C03", twice(("03-01", "03-05"), ("03-20 23:00", None)))) == 1


def test_example_6_c03_chemotherapy_and_other_planned_returns_are_none(ask):
    back = ("03-12 10:00", None)
    for code in ("Z51.100", "Z51.0", "Z51.200", "Z51.500", "Z49.1"):
        course = [*FLU_AGAIN, {"code": code}]
        assert ask("C03", twice(FIRST, back, again=course)) == [], code
    assert len(ask("C03", twice(FIRST, back, again=[*FLU_AGAIN, {"code": "Z51.800"}]))) == 1
    for code in ("O80.0", "F20.9", "A16.2", "T21.3"):
        assert ask("C03", twice(FIRST, back, [{"code": code}], [{"code": code}])) == [], code
    assert ask("C03", twice(FIRST, back, med_type="24")) == []
    assert ask("C03", twice(FIRST, back, med_type="2105")) == []
    assert ask("C03", twice(FIRST, back, discharge_way=2)) == []


def billed(encounter: str, at: str, codes: range) -> dict:
    """The settlement of a stay with these items."""
    lines = [line(str(number), code=f"C{number}") for number in codes]
    return inpatient(None, None, encounter=encounter, at=at, lines=lines)


def test_c03_another_condition_is_none_unless_the_bills_are_alike(ask):
    back = ("03-12 10:00", "03-15 10:00")
    other = twice(FIRST, back, again=GOUT)
    bills = [billed("M1", "03-05 11:00", range(4)), billed("M2", "03-15 11:00", range(1, 5))]
    assert ask("C03", other) == []
    [row] = ask("C03", other, bills)
    assert row.amount == Decimal("6000.00")
    assert ask("C03", other, bills, c03_similarity=0.61) == []


def test_c03_institutions_of_one_group_are_one(ask):
    apart = twice(FIRST, ("03-12 10:00", None), place="H2")
    group = [{"institution_id": name, "group_id": "G1"} for name in ("H1", "H2")]
    assert ask("C03", apart) == []
    assert len(ask("C03", apart, institutions=group)) == 1
    onward = twice(FIRST, ("03-12 10:00", None), place="H2", discharge_way=3, transfer_to="H2")
    assert ask("C03", onward, institutions=group) == []


def test_c03b_out_and_in_on_one_day_asks_for_no_diagnosis(ask):
    [row] = ask("C03", twice(FIRST, ("03-05 16:00", None), again=GOUT))
    assert row.severity == 2
    assert ask("C03", twice(FIRST, ("03-06 09:00", None), again=GOUT)) == []


def test_c03_the_same_doctor_or_a_discharge_not_by_order_is_graver(ask):
    back = ("03-12 10:00", None)
    doctor = {"department": "内科", "practitioner_id": "D1"}
    same = [
        stay(*FIRST, "H1", "M1", diagnoses=FLU, **doctor),
        stay(*back, "H1", "M2", diagnoses=FLU_AGAIN, **doctor),
    ]
    [row] = ask("C03", same)
    assert row.severity == 2
    [row] = ask("C03", twice(FIRST, back, discharge_way=4))
    assert row.severity == 2


def test_c03c_three_stays_of_thirty_days_are_a_chain(ask):
    def chain(*days: tuple[str, str]) -> list:
        return [stay(*ends, "H1", f"M{n}", diagnoses=FLU) for n, ends in enumerate(days, 1)]

    within = (("03-01 08:00", "03-05 10:00"), ("03-18 08:00", "03-22 10:00"), ("04-03 08:00", "04-05 10:00"))
    rows = ask("C03", chain(*within))
    assert [row.encounters for row in rows if row.form == "chain"] == [["M1", "M2", "M3"]]
    assert [row.encounters for row in rows if row.form == "pair"] == [["M1", "M2"], ["M2", "M3"]]
    later = (*within[:2], ("04-06 08:00", "04-08 10:00"))
    assert [row.form for row in ask("C03", chain(*later))] == ["pair", "pair"]
    four = (*within, ("04-05 16:00", "04-06 09:00"))
    rows = ask("C03", chain(*four))
    assert [row.encounters for row in rows if row.form == "chain"] == [["M1", "M2", "M3"], ["M2", "M3", "M4"]]
