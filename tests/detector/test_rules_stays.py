"""A01–A04 case by case: what speaks against them, how grave, how much, and who they are."""

import pytest

from tests.support.entries import (
    admission,
    compared,
    corrected,
    discharge,
    fee_lines,
    inpatient,
    judge_all,
    line,
    person,
    registry,
    settlement,
    stay,
    swipe,
)

OF_STAYS = ("A01", "A02", "A03", "A04")
FIRST = stay("03-01 08:00", "03-10 10:00", "H1", "M1")
SECOND = stay("03-05 09:00", "03-08 09:00", "H2", "M2")


def severities(*story, **given) -> list[tuple[str, int]]:
    """(rule, severity) of the open alerts."""
    return [(alert.rule, alert.severity) for alert in judge_all(story, rules=OF_STAYS, **given)]


def after(hours: int) -> str:
    """So many hours after 03-05 09:00."""
    day, clock = divmod(9 + hours, 24)
    return f"03-{5 + day:02d} {clock:02d}:00"


# -- A01 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overlap", "severity"), [(13, 2), (71, 2), (72, 1)], ids=["a day", "just less", "three days"]
)
def test_a01_is_graver_from_seventy_two_hours_on(overlap, severity):
    story = [stay("03-01 08:00", after(overlap), "H1", "M1"), stay("03-05 09:00", "03-20 09:00", "H2", "M2")]
    assert severities(story) == [("A01", severity)]


@pytest.mark.parametrize(("until", "found"), [("03-06", [2]), ("03-07", [2]), ("03-08", [1])])
def test_a01_by_dates_counts_nights_and_three_nights_are_grave(until, found):
    story = [stay("03-01", until, "H1", "M1"), stay("03-05", "03-20", "H2", "M2")]
    assert severities(story) == [("A01", severity) for severity in found]


def test_a01_is_a_reminder_while_the_first_stay_has_no_discharge():
    assert severities(FIRST[:1], SECOND) == [("A01", 3)]
    assert severities(FIRST[:1], SECOND[:1]) == [("A01", 3)]


def test_a01_a_third_stay_at_once_makes_each_pair_grave():
    story = [
        stay("03-01 08:00", "03-06 10:00", "H1", "M1"),
        stay("03-05 09:00", "03-08 09:00", "H2", "M2"),
        stay("03-05 10:00", "03-09 09:00", "H3", "M3"),
    ]
    assert severities(story) == [("A01", 1)] * 3


def test_a01_within_one_group_is_light():
    known = registry(*({"institution_id": name, "group_id": "G"} for name in ("H1", "H2")))
    assert severities(FIRST, SECOND, known=known) == [("A01", 3)]


def test_a01_an_emergency_is_lighter_by_one():
    story = [FIRST, stay("03-05 09:00", "03-08 09:00", "H2", "M2", med_type="24")]
    assert severities(story) == [("A01", 2)]


@pytest.mark.parametrize("way", [2, 3])
def test_a01_a_transfer_named_at_discharge_is_none(way):
    first = stay("03-01 08:00", "03-06 08:00", "H1", "M1", discharge_way=way, transfer_to="H2")
    assert severities(first, SECOND) == []
    elsewhere = stay("03-01 08:00", "03-06 08:00", "H1", "M1", discharge_way=way, transfer_to="H7")
    assert severities(elsewhere, SECOND) == [("A01", 2)]


@pytest.mark.parametrize("med_type", ["23", "24", "9925"])
@pytest.mark.parametrize(("overlap", "alerts"), [(24, 0), (25, 1)])
def test_a01_a_continued_stay_may_overlap_by_a_day(med_type, overlap, alerts):
    first = stay("03-01 08:00", after(overlap), "H1", "M1")
    second = stay("03-05 09:00", "03-20 09:00", "H2", "M2", med_type=med_type)
    assert len(judge_all([first, second], rules=OF_STAYS)) == alerts


@pytest.mark.parametrize("med_type", ["9901", "9921", "5212"])
def test_a01_a_newborn_on_the_mothers_card_is_none(med_type):
    assert severities(FIRST, stay("03-05 09:00", "03-08 09:00", "H2", "M2", med_type=med_type)) == []


@pytest.mark.parametrize(("born", "alerts"), [("2026-02-05", 0), ("2026-02-04", 1)])
def test_a01_a_person_of_at_most_28_days_is_none(born, alerts):
    assert len(judge_all([FIRST, SECOND, person(birth_date=born)], rules=OF_STAYS)) == alerts


@pytest.mark.parametrize(("until", "alerts"), [("03-06 09:00", 0), ("03-06 09:01", 1)])
def test_a01_day_surgery_of_at_most_a_day_is_none(until, alerts):
    surgery = stay("03-05 09:00", until, "H2", "M2", med_type="28")
    assert len(judge_all([FIRST, surgery], rules=OF_STAYS)) == alerts


def test_a01_counts_lines_inside_the_overlap_where_fewer_treatments_were_given():
    treated = fee_lines("03-06 12:00", line("T1", "03-06 10:00", category="05"), encounter="M1")
    plain = fee_lines(
        "03-06 12:00",
        line("L1", "03-06 10:00", "100.00", covered_amount="80.00"),
        line("L2", "03-09 10:00", "50.00"),
        institution="H2",
        encounter="M2",
    )
    (alert,) = judge_all([FIRST, SECOND, treated, plain], rules=OF_STAYS)
    assert alert.amount == "80.00"


def test_a01_without_lines_counts_the_later_stays_fund_money():
    settled = inpatient(None, None, "H2", "M2", "S2", at="03-08 10:00", fund="1234.56")
    (alert,) = judge_all([FIRST, SECOND, settled], rules=OF_STAYS)
    assert (alert.amount, alert.settlements) == ("1234.56", ["S2"])


def test_a01_admission_and_discharge_win_over_the_settlement_field_by_field():
    settled = inpatient("02-01 08:00", "03-20 08:00", "H2", "M2", "S2", at="03-20 09:00")
    (alert,) = judge_all([FIRST, SECOND, settled], rules=OF_STAYS)
    assert alert.happened_at == "2026-03-05T09:00:00+08:00"


def test_a01_a_settlement_in_mid_stay_closes_nothing():
    half = inpatient("03-01 08:00", "03-04 08:00", "H1", "M1", "S1", mid_stay=True)
    assert severities(half, SECOND) == [("A01", 3)]


def test_a01_long_term_care_is_no_in_patient_stay():
    assert severities(FIRST, stay("01-05 09:00", None, "H2", "M2", med_type="61")) == []


def test_a01_is_the_same_alert_whichever_stay_came_first():
    assert compared(judge_all([FIRST, SECOND], rules=OF_STAYS)) == compared(
        judge_all([SECOND, FIRST], rules=OF_STAYS)
    )


# -- A02 ------------------------------------------------------------------------------------------------


def test_a02_two_stays_at_once_in_one_institution():
    (alert,) = judge_all(
        [
            FIRST,
            stay("03-05 09:00", "03-08 09:00", "H1", "M2"),
            inpatient(None, None, "H1", "M2", "S2", at="03-08 10:00", fund="77.00"),
        ]
    )
    assert (alert.rule, alert.severity, alert.amount) == ("A02", 2, "77.00")
    assert (alert.institutions, alert.encounters) == (["H1"], ["M1", "M2"])


@pytest.mark.parametrize(("begin", "alerts"), [("03-10 10:00", 0), ("03-10 09:59", 1), ("03-10", 0)])
def test_a02_begins_with_any_overlap_by_the_clock_and_a_night_by_dates(begin, alerts):
    assert len(judge_all([FIRST, stay(begin, "03-12 09:00", "H1", "M2")], rules=OF_STAYS)) == alerts


@pytest.mark.parametrize("med_type", ["9901", "28"])
def test_a02_newborns_and_day_surgery_are_none(med_type):
    assert severities(FIRST, stay("03-05 09:00", "03-06 08:00", "H1", "M2", med_type=med_type)) == []


# -- A03, A04 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("institution", "money", "severity"),
    [
        ("H2", {"fund": "60.00"}, 2),
        ("H1", {"fund": "60.00"}, 2),
        ("H2", {"fund": "0.00", "amounts": {"account": "100.00"}}, 3),
        ("H1", {"fund": "0.00", "amounts": {"account": "100.00"}}, 3),
        ("H1", {"fund": "0.00"}, 2),
        ("H2", {"fund": "60.00", "emergency": 1}, 3),
    ],
)
def test_a03_is_graver_where_the_fund_paid_or_in_the_same_institution(institution, money, severity):
    assert severities(FIRST, settlement("03-05 10:00", institution, **money)) == [("A03", severity)]


@pytest.mark.parametrize(
    "given",
    [
        {"emergency": 2},
        {"emergency": 3},
        {"external_institution": "H1"},
        {"med_type": "140201"},
        {"med_type": "15"},
        {"amounts": {"family": "5.00"}},
        {"channel": "internet"},
    ],
    ids=lambda given: next(iter(given.items())),
)
def test_a03_innocent_explanations(given):
    assert severities(FIRST, settlement("03-05 10:00", "H2", **given)) == []


def test_a03_an_examination_that_the_stay_ordered_outside_is_none():
    settled = inpatient(None, None, "H1", "M1", at="03-10 11:00", external_institution="H2")
    assert severities(FIRST, settled, settlement("03-05 10:00", "H2")) == []


def test_a03_a_visit_of_the_stays_own_encounter_is_none():
    assert severities(FIRST, settlement("03-05 10:00", "H1", encounter="M1")) == []


def test_a03_a_visit_corrected_to_its_true_day_withdraws():
    visit = settlement("03-05 10:00", "H2", "S1")
    moved = corrected(visit, "03-12 10:00", begin_at="03-12 09:00")
    assert severities(FIRST, visit) == [("A03", 2)]
    assert severities(FIRST, visit, moved) == []


def own(at: str, number: int, **given) -> dict:
    """A purchase on the personal account."""
    return swipe(
        at,
        "P1",
        f"S{number}",
        fund="0.00",
        total=f"{number}.00",
        amounts={"account": f"{number}.00"},
        **given,
    )


def test_a04_three_swipes_on_the_account_in_one_stay_are_graver_than_two():
    swipes = [own(f"03-0{day} 10:00", day) for day in (3, 4, 5)]
    assert severities(FIRST, swipes[:2]) == [("A04", 3)] * 2
    assert severities(FIRST, swipes) == [("A04", 2)] * 3


def test_a04_a_swipe_that_belongs_to_another_stay_is_counted_with_all_of_this_one():
    """An event that lies in the other stay asks about the swipe alone; its grade is that of three."""
    story = [
        admission("03-01 10:00", "H2", "M2"),
        admission("03-01 11:00", "P1", "M1"),
        own("03-05 14:00", 1),
        own("03-05 15:00", 2),
        own("03-05 16:00", 3, encounter="M1"),
        discharge("03-06 10:00", "H2", "M2"),
        own("03-08 16:00", 4),
    ]
    alerts = [alert for alert in judge_all(story, rules=["A04"]) if "M2" in alert.encounters]
    assert sorted(alert.severity for alert in alerts) == [2, 2, 2]


def test_a04_swipes_that_something_explains_do_not_count_among_the_three():
    swipes = [own("03-03 10:00", 3), own("03-04 10:00", 4), own("03-05 10:00", 5, channel="agent")]
    assert severities(FIRST, swipes) == [("A04", 3)] * 2


def test_a04_fund_money_or_a_far_pharmacy_is_graver():
    assert severities(FIRST, swipe("03-05 10:00")) == [("A04", 2)]
    places = [("H1", 28.2), ("P1", 29.2)]
    known = registry(*({"institution_id": i, "latitude": at, "longitude": 112.9} for i, at in places))
    assert severities(FIRST, own("03-05 10:00", 5), known=known) == [("A04", 2)]


@pytest.mark.parametrize(
    "given", [{"channel": "internet"}, {"channel": "delivery"}, {"amounts": {"family": "1.00"}}]
)
def test_a04_innocent_explanations(given):
    assert severities(FIRST, swipe("03-05 10:00", **given)) == []


def test_a03_and_a04_name_the_stay_and_the_settlement():
    (alert,) = judge_all([FIRST, swipe("03-05 10:00", "P1", "S1")], rules=OF_STAYS)
    assert (alert.encounters, alert.settlements, alert.institutions) == (["M1", "E-S1"], ["S1"], ["H1", "P1"])
