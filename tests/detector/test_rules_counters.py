"""A05, A07, A08 case by case: what speaks against them, how grave, how much, and who they are."""

import pytest

from services.detector.judge import Bench
from services.detector.memory import PersonMemory
from services.detector.profiling import Costs
from services.detector.rules import RULES
from services.detector.stages import PersonStage
from tests.detector.running import Run
from tests.support.entries import (
    CALENDAR,
    EMPTY,
    PERSON,
    admission,
    cancellation,
    discharge,
    entries,
    inpatient,
    judge_all,
    line,
    person,
    registry,
    replay_of,
    settlement,
    swipe,
)


def place(name: str, latitude: float, **given) -> dict:
    """An institution on one meridian; a hundredth of a degree of latitude is 1.112 km."""
    return {"institution_id": name, "latitude": latitude, "longitude": 112.9, **given}


MAP = registry(place("H1", 28.0), place("H2", 28.27), place("H3", 28.05))


def two(first: str, second: str, institution: str = "H2", known=MAP, **given) -> list[tuple[str, int]]:
    """(rule, severity) of two visits, the first at H1."""
    story = [
        settlement(first, "H1", "S1", **given),
        settlement(second, institution, "S2", total="7.00", **given),
    ]
    return [(alert.rule, alert.severity) for alert in judge_all(story, known)]


# -- A05 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("second", "alerts"), [("03-05 10:15", 1), ("03-05 10:16", 0)])
def test_a05_faster_than_120_km_an_hour(second, alerts):
    assert two("03-05 10:00", second) == [("A05", 2)] * alerts


@pytest.mark.parametrize(("second", "alerts"), [("03-05 10:05", 1), ("03-05 10:05:01", 0)])
def test_a05_near_sites_within_five_minutes(second, alerts):
    assert two("03-05 10:00", second, "H3") == [("A05", 2)] * alerts


def test_a05_near_sites_of_one_group_are_none_and_far_ones_are_not():
    group = registry(*(place(n, at, group_id="G") for n, at in (("H1", 28.0), ("H2", 28.27), ("H3", 28.05))))
    assert two("03-05 10:00", "03-05 10:03", "H3", group) == []
    assert two("03-05 10:00", "03-05 10:03", "H2", group) == [("A05", 2)]


@pytest.mark.parametrize(
    ("region", "second", "alerts"),
    [
        ("430101", "03-05 10:01", 0),
        ("430102", "03-05 10:19", 1),
        ("430102", "03-05 10:20", 0),
        ("430201", "03-05 10:59", 1),
        ("430201", "03-05 11:00", 0),
        ("110101", "03-05 12:59", 1),
        ("110101", "03-05 13:00", 0),
    ],
)
def test_a05_without_places_counties_cities_and_provinces_are_compared(region, second, alerts):
    known = registry({"institution_id": "H1", "region": "430101"}, {"institution_id": "H2", "region": region})
    assert two("03-05 10:00", second, "H2", known) == [("A05", 2)] * alerts


def test_a05_physical_cards_at_both_make_it_grave_and_an_emergency_lighter():
    card = {"kind": "social_card", "number": "c"}
    assert two("03-05 10:00", "03-05 10:05", card=card) == [("A05", 1)]
    assert two("03-05 10:00", "03-05 10:05", card={**card, "kind": "id_card"}) == [("A05", 2)]
    assert two("03-05 10:00", "03-05 10:05", emergency=1) == [("A05", 3)]


@pytest.mark.parametrize(
    "given",
    [
        {"online": False},
        {"amounts": {"family": "1.00"}},
        {"recorded_at": "03-07 10:00"},
        {"recorded_at": "03-05 09:30"},
        {"begin_at": "03-05"},
    ],
    ids=lambda given: next(iter(given.items())),
)
def test_a05_what_does_not_show_the_person_at_a_counter_then_is_not_judged(given):
    assert two("03-05 10:00", "03-05 10:05", **given) == []


def test_a05_midnight_means_that_the_time_is_missing():
    assert two("03-05 00:00", "03-05 00:01") == []


def test_a05_only_neighbours_are_compared_and_one_between_takes_the_pair_apart():
    story = [settlement("03-05 10:00", "H1", "S1"), settlement("03-05 10:10", "H2", "S2", total="7.00")]
    between = settlement("03-05 10:04", "H9", "S3", total="8.00")
    assert len(judge_all(story, MAP)) == 1
    assert judge_all([*story, between], MAP, ["A05"]) == []
    assert len(judge_all([*story, between, cancellation("03-05 12:00", between)], MAP)) == 1


def test_a05_an_admission_counts_and_a_discharge_does_not():
    visit = settlement("03-05 10:10", "H2", "S2")
    assert [alert.rule for alert in judge_all([admission("03-05 10:00"), visit], MAP)] == ["A05"]
    assert judge_all([discharge("03-05 10:00"), visit], MAP) == []


# -- A07 ------------------------------------------------------------------------------------------------


def double(second: str = "03-05 10:01", other: dict | None = None, **given) -> list:
    """Alerts of the same amount twice."""
    first = settlement("03-05 10:00", "H1", "S1", **given)
    return judge_all([first, settlement(second, "H1", "S2", **{**given, **(other or {})})])


@pytest.mark.parametrize(("second", "alerts"), [("03-05 10:01", 1), ("03-05 10:01:01", 0)])
def test_a07_the_same_amount_within_sixty_seconds(second, alerts):
    found = double(second)
    assert [(alert.rule, alert.severity, alert.amount) for alert in found] == [("A07", 2, "60.00")] * alerts


def test_a07_another_prescription_for_another_disease_is_none_and_one_of_them_is_not_enough():
    one = {"prescription_id": "R1", "disease_code": "D1"}
    assert double(other={"prescription_id": "R2", "disease_code": "D2"}, **one) == []
    assert len(double(other={"prescription_id": "R2"}, **one)) == 1
    assert len(double(other={"prescription_id": "R2", "disease_code": "D2"}, med_type="41", **one)) == 1


def test_a07_another_amount_or_day_precision_is_none():
    assert double(other={"total": "100.01"}) == []
    assert judge_all([settlement("03-05", "H1", "S1"), settlement("03-05", "H1", "S2")]) == []


def test_a07_a_cancelled_swipe_withdraws():
    one, other = settlement("03-05 10:00", "H1", "S1"), settlement("03-05 10:00:30", "H1", "S2")
    assert judge_all([one, other, cancellation("03-05 10:20", other)]) == []


# -- A08 ------------------------------------------------------------------------------------------------

DEAD = person(death_date="2026-05-10")


def test_a08_is_silent_without_a_death_record_and_when_it_is_withdrawn():
    visit = settlement("05-20 10:00")
    assert judge_all([visit]) == []
    assert judge_all([visit, person()]) == []
    assert len(judge_all([visit, DEAD])) == 1
    assert judge_all([visit, DEAD, person(loaded=2)]) == []


def test_a08_names_the_settlement_and_its_fund_money():
    (alert,) = judge_all([settlement("05-20 10:00", "H1", "S1", fund="33.30"), DEAD])
    assert (alert.settlements, alert.amount, alert.severity) == (["S1"], "33.30", 1)


@pytest.mark.parametrize("at", ["05-15 11:00", "05-15 09:00"])
def test_a08_a_death_that_the_hospital_registered_later_is_none(at):
    story = [
        DEAD,
        admission("05-12 08:00"),
        discharge("05-15 10:00", discharge_way=5),
        inpatient(None, None, "H1", "M1", at=at),
    ]
    assert judge_all(story) == []


def test_a08_clearing_the_account_is_none_and_buying_is_not():
    cleared = swipe("05-20 10:00", fund="0.00", amounts={"account": "100.00"})
    assert judge_all([DEAD, cleared]) == []
    assert len(judge_all([DEAD, {**cleared, "lines": [line("L1")]}])) == 1


def dies(*deaths: tuple[str, str | None]) -> list:
    """A person's records: day of effect, and of death (None: none is told any more)."""
    return [
        person(effective_from=begin, **({"death_date": death} if death else {}), loaded=number)
        for number, (begin, death) in enumerate(deaths, 1)
    ]


@pytest.mark.parametrize("deaths", [("2026-05-10", "2026-05-20"), ("2026-05-20", "2026-05-10")])
def test_who_dies_twice_is_a_defect_of_the_registry_and_the_later_death_counts(deaths):
    records = dies(("2026-06-01", deaths[0]), ("2026-07-01", deaths[1]))
    between, after = settlement("05-15 09:00"), settlement("05-25 09:00")
    for story in (
        [*records, between, after],
        [between, after, *records],
        [records[0], between, records[1], after],
    ):
        done = replay_of(entries(*story), rules={"A08"})
        assert [alert.settlements for alert in done.open.values()] == [[after["settlement_id"]]]
        (defect,) = done.defects.values()
        assert (defect.code, defect.institution_id, defect.path) == ("died_twice", "", "/death_date")


def test_a_person_without_any_event_may_die_twice_too():
    done = replay_of(entries(*dies(("2026-06-01", "2026-05-10"), ("2026-07-01", "2026-05-20"))))
    assert [defect.code for defect in done.defects.values()] == ["died_twice"]


def test_no_rule_is_asked_about_a_person_who_has_nothing_but_records():
    costs = Costs()
    stage = PersonStage(Bench(rules=RULES, calendar=CALENDAR, costs=costs), EMPTY)
    memory = stage.fresh(PERSON)
    for one in entries(*dies(("2026-06-01", "2026-05-10"), ("2026-07-01", "2026-05-20"))):
        stage.step(memory, one)
    assert [said.defect for said in memory.said.values()] == [True]
    assert not sum(cost.asked for cost in costs.values())
    stage.step(memory, entries(settlement("05-25 09:00"))[0])
    asked = sum(cost.asked for cost in costs.values())
    stage.step(memory, entries(*dies(("2026-08-01", "2026-05-20")))[0])
    assert sum(cost.asked for cost in costs.values()) > asked > 0


@pytest.mark.parametrize(
    "records",
    [
        dies(("2026-06-01", "2026-05"), ("2026-07-01", "2026-05-20")),
        dies(("2026-06-01", "2026-05-20"), ("2026-07-01", "2026-05-20")),
        dies(("2026-06-01", "2026-05-10"), ("2026-06-01", "2026-05-20")),
    ],
    ids=["a month and a day in it", "one day told twice", "one record corrected"],
)
def test_one_death_is_no_contradiction(records):
    story = entries(*records, visit := settlement("05-25 09:00"), settlement("05-15 09:00"))
    done = replay_of(story, rules={"A08"})
    assert [alert.settlements for alert in done.open.values()] == [[visit["settlement_id"]]]
    assert not done.defects


def test_a_death_that_the_latest_record_no_longer_tells_is_none():
    records = dies(("2026-06-01", "2026-05-10"), ("2026-07-01", None))
    assert not replay_of(entries(*records, settlement("05-25 09:00")), rules={"A08"}).open


@pytest.mark.parametrize("number", range(10, 22))
def test_what_is_long_past_and_folded_hides_no_finding_from_a_newcomer(monkeypatch, number):
    """Encounters come in any order, here by the hashes of their ids: one of a dozen names tells."""
    monkeypatch.setattr(PersonMemory, "fold_at", 1)
    run = Run(MAP)
    open_stay, beside = admission("2026-02-24 10:00", "H1", "M1"), settlement("2026-02-24 10:01", "H2", "S1")
    for one in entries([open_stay, beside, settlement("2026-03-01 14:30", "H3", "S2")]):
        run.feed(one)
    found = {alert.alert_id for alert in run.open if alert.rule == "A05"}
    assert found
    run.persons.repack()
    run.feed(entries([settlement("2026-03-01 10:01", "H3", f"S{number}")])[0])
    assert {alert.alert_id for alert in run.open if alert.rule == "A05"} == found
