"""Ageing and crowding: what is too late, what is forgotten, what stays sealed, who is suspended."""

import pytest

from schemas.finding import AlertMessage
from schemas.moments import DAY
from schemas.registry import Registry
from schemas.topics import ALERTS
from services.detector.program import DetectorProgram
from services.detector.stages import make_pipeline
from services.detector.view import PersonView
from services.settings import Settings
from tests.support.entries import (
    admission,
    cancellation,
    compared,
    discharge,
    entries,
    entry,
    judge_all,
    moment,
    replay_of,
    settlement,
    stay,
)

STAGE = make_pipeline(Settings(lateness_days=10), Registry()).person
RETENTION = STAGE.bench.retention
WINDOW = STAGE.bench.window
OLD = "2024-01-05 10:00"
LATER = moment(OLD) + RETENTION + WINDOW + DAY


class Person:
    """One person of a live system; `open` are the ids of alerts that stand."""

    def __init__(self) -> None:
        self.memory = STAGE.fresh("person-1")
        self.open: set[str] = set()

    def feed(self, *events: dict, as_of: int = 0) -> "Person":
        """Events in their order, at that as_of."""
        for event in events:
            one = entry(event, as_of=as_of)
            assert not STAGE.is_too_late(one)
            said = [item.value for item in STAGE.step(self.memory, one)]
            for message in said:
                if isinstance(message, AlertMessage):
                    (self.open.add if message.alert else self.open.discard)(message.alert_id)
        return self


def pair() -> list[dict]:
    """Two stays that overlap, long ago."""
    return [
        *stay("2024-01-01 08:00", "2024-01-09 10:00", "H1", "M1"),
        *stay("2024-01-05 09:00", "2024-01-08 09:00", "H2", "M2"),
    ]


def test_retention_is_the_longest_window_and_the_lateness():
    assert RETENTION == (400 + 10) * DAY


@pytest.mark.parametrize(("behind", "late"), [(0, False), (1, True)])
def test_an_event_older_than_the_retention_is_too_late_by_a_microsecond(behind, late):
    event = settlement(OLD)
    assert STAGE.is_too_late(entry(event, as_of=moment(OLD) + RETENTION + behind)) is late


def test_imported_history_and_replay_are_never_too_late():
    far = moment(OLD) + 10 * RETENTION
    assert not STAGE.is_too_late(entry(settlement(OLD), as_of=far, historical=True))
    replay = make_pipeline(Settings(), Registry(), keep_all=True).person
    assert not replay.is_too_late(entry(settlement(OLD), as_of=far))


def test_what_is_too_late_is_counted_and_not_judged():
    program = DetectorProgram(make_pipeline(Settings(lateness_days=10), Registry()))
    late = entry(settlement(OLD), as_of=LATER)
    outcome = program.sit(program.first, [late], lambda name: pytest.fail("nothing is asked for"))
    assert (outcome.too_late, outcome.entries, outcome.emissions) == (1, 1, [])


def test_forgetting_never_withdraws_and_a_judgement_afterwards_finds_the_same():
    person = Person().feed(*pair())
    before = set(person.open)
    person.feed(settlement("2026-05-01 10:00", "H9"), as_of=LATER + WINDOW)
    assert person.open == before
    again = STAGE.rejudge(person.memory)
    assert [item for item in again if isinstance(item.value, AlertMessage)] == []


def test_a_cancellation_that_names_sealed_facts_withdraws_the_finding():
    story = pair()
    person = Person().feed(*story)
    person.feed(settlement("2026-05-01 10:00", "H9"), as_of=LATER + WINDOW)
    person.feed(cancellation("2026-05-02 10:00", story[2]), as_of=LATER + WINDOW)
    assert person.open == set()


def test_what_no_finding_names_is_forgotten_and_an_open_stay_is_not():
    person = Person().feed(
        settlement(OLD, "H1", "S1"),
        admission("2024-01-20 08:00", "H2", "M5"),
        *stay("2024-01-10 08:00", "2024-01-12 08:00", "H3", "M6"),
    )
    person.feed(settlement("2026-05-01 10:00", "H9", "S9", total="1.00"), as_of=LATER + 30 * DAY)
    kept = {(fact.institution, fact.encounter) for fact in person.memory.facts}
    assert kept == {("H2", "M5"), ("H9", "E-S9")}


@pytest.mark.parametrize(
    "kept", [[admission("2024-01-05 08:00", "H2", "M5")], pair()], ids=["an open stay", "a standing finding"]
)
def test_what_is_kept_for_long_is_looked_through_once_and_screenings_wait_for_the_sitting(kept, monkeypatch):
    person = Person().feed(*kept)
    STAGE.screenings(person.memory)
    looked = []
    stays = PersonView.stays.fget
    monkeypatch.setattr(PersonView, "stays", property(lambda view: looked.append(1) or stays(view)))
    monkeypatch.setattr(STAGE.judge, "_rules", ())
    monkeypatch.setattr(STAGE.judge, "_by_news", {})
    monkeypatch.setattr(STAGE.judge, "_of_lone", {})
    for day in range(1, 9):
        visit = entry(settlement(f"2026-05-0{day} 10:00", "H9", f"S{day}"), as_of=LATER + WINDOW)
        assert [item for item in STAGE.step(person.memory, visit) if item.topic == ALERTS] == []
    assert len(looked) == 1
    assert len(STAGE.screenings(person.memory)) == 8


@pytest.mark.parametrize(("behind", "kept"), [(0, 2), (1, 0)])
def test_a_stay_that_closes_late_ages_from_its_end(behind, kept):
    person = Person().feed(admission("2024-01-05 08:00", "H2", "M5"))
    person.feed(discharge("2026-05-01 10:00", "H2", "M5"), as_of=LATER + WINDOW)
    over = moment("2026-05-01 10:00") + RETENTION + WINDOW
    person.feed(settlement("2028-12-01 10:00", "H9", "S9"), as_of=over)
    assert len(person.memory.encounter(("H2", "M5"))) == 2
    person.feed(settlement("2028-12-02 10:00", "H9", "S10"), as_of=over + behind)
    assert len(person.memory.encounter(("H2", "M5"))) == kept


def test_forgotten_cells_are_deleted_and_do_not_come_back():
    person = Person().feed(settlement(OLD, "H1", "S1"))
    cells = person.memory.changes()
    person.feed(settlement("2026-05-01 10:00", "H9", "S9"), as_of=LATER + WINDOW)
    cells.update(person.memory.changes())
    kept = [(name, body) for name, body in cells.items() if body is not None]
    assert [fact.id for fact in STAGE.restore("person-1", kept).facts] == ["S9"]


def test_how_a_settlement_was_taken_back_is_not_said_anew_once_its_surroundings_may_be_forgotten():
    story = [*stay("2024-01-01 08:00", "2024-01-09 10:00", "H1", "M1"), settlement(OLD, "H2", "S1")]
    person = Person().feed(*story, cancellation("2024-01-06 10:00", story[2]))

    def said() -> list[list[str]]:
        told = [item.value for item in STAGE.screenings(person.memory)]
        return [one.flags for one in told if one.settlement_id == "S1"]

    assert said() == [["present", "under_alert"]]
    last = moment(OLD) + RETENTION
    STAGE.rejudge(person.memory, last)
    assert said() == [["present", "under_alert"]]
    STAGE.rejudge(person.memory, last + 1)
    assert said() == []
    person.feed(settlement("2026-05-01 10:00", "H9"), as_of=LATER + WINDOW)
    assert person.memory.encounter(("H1", "M1")) == []
    assert said() == []


def crowd(count: int) -> list[dict]:
    """So many visits of one person, an hour apart, none suspicious by itself."""
    return [
        settlement(
            f"2026-{1 + index // 672:02d}-{1 + index % 672 // 24:02d} {index % 24:02d}:30", f"H{index % 7}",
            f"S{index}", total=f"{index}.00",
        )
        for index in range(count)
    ]  # fmt: skip


def test_at_a_thousand_facts_a_person_is_judged_and_one_more_suspends():
    findings = pair()
    fill = crowd(996)
    replay = replay_of(entries(*findings, *fill), rules=["A01"])
    assert len(replay.open) == 1
    assert replay.defects == {}
    replay.feed(entries(settlement("2026-06-01 10:00", "H1", "S-more")))
    assert replay.open == {}
    (defect,) = replay.defects.values()
    assert defect.code == "placeholder_person"


def test_below_the_limit_the_person_is_judged_again_from_all_that_came_meanwhile():
    limit = {"person_facts_limit": 6}
    fill = [settlement(f"04-{day:02d} 10:00", "H1", f"S{day}") for day in range(1, 6)]
    suspended = replay_of(entries(*pair()[:2], *fill, *pair()[2:]), **limit)
    assert suspended.open == {}
    suspended.feed(entries(*(cancellation("05-01 10:00", event) for event in fill[:4])))
    assert suspended.defects == {}
    assert compared(suspended.open.values()) == compared(judge_all(pair()))


def test_whether_a_person_is_suspended_depends_on_the_facts_not_on_their_order():
    limit = {"person_facts_limit": 4}
    void = settlement("04-01 10:00", "H1", "S1")
    story = [*pair(), void, cancellation("04-02 10:00", void)]
    expected = compared(judge_all(pair()))
    assert compared(judge_all(story, **limit)) == compared(judge_all(story[::-1], **limit)) == expected


def test_a_discharge_that_outlives_its_retention_does_not_reopen_the_stay():
    person = Person().feed(admission("2024-01-01 08:00"), discharge("2024-01-03 08:00"))
    person.feed(settlement("2026-05-01 10:00", "H9", "S9"), as_of=LATER + WINDOW)
    assert [fact.id for fact in person.memory.facts] == ["S9"]
    assert person.open == set()
