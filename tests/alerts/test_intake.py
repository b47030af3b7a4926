"""What is stored of the detector's words, and what repeats and late words cannot do to it."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.alerts import intake, reading
from services.alerts.ledger import Kept, same
from services.runtime import database
from tests.alerts.making import NOON, a_dead_letter, a_defect, an_alert, at, judged, said, taken_back


def stored(desk, alert_id="a1"):
    return desk.ask(reading.one, alert_id)


def versions(desk, alert_id="a1"):
    return [(entry.version, entry.event) for entry in desk.ask(reading.history, alert_id)]


def test_an_alert_is_stored_with_every_field_of_the_contract(desk):
    desk.store(said(), now=at(0))
    assert stored(desk).fields == {
        "alert_id": "a1",
        "version": 1,
        "status": "open",
        "rule": "A01",
        "rule_version": "1",
        "phase": "in_process",
        "severity": 2,
        "result_type": "suspected",
        "subject": {"kind": "person", "id": "p" * 32},
        "institutions": ["H1", "H2"],
        "encounters": ["M1", "M2"],
        "settlements": ["S1"],
        "happened_at": "2026-04-30T08:00:00+08:00",
        "detected_at": "2026-05-01T12:00:00Z",
        "amount": "1234.56",
        "title": {"zh": "跨机构重复住院", "en": "Overlapping stays at two institutions"},
        "message": {"zh": "两次住院重叠 72 小时", "en": "Two stays overlap by 72 hours"},
        "evidence": {"overlap_hours": 72},
        "basis": ["医疗保障基金使用监督管理条例 第三十八条"],
        "checked": ["same_day_transfer"],
        "historical": False,
    }


def test_storing_twice_is_storing_once(desk):
    messages = [said(), said("a2"), a_defect(), a_dead_letter(), judged(0)]
    desk.store(*messages, now=at(0))
    again = desk.store(*messages, now=at(9))
    assert not again.changes
    assert stored(desk).version == 1
    assert stored(desk).changed_at == NOON
    assert desk.value("SELECT count(*) FROM dead_letter") == 1
    assert desk.value("SELECT sum(entries) FROM judged") == 1
    assert desk.value("SELECT stored FROM alert_ledger") == 2


def test_a_late_repeat_is_ignored(desk):
    desk.store(said(revision=5, severity=1))
    desk.store(taken_back(revision=6))
    desk.store(said(revision=5, severity=1))
    assert stored(desk).alert.status == "withdrawn"
    assert versions(desk) == [(1, "alert.opened"), (2, "alert.withdrawn")]


def test_words_of_another_log_are_believed_whatever_their_revision(desk):
    desk.store(said(revision=50), epoch="topic-1")
    desk.store(said(revision=1, severity=1), epoch="topic-2")
    assert stored(desk).alert.severity == 1


@pytest.mark.parametrize("field", ["message", "evidence"])
def test_new_words_or_evidence_count_no_version_but_are_shown(desk, field):
    news = {"message": an_alert().title, "evidence": {"overlap_hours": 80}}[field]
    desk.store(said())
    assert not desk.store(said(revision=2, **{field: news}), now=at(5)).changes
    assert stored(desk).version == 1
    assert getattr(stored(desk).alert, field) == news


def test_a_compared_field_counts_a_version_and_history_keeps_the_evidence_of_each(desk):
    desk.store(said(evidence={"n": 1}), now=at(0))
    desk.store(said(revision=2, amount="2000.00", evidence={"n": 2}), now=at(60))
    entries = desk.ask(reading.history, "a1")
    assert [(entry.version, entry.alert.amount, entry.alert.evidence) for entry in entries] == [
        (1, "1234.56", {"n": 1}),
        (2, "2000.00", {"n": 2}),
    ]
    assert stored(desk).detected_at == at(0)
    assert stored(desk).changed_at == at(60)


def test_a_withdrawn_alert_keeps_its_fields_and_reopens_under_its_id(desk):
    desk.store(said(), now=at(0))
    desk.store(taken_back(), now=at(1))
    assert stored(desk).alert.amount == "1234.56"
    desk.store(said(revision=3), now=at(2))
    assert stored(desk).alert.status == "open"
    assert stored(desk).detected_at == at(0)
    assert versions(desk) == [(1, "alert.opened"), (2, "alert.withdrawn"), (3, "alert.opened")]


def test_withdrawing_what_was_never_said_is_ignored(desk):
    assert not desk.store(taken_back("never")).changes
    assert stored(desk, "never") is None


def test_opened_and_withdrawn_in_one_batch_are_two_versions(desk):
    desk.store(said(), taken_back(), said("a2"))
    assert versions(desk) == [(1, "alert.opened"), (2, "alert.withdrawn")]
    assert desk.fetch("SELECT change, stored, open FROM alert_ledger")[0] == (3, 2, 1)


@pytest.mark.parametrize("moved_first", [True, False])
def test_an_alert_that_moved_to_another_person_stays_open_whoever_is_heard_first(desk, moved_first):
    desk.store(said(key="k1", revision=4))
    news = [said(key="k2", revision=1, amount="9.00"), taken_back(key="k1", revision=5)]
    for message in news if moved_first else reversed(news):
        desk.store(message)
    assert stored(desk).alert.status == "open"
    assert stored(desk).alert.amount == "9.00"


def test_change_numbers_have_no_gap_after_a_rollback(desk):
    async def fail():
        async with database.transaction(desk.engine) as raw:
            await intake.store(raw, [said("lost")], NOON)
            raise RuntimeError

    desk.store(said("a1"))
    with pytest.raises(RuntimeError):
        desk.run(fail())
    desk.store(said("a2"))
    assert [row["change"] for row in desk.fetch("SELECT change FROM alert ORDER BY change")] == [1, 2]
    assert stored(desk, "lost") is None


def test_change_numbers_are_committed_in_their_order(desk):
    """A second writer waits for the first, so nobody can see number 2 while 1 is still to come."""

    async def race():
        async with database.transaction(desk.engine) as first:
            await intake.store(first, [said("a1")], NOON)
            second = asyncio.create_task(desk._store([said("a2")], NOON, ""))
            await asyncio.sleep(0.2)
            assert not second.done()
        await second

    desk.run(race())
    assert stored(desk, "a1").change < stored(desk, "a2").change


def test_a_defect_is_closed_when_its_event_is_corrected(desk):
    assert desk.store(a_defect(revision=1)).defects == {"sum": 1}
    desk.store(a_defect(revision=3, is_open=False))
    desk.store(a_defect(revision=2))
    assert desk.fetch("SELECT open FROM data_defect")[0] == (False,)


def test_a_dead_letter_that_was_retried_may_come_back(desk):
    desk.store(a_dead_letter())
    desk.run(desk._call("execute", "UPDATE dead_letter SET retried_at = now()"))
    assert desk.store(a_dead_letter()).dead_letters == {"ZeroDivisionError": 1}


def test_a_sqlalchemy_connection_serves_too_and_its_rollback_takes_all_back(desk):
    async def store(commit):
        async with desk.engine.connect() as connection:
            await intake.store(connection, [said()], NOON)
            await (connection.commit() if commit else connection.rollback())

    desk.run(store(commit=False))
    assert stored(desk) is None
    desk.run(store(commit=True))
    assert stored(desk) is not None


WORDS = st.lists(
    st.tuples(st.sampled_from(["k1", "k2"]), st.sampled_from(["open", "gone"]), st.integers(1, 3)),
    max_size=8,
)


@given(words=WORDS, repeats=st.lists(st.integers(0, 7), max_size=6))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_repeats_from_any_earlier_place_change_nothing(words, repeats):
    """Each key's words come in its order; a restart says a stretch of them again."""
    revisions = {"k1": 0, "k2": 0}
    messages = []
    for key, word, severity in words:
        revisions[key] += 1
        revision = revisions[key]
        messages.append(
            said(key=key, revision=revision, severity=severity)
            if word == "open"
            else taken_back(key=key, revision=revision)
        )
    once, often = Kept("a1"), Kept("a1")
    for message in messages:
        once.take(message, "")
    for index, message in enumerate(messages):
        often.take(message, "")
        for start in repeats:
            for repeated in messages[start : index + 1]:
                often.take(repeated, "")
    assert (once.alert is None) == (often.alert is None)
    if once.alert is not None:
        assert once.alert.status == often.alert.status
        assert once.alert.status == "withdrawn" or same(once.alert, often.alert)
