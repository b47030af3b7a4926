"""Deliveries that have to wait: overload, limits, clocks that are set; and what is kept of them."""

import asyncio

import pytest

from services.alerts.webhooks import deliveries, keeping, notices
from services.alerts.webhooks.sending import Answer
from services.runtime import database
from tests.alerts.hooking import OK
from tests.alerts.making import NOON, at, said


def delivery(desk):
    return desk.fetch("SELECT * FROM webhook_delivery")[0]


def test_a_try_is_kept_with_what_came_of_it(post):
    post.endpoint()
    post.receiver.answers["https://hooks.example"] = [Answer(503, body="busy"), Answer(None, "timeout"), OK]
    post.desk.store(said())
    for seconds in (0, 6, 400):
        post.turn(at(seconds))
    kept = post.desk.fetch("SELECT * FROM webhook_try ORDER BY attempt")
    assert [(one["at"], one["status"], one["error"], one["response"]) for one in kept] == [
        (at(0), 503, None, "busy"),
        (at(6), None, "timeout", ""),
        (at(400), 204, None, ""),
    ]
    assert all(one["latency_ms"] >= 0 for one in kept)


@pytest.mark.parametrize("status", [429, 502, 504])
def test_an_overloaded_endpoint_is_left_alone_and_tried_by_one_delivery_first(post, status):
    row, _ = post.endpoint()
    post.receiver.answers["https://hooks.example"] = [Answer(status), OK]
    post.desk.store(said("a0"))
    post.turn(at(0))
    post.desk.store(*[said(f"b{n}") for n in range(8)], now=at(1))
    assert post.turn(at(4)) == 0, "the whole endpoint rests, not only the delivery that was refused"

    async def probe():
        post.now = at(6)
        post.receiver.hanging[row["url"]] = asyncio.Event()
        return [await post.courier.step(), await post.courier.step()]

    assert post.desk.run(probe()) == [1, 0]
    post.receiver.hanging.pop(row["url"]).set()
    post.turn()
    assert post.desk.value("SELECT count(*) FROM webhook_delivery WHERE state <> 'delivered'") == 0
    assert post.receiver.most[row["url"]] == 5, "once one got through, all go on"


def test_retry_after_of_an_overloaded_endpoint_holds_for_all_its_deliveries(post):
    post.endpoint()
    post.receiver.answers["https://hooks.example"] = [Answer(429, retry_after=90.0), OK]
    post.desk.store(said("a1"))
    post.turn(at(0))
    post.desk.store(said("a2"), now=at(1))
    assert post.turn(at(89)) == 0
    assert post.turn(at(91)) == 2


def test_concurrency_is_kept_by_all_couriers_together(post):
    row, _ = post.endpoint(concurrency=2)
    post.desk.store(*[said(f"a{n}") for n in range(20)])
    other = post.another()
    post.receiver.hanging[row["url"]] = asyncio.Event()

    async def race():
        for _ in range(3):
            await asyncio.gather(post.courier.step(), other.step())
            await asyncio.sleep(0.01)
        on_their_way = len(post.receiver.tries)
        post.receiver.hanging.pop(row["url"]).set()
        for _ in range(20):
            await asyncio.gather(post.courier.step(), other.step())
            await asyncio.sleep(0.01)
        return on_their_way

    assert post.desk.run(race()) == 2
    assert len(post.receiver.tries) == 20
    assert post.receiver.most[row["url"]] == 2


def test_a_rate_is_kept_by_all_couriers_together(post):
    post.endpoint(rate=3)
    post.endpoint("https://fast.example")
    post.desk.store(*[said(f"a{n}") for n in range(10)])
    other = post.another()

    def slow_ones(seconds):
        before = [url for url, _, _ in post.receiver.tries].count("https://hooks.example")
        post.turn(at(seconds))
        post.turn(at(seconds), other)
        return [url for url, _, _ in post.receiver.tries].count("https://hooks.example") - before

    assert [slow_ones(seconds) for seconds in (0, 0.1, 1, 1.4, 2, 60)] == [3, 0, 3, 1, 2, 1]
    assert [url for url, _, _ in post.receiver.tries].count("https://fast.example") == 10


def test_own_headers_are_sent_and_never_in_place_of_the_signature(post):
    post.endpoint(own_headers={"Authorization": "Bearer s3cret", "X-County": "430602"})
    post.desk.store(said())
    post.turn()
    _, headers, _ = post.receiver.tries[0]
    assert (headers["Authorization"], headers["X-County"]) == ("Bearer s3cret", "430602")
    assert headers["webhook-signature"].startswith("v1,")
    assert b"s3cret" not in post.desk.value("SELECT headers FROM webhook")


def test_an_endpoint_that_is_switched_off_is_told_to_the_others_that_subscribe_to_it(post):
    gone, _ = post.endpoint(description="county claims desk")
    post.endpoint("https://operators.example", events=["endpoint.disabled"])
    post.endpoint("https://others.example")
    post.receiver.answers["https://hooks.example"] = [Answer(410)]
    post.desk.store(said())
    post.turn()
    assert [url for url, _, _ in post.receiver.tries].count("https://operators.example") == 1
    (notice,) = [body for body in post.receiver.said if body["type"] == "endpoint.disabled"]
    assert notice["data"]["webhook_id"] == gone["webhook_id"]
    assert (notice["data"]["reason"], notice["data"]["disabled_by"]) == ("gone", "system")
    assert notice["data"]["description"] == "county claims desk"
    assert "hooks.example" not in str(notice), "its address is nobody else's business"
    assert set(notice["data"]["message"]) == {"zh", "en"}


def test_a_test_delivery_reaches_an_endpoint_that_subscribed_to_something_else(post):
    row, _ = post.endpoint(events=["alert.withdrawn"])
    post.desk.ask(notices.send_test, row["webhook_id"], "wang", NOON)
    assert post.turn() == 1
    (body,) = post.receiver.said
    assert (body["type"], body["sequence"]) == ("webhook.test", 1)
    assert body["data"]["requested_by"] == "wang"


def test_what_is_sent_anew_while_it_is_on_its_way_goes_out_again_and_keeps_all_its_tries(post):
    row, _ = post.endpoint()
    post.desk.store(said())
    post.receiver.hanging[row["url"]] = asyncio.Event()

    async def meanwhile():
        await post.courier.step()
        async with database.transaction(post.desk.engine) as raw:
            (found,) = await deliveries.page(raw, row["webhook_id"], deliveries.Wanted(), None, 10)
            assert await deliveries.redeliver(raw, row["webhook_id"], found["delivery_id"], NOON)
        post.receiver.hanging.pop(row["url"]).set()
        await post.courier.drain()

    post.desk.run(meanwhile())
    post.turn()
    assert len(post.receiver.tries) == 2
    assert [one["attempt"] for one in post.desk.fetch("SELECT * FROM webhook_try ORDER BY attempt")] == [1, 2]
    assert delivery(post.desk)["state"] == "delivered"


def test_a_failure_that_comes_after_its_lease_changes_nothing_of_the_try_that_followed(post):
    row, _ = post.endpoint()
    post.desk.store(said())
    post.receiver.answers[row["url"]] = [OK, Answer(500)]
    post.receiver.hanging[row["url"]] = asyncio.Event()
    slow, other = post.courier, post.another()

    async def overtake():
        await slow.step()
        await asyncio.sleep(0)
        held = post.receiver.hanging.pop(row["url"])
        post.now = at(30)
        await post._turn(other)
        held.set()
        await slow.drain()

    post.desk.run(overtake())
    assert delivery(post.desk)["state"] == "delivered"
    assert sorted(one["status"] for one in post.desk.fetch("SELECT status FROM webhook_try")) == [204, 500]


def test_a_clock_set_back_by_an_hour_delays_nothing(post):
    post.endpoint()
    post.receiver.answers["https://hooks.example"] = [Answer(500), OK]
    post.turn(at(0))
    post.desk.store(said("retried"), now=at(0))
    post.turn(at(0))
    post.desk.store(said("waiting"), now=at(1))
    assert post.turn(at(1 - 3_600)) == 1, "what was due stays due"
    kept = post.desk.fetch("SELECT alert_id, last_try_at, lease_until FROM webhook_delivery ORDER BY born")
    assert {tuple(row) for row in kept} == {
        ("retried", at(1 - 3_600), None),
        ("waiting", at(1 - 3_600), None),
    }
    assert post.turn(at(7 - 3_600)) == 1, "what waited five seconds waits five seconds"
    assert post.desk.value("SELECT count(*) FROM webhook_delivery WHERE state = 'delivered'") == 2


def test_a_clock_set_forward_by_an_hour_sends_nothing_twice(post):
    row, _ = post.endpoint()
    post.desk.store(*[said(f"a{n}") for n in range(5)])
    post.receiver.hanging[row["url"]] = asyncio.Event()

    async def jump():
        await post.courier.step()
        await asyncio.sleep(0)
        post.now = at(3_600)
        await post.courier.step()
        await asyncio.sleep(0)
        post.receiver.hanging.pop(row["url"]).set()
        await post.courier.drain()

    post.desk.run(jump())
    assert len(post.receiver.tries) == 5
    assert post.desk.value("SELECT count(*) FROM webhook_delivery WHERE state = 'delivered'") == 5


def test_deliveries_are_forgotten_with_their_tries_once_they_are_old_enough(post):
    post.endpoint()
    post.desk.store(said("old"), now=at(0))
    post.turn(at(0))
    post.desk.store(said("new"), now=at(10 * 86_400))
    post.turn(at(10 * 86_400))
    assert post.desk.ask(keeping.forget, at(86_400)) == 1
    assert post.desk.ask(keeping.forget, at(86_400)) == 0
    assert [one["alert_id"] for one in post.desk.fetch("SELECT * FROM webhook_delivery")] == ["new"]
    assert post.desk.value("SELECT count(*) FROM webhook_try") == 1


def test_what_waits_is_forgotten_only_with_an_endpoint_that_was_switched_off_as_long(post):
    post.endpoint()
    post.desk.store(said(), now=at(0))
    assert post.desk.ask(keeping.forget, at(86_400)) == 0
    post.desk.run(post.desk._call("execute", "UPDATE webhook SET disabled_at = $1", at(3_600)))
    assert post.desk.ask(keeping.forget, at(3_000)) == 0
    assert post.desk.ask(keeping.forget, at(86_400)) == 1


def test_the_age_of_the_oldest_waiting_delivery_is_known_without_the_ones_switched_off(post):
    post.endpoint()
    post.desk.store(said(), now=at(0))
    assert post.desk.ask(keeping.oldest_age, at(90)) == 90
    post.desk.run(post.desk._call("execute", "UPDATE webhook SET disabled_at = now()"))
    assert post.desk.ask(keeping.oldest_age, at(90)) == 0
