"""What is remembered of a person: versions, cancellations, mirrors and lines."""

import msgspec
import pytest

from schemas.registry import Registry
from services.detector.insured import Insured
from services.detector.memory import PersonMemory
from services.detector.reading import read_entry
from services.detector.stages import make_pipeline
from services.detector.view import PersonView
from services.settings import Settings
from tests.detector.running import Run
from tests.support.entries import (
    CALENDAR,
    admission,
    cancellation,
    compared,
    corrected,
    discharge,
    entries,
    fee_lines,
    inpatient,
    judge_all,
    line,
    moment,
    person,
    registry,
    replay_of,
    settlement,
    stay,
)

NINE = [stay("03-01 08:00", "03-10 10:00", "H1", "M1"), stay("03-05 09:00", "03-08 09:00", "H2", "M2")]


def remembered(*story) -> PersonMemory:
    """A history that took a story in."""
    history = PersonMemory("person-1")
    for one in entries(*story):
        history.add(read_entry(one, CALENDAR))
    return history


def test_the_greatest_version_counts_whatever_came_first():
    first = settlement("03-05 10:00", "H1", "S1", total="100.00")
    second = corrected(first, "03-06 10:00", amounts={"total": "90.00", "fund": "1.00"})
    for order in ([first, second], [second, first]):
        (fact,) = remembered(*order).facts
        assert fact.total == 9_000


def test_a_cancellation_takes_versions_up_to_its_own_record_and_a_later_version_stands():
    first = settlement("03-05 10:00", "H1", "S1")
    void = cancellation("03-05 11:00", first)
    again = corrected(first, "03-05 12:00", amounts={"total": "90.00", "fund": "1.00"})
    assert remembered(void, first).facts == []
    assert [fact.total for fact in remembered(void, first, again).facts] == [9_000]


def test_a_cancellation_by_event_id_lets_the_version_before_count_again():
    first = settlement("03-05 10:00", "H1", "S1")
    wrong = corrected(first, "03-05 12:00", amounts={"total": "90.00", "fund": "1.00"})
    named = {"type": "settlement", "id": "S1", "event_id": wrong["event_id"]}
    history = remembered(first, wrong, cancellation("03-05 11:00", first, cancels=named))
    assert [fact.total for fact in history.facts] == [10_000]


def test_a_cancellation_can_be_cancelled():
    first = settlement("03-05 10:00", "H1", "S1")
    void = cancellation("03-05 11:00", first)
    back = cancellation("03-05 12:00", void)
    assert len(remembered(back, void, first).facts) == 1


def test_cancelling_a_lines_cancellation_judges_the_amount_again():
    lines = fee_lines("03-07 10:00", line("L1", "03-06 10:00", "500.00"), institution="H2", encounter="M2")
    named = {"type": "fee_lines", "id": "M2", "line_id": "L1"}
    void = cancellation("03-07 11:00", cancels=named, institution="H2")
    story = [*NINE, lines, void]
    assert [alert.amount for alert in judge_all(story)] == ["0.00"]
    assert [alert.amount for alert in judge_all([*story, cancellation("03-07 12:00", void)])] == ["500.00"]


def test_a_mirror_takes_back_one_settlement_and_what_is_settled_again_stands():
    first = settlement("03-05 10:00", "H1", "S1", encounter="V1")
    mirror = settlement("03-05 11:00", "H1", "S2", encounter="V1", total="-100.00", fund="-60.00")
    again = settlement("03-05 12:00", "H1", "S3", encounter="V1")
    around = stay("03-01 08:00", "03-10 10:00", "H2", "M2")
    assert judge_all([around, first, mirror]) == []
    (alert,) = judge_all([around, first, mirror, again])
    assert alert.settlements == ["S3"]


def test_a_third_stay_that_a_mirror_takes_back_no_longer_makes_the_others_graver():
    pair = [
        stay("03-01 08:00", "03-05 10:00", "H1", "M1"),
        stay("03-04 09:00", "03-08 09:00", "H2", "M2"),
    ]
    third = inpatient("03-02 08:00", "03-07 08:00", "H3", "M3", "S3", at="03-07 09:00")
    mirror = inpatient(
        "03-02 08:00", "03-07 08:00", "H3", "M3", "N3", at="03-07 10:00", total="-9000.00", fund="-6000.00"
    )
    assert sorted(alert.severity for alert in judge_all([pair, third])) == [1, 1, 1]
    for order in ([pair, third, mirror], [mirror, pair, third]):
        assert [alert.severity for alert in judge_all(order)] == [2]


def test_a_mirror_of_another_kind_of_care_still_takes_the_stay_back():
    days = inpatient("03-01 08:00", "03-10 08:00", "H1", "M1", at="03-10 09:00")
    mirror = settlement("03-10 10:00", "H1", "N1", encounter="M1", total="-9000.00", fund="-6000.00")
    visit = settlement("03-05 10:00", "H2", "S9")
    assert len(judge_all([days, visit])) == 1
    assert judge_all([days, visit, mirror]) == judge_all([mirror, visit, days]) == []


def test_a_mirror_that_takes_back_a_visit_of_its_encounter_no_longer_makes_a_stay():
    """A negative in-patient settlement that mirrors nothing does make one: real claims hold such."""
    around = stay("03-01 08:00", "03-10 10:00", "H2", "M2")
    mirror = inpatient(
        "03-03 08:00", "03-06 08:00", "H1", "M1", "N1", at="03-06 09:00", total="-50.00", fund="-50.00"
    )
    visit = settlement("02-20 10:00", "H1", "S1", encounter="M1", total="50.00")
    original = inpatient("03-03 08:00", "03-06 08:00", "H1", "M1", "S2", at="03-06 09:00", total="50.00")
    run = Run(Registry())
    for one in entries(around, mirror, visit, original, cancellation("03-07 10:00", original)):
        run.feed(one)
        for _key, said, whole in run.said_and_whole():
            assert said == whole
    assert [alert.rule for alert in run.open if alert.rule == "A01"] == []


def test_a_partly_refunded_line_counts_with_what_is_left():
    history = remembered(
        fee_lines(
            "03-06 10:00",
            line("L1", "03-06 09:00", "100.00", covered_amount="80.00"),
            line("L2", "03-06 09:00", "-40.00", refunds_line_id="L1"),
            line("L3", "03-06 09:00", "30.00"),
            line("L4", "03-06 09:00", "-30.00", refunds_line_id="L3"),
        )
    )
    (kept,) = PersonView(history, Registry(), CALENDAR).lines(("H1", "M1"))
    assert (kept.id, kept.amount, kept.covered) == ("L1", 6_000, 4_000)


def test_a_line_sent_in_fee_lines_and_in_the_settlement_counts_once():
    days = stay("03-05 09:00", "03-08 09:00", "H2", "M2")
    item = line("L1", "03-06 10:00", "500.00")
    settled = inpatient(None, None, "H2", "M2", at="03-08 10:00", lines=[item])
    sent = fee_lines("03-06 12:00", item, institution="H2", encounter="M2")
    view = PersonView(remembered(days, settled, sent), Registry(), CALENDAR)
    assert len(view.lines(("H2", "M2"))) == 1


def test_two_records_of_one_load_are_told_apart_by_content_not_by_order():
    visit = settlement("03-05 10:00")
    one, other = person(death_date="2026-03-01"), person()
    assert compared(judge_all([visit, one, other])) == compared(judge_all([visit, other, one]))


@pytest.mark.parametrize("institution", ["!H", "|", "9:H", "医院"])
def test_cells_keep_apart_whatever_ids_hold(institution):
    history = remembered(
        settlement("03-05 10:00", institution, "S1", event_id="a|b"),
        settlement("03-05 11:00", f"{institution}|a", "S2", event_id="b"),
    )
    again = PersonMemory.restore("person-1", history.changes().items())
    assert again.facts == history.facts


def test_a_record_that_made_a_rule_raise_leaves_the_one_before_it_to_be_stored():
    history = PersonMemory("person-1")
    first = read_entry(person(death_date="2026-03-01"), CALENDAR)
    history.add(first)
    second = read_entry(person(death_date="2026-03-02", loaded=2), CALENDAR)
    history.add(second)
    history.remove(second, first)
    cells = {name: body for name, body in history.changes().items() if body is not None}
    assert Insured(PersonMemory.restore("person-1", cells.items())).latest.death_date == "2026-03-01"


def test_a_dropped_fact_takes_its_older_versions_along():
    first = settlement("03-05 10:00", "H1", "S1")
    second = corrected(first, "03-06 10:00", amounts={"total": "90.00", "fund": "1.00"})
    history = remembered(first, second)
    history.drop(list(history.facts))
    again = PersonMemory.unpack("person-1", history.pack())
    again.add(
        read_entry(entries(cancellation("03-07 10:00", settlement("03-07 09:00", "H1", "S7")))[0], CALENDAR)
    )
    assert again.facts == []


def test_distance_and_group_are_those_in_force_then():
    near = {"institution_id": "H2", "latitude": 28.2, "longitude": 112.9, "group_id": "G"}
    far = {**near, "latitude": 29.2, "group_id": "F", "effective_from": "2026-06-01"}
    home = {"institution_id": "H1", "latitude": 28.2, "longitude": 112.9, "group_id": "G"}
    story = [settlement("03-05 10:00", "H1"), settlement("03-05 10:20", "H2")]
    assert judge_all(story, registry(home, near, far)) == []
    overlap = [stay("03-01 08:00", "03-10 10:00", "H1", "M1"), stay("03-05 09:00", "03-08 09:00", "H2", "M2")]
    assert [alert.severity for alert in judge_all(overlap, registry(home, near, far), ["A01"])] == [3]


def test_a_settlement_in_mid_stay_does_not_close_the_stay_for_visits_after_it():
    days = [
        inpatient("03-01 08:00", "03-03 08:00", "H1", "M1", "S1", mid_stay=True),
        inpatient("03-06 08:00", "03-09 08:00", "H1", "M1", "S2"),
    ]
    visit = settlement("03-05 10:00", "H2", "S9")
    found = compared(judge_all([visit, days], rules=["A03"]))
    assert found == compared(judge_all([days, visit], rules=["A03"])) != {}


def test_the_final_alert_shows_the_facts_as_they_are_now():
    (alert,) = judge_all(NINE)
    assert alert.evidence["stays"][1]["end"] == "2026-03-08T09:00:00+08:00"
    assert "72.0" in alert.message.en


def test_of_many_findings_those_of_an_encounter_are_found_whatever_came_and_went(monkeypatch):
    crowd = [
        admission(f"03-0{day} 08:00", f"H{place}", f"M{place}") for place, day in enumerate("1234567", 1)
    ]
    story = entries(
        *crowd, cancellation("03-08 10:00", crowd[2]), discharge("03-03 09:00", "H2", "M2"), crowd[2]
    )
    refs = [(f"H{place}", f"M{place}") for place in range(1, 8)]
    told = []
    for sought_at in (0, 1_000):
        monkeypatch.setattr(PersonMemory, "sought_at", sought_at)
        stage = make_pipeline(Settings(), Registry(), keep_all=True).person
        memory = stage.fresh("person-1")
        seen = []
        for one in story:
            stage.step(memory, one)
            seen += [
                (memory.said_of([ref], "A01"), memory.said_of([ref], ""), memory.alerts_of(ref))
                for ref in refs
            ]
        told.append(seen)
    assert len(memory.said) > 9
    assert told[0] == told[1]


def test_state_survives_both_encodings():
    story = entries(
        *NINE, person(death_date="2026-03-04"), fee_lines("03-06 10:00", line("L1", "03-06 09:00"))
    )
    story += entries(cancellation("03-07 10:00", admission("03-05 09:00", "H2", "M2")))
    stage = make_pipeline(Settings(), Registry(), keep_all=True).person
    memory = stage.fresh("person-1")
    cells: dict = {}
    for one in story:
        stage.step(memory, one)
        cells.update(memory.changes())
    kept = [(name, body) for name, body in cells.items() if body is not None]
    for again in (stage.unpack("person-1", stage.pack(memory)), stage.restore("person-1", kept[::-1])):
        assert again.facts == memory.facts
        assert again.said == memory.said
        assert again.turns == memory.turns
        assert again.records == memory.records
        assert msgspec.msgpack.encode(sorted(fact.event for fact in again.idle)) == msgspec.msgpack.encode(
            sorted(fact.event for fact in memory.idle)
        )


def test_a_discharge_by_bare_date_on_the_day_of_a_clock_admission_is_no_defect():
    story = [admission("03-05 09:00"), discharge("03-05")]
    assert replay_of(entries(*story)).defects == {}
    settled = inpatient("03-05 09:00", "03-05", "H1", "M2")
    assert replay_of(entries(settled)).defects == {}


def test_instants_are_compared_as_instants_whatever_their_spelling():
    event = inpatient("03-05 09:00", "03-06 09:00")
    event |= {"begin_at": "2026-03-05T02:00:00Z", "end_at": "2026-03-05T09:00:00.500+08:00"}
    (defect,) = replay_of(entries(event)).defects.values()
    assert defect.code == "end_before_begin"
    event |= {"begin_at": "2026-03-05T00:00:00.5Z", "end_at": "2026-03-05T08:00:01+08:00"}
    assert replay_of(entries(event)).defects == {}


def test_facts_hold_moments_and_exact_money():
    (one,) = entries(settlement("03-05 10:00:30", total="12345678901.29", begin_at="03-04"))
    fact = read_entry(one, CALENDAR)
    assert (fact.at, fact.total) == (moment("03-04"), 1_234_567_890_129)
