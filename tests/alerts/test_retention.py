"""What is due is forgotten; what stands, waits or is suspended never."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.moments import micros
from services.alerts import retention
from services.alerts.office import open_office
from tests.alerts.making import NOON, a_dead_letter, a_defect, a_placeholder, said, taken_back


@pytest.fixture
def forget(desk, settings):
    """Forget what is due so many days after noon; how many rows of what."""
    kept = replace(settings, incident_retention_days=10, withdrawn_retention_days=20)

    def forget(days):
        office = open_office(desk.engine, kept, lambda: micros(NOON + timedelta(days=days)))
        return {name: rows for name, rows in desk.run(retention.forget(office)).items() if rows}

    return forget


def test_defects_go_once_they_are_beyond_correction_and_suspended_persons_stay(desk, forget):
    desk.store(a_defect("d1"), a_defect("d2", is_open=True), a_placeholder())
    desk.store(a_defect("d2", 2, False), a_placeholder("z" * 26), now=NOON + timedelta(days=5))
    desk.store(a_placeholder("z" * 26, is_open=False, revision=2), now=NOON + timedelta(days=5))
    assert forget(9) == {}
    assert forget(11) == {"data_defects": 1}
    assert forget(16) == {"data_defects": 2}
    assert [row["event_id"] for row in desk.fetch("SELECT event_id FROM data_defect")] == ["k" * 26]
    # The word that it is mended, months later, makes nothing of it again.
    desk.store(a_defect("d1", 2, False))
    assert desk.value("SELECT count(*) FROM data_defect") == 1


def test_letters_that_wait_are_never_forgotten(desk, forget):
    desk.store(a_dead_letter(1), a_dead_letter(2))
    desk.run(desk._call("execute", "UPDATE dead_letter SET retried_at = $1 WHERE seq = 1", NOON))
    assert forget(9) == {}
    assert forget(1_000) == {"dead_letters": 1}
    assert desk.value("SELECT seq FROM dead_letter") == 2


def test_withdrawn_alerts_go_with_their_history_and_open_ones_stay(desk, forget):
    desk.store(said("a1"), said("a2"), taken_back("a2"))
    assert forget(19) == {}
    assert forget(21) == {"withdrawn_alerts": 1}
    assert forget(10_000) == {}
    for table in ("alert", "alert_version", "alert_voice"):
        assert [row["alert_id"] for row in desk.fetch(f"SELECT alert_id FROM {table}")] == ["a1"]  # noqa: S608
    ledger = desk.fetch("SELECT stored, open FROM alert_ledger")[0]
    assert tuple(ledger) == (1, 1)


def test_a_withdrawn_alert_that_was_forgotten_begins_anew_when_it_is_found_again(desk, forget):
    desk.store(said("a2"), taken_back("a2"))
    forget(21)
    assert [change.event for change in desk.store(said("a2", revision=3)).changes] == ["alert.opened"]
    assert desk.value("SELECT version FROM alert WHERE alert_id = 'a2'") == 1


def test_more_than_a_page_is_forgotten_in_one_go(desk, forget, monkeypatch):
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    desk.store(*[a_defect(f"d{number}", event_id=f"e{number}") for number in range(5)])
    assert forget(11) == {"data_defects": 5}
