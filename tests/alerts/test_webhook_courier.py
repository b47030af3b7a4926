"""Delivery on a clock that the test holds."""

import asyncio
import dataclasses
from datetime import timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from schemas.moments import micros
from services.alerts.webhooks import book
from services.alerts.webhooks.courier import IDLE_SECONDS, Courier
from services.alerts.webhooks.queue import MOST_AT_ONCE
from services.alerts.webhooks.sending import Answer
from tests.alerts.hooking import OK
from tests.alerts.making import NOON, at, said, taken_back


def delivery(desk):
    return desk.fetch("SELECT * FROM webhook_delivery")[0]


def test_thin_data_point_to_the_alert(post):
    post.endpoint()
    post.desk.store(said())
    assert post.turn() == 1
    assert post.receiver.said == [
        {
            "type": "alert.opened",
            "timestamp": "2026-05-01T12:00:00Z",
            "sequence": 1,
            "data": {
                "alert_id": "a1",
                "version": 1,
                "status": "open",
                "rule": "A01",
                "severity": 2,
                "institutions": ["H1", "H2"],
                "url": "https://qf.example/v1/alerts/a1",
            },
        }
    ]


def test_full_data_are_the_alert(post):
    post.endpoint(payload="full")
    post.desk.store(said())
    post.turn()
    data = post.receiver.said[0]["data"]
    assert data["evidence"] == {"overlap_hours": 72}
    assert data["detected_at"] == "2026-05-01T12:00:00Z"


def test_the_published_library_verifies_the_signature(post):
    _, secret = post.endpoint()
    post.desk.store(said())
    post.now = NOON.now(NOON.tzinfo)
    post.turn()
    _, headers, body = post.receiver.tries[0]
    assert secret.startswith("whsec_")
    assert Webhook(secret).verify(body, headers)["type"] == "alert.opened"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)


def test_after_a_rotation_both_secrets_verify_for_a_day(post):
    row, old = post.endpoint()
    post.now = NOON.now(NOON.tzinfo)
    new = post.desk.ask(book.rotate, post.office.sealing, row["webhook_id"], post.now)
    post.desk.store(said("a1"), now=post.now)
    post.turn()
    _, headers, body = post.receiver.tries[0]
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers)
    post.desk.store(said("a2"), now=post.now)
    post.turn(post.now + timedelta(hours=24, seconds=1))
    assert " " not in post.receiver.tries[1][1]["webhook-signature"]


def test_secrets_are_sealed_at_rest(post):
    _, secret = post.endpoint()
    assert secret.encode() not in post.desk.value("SELECT secret FROM webhook")
    assert secret[6:].encode() not in post.desk.value("SELECT secret FROM webhook")


def test_tries_follow_the_schedule_under_one_id_and_then_end(post):
    post.endpoint()
    post.receiver.answers["https://hooks.example"] = [Answer(500, body="oh")]
    post.desk.store(said())
    clock, waits = NOON, [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    for wait in waits:
        if wait:
            assert post.turn(clock + timedelta(seconds=wait - 1)) == 0
        clock += timedelta(seconds=wait)
        assert post.turn(clock) == 1
    assert post.turn(clock + timedelta(days=30)) == 0
    row = delivery(post.desk)
    assert (row["state"], row["tries"]) == ("failed", 10)
    kept = post.desk.fetch("SELECT * FROM webhook_try ORDER BY attempt")
    assert [one["attempt"] for one in kept] == list(range(1, 11))
    assert {(one["status"], one["response"]) for one in kept} == {(500, "oh")}
    assert len({headers["webhook-id"] for _, headers, _ in post.receiver.tries}) == 1
    assert len({headers["webhook-timestamp"] for _, headers, _ in post.receiver.tries}) == 10
    assert len({body for _, _, body in post.receiver.tries}) == 1


def test_what_succeeds_is_not_tried_again(post):
    post.endpoint()
    post.receiver.answers["https://hooks.example"] = [Answer(503), OK]
    post.desk.store(said())
    assert post.turn(at(0)) == 1
    assert post.turn(at(6)) == 1
    assert post.turn(at(10_000_000)) == 0
    assert delivery(post.desk)["state"] == "delivered"


def test_retry_after_is_obeyed(post):
    post.endpoint()
    post.receiver.answers["https://hooks.example"] = [Answer(429, retry_after=30.0), OK]
    post.desk.store(said())
    post.turn(at(0))
    assert post.turn(at(29)) == 0
    assert post.turn(at(30)) == 1


@pytest.mark.parametrize("answer", [Answer(301), Answer(302), Answer(404), Answer(None, "timeout")])
def test_only_2xx_counts_as_delivered(post, answer):
    post.endpoint()
    post.receiver.answers["https://hooks.example"] = [answer]
    post.desk.store(said())
    post.turn()
    assert delivery(post.desk)["state"] == "pending"


def test_an_endpoint_that_is_gone_is_switched_off(post):
    post.endpoint()
    post.receiver.answers["https://hooks.example"] = [Answer(410)]
    post.desk.store(said("a1"))
    post.turn()
    post.desk.store(said("a2"))
    assert post.turn(at(1_000)) == 0
    assert post.desk.value("SELECT disabled_reason FROM webhook") == "gone"


def test_an_endpoint_that_fails_for_five_days_is_switched_off(post):
    post.endpoint()
    post.receiver.answers["https://hooks.example"] = [Answer(500)]
    post.desk.store(said("a1"))
    post.turn(at(0))
    post.desk.store(said("a2"), now=at(86_400 * 5 + 60))
    post.turn(at(86_400 * 5 + 61))
    assert post.desk.value("SELECT disabled_reason FROM webhook") == "failing"


def test_changes_are_sent_once_they_are_five_seconds_old_with_the_last_content(post):
    post.endpoint(payload="full")
    post.desk.store(said(), now=at(0))
    post.turn(at(0))
    post.desk.store(said(revision=2, amount="2.00"), now=at(1))
    post.desk.store(said(revision=3, amount="3.00"), now=at(3))
    assert post.turn(at(5)) == 0
    assert post.turn(at(6)) == 1
    assert post.receiver.said[1]["type"] == "alert.changed"
    assert post.receiver.said[1]["data"]["amount"] == "3.00"
    post.desk.store(said(revision=4, amount="4.00"), now=at(7))
    assert post.turn(at(12)) == 1


def test_the_sequence_grows_with_every_change(post):
    post.endpoint()
    post.desk.store(said("a1"), said("a2"), taken_back("a1"))
    post.turn()
    assert sorted(entry["sequence"] for entry in post.receiver.said) == [1, 2, 3]


def test_one_hanging_endpoint_delays_no_other(post):
    post.endpoint("https://slow.example")
    post.endpoint("https://well.example")
    post.desk.store(*[said(f"a{n}") for n in range(30)])

    async def deliver():
        post.receiver.hanging["https://slow.example"] = asyncio.Event()
        for _ in range(12):
            await post.courier.step()
            await asyncio.sleep(0.01)
        urls = [url for url, _, _ in post.receiver.tries]
        post.receiver.hanging["https://slow.example"].set()
        await post.courier.drain()
        return urls

    urls = post.desk.run(deliver())
    assert urls.count("https://well.example") == 30
    assert urls.count("https://slow.example") == MOST_AT_ONCE


def test_what_a_dead_courier_held_is_taken_up_when_its_lease_ends(post):
    post.endpoint()
    post.desk.store(said())

    async def die():
        post.receiver.hanging["https://hooks.example"] = asyncio.Event()
        await post.courier.step()
        await asyncio.sleep(0)
        for task in post.courier._tasks:
            task.cancel()

    post.desk.run(die())
    post.receiver.hanging.clear()
    other = Courier(post.office, post.receiver.send)

    async def turn():
        await other.step()
        await other.drain()

    post.now = at(20)
    post.desk.run(turn())
    assert delivery(post.desk)["state"] == "pending"
    post.now = at(26)
    post.desk.run(turn())
    assert delivery(post.desk)["state"] == "delivered"


def test_two_couriers_share_the_work_without_sending_twice(post):
    post.endpoint()
    post.desk.store(*[said(f"a{n}") for n in range(40)])
    other = Courier(post.office, post.receiver.send)

    async def race():
        for _ in range(10):
            await asyncio.gather(post.courier.step(), other.step())
            await asyncio.gather(post.courier.drain(), other.drain())

    post.desk.run(race())
    assert len(post.receiver.tries) == 40


def test_a_commit_wakes_the_running_courier_at_once(post):
    post.endpoint()
    post.office = dataclasses.replace(post.office, clock=lambda: micros(NOON.now(NOON.tzinfo)))
    courier = Courier(post.office, post.receiver.send)

    async def watch():
        running = asyncio.create_task(courier.run())
        await asyncio.sleep(0.6)
        loop = asyncio.get_running_loop()
        waits = []
        for n in range(5):
            began, count = loop.time(), len(post.receiver.tries)
            await post.desk._store([said(f"a{n}")], NOON, "")
            while len(post.receiver.tries) == count:
                await asyncio.sleep(0.002)
            waits.append(loop.time() - began)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return waits

    assert sorted(post.desk.run(watch()))[2] < IDLE_SECONDS / 2


@pytest.mark.parametrize("turns", range(8))
def test_a_courier_told_to_stop_in_the_moment_it_is_woken_stops(post, turns):
    post.endpoint()
    post.office = dataclasses.replace(post.office, clock=lambda: micros(NOON.now(NOON.tzinfo)))

    async def stop():
        begun = []

        async def send(*one):
            begun.append(asyncio.create_task(soon()))
            return OK

        async def soon():
            for _ in range(turns):
                await asyncio.sleep(0)
            running.cancel()

        running = asyncio.create_task(Courier(post.office, send).run())
        await post.desk._store([said()], NOON, "")
        stopped, _ = await asyncio.wait({running}, timeout=60)
        running.cancel()
        return bool(stopped)

    assert post.desk.run(stop())
