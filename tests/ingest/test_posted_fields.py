"""What an event may hold, posted over real HTTP: bad input of every kind, and the form that is kept."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.ingest.conftest import Door, settlement
from tests.ingest.refusing import error_of, is_problem


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
