"""POST /v1/events over real HTTP: every case of the contract's table."""

import asyncio
import json
import socket
import time
from collections.abc import Callable

import pytest

from services.ingest.app import make_admission
from services.ingest.endpoints import PostEvents
from services.runtime.clock import system_clock
from services.settings import Settings
from tests.ingest.conftest import Door, settlement
from tests.ingest.refusing import error_of, is_problem


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
