"""Settlements taken back while they stood under an alert (rules.md B05): a function of the facts, whichever
came first."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from schemas.records import Price
from schemas.rules import RuleParameters
from services.detector.judge import Bench
from services.detector.rules.a03_visit_inside_stay import VisitInsideStay
from services.detector.stages import PersonStage
from tests.detector.running import Run
from tests.detector.test_laws import FEW, MANY, REGISTRIES
from tests.detector.worlds import worlds
from tests.support.entries import (
    CALENDAR,
    EMPTY,
    cancellation,
    corrected,
    entries,
    fee_lines,
    inpatient,
    line,
    person,
    registry_of,
    replay_of,
    settlement,
    stay,
    swipe,
)

registries = st.sampled_from(REGISTRIES)


def under_alert(screenings):
    return {one.settlement_id for one in screenings if "under_alert" in one.flags}


def stood(*story, known=EMPTY, **knobs):
    """Settlements that are said to have been taken back under an alert, by a clean run of a story."""
    return under_alert(replay_of(entries(*story), known, **knobs).screened())


def said_as_it_came(story, known=EMPTY, **knobs):
    """… by what a running system said last of each, as the events came."""
    run = Run(known, **knobs)
    for one in story:
        run.feed(one)
    return under_alert(run.screened.values())


IN_WARD = stay("05-01 09:00", "05-10 10:00", "H1", "M1")
VISIT = settlement("05-05 10:00", "H2", "S1")
GONE = cancellation("05-06 10:00", VISIT)
STORY = [*IN_WARD, VISIT, GONE]


def test_a_visit_during_a_stay_elsewhere_that_is_cancelled_stood_under_an_alert():
    assert stood(*IN_WARD, VISIT) == set()
    assert stood(*STORY) == {"S1"}
    assert stood(VISIT, GONE) == set()


@pytest.mark.parametrize("seed", range(8))
def test_the_other_stay_may_arrive_before_or_after_the_cancellation(seed):
    mixed = Random(seed).sample(STORY, len(STORY))
    assert said_as_it_came(entries(*mixed)) == {"S1"}


def test_what_was_recorded_only_after_it_was_taken_back_has_no_part_in_it():
    late = [{**event, "recorded_at": "2026-05-07T09:00:00+08:00"} for event in IN_WARD]
    assert stood(*late, VISIT, GONE) == set()
    assert stood(VISIT, GONE, settlement("05-06 10:20", "H2", "S2"), *IN_WARD) == {"S1"}


def test_a_negative_mirror_takes_back_too():
    visit = settlement("05-05 10:00", "H2", "S1", encounter="E")
    mirror = settlement("05-06 10:00", "H2", "S2", encounter="E", total="-100.00", fund="-60.00")
    told = entries(*IN_WARD, visit, mirror)
    for seed in range(8):
        assert said_as_it_came(Random(seed).sample(told, len(told))) == {"S1"}
    assert stood(visit, mirror) == set()


def test_a_refund_of_a_part_takes_nothing_back():
    visit = settlement("05-05 10:00", "H2", "S1", encounter="E")
    refund = settlement("05-06 10:00", "H2", "S2", encounter="E", total="-40.00", fund="-20.00")
    assert stood(*IN_WARD, visit, refund) == set()


def test_a_correction_takes_nothing_back():
    assert (
        stood(*IN_WARD, VISIT, corrected(VISIT, "05-06 10:00", amounts={"total": "80", "fund": "1"})) == set()
    )
    again = corrected(VISIT, "05-07 10:00")
    assert stood(*STORY, again) == set()
    assert stood(*STORY, again, cancellation("05-08 10:00", VISIT)) == {"S1"}


def test_who_takes_the_cancellation_back_has_taken_nothing_back():
    told = entries(*STORY, cancellation("05-07 10:00", GONE))
    for seed in range(8):
        assert said_as_it_came(Random(seed).sample(told, len(told))) == set()


def test_a_stay_that_was_mended_before_gives_no_alert_and_one_mended_afterwards_did():
    wrong = [cancellation(f"05-05 12:0{n}", one) for n, one in enumerate(IN_WARD)]
    early = [{**one, "occurred_at": "2026-05-01T10:00:00+08:00"} for one in IN_WARD]
    assert stood(*early, *wrong, VISIT, GONE) == set()
    late = [cancellation(f"05-11 12:0{n}", one) for n, one in enumerate(IN_WARD)]
    assert stood(*STORY, *late) == {"S1"}


def test_both_of_two_settlements_that_are_taken_back_one_after_the_other_stood_under_it():
    ward = inpatient("05-01 09:00", "05-04 10:00", "H1", "M1", settlement_id="S9")
    visit = settlement("05-03 10:00", "H2", "S1", recorded_at="05-04 11:00")
    gone = [cancellation("05-05 10:00", ward), cancellation("05-05 11:00", visit)]
    assert stood(ward, visit, gone[0]) == {"S9"}
    assert stood(ward, visit, *gone) == {"S9"}, "nothing named the visit any more"
    assert stood(ward, visit, gone[1]) == {"S1"}


def test_a_cancellation_that_an_alert_asks_for_does_not_count():
    twice = [settlement(f"05-05 10:00:{n}0", "H2", f"S{n}", diagnoses=[{"code": "J06"}]) for n in range(2)]
    gone = cancellation("05-05 11:00", twice[1])
    assert {alert.rule for alert in replay_of(entries(*twice)).open.values()} == {"A07", "D14"}
    assert stood(*twice, gone) == set()
    assert stood(*IN_WARD, *twice, gone) == {"S1"}


def test_what_was_settled_again_rightly_is_no_alert_about_what_it_replaced():
    wrong = swipe("05-05 10:00", "P1", "S1")
    right = swipe("05-05 10:00:40", "P1", "S2", recorded_at="05-05 10:20")
    assert stood(wrong, cancellation("05-05 10:10", wrong), right) == set()


def test_a_registry_that_ends_the_alert_ends_it_here_and_it_comes_back_with_the_old_one():
    off = registry_of(RuleParameters(rule=VisitInsideStay.id, enabled=False))
    shadow = registry_of(RuleParameters(rule=VisitInsideStay.id, shadow=True))
    run = Run(EMPTY)
    for one in entries(*STORY):
        run.feed(one)
    for known, expected in ((off, set()), (EMPTY, {"S1"}), (shadow, set()), (EMPTY, {"S1"})):
        run.use(known)
        assert under_alert(run.screened.values()) == expected
        assert stood(*STORY, known=known) == expected


def test_a_record_of_the_person_has_it_judged_again():
    visit = settlement("05-05 10:00", "H1", "S1")
    dead = person(death_date="2026-05-01")
    told = [visit, cancellation("05-06 10:00", visit)]
    assert said_as_it_came(entries(*told)) == set()
    assert said_as_it_came(entries(*told, dead)) == said_as_it_came(entries(dead, *told)) == {"S1"}


def test_nothing_is_said_of_a_placeholder_and_it_is_said_again_below_the_limit():
    more = [settlement(f"06-0{n} 10:00", "H1", f"T{n}") for n in range(1, 5)]
    told = entries(*STORY, *more)
    assert said_as_it_came(told, person_facts_limit=6) == {"S1"}
    assert said_as_it_came(told, person_facts_limit=5) == set()
    assert said_as_it_came([*told, *entries(cancellation("06-09 10:00", more[0]))], person_facts_limit=5) == {
        "S1"
    }


def test_of_a_person_with_too_much_taken_back_nothing_is_said_until_it_is_less(monkeypatch):
    monkeypatch.setattr("services.detector.taken_back.AT_MOST", 1)
    other = settlement("05-03 10:00", "H3", "S2")
    more = [other, cancellation("05-03 11:00", other)]
    for seed in range(6):
        told = [*STORY, *more]
        assert said_as_it_came(entries(Random(seed).sample(told, len(told)))) == set()
        told.append(cancellation("05-03 12:00", more[1]))
        assert said_as_it_came(entries(Random(seed).sample(told, len(told)))) == {"S1"}


def test_lines_that_were_mended_before_do_not_come_back():
    """Priced above the maximum: mended in time, or only afterwards."""
    known = registry_of(Price("001101", max_price=Decimal(5)))
    visit = settlement("05-05 10:00", "H1", "S1", encounter="E")
    dear, cheap = (
        fee_lines(f"05-05 10:0{n}", line("1", amount=amount), encounter="E")
        for n, amount in ((1, "900"), (3, "5"))
    )
    mended = [cancellation("05-05 10:02", dear), cheap]
    gone = cancellation("05-06 10:00", visit)
    assert {alert.rule for alert in replay_of(entries(visit, dear), known).open.values()} == {"D07"}
    assert stood(visit, dear, gone, known=known) == {"S1"}
    assert stood(visit, dear, *mended, gone, known=known) == set()
    afterwards = [cancellation("05-06 10:10", dear)]
    assert stood(visit, dear, gone, *afterwards, known=known) == {"S1"}


class Raising(VisitInsideStay):
    """Raises where a visit lies in a stay."""

    def judge(self, view, refs):
        for _ in super().judge(view, refs):
            raise ZeroDivisionError
        return iter(())


def test_where_a_rule_raises_the_settlement_is_screened_all_the_same():
    stage = PersonStage(Bench(rules=(Raising(),), calendar=CALENDAR), EMPTY)
    memory = stage.fresh("person-1")
    for one in entries(VISIT, GONE, *IN_WARD):
        stage.step(memory, one)
    said = [emission.value for emission in stage.screenings(memory)]
    assert {one.name: one.flags for one in said} == {"SS1": ["present"], "AM1": ["present"]}


@settings(FEW, max_examples=150)
@given(worlds(), st.lists(registries, min_size=1, max_size=2), st.randoms(use_true_random=False))
def test_what_was_said_as_it_came_is_what_a_clean_run_says(story, known, random):
    """In any order, with repeats and crashes, repacked, under other registries on the way."""
    said_last_is_a_clean_run(story, known, random)


@pytest.mark.faults
@pytest.mark.timeout(10_000)
@MANY
@given(worlds(most=30), st.lists(registries, min_size=1, max_size=2), st.randoms(use_true_random=False))
def test_the_law_holds_for_many_worlds(story, known, random):
    said_last_is_a_clean_run(story, known, random)


def said_last_is_a_clean_run(story, known, random):
    told = [*story, *random.sample(story, len(story) // 3)]
    random.shuffle(told)
    run = Run(known[0])
    for one in told:
        run.feed(one)
        chance = random.random()
        if chance < 0.1:
            run.persons.repack()
        elif chance < 0.15:
            run.use(random.choice(known))
        elif chance < 0.3:
            run.persons.put()
        elif chance < 0.4:
            run.persons.crash()
            run.work()
    if run.pipeline.person.registry is not known[-1]:
        run.use(known[-1])
    expected = stood(*story, known=known[-1])
    event(f"{len(expected)} taken back under an alert")
    assert under_alert(run.screened.values()) == expected
