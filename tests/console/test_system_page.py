"""Where the borders lie between well, to be watched and to be acted upon."""

import pytest

from services.alerts.console import system_page
from services.alerts.console.texts import Texts
from services.alerts.console.texts_system import LOOKS
from tests.alerts.conftest import desk  # noqa: F401 - a fixture


def told(**given):
    """A status as /v1/status tells it."""
    quiet = {
        "accepted": 20_000,
        "judged": 20_000,
        "lag": {"events": 0, "seconds": 0.0},
        "rejudging": None,
        "months_waiting": 0,
        "dead_letters": 0,
        "too_late": 0,
    }
    return quiet | given


@pytest.mark.parametrize(("seconds", "state"), [(0, "well"), (60, "well"), (61, "watch"), (301, "act")])
def test_a_minute_of_waiting_is_watched_and_five_are_acted_upon(seconds, state):
    lag = {"events": 12_345, "seconds": float(seconds)}
    look = system_page.judging(told(lag=lag))
    assert look.state == state
    assert "12,345" in Texts("zh").look(look.name, look.state, look.values)[1]


def test_what_is_judged_anew_makes_nothing_late_that_was_posted():
    anew = {"registry_version": 2, "done": 5_000, "total": 50_000}
    late = {"events": 45_000, "seconds": 900.0}
    loaded = told(lag=late, rejudging=anew)
    assert system_page.judging(loaded).state == "well"
    assert system_page.judging(loaded).values == {"events": 0, "seconds": 0.0}
    assert system_page.rejudging(loaded).values == {"share": 0.1}
    assert system_page.judging(loaded | {"judged": 19_999}).state == "act"


def test_workers_are_missed_only_once_partitions_stay_behind_for_long():
    late = told(lag={"events": 9, "seconds": 400.0})
    assert system_page.workers(told(), 0, 0) is None
    assert system_page.workers(told(), 16, 3).state == "well"
    assert system_page.workers(late, 16, 0).state == "well"
    assert system_page.workers(late, 16, 3).state == "act"


def test_partitions_are_behind_while_what_was_sent_to_them_is_not_judged(desk):  # noqa: F811
    for statement in (
        "UPDATE relay SET log_id = 'log'",
        """INSERT INTO relay_sent (topic, partition, "offset", number)
           SELECT 'qingfeng.events', n, 10, 10 FROM generate_series(0, 3) n""",
        """INSERT INTO judged (topic, partition, log_id, "offset", entries, events, too_late, as_of, last_seq,
                               crossings)
           VALUES ('qingfeng.events', 0, 'log', 10, 0, 0, 0, 0, 0, '{}'),
                  ('qingfeng.events', 1, 'log', 9, 0, 0, 0, 0, 0, '{}'),
                  ('qingfeng.events', 2, 'an older log', 10, 0, 0, 0, 0, 0, '{}')""",
    ):
        desk.run(desk._call("execute", statement))
    assert [tuple(row) for row in desk.fetch(system_page.BEHIND)] == [(4, 3)]


def test_endpoints_that_are_off_are_acted_upon_and_ill_ones_watched():
    hooks = {"endpoints": 3, "off": 0, "ill": 0}
    assert system_page.deliveries(hooks, 0.0).state == "well"
    assert system_page.deliveries(hooks, 61.0).state == "watch"
    assert system_page.deliveries(hooks | {"ill": 1}, 0.0).state == "watch"
    assert system_page.deliveries(hooks | {"off": 1}, 0.0).state == "act"


def test_defects_are_counted_up_to_what_makes_a_difference():
    assert system_page.feeds(10_000, 0).values["defects"] == "10,000"
    assert system_page.feeds(10_001, 0).values["defects"] == "10,000+"
    assert system_page.feeds(0, 1).state == "watch"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_look_has_words_for_each_of_its_states(language):
    names = "events seconds partitions behind share months count endpoints off ill waited defects suspended"
    values = dict.fromkeys(names.split(), 1)
    for name, (_, states) in LOOKS.items():
        for state in states:
            assert all(Texts(language).look(name, state, values)), (name, state)


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 秒"), (90, "1.5 分钟"), (7_200, "2 小时")])
def test_a_time_is_said_in_the_unit_one_would_use(seconds, words):
    assert Texts("zh").lasting(seconds) == words
