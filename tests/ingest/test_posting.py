"""POST /v1/events over real HTTP: every case of the contract's table, and bad input of every kind."""

import asyncio
import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.ingest.app import make_admission
from services.ingest.endpoints import PostEvents
from services.runtime.clock import system_clock
from services.settings import Settings
from tests.ingest.conftest import Door, settlement

PROBLEM_MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


def is_problem(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) >= PROBLEM_MEMBERS
    assert body["status"] == status
    assert body["instance"] == "/v1/events"
    assert body["request_id"] == response.headers["x-request-id"]


def error_of(response: httpx.Response, index: int = 0) -> tuple[str, str]:
    error = response.json()["rejected"][index]["errors"][0]
    assert error["message"]
    return error["code"], error["path"]


def test_one_event_an_array_and_ndjson_are_accepted(door: Door) -> None:
    answer = door.post(settlement("a"))
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert door.post([settlement("b"), settlement("c")]).json()["accepted"] == 2
    lines = "\n".join(["", json.dumps(settlement("d")), "  ", json.dumps(settlement("e")), ""])
    headers = {"Content-Type": "application/x-ndjson; charset=utf-8"}
    assert door.post(None, content=lines, headers=headers).json()["accepted"] == 2
    assert door.sql("SELECT count(*) FROM inbox WHERE kind = 'event'")[0][0] == 5


def test_accepted_duplicate_conflict_and_rejected_stand_side_by_side(door: Door) -> None:
    door.post(settlement("a"))
    answer = door.post([settlement("a"), settlement("a", med_type="12"), settlement("b"), {"event_id": "x"}])
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["duplicates"]) == (1, 1)
    assert [(one["index"], one["event_id"]) for one in body["rejected"]] == [(1, "a"), (3, "x")]
    assert error_of(answer) == ("conflict", "/event_id")
    assert error_of(answer, 1) == ("required", "/type")


def test_content_is_compared_after_normalising(door: Door) -> None:
    door.post(settlement("a", amounts={"total": "10.00", "fund": 5}, person_id="11x", diagnoses=[]))
    same = settlement(
        "a",
        amounts={"fund": "5.0", "total": 1e1},
        person_id=" 11X",
        occurred_at="2026-01-31T01:30:00Z",
        recorded_at="2026-01-31T02:30:00.000+01:00",
        mid_stay=None,
    )
    assert door.post(same).json() == {"accepted": 0, "duplicates": 1, "rejected": []}


def test_none_accepted_is_422_with_the_same_list(shared_door: Door) -> None:
    answer = shared_door.post([settlement("a", amounts={"total": "NaN", "fund": 1}), settlement("b", zzz=1)])
    is_problem(answer, 422)
    assert [error_of(answer, index) for index in (0, 1)] == [
        ("range", "/amounts/total"),
        ("unknown_field", "/zzz"),
    ]
    is_problem(shared_door.post([]), 422)


def test_a_bad_ndjson_line_is_rejected_by_index_like_any_other(shared_door: Door) -> None:
    lines = b"\n".join(
        [
            json.dumps(settlement("line-a")).encode(),
            b"{oops",
            b"\xff\xfe",
            json.dumps(settlement("b")).encode(),
        ]
    )
    answer = shared_door.post(None, content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 202
    assert [one["index"] for one in answer.json()["rejected"]] == [1, 2]
    assert error_of(answer) == ("type", "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1,",
        b"nonsense",
        b"{'a': 1}",
        b"[NaN]",
        b"[" * 200_000,
        b'{"a":' * 90_000,
        b"[1] 2",
        b"\xff\xfe[\x00]\x00",
    ],
    ids=range(10),
)
def test_what_is_no_json_is_400(shared_door: Door, content: bytes) -> None:
    is_problem(shared_door.post(None, content=content), 400)


@pytest.mark.parametrize(
    "content", [b"null", b"1", b'"text"', b"[[]]", b"[null]", b"{}", b'{"type": 5}', b'[{"type":"\\ud800"}]']
)
def test_json_that_is_no_event_is_422(shared_door: Door, content: bytes) -> None:
    is_problem(shared_door.post(None, content=content), 422)


def test_broken_utf8_in_one_event_rejects_that_one_only(shared_door: Door) -> None:
    broken = json.dumps(settlement("a", department="XX")).encode().replace(b"XX", b"\xff\xff")
    answer = shared_door.post(
        None, content=b"[" + broken + b"," + json.dumps(settlement("b")).encode() + b"]"
    )
    assert answer.status_code == 202
    assert error_of(answer) == ("type", "")


def test_too_many_events_or_bytes_is_413_also_without_a_content_length(door: Door) -> None:
    is_problem(door.post([settlement(str(number)) for number in range(1_001)]), 413)
    large = b'{"x":"' + b"a" * (8 * 1024 * 1024) + b'"}'
    is_problem(door.post(None, content=large), 413)
    is_problem(
        door.post(None, content=(large[place : place + 65_536] for place in range(0, len(large), 65_536))),
        413,
    )
    assert door.sql("SELECT count(*) FROM inbox WHERE kind = 'event'")[0][0] == 0


@pytest.mark.parametrize(
    ("key", "length", "status"), [(None, 8 * 1024 * 1024 + 1, 413), ("unknown", 4 * 1024 * 1024, 401)]
)
def test_one_that_sends_all_before_it_reads_sees_why_it_was_refused(
    shared_door: Door, key: str | None, length: int, status: int
) -> None:
    """As many plain clients do, which also ask for the connection to be closed."""
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {key or shared_door.key}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", shared_door.port), timeout=60) as connection:
        connection.sendall(head.encode() + b" " * length)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["status"] == status


def test_one_that_asks_first_is_refused_before_it_sends(shared_door: Door) -> None:
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {shared_door.key}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", shared_door.port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/xml"},
        {"Content-Type": "application/json; charset=gbk"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_another_media_type_is_415(shared_door: Door, headers: dict[str, str]) -> None:
    is_problem(shared_door.post(None, content=json.dumps(settlement()), headers=headers), 415)


def test_no_key_or_an_unknown_one_is_401(shared_door: Door) -> None:
    is_problem(shared_door.post(settlement(), key="qfk_nobody_nothing"), 401)
    answer = shared_door.post(settlement(), headers={"Authorization": "Basic abc"})
    is_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_foreign_institution_anywhere_is_403_and_nothing_is_kept(door: Door) -> None:
    key = door.make_key("H1", "H2")
    assert door.post([settlement("a"), settlement("a", institution_id="H2")], key=key).json()["accepted"] == 2
    is_problem(door.post([settlement("b"), settlement("c", institution_id="H3")], key=key), 403)
    is_problem(door.post([settlement("b"), {"institution_id": "H3"}], key=key), 403)
    mixed = door.post([settlement("d"), {"institution_id": 5}, {}], key=key)
    assert (mixed.status_code, mixed.json()["accepted"]) == (202, 1)
    assert door.sql("SELECT count(*) FROM inbox WHERE kind = 'event'")[0][0] == 3


def test_too_fast_is_429_with_retry_after_and_nothing_is_kept(make_door: Callable[..., Door]) -> None:
    door = make_door(rate_per_key=1, rate_burst=5)
    key = door.make_key("H1")
    assert door.post([settlement(str(number)) for number in range(4)], key=key).status_code == 202
    answer = door.post([settlement("x"), settlement("y")], key=key)
    is_problem(answer, 429)
    assert int(answer.headers["retry-after"]) >= 1
    assert door.sql("SELECT count(*) FROM inbox WHERE kind = 'event'")[0][0] == 4


def test_a_full_inbox_is_503_with_retry_after_and_opens_when_the_reader_catches_up(
    make_door: Callable[..., Door],
) -> None:
    door = make_door(backlog_rows=3)
    assert door.post([settlement(str(number)) for number in range(5)]).status_code == 202
    answer = door.post(settlement("more"))
    is_problem(answer, 503)
    assert int(answer.headers["retry-after"]) >= 1
    ready = door.client.get("/readyz")
    assert ready.status_code == 503
    assert "inbox" in ready.json()["missing"]
    door.sql("INSERT INTO progress SELECT 'relay', max(xid), max(seq), 0, count(*) FROM inbox")
    for _ in range(40):
        if door.post(settlement("more")).status_code == 202:
            break
        time.sleep(0.05)
    assert door.sql("SELECT count(*) FROM inbox WHERE event_id = 'more'")[0][0] == 1


def now(**offset: float) -> str:
    return (datetime.now(UTC) + timedelta(**offset)).isoformat()


CASES = [
    ({"zzz": 1}, "unknown_field", "/zzz"),
    ({"a/b~c": 1}, "unknown_field", "/a~1b~0c"),
    ({"amounts": {"total": 1, "fund": 1, "tip": 1}}, "unknown_field", "/amounts/tip"),
    ({"person_id": 5}, "type", "/person_id"),
    ({"person_id": None}, "type", "/person_id"),
    ({"person_id": ""}, "range", "/person_id"),
    ({"person_id": "   "}, "range", "/person_id"),
    ({"event_id": "a" * 65}, "range", "/event_id"),
    ({"event_id": "a\x00b"}, "range", "/event_id"),
    ({"encounter_id": "a\nb"}, "range", "/encounter_id"),
    ({"department": "a\x00b"}, "range", "/department"),
    ({"encounter_id": "\ud800"}, "type", ""),
    ({"type": "surgery"}, "range", "/type"),
    ({"type": 7}, "type", "/type"),
    ({"emergency": 7}, "range", "/emergency"),
    ({"emergency": "1"}, "type", "/emergency"),
    ({"channel": "pigeon"}, "range", "/channel"),
    ({"region": "4301"}, "range", "/region"),
    ({"amounts": {"total": "abc", "fund": 1}}, "type", "/amounts/total"),
    ({"amounts": {"total": True, "fund": 1}}, "type", "/amounts/total"),
    ({"amounts": {"total": "Infinity", "fund": 1}}, "range", "/amounts/total"),
    ({"amounts": {"total": "1.234", "fund": 1}}, "range", "/amounts/total"),
    ({"amounts": {"total": "1e14", "fund": 1}}, "range", "/amounts/total"),
    ({"amounts": {"total": "1e999999", "fund": 1}}, "range", "/amounts/total"),
    ({"amounts": {"total": 1}}, "required", "/amounts/fund"),
    ({"lines": [{"line_id": "1", "code": "c", "quantity": 1}]}, "required", "/lines/0/amount"),
    (
        {"lines": [{"line_id": "1", "code": "c", "quantity": "0.00001", "amount": 1}]},
        "range",
        "/lines/0/quantity",
    ),
    (
        {"lines": [{"line_id": "1", "code": "c", "quantity": 1, "amount": 1, "category": "15"}]},
        "range",
        "/lines/0/category",
    ),
    ({"occurred_at": "yesterday"}, "type", "/occurred_at"),
    ({"occurred_at": "x"}, "type", "/occurred_at"),
    ({"occurred_at": 5}, "type", "/occurred_at"),
    ({"occurred_at": "2026-01-31T09:30:00"}, "type", "/occurred_at"),
    ({"occurred_at": "2026-02-30"}, "type", "/occurred_at"),
    ({"occurred_at": "1900-01-01"}, "range", "/occurred_at"),
    ({"occurred_at": "1999-12-31T23:59:59+08:00"}, "range", "/occurred_at"),
    ({"occurred_at": now(minutes=30)}, "range", "/occurred_at"),
    ({"occurred_at": now(days=366)}, "range", "/occurred_at"),
    ({"begin_at": "9999-12-31T23:59:59-23:00"}, "range", "/begin_at"),
    ({"end_at": now(days=2)}, "range", "/end_at"),
    ({"recorded_at": "2026-01-31"}, "type", "/recorded_at"),
]


@pytest.mark.parametrize(
    ("changes", "code", "path"), CASES, ids=[f"{code} {path}" for _, code, path in CASES]
)
def test_bad_input_gets_a_code_and_a_path(
    shared_door: Door, changes: dict[str, object], code: str, path: str
) -> None:
    answer = shared_door.post(None, content=json.dumps({**settlement("bad"), **changes}))
    is_problem(answer, 422)
    assert error_of(answer) == (code, path)


@pytest.mark.parametrize(
    "missing", ["type", "event_id", "institution_id", "occurred_at", "person_id", "amounts"]
)
def test_a_missing_field_is_required_by_its_own_path(shared_door: Door, missing: str) -> None:
    event = settlement("bad")
    del event[missing]
    assert error_of(shared_door.post(event)) == ("required", f"/{missing}")


def test_contradictions_are_accepted_for_they_become_data_defects(shared_door: Door) -> None:
    odd = [
        settlement("sum", amounts={"total": 10, "fund": 1, "account": 1, "cash": 1, "family": 1}),
        settlement("end", begin_at="2026-01-05", end_at="2026-01-01"),
        settlement("line", lines=[{"line_id": "1", "code": "c", "quantity": -1, "amount": "-5"}]),
        settlement("soon", occurred_at=now(minutes=5)),
    ]
    assert shared_door.post(odd).json()["accepted"] == 4


def test_who_must_name_a_person_and_a_line(shared_door: Door) -> None:
    base = {"institution_id": "H1", "occurred_at": "2026-01-31", "type": "cancellation"}
    stock = {"type": "stock", "product_code": "p", "movement": "count", "quantity": "5.50"}
    answers = shared_door.post(
        [
            {**base, "event_id": "1", "cancels": {"type": "stock", "id": "s"}},
            {**base, "event_id": "2", "cancels": {"type": "admission", "id": "s"}},
            {**base, "event_id": "3", "person_id": "p", "cancels": {"type": "fee_lines", "id": "s"}},
            {
                **base,
                "event_id": "4",
                "person_id": "p",
                "cancels": {"type": "fee_lines", "id": "s", "line_id": "*"},
            },
            {
                **base,
                "event_id": "5",
                "person_id": "p",
                "cancels": {"type": "fee_lines", "id": "s", "event_id": "e"},
            },
            {**base, "event_id": "6", "person_id": "p", "cancels": {"type": "cancellation", "id": "s"}},
            {**base, **stock, "event_id": "7"},
            {**base, **stock, "event_id": "8", "person_id": "p"},
        ]
    )
    assert answers.json()["accepted"] == 6
    assert [error_of(answers, index) for index in range(2)] == [
        ("required", "/person_id"),
        ("unknown_field", "/person_id"),
    ]


def test_a_cancellation_of_fee_lines_that_names_none_is_of_all(shared_door: Door) -> None:
    cancels = {"type": "fee_lines", "id": "s"}
    event = {**settlement("of all"), "type": "cancellation"}
    for name in ("settlement_id", "encounter_id", "med_type", "amounts"):
        del event[name]
    assert shared_door.post({**event, "cancels": cancels}).json()["accepted"] == 1
    assert shared_door.post({**event, "cancels": {**cancels, "line_id": "*"}}).json()["duplicates"] == 1


def test_the_normal_form_is_what_the_inbox_holds(door: Door) -> None:
    day = {**settlement("a"), "occurred_at": "2026-01-31", "amounts": {"total": 5, "fund": "-0"}}
    day["lines"] = [{"line_id": "1", "code": "c", "quantity": "10.0", "amount": 1, "unit_price": "1e2"}]
    day["diagnoses"] = []
    door.post(day)
    (row,) = door.sql("SELECT * FROM inbox WHERE kind = 'event'")
    body = json.loads(row["body"])
    assert body["occurred_at"] == "2026-01-31"
    assert body["recorded_at"] == "2026-01-30T16:00:00Z"
    assert body["amounts"] == {"total": "5.00", "fund": "0.00"}
    assert body["lines"][0]["quantity"] == "10"
    assert body["lines"][0]["unit_price"] == "100"
    assert "diagnoses" not in body
    assert body["person_id"] == row["key"]
    assert (row["total_fen"], row["fund_fen"], row["historical"]) == (500, 0, False)


def test_a_request_id_is_taken_returned_and_stored(door: Door) -> None:
    answer = door.post(settlement("a"), headers={"X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    assert (
        door.post(settlement("b"), headers={"X-Request-ID": "not fine"}).headers["x-request-id"] != "not fine"
    )
    assert door.sql("SELECT request_id FROM inbox WHERE event_id = 'a'")[0][0] == "mine-1"


def test_others_have_their_turn_while_a_thousand_events_are_admitted(settings: Settings) -> None:
    async def turns_beside(count: int) -> int:
        post = PostEvents(make_admission(settings), None, None, None, None)  # type: ignore[arg-type]
        texts = [json.dumps(settlement(f"e{number}")).encode() for number in range(count)]
        turns = 0

        async def beside() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(beside())
        judged = await post._judge(texts, system_clock())
        other.cancel()
        assert [one.event_id for one in judged] == [f"e{number}" for number in range(count)]
        return turns

    assert asyncio.run(turns_beside(1)) == 0
    assert asyncio.run(turns_beside(1_000)) > 0
