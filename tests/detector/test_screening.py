"""A settlement's screening is a function of the facts: whatever came first, it says the same."""

import random
from datetime import date

import pytest

from schemas.screening import ITEMS_AT_MOST, digest
from services.detector.memory import PersonMemory
from services.detector.reading import read_entry
from services.detector.screening import screening_of, to_screen
from services.detector.view import PersonView
from tests.support.entries import (
    CALENDAR,
    EMPTY,
    admission,
    cancellation,
    corrected,
    discharge,
    entries,
    fee_lines,
    inpatient,
    line,
    moment,
    person,
    registry,
    settlement,
    swipe,
)


def screened(story, known=EMPTY):
    """All screenings that the facts of a story led to: the last of each, by name."""
    history = PersonMemory("k1")
    last = {}
    for entry in entries(*story):
        fact = read_entry(entry, CALENDAR)
        changes = history.add(fact)
        view = PersonView(history, known, CALENDAR)
        for due in to_screen(fact, changes or []):
            message = screening_of(history, view, due, "r1")
            last[message.name] = message
    return last


def test_a_purchase_is_screened_with_what_it_says():
    told = swipe(
        "05-02 22:30",
        settlement_id="S1",
        device_id="T1",
        practitioner_id="D1",
        department="外科",
        insured_region="430103",
        card={"kind": "social_card", "number": "c"},
        diagnoses=[{"code": "J06.9", "main": True}],
        lines=[line("1", amount="70", category="11", covered_amount="50", unit_price="35", quantity="2")],
        amounts={"account": "10"},
    )
    place = registry({"institution_id": "P1", "region": "430102"})
    record = person(sex="2", birth_date="1960-05-03", community_id="V1", household_id="H", assistance=True)
    found = screened([record, told], place)["SS1"]
    assert (found.care, found.month, found.day, found.minute) == (
        "pharmacy",
        "2026-05",
        date(2026, 5, 2).toordinal(),
        22 * 60 + 30,
    )
    assert (found.total, found.fund, found.account) == (10_000, 6_000, 1_000)
    assert (found.sex, found.age, found.community_id, found.assistance) == (2, 65, "V1", True)
    assert (found.region, found.insured_region) == ("430102", "430103")
    assert (found.device, found.practitioner, found.department, found.card_kind) == (
        "T1",
        "D1",
        "外科",
        "social_card",
    )
    assert found.by_category == {"11": (7_000, 5_000)}
    assert (found.items[0].quantity, found.items[0].unit_price) == ("2", "35")
    assert (found.main_diagnosis, found.flags, found.withdrawn) == ("J06.9", ["present"], False)
    assert "H" not in found.household


@pytest.mark.parametrize(
    ("amounts", "is_emptied"),
    [
        ({"account": "30", "balance": "0.99"}, True),
        ({"account": "30", "balance": "0"}, True),
        ({"account": "30", "balance": "1.00"}, False),
        ({"account": "0", "balance": "0"}, False),
        ({"balance": "0"}, False),
        ({"account": "30"}, False),
    ],
)
def test_an_account_that_paid_and_holds_less_than_a_yuan_was_emptied(amounts, is_emptied):
    [message] = screened([swipe("05-02 22:30", amounts=amounts)]).values()
    assert ("emptied" in message.flags) is is_emptied


def test_a_stay_takes_its_ends_and_bed_from_admission_and_discharge():
    story = [
        admission("05-01 09:00", bed="12", department="内科"),
        discharge("05-06 10:00", discharge_way=2),
        inpatient("05-02", "05-05", settlement_id="S1"),
    ]
    found = screened(story)["SS1"]
    assert (found.begun, found.ended) == (moment("05-01 09:00"), moment("05-06 10:00"))
    assert (found.nights, found.discharge_way, found.bed, found.department) == (5, 2, "12", "内科")


def test_an_admission_is_screened_until_something_is_settled_of_it():
    begun = [admission("05-01 09:00"), fee_lines("05-02", line("1", amount="20"))]
    alone = screened(begun)["AM1"]
    assert (alone.settlement_id, alone.withdrawn, alone.ended, alone.nights) == ("", False, 0, None)
    assert sum(item.amount for item in alone.items) == 2_000
    settled = screened([*begun, inpatient("05-01", "05-04", settlement_id="S1")])
    assert settled["AM1"].withdrawn
    assert not settled["AM1"].items
    assert sum(item.amount for item in settled["SS1"].items) == 2_000


def test_lines_of_a_stay_settled_in_parts_stand_once():
    story = [
        inpatient("05-01", "05-10", settlement_id="S1", mid_stay=True, lines=[line("1"), line("2")]),
        inpatient("05-01", "05-20", settlement_id="S2", lines=[line("2"), line("3")]),
        fee_lines("05-03", line("4")),
    ]
    found = screened(story)
    assert len(found["SS1"].items) == 0
    assert len(found["SS2"].items) == 4
    assert "mid_stay" in found["SS1"].flags


def test_very_long_stays_are_kept_as_sums():
    lines = [line(f"{n}", amount="2", code=f"X{n % 3}", category="03") for n in range(ITEMS_AT_MOST + 1)]
    found = screened([fee_lines("05-03", *lines), inpatient("05-01", "05-20", settlement_id="S1")])["SS1"]
    assert [item.code for item in found.items] == ["X0", "X1", "X2"]
    assert sum(item.amount for item in found.items) == 200 * (ITEMS_AT_MOST + 1)


def test_a_cancelled_settlement_is_said_to_be_withdrawn_even_if_the_cancellation_came_first():
    bought = swipe("05-02 09:00", settlement_id="S1")
    for story in (
        [bought, cancellation("05-02 10:00", bought)],
        [cancellation("05-02 10:00", bought), bought],
    ):
        found = screened(story)["SS1"]
        assert (found.withdrawn, found.versions, found.total) == (True, 1, 10_000)


def test_versions_are_counted_as_the_door_counts_events():
    bought = swipe("05-02 09:00", settlement_id="S1")
    again = corrected(bought, "05-03 09:00", amounts={"total": "80", "fund": "10"})
    found = screened([bought, again])["SS1"]
    assert (found.versions, found.total, found.withdrawn) == (2, 8_000, False)


def test_a_newborn_is_marked_by_its_kind_of_stay_or_its_birth():
    assert "newborn" in screened([admission("05-01 09:00", med_type="9901")])["AM1"].flags
    born = person(birth_date="2026-04-20")
    assert "newborn" in screened([born, settlement("05-02 09:00", settlement_id="S1")])["SS1"].flags
    assert "newborn" not in screened([born, settlement("06-02 09:00", settlement_id="S1")])["SS1"].flags


def test_lines_show_their_clock_where_they_have_one():
    lines = [line("1", "05-02 09:30"), line("2", "05-02"), line("3")]
    found = screened([settlement("05-02 09:00", settlement_id="S1", lines=lines)])["SS1"]
    assert [item.minute for item in found.items] == [570, None, None]
    assert found.items[2].day == 0


def test_a_missing_time_of_day_is_no_time_of_day():
    assert screened([swipe("05-02 00:00", settlement_id="S1")])["SS1"].minute is None
    assert screened([swipe("05-02", settlement_id="S1")])["SS1"].minute is None


def test_a_settlement_and_its_mirror_are_marked():
    story = [
        settlement("05-02 09:00", settlement_id="S1", encounter="E"),
        settlement("05-02 10:00", settlement_id="S2", encounter="E", total="-100", fund="-60"),
    ]
    found = screened(story)
    assert all("offset" in found[name].flags for name in ("SS1", "SS2"))


def test_the_practitioner_is_that_of_most_lines_where_the_settlement_names_none():
    lines = [
        line("1", practitioner_id="D2"),
        line("2", practitioner_id="D1"),
        line("3", practitioner_id="D2"),
    ]
    assert screened([settlement("05-02 09:00", settlement_id="S1", lines=lines)])["SS1"].practitioner == "D2"


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_arrival_leaves_no_trace(seed):
    bought = swipe("05-02 09:00", settlement_id="S1", lines=[line("1"), line("2")])
    story = [
        person(sex="1", birth_date="1950-01-01"),
        admission("05-01 09:00", bed="1"),
        fee_lines("05-02", line("1", amount="20"), line("2", amount="30")),
        inpatient("05-01", None, settlement_id="S7", mid_stay=True, at="05-03"),
        inpatient("05-01", "05-09", settlement_id="S8"),
        discharge("05-09 10:00"),
        bought,
        corrected(bought, "05-03 09:00", amounts={"total": "80", "fund": "10"}),
        swipe("05-04 09:00", settlement_id="S2"),
        swipe("05-04 09:00", settlement_id="S2", recorded_at="05-04 12:00", total="77"),
        cancellation("05-05 10:00", swipe("05-04 09:00", settlement_id="S2")),
    ]
    mixed = list(story)
    random.Random(seed).shuffle(mixed)
    # The person's record is a fact of the whole key: it comes first here, as all is screened again after it.
    mixed.sort(key=lambda item: isinstance(item, dict))

    def said(story):
        return {name: digest(message) for name, message in screened(story).items()}

    assert said(mixed) == said(story)
