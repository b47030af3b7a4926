"""Data defects, suspended keys and dead letters, as those who mend them meet them."""

import httpx
import pytest

from services.alerts import defects, users
from services.alerts.app import create_app
from services.detector.defects import WORDS
from services.ingest.auth import create_key
from services.retrying import READS_AT_ONCE, Neighbourhood
from services.runtime import database
from tests.alerts.making import NOON, a_dead_letter, a_defect, a_placeholder, at
from tests.alerts.serving import bearer, serving

CANARY = "430102199001011234"


@pytest.fixture
def api(desk, settings):
    """A client of the alerts service with the token of a supervisor."""
    engine = database.open_engine(desk.url)
    app = create_app(engine, settings, neighbours=Neighbourhood(engine))
    token = desk.ask(users.create, "li", "supervisor", NOON)
    with serving(app) as url, httpx.Client(base_url=url, headers=bearer(token), trust_env=False) as client:
        yield client


def key(desk, *institutions):
    """The header of a new institution's key."""
    return bearer(desk.ask(create_key, list(institutions)))


def items(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def ids(answer):
    return [item["defect_id"] for item in items(answer)]


def feed(desk):
    """Defects of two institutions in two fields."""
    desk.store(
        a_defect("d1"),
        a_defect("d2", event_id="e2"),
        a_defect("d3", code="clock", path="/recorded_at"),
        now=at(0),
    )
    desk.store(
        a_defect("d4", institution_id="H2", event_id="e4"), a_defect("d1", 2, is_open=False), now=at(60)
    )


def test_defects_are_filtered_by_institution_field_kind_and_time(api, desk):
    feed(desk)
    ask = lambda **asked: ids(api.get("/v1/data-defects", params=asked))  # noqa: E731
    assert ask() == ["d4", "d3", "d2", "d1"]
    assert ask(institution="H2") == ["d4"]
    assert ask(field="/amounts/total", institution=["H1", "H2"]) == ["d4", "d2", "d1"]
    assert ask(code="clock") == ["d3"]
    assert ask(open=False) == ["d1"]
    assert ask(since="2026-05-01T12:00:30Z") == ["d4", "d1"]
    first = api.get("/v1/data-defects", params={"limit": 3}).json()
    assert ids(api.get("/v1/data-defects", params={"limit": 3, "cursor": first["next_cursor"]})) == ["d1"]


def test_a_mended_defect_still_says_what_it_was(api, desk):
    desk.store(a_defect("d1"), now=at(0))
    # Who says that it is mended names it and nothing else.
    desk.store(a_defect("d1", 2, False, institution_id="", event_id="", code="", path=""), now=at(60))
    told = items(api.get("/v1/data-defects"))[0]
    assert (told["open"], told["code"], told["path"], told["event_id"]) == (
        False,
        "sum",
        "/amounts/total",
        "e1",
    )
    assert told["message"]["en"] == "The parts do not add up"
    desk.store(a_defect("d1", 3), now=at(120))
    assert items(api.get("/v1/data-defects"))[0]["open"]


def test_the_mending_of_what_was_never_told_leaves_nothing_behind(api, desk):
    desk.store(a_defect("d9", 2, False, institution_id="", event_id="", code="", path=""))
    assert items(api.get("/v1/data-defects")) == []


def test_a_feed_is_summed_up_by_field_and_kind_with_an_example_that_still_stands(api, desk):
    feed(desk)
    told = items(api.get("/v1/data-defects/summary"))
    counted = [
        (one["institution_id"], one["path"], one["open"], one["mended"], one["event_id"]) for one in told
    ]
    assert counted == [
        ("H1", "/amounts/total", 1, 1, "e2"),
        ("H1", "/recorded_at", 1, 0, "e1"),
        ("H2", "/amounts/total", 1, 0, "e4"),
    ]
    assert (told[0]["first_at"], told[0]["last_at"]) == ("2026-05-01T12:00:00Z", "2026-05-01T12:00:00Z")
    assert all(one["advice"]["zh"] and one["advice"]["en"] for one in told)
    page = api.get("/v1/data-defects/summary", params={"limit": 2}).json()
    rest = api.get("/v1/data-defects/summary", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [*page["items"], *rest["items"]] == told
    assert rest["next_cursor"] is None


def test_every_kind_of_defect_says_what_its_integrator_does():
    assert set(defects.ADVICE) == set(WORDS)
    assert defects.advice("a kind of tomorrow") == defects.OTHER


def test_an_institutions_key_reads_the_defects_of_its_own_feed_and_no_others(api, desk):
    feed(desk)
    desk.store(a_placeholder())
    own = key(desk, "H2")
    assert ids(api.get("/v1/data-defects", headers=own)) == ["d4"]
    assert ids(api.get("/v1/data-defects", params={"institution": "H2"}, headers=own)) == ["d4"]
    for path in ("/v1/data-defects", "/v1/data-defects/summary"):
        for asked in (["H1"], ["H2", "H1"]):
            assert api.get(path, params={"institution": asked}, headers=own).status_code == 403
    for path in ("/v1/alerts", "/v1/suspended", "/v1/dead-letters", "/v1/status"):
        assert api.get(path, headers=own).status_code == 401
    assert api.get("/v1/data-defects", headers=bearer("qfk_none_" + "x" * 43)).status_code == 401


def test_a_chains_key_reads_all_its_shops_and_the_platforms_key_every_feed(api, desk):
    feed(desk)
    desk.store(a_placeholder())
    assert ids(api.get("/v1/data-defects", headers=key(desk, "H1", "H2"))) == ["d4", "d3", "d2", "d1"]
    told = api.get("/v1/data-defects", headers=key(desk, "*"))
    assert ids(told) == ["d4", "d3", "d2", "d1"]
    assert "k" * 26 not in told.text


def test_an_institution_learns_of_its_part_in_a_placeholder_and_of_nobody_elses(api, desk):
    desk.store(a_placeholder(), a_placeholder("z" * 26, (("H1", 1_200),)))
    told = api.get("/v1/data-defects/summary", headers=key(desk, "H2"))
    assert [(one["code"], one["open"], one["event_id"]) for one in items(told)] == [
        ("placeholder_person", 1, "last of H2")
    ]
    assert "H1" not in told.text
    assert "k" * 26 not in told.text


def test_a_key_that_asks_too_often_is_told_to_wait(api, desk):
    own = key(desk, "H2")
    statuses = [api.get("/v1/data-defects", headers=own).status_code for _ in range(READS_AT_ONCE + 30)]
    assert statuses[:READS_AT_ONCE] == [200] * READS_AT_ONCE
    assert 429 in statuses


def test_suspended_keys_are_listed_with_who_sent_them_why_and_what_ends_it(api, desk):
    desk.store(a_placeholder(), now=at(0))
    desk.store(a_placeholder("z" * 26, (("H3", 1_001),)), now=at(60))
    told = items(api.get("/v1/suspended"))
    assert [one["key"] for one in told] == ["z" * 26, "k" * 26]
    assert told[1]["since"] == "2026-05-01T12:00:00Z"
    assert told[1]["institutions"] == [
        {"institution_id": "H1", "facts": 900, "event_id": "last of H1"},
        {"institution_id": "H2", "facts": 101, "event_id": "last of H2"},
    ]
    assert "1,000" in told[1]["why"]["zh"]
    assert "QINGFENG_PERSON_FACTS_LIMIT" in told[1]["ends"]["en"]
    assert [one["key"] for one in items(api.get("/v1/suspended", params={"institution": "H3"}))] == ["z" * 26]
    desk.store(a_placeholder("z" * 26, is_open=False, revision=2), now=at(90))
    assert [one["key"] for one in items(api.get("/v1/suspended"))] == ["k" * 26]


def test_suspended_keys_that_are_retried_are_judged_again_and_no_others(api, desk):
    desk.store(a_placeholder(), a_placeholder("z" * 26))
    wish = {"keys": ["k" * 26, "nobody"]}
    assert api.post("/v1/suspended/retry", json=wish).json() == {"retried": 1}
    assert [row["key"] for row in desk.fetch("SELECT key FROM inbox WHERE kind = 'again'")] == ["k" * 26]
    assert api.post("/v1/suspended/retry", json={"all": True}).json() == {"retried": 2}
    for wrong in ({}, {"all": True, "keys": ["k"]}, {"keys": []}, {"all": False}):
        assert api.post("/v1/suspended/retry", json=wrong).status_code == 422


def test_dead_letters_are_listed_with_their_meaning_and_never_with_what_they_hold(api, desk):
    desk.store(a_dead_letter(7, body=CANARY.encode(), key=CANARY, stage="qingfeng.events"))
    desk.store(a_dead_letter(0, body=b"", stage="period", key="period:F05:2026-05", reason="mean line 12"))
    answer = api.get("/v1/dead-letters")
    told = items(answer)
    assert [(one["stage"], one["about"], one["reason"]) for one in told] == [
        ("period", "F05:2026-05", "mean line 12"),
        ("qingfeng.events", "", "rule"),
    ]
    assert all(one["what"]["zh"] and one["next"]["en"] for one in told)
    assert CANARY not in answer.text
    assert [one["stage"] for one in items(api.get("/v1/dead-letters", params={"stage": "period"}))] == [
        "period"
    ]


def test_a_retried_letter_goes_back_into_the_inbox_and_leaves_the_list(api, desk):
    desk.store(*[a_dead_letter(seq, stage="qingfeng.events", body=b"%d" % seq) for seq in (1, 2, 3)])
    first = items(api.get("/v1/dead-letters"))[-1]["id"]
    assert api.post("/v1/dead-letters/retry", json={"ids": [first]}).json() == {"retried": 1}
    assert api.post("/v1/dead-letters/retry", json={"ids": [first]}).json() == {"retried": 0}
    assert api.post("/v1/dead-letters/retry", json={"all": True}).json() == {"retried": 2}
    assert [row["body"] for row in desk.fetch("SELECT body FROM inbox ORDER BY seq")] == [b"1", b"2", b"3"]
    assert items(api.get("/v1/dead-letters")) == []
    assert len(items(api.get("/v1/dead-letters", params={"retried": True}))) == 3


def test_a_letter_that_still_cannot_be_read_waits_on_and_says_so(api, desk):
    desk.store(a_dead_letter(stage="qingfeng.events record", body=b"\xc1"))
    answer = api.post("/v1/dead-letters/retry", json={"all": True})
    assert (answer.status_code, "cannot be read" in answer.json()["detail"]) == (409, True)
    assert len(items(api.get("/v1/dead-letters"))) == 1


@pytest.mark.parametrize(
    ("role", "defects_", "suspended", "letters"),
    [
        ("handler", 200, 200, 403),
        ("auditor", 200, 200, 403),
        ("supervisor", 200, 200, 200),
        ("admin", 403, 403, 200),
    ],
)
def test_each_role_sees_and_retries_what_is_its_own(api, desk, role, defects_, suspended, letters):
    own = bearer(desk.ask(users.create, "someone", role, NOON))
    status = lambda way, path, **more: api.request(way, path, headers=own, **more).status_code  # noqa: E731
    assert status("GET", "/v1/data-defects") == defects_
    assert status("GET", "/v1/data-defects/summary") == defects_
    assert status("GET", "/v1/suspended") == suspended
    assert status("GET", "/v1/dead-letters") == letters
    assert status("POST", "/v1/dead-letters/retry", json={"all": True}) == letters
    assert status("POST", "/v1/suspended/retry", json={"all": True}) == (200 if role == "supervisor" else 403)


def test_without_a_token_nothing_is_read(api):
    for path in ("/v1/data-defects", "/v1/data-defects/summary", "/v1/suspended", "/v1/dead-letters"):
        assert api.get(path, headers={"Authorization": ""}).status_code == 401
        assert api.get(path, headers=bearer("qfu_" + "x" * 43)).status_code == 401
