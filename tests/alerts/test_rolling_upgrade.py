"""Old and new programs side by side on Kafka: what one puts on the topics, the other reads as meant."""

import msgspec
import pytest

from schemas.entry import decode_envelope
from schemas.finding import decode_messages
from services.detector.stages import decode_crossings, encode_crossing
from tests.detector import stored, wired

FILES = sorted(wired.FOLDER.glob("form-*.msgpack"))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def wires(request: pytest.FixtureRequest) -> wired.Wires:
    return wired.read(request.param)


def opened(run, rules=stored.RULES):
    return {alert.alert_id: alert.rule for alert in run.open if alert.rule in rules}


def test_a_new_detector_judges_what_an_old_relay_sends(wires):
    run = stored.run_of()
    for record in wires.events:
        for entry in decode_envelope(record).entries:
            run.feed(entry)
    assert opened(run) == wires.open


def test_a_new_detector_hears_of_terminals_from_an_old_one(wires):
    run = stored.run_of()
    for record in wires.crossings:
        run.shared.log += [(key, encode_crossing(one)) for key, one in decode_crossings(record).crossings]
    run.work()
    assert opened(run) == {alert_id: rule for alert_id, rule in wires.open.items() if rule == "B01"}


def test_terminals_told_of_by_old_and_new_detectors_in_turn_make_the_same_findings(wires):
    newest = wired.read(FILES[-1])
    run = stored.run_of()
    turns = [(wires, newest)[place % 2].crossings[place] for place in range(len(newest.crossings))]
    for record in (*turns, *wires.crossings):
        run.shared.log += [(key, encode_crossing(one)) for key, one in decode_crossings(record).crossings]
    run.work()
    assert opened(run) == {alert_id: rule for alert_id, rule in wires.open.items() if rule == "B01"}


def test_new_alerts_stores_what_an_old_detector_says_and_knows_it_when_a_new_one_repeats_it(wires, desk):
    for record in wires.alerts:
        desk.store(*decode_messages(record))
    rows = desk.fetch("SELECT alert_id, rule, version FROM alert WHERE status = 'open'")
    assert {row["alert_id"]: row["rule"] for row in rows} == wires.open
    for record in wired.read(FILES[-1]).alerts:
        desk.store(*decode_messages(record))
    assert desk.fetch("SELECT alert_id, rule, version FROM alert WHERE status = 'open'") == rows


def test_an_old_program_finds_every_field_it_knows_where_it_was(wires):
    """Fields go at the end, where an old reader does not look; none goes away, none moves."""
    now = wired.shapes()
    for name, fields in wires.shapes.items():
        if fields[0].startswith("array"):
            assert now[name][: len(fields)] == fields, name
        else:
            assert now[name][0] == fields[0], name
            assert set(fields) <= set(now[name]), name


def test_what_an_old_array_does_not_know_is_left_aside():
    class Old(msgspec.Struct, array_like=True):
        one: int

    assert msgspec.msgpack.decode(msgspec.msgpack.encode([1, "new"]), type=Old) == Old(1)


def test_the_present_form_has_its_file():
    assert wired.read(FILES[-1]).shapes == wired.shapes(), "python -m tests.detector.wired adds it"
