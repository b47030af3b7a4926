"""The stream of alerts as those who follow it meet it."""

import contextlib
import json
import socket
import threading
import time
from typing import NamedTuple

import httpx
import pytest

from services.alerts import broadcast, retention, stream, users
from services.alerts.app import create_app
from services.runtime import database
from services.runtime.metrics import REGISTRY
from tests.alerts.making import NOON, a_screening, at, said, taken_back
from tests.alerts.serving import bearer, serving
from tests.support.kafka import free_ports
from tests.support.proxy import Proxy


class Heard(NamedTuple):
    """One event. data: None for a mere comment, or for a block that only moves the id."""

    id: str
    event: str
    data: dict | None
    comment: str = ""


def events(lines, skip_silent=True):
    """Events as the specification reads them: a block without data is none, but its id counts."""
    last, event, data, comment = "", "message", None, ""
    for line in lines:
        if line.startswith("id: "):
            last = line[4:]
        elif line.startswith("event: "):
            event = line[7:]
        elif line.startswith("data: "):
            data = json.loads(line[6:])
        elif line.startswith(":"):
            comment = line[1:].strip()
        elif line == "":
            if data is not None or not skip_silent:
                yield Heard(last, event, data, comment)
            event, data, comment = "message", None, ""


class Api:
    """The alerts service, with the token of a handler."""

    def __init__(self, url, desk, token):
        self.url, self.desk, self.token = url, desk, token
        self.client = httpx.Client(base_url=url, headers=bearer(token), trust_env=False, timeout=60)

    @contextlib.contextmanager
    def follow(self, after=None, skip_silent=True, **params):
        """Events from now on, or after an id; returns once the stream has begun."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        with self.client.stream("GET", "/v1/alerts/stream", headers=headers, params=params) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            assert next(lines).startswith("retry: ")
            self.first_id = next(lines).removeprefix("id: ")
            assert next(lines) == ""
            yield events(lines, skip_silent)

    def ask(self, after=None, **params):
        """The answer to one who is not let in."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        return self.client.get("/v1/alerts/stream", headers=headers, params=params)


@pytest.fixture
def api(desk, settings):
    token = desk.ask(users.create, "li", "handler", NOON)
    app = create_app(database.open_engine(desk.url), settings)
    with serving(app) as url:
        api = Api(url, desk, token)
        api.app = app
        yield api
        api.client.close()


def take(heard, count):
    """The next events."""
    return [next(heard) for _ in range(count)]


def ids(heard):
    return [int(one.id) for one in heard]


def test_what_is_opened_changed_and_withdrawn_is_told_as_the_api_shows_it(api, desk):
    with api.follow() as heard:
        desk.store(said("a1"), now=at(0))
        (opened,) = take(heard, 1)
        shown = api.client.get("/v1/alerts/a1").json()
        del shown["history"]
        assert (opened.event, opened.data) == ("alert.opened", shown)
        desk.store(said("a1", revision=2, severity=1), now=at(1))
        desk.store(taken_back("a1", revision=3), now=at(2))
        changed, withdrawn = take(heard, 2)
        assert (changed.event, changed.data["severity"], changed.data["version"]) == ("alert.changed", 1, 2)
        assert (withdrawn.event, withdrawn.data["status"]) == ("alert.withdrawn", "withdrawn")
        assert ids((opened, changed, withdrawn)) == [1, 2, 3]


def test_who_comes_back_with_the_last_id_misses_nothing_and_hears_nothing_twice(api, desk):
    desk.store(*[said(f"a{n}") for n in range(5)])
    with api.follow(after=2) as heard:
        assert ids(take(heard, 3)) == [3, 4, 5]
    with api.follow(last_event_id="4") as heard:
        assert ids(take(heard, 1)) == [5]
    with api.follow(after=3, last_event_id="1") as heard:
        assert ids(take(heard, 1)) == [4]
    with api.follow(after=0) as heard:
        assert ids(take(heard, 5)) == [1, 2, 3, 4, 5]
        desk.store(said("new"))
        assert ids(take(heard, 1)) == [6]


def test_who_comes_back_while_others_read_is_told_from_what_is_at_hand(api, desk, monkeypatch):
    """Without another look into the database: the latest changes are kept for those who come back."""
    with api.follow() as others:
        desk.store(*[said(f"a{n}") for n in range(5)])
        take(others, 5)
        monkeypatch.setattr(broadcast, "PAGE", "SELECT nothing")
        with api.follow(after=2) as heard:
            assert ids(take(heard, 3)) == [3, 4, 5]


def test_a_database_restored_to_an_earlier_state_is_another_row_of_numbers(desk, settings, monkeypatch):
    monkeypatch.setattr(broadcast, "REVISIT_SECONDS", 0.1)
    desk.store(said("a1"), said("a2"), said("a3"))
    token = desk.ask(users.create, "li", "handler", NOON)
    with (
        serving(create_app(database.open_engine(desk.url), settings)) as url,
        Api(url, desk, token).follow(skip_silent=False) as heard,
    ):
        desk.fetch("DELETE FROM alert_version WHERE change > 1")
        desk.fetch("UPDATE alert_ledger SET change = 1")
        assert [one.comment for one in heard] == ["forgotten"]
        assert Api(url, desk, token).ask(after=3).status_code == 410


def test_who_was_cut_off_before_the_first_event_knows_from_where_to_go_on(api, desk):
    desk.store(said("a1"))
    with api.follow():
        pass
    desk.store(said("a2"))
    assert api.first_id == "1"
    with api.follow(after=api.first_id) as heard:
        assert [one.data["alert_id"] for one in take(heard, 1)] == ["a2"]


def test_an_id_that_was_never_given_is_gone(api, desk):
    desk.store(said("a1"))
    for after in ("7", "-1", "abc", "9" * 40, "1.5", "²"):
        answer = api.ask(last_event_id=after)
        assert answer.status_code == 410, after
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_id_before_what_was_forgotten_is_gone_and_says_what_to_do(api, desk):
    desk.store(said("a1"), taken_back("a1"), said("a2"))
    assert desk.ask(retention.forget_withdrawn, at(60)) == 1
    answer = api.ask(after=1)
    assert answer.status_code == 410
    assert "GET /v1/alerts" in answer.json()["detail"]
    with api.follow(after=2) as heard:
        assert ids(take(heard, 1)) == [3]


def test_a_gap_further_on_ends_the_stream_before_it(api, desk, monkeypatch):
    monkeypatch.setattr(broadcast, "ROWS", 1)
    desk.store(said("a0"), said("a1"), taken_back("a1"), said("a2"))
    assert desk.ask(retention.forget_withdrawn, at(60)) == 1
    with api.follow(after=0, skip_silent=False) as heard:
        first, end = list(heard)
    assert (first.id, end.comment) == ("1", "forgotten")


def test_filters_are_those_of_the_list_and_what_leaves_them_is_told(api, desk):
    with api.follow(rule="B01") as by_rule, api.follow(severity=1, institution=["H1", "H7"]) as grave:
        desk.store(said("a1"))
        desk.store(said("b1", rule="B01", severity=1, institutions=["H9"]))
        desk.store(said("a1", revision=2, severity=1))
        desk.store(said("a1", revision=3, severity=3))
        desk.store(said("a1", revision=4, severity=3, amount="7.00"))
        desk.store(said("b2", rule="B01", severity=1, institutions=["H1"]))
        assert [(one.data["alert_id"], one.id) for one in take(by_rule, 2)] == [("b1", "2"), ("b2", "6")]
        assert [(one.data["alert_id"], one.id) for one in take(grave, 3)] == [
            ("a1", "3"),
            ("a1", "4"),
            ("b2", "6"),
        ]


def test_the_stream_of_a_region_tells_what_plays_there_live_and_to_who_comes_back(api, desk):
    desk.register("H1", "430602")
    desk.store(a_screening("S9", institution_id="H9", region="430611"))
    with api.follow(region="4306") as live:
        desk.store(said("a1", institutions=["H1"]), said("a2", institutions=["H9"]))
        desk.store(said("a3", institutions=["H9"], settlements=["S9"]))
        assert ids(take(live, 2)) == [1, 3]
        with api.follow(after=1, region="430600") as again:
            desk.store(said("a1", revision=2, institutions=["H9"], settlements=[]))
            assert ids(take(again, 2)) == [3, 4], "who leaves the region is told"


def test_alerts_of_rules_on_trial_are_told_apart(api, desk):
    with api.follow() as heard, api.follow(shadow=True) as trial:
        desk.store(said("s1", shadow=True))
        desk.store(said("a1"))
        desk.store(said("a1", revision=2, shadow=True))
        desk.store(said("s1", revision=2))
        told = take(heard, 3)
        assert [(one.event, one.data["alert_id"], one.data["status"]) for one in told] == [
            ("alert.opened", "a1", "open"),
            ("alert.withdrawn", "a1", "withdrawn"),
            ("alert.opened", "s1", "open"),
        ]
        tried = take(trial, 3)
        assert [(one.event, one.data["alert_id"]) for one in tried] == [
            ("alert.opened", "s1"),
            ("alert.opened", "a1"),
            ("alert.withdrawn", "s1"),
        ]


def test_silence_is_filled_with_heartbeats_that_carry_the_place_in_the_row(api, desk, monkeypatch):
    monkeypatch.setattr(broadcast, "HEARTBEAT_SECONDS", 0.2)
    with api.follow(rule="Z99", skip_silent=False) as heard:
        assert take(heard, 1)[0][2:] == (None, "heartbeat")
        desk.store(said("a1"))
        beats = take(heard, 12)
    assert {one.comment for one in beats} == {"heartbeat"}
    assert beats[-1].id == "1"


def test_who_may_not_read_alerts_may_not_follow_them(api, desk):
    for role, status in (("handler", 200), ("supervisor", 200), ("auditor", 200), ("admin", 403)):
        token = desk.ask(users.create, f"a.{role}", role, NOON)
        with api.client.stream("GET", "/v1/alerts/stream", headers=bearer(token)) as answer:
            assert answer.status_code == status, role
    for headers in ({"Authorization": ""}, bearer("qfk_institution")):
        assert api.client.get("/v1/alerts/stream", headers=headers).status_code == 401


def test_who_is_revoked_is_cut_off(api, desk, settings, monkeypatch):
    monkeypatch.setattr(broadcast, "REVISIT_SECONDS", 0.1)
    other = desk.ask(users.create, "wang", "handler", NOON)
    with serving(create_app(database.open_engine(desk.url), settings)) as url:
        quick = Api(url, desk, other)
        with quick.follow(skip_silent=False) as heard:
            desk.ask(users.revoke, "wang", NOON)
            assert [one.comment for one in heard] == ["access"]
        assert quick.ask().status_code == 401


def test_a_stream_begins_anew_after_an_hour(desk, settings, monkeypatch):
    monkeypatch.setattr(broadcast, "REVISIT_SECONDS", 0.1)
    monkeypatch.setattr(broadcast, "LONGEST_SECONDS", 0.0)
    token = desk.ask(users.create, "li", "handler", NOON)
    with (
        serving(create_app(database.open_engine(desk.url), settings)) as url,
        Api(url, desk, token).follow(skip_silent=False) as heard,
    ):
        assert [one.comment for one in heard] == ["renewal"]


def test_there_is_a_limit_of_readers_and_a_place_is_free_again(api, monkeypatch):
    monkeypatch.setattr(api.app.state.alerts_office.broadcast, "_most", 1)
    with api.follow():
        refused = api.ask()
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    deadline = time.monotonic() + 60
    while value("qingfeng_stream_readers") and time.monotonic() < deadline:
        time.sleep(0.02)
    with api.follow():
        pass


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_reader_that_takes_nothing_is_let_go_and_the_others_hear_on(api, desk, monkeypatch):
    monkeypatch.setattr(broadcast, "MOST_WAITING", 300_000)
    monkeypatch.setattr(stream, "SEND_SECONDS", 0.3)
    before = value("qingfeng_stream_cut_total", reason="slow")
    large = {"text": "x" * 200_000}
    with frozen_reader(api), api.follow() as heard:
        for number in range(60):
            desk.store(said(f"a{number}", evidence=large))
            assert take(heard, 1)[0].data["alert_id"] == f"a{number}"
        assert value("qingfeng_stream_cut_total", reason="slow") == before + 1
        assert value("qingfeng_stream_readers") == 1


@contextlib.contextmanager
def frozen_reader(api):
    """Asks for the stream, reads its head and no more."""
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        asked = f"GET /v1/alerts/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
        connection.sendall(asked.encode())
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        yield


def test_a_service_that_stops_lets_its_readers_go_at_once(desk, settings):
    token = desk.ask(users.create, "li", "handler", NOON)
    with contextlib.ExitStack() as running:
        with serving(create_app(database.open_engine(desk.url), settings)) as url:
            heard = running.enter_context(Api(url, desk, token).follow(skip_silent=False))
        assert [one.comment for one in heard] == ["closing"]


def test_cut_again_and_again_nobody_misses_or_hears_twice(api, desk):
    """Two readers behind a proxy that cuts every 0.3 s; alerts are stored all the while."""
    follow_cut(api, desk, every=0.3, seconds=3.0)


@pytest.mark.faults
def test_cut_every_five_seconds_nobody_misses_or_hears_twice(api, desk):
    follow_cut(api, desk, every=5.0, seconds=60.0)


OF_RULE = "SELECT v.change FROM alert_version v JOIN alert USING (alert_id) WHERE rule = 'B01'"


def follow_cut(api, desk, every, seconds):
    proxy = Proxy(free_ports(1)[0], int(api.url.rsplit(":", 1)[1]))
    followers = [Follower(proxy.port, api, {}), Follower(proxy.port, api, {"rule": "B01"})]
    begin = cut = time.monotonic()
    number = 0
    while time.monotonic() < begin + seconds:
        number += 1
        desk.store(said(f"c{number}", rule=("A01", "B01")[number % 2]), said(f"d{number}", rule="A02"))
        if time.monotonic() > cut + every:
            proxy.cut()
            proxy.mend()
            cut = time.monotonic()
        time.sleep(0.01)
    of_rule = desk.fetch(
        "SELECT v.change FROM alert_version v JOIN alert USING (alert_id) WHERE rule = 'B01'"
    )
    due = [list(range(1, 2 * number + 1)), sorted(row["change"] for row in of_rule)]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and any(
        len(one.heard) < len(all_) for one, all_ in zip(followers, due, strict=True)
    ):
        time.sleep(0.02)
    for one in followers:
        one.stop = True
    proxy.cut()
    for one in followers:
        one.thread.join(60)
    proxy.close()
    assert [one.heard for one in followers] == due
    assert all(one.cuts >= seconds / every / 2 for one in followers)


class Follower:
    """Follows a stream in a thread of its own, whatever happens to its connections. heard: all ids."""

    def __init__(self, port, api, params):
        self.heard, self.last, self.cuts, self.stop = [], "", 0, False
        self.through = Api(f"http://127.0.0.1:{port}", api.desk, api.token)
        self.params = params
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()

    def _follow(self):
        while not self.stop:
            with (
                contextlib.suppress(httpx.TransportError, StopIteration),
                self.through.follow(after=self.last, skip_silent=False, **self.params) as heard,
            ):
                self.last = self.through.first_id
                for one in heard:
                    self.last = one.id or self.last
                    if one.data is not None:
                        self.heard.append(int(one.id))
            self.cuts += 1
