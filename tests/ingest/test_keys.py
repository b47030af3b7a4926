"""Keys and receipts."""

import time

from services.ingest.auth import REMEMBERED_SECONDS
from tests.ingest.conftest import Door, settlement


def test_a_revoked_key_is_refused_within_five_seconds(door: Door) -> None:
    key = door.make_key("H1")
    assert door.post(settlement("a"), key=key).status_code == 202
    door.sql("UPDATE institution_key SET revoked_at = now() WHERE institutions = '{H1}'")
    assert REMEMBERED_SECONDS < 5
    deadline = time.monotonic() + 60
    while door.post(settlement("b"), key=key).status_code != 401:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_institution_may_have_several_keys_and_a_key_several_institutions(door: Door) -> None:
    one, two, chain = door.make_key("H1"), door.make_key("H1"), door.make_key("H1", "H2")
    assert [door.post(settlement(key[-4:]), key=key).status_code for key in (one, two, chain)] == [202] * 3
    assert door.post(settlement("x", institution_id="H2"), key=one).status_code == 403


def test_a_credential_is_stored_nowhere(door: Door) -> None:
    key = door.make_key("H1")
    assert key not in str(door.sql("SELECT row_to_json(k)::text FROM institution_key k"))
    assert key.split("_", 2)[2] not in str(door.sql("SELECT row_to_json(k)::text FROM institution_key k"))


def test_receipts_count_and_sum_a_local_day_of_the_keys_own_institutions(door: Door) -> None:
    events = [
        settlement("a"),
        settlement("b", amounts={"total": "0.60", "fund": "-100.05"}),
        settlement("late", occurred_at="2026-01-31T23:59:59+08:00"),
        settlement("next", occurred_at="2026-01-31T16:00:00Z"),
        settlement("other", institution_id="H2"),
    ]
    assert door.post(events).json()["accepted"] == 5
    key = door.make_key("H1")
    headers = {"Authorization": f"Bearer {key}"}
    answer = door.client.get("/v1/receipts", params={"day": "2026-01-31"}, headers=headers)
    assert answer.json() == {
        "day": "2026-01-31",
        "items": [
            {"institution_id": "H1", "type": "settlement", "count": 3, "total": "247.40", "fund": "99.95"}
        ],
    }


def test_receipts_of_others_are_not_read(door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.make_key('H1')}"}

    def status(headers: dict[str, str], **params: str) -> int:
        return door.client.get(
            "/v1/receipts", params={"day": "2026-01-31", **params}, headers=headers
        ).status_code

    platform = {"Authorization": f"Bearer {door.key}"}
    assert status(headers, institution="H2") == 403
    assert status({"Authorization": "Bearer nobody"}) == 401
    assert status(platform) == 422
    assert status(platform, institution="H2") == 200
    assert status(platform, institution="H2", day="yesterday") == 422
