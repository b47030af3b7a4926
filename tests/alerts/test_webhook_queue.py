"""A long queue costs a claim no more than a short one: it goes by index, whatever PostgreSQL thinks of it."""

import asyncio
from datetime import timedelta

import pytest

from services.alerts.webhooks import deliveries, keeping, queue, settling
from tests.alerts.making import NOON, at, said

WAITING = """
    INSERT INTO webhook_delivery (delivery_id, webhook_id, event, alert_id, version, state, coalescing,
                                  created_at, next_at, request_id, sequence)
    SELECT 'msg_' || w.webhook_id || n, w.webhook_id, 'alert.opened', 'a1', 1,
           CASE WHEN n % 10 = 0 THEN 'delivered' ELSE 'pending' END, false, $1, $1, '', n
    FROM webhook w CROSS JOIN generate_series(1, 3000) n
"""
LEASE = timedelta(seconds=25)


@pytest.fixture
def long_queue(post):
    """Sixty thousand deliveries to twenty endpoints, known to PostgreSQL's statistics; the endpoints' ids."""
    for number in range(20):
        post.endpoint(f"https://{number}.example")
    post.desk.store(said())
    post.desk.run(post.desk._call("execute", "DELETE FROM webhook_delivery"))
    post.desk.run(post.desk._call("execute", WAITING, NOON))
    post.desk.run(post.desk._call("execute", "ANALYZE"))
    return [row["webhook_id"] for row in post.desk.fetch("SELECT webhook_id FROM webhook")]


def test_no_statement_of_the_queue_reads_the_whole_table(desk, long_queue):
    ids, many = long_queue, len(long_queue)
    ones = [1] * many
    statements = {
        "READY": (queue.READY, NOON),
        "CLAIM": (queue.CLAIM, NOON, ids, [5] * many, [0] * many, [5] * many, ["msg_1"], at(25)),
        "SETTLE": (
            settling.SETTLE, [f"msg_{one}7" for one in ids], ones, ["delivered"] * many, [None] * many,
            [NOON] * many, ones, ones, [None] * many, [""] * many,
        ),
        "OLDEST": (keeping.OLDEST,),
        "FORGET": (keeping.FORGET, NOON, 1_000),
        "PAGE": (deliveries.PAGE, ids[0], None, ["delivered"], [], NOON, 100),
    }  # fmt: skip
    for name, (query, *values) in statements.items():
        plan = "\n".join(row[0] for row in desk.fetch(f"EXPLAIN {query}", *values))
        assert "Seq Scan on webhook_delivery" not in plan, f"{name}: {plan}"
        assert "webhook_delivery" in plan


def test_a_claim_takes_of_each_endpoint_what_was_first_due(desk, post, long_queue):
    claimed = desk.ask(queue.claim, NOON, {long_queue[0]: 3}, [], LEASE)
    by_endpoint = {webhook_id: [] for webhook_id in long_queue}
    for one in claimed:
        by_endpoint[one.endpoint.webhook_id].append(one.sequence)
    assert sorted(by_endpoint[long_queue[0]]) == [1, 2]
    assert all(sorted(by_endpoint[other]) == [1, 2, 3, 4, 5] for other in long_queue[1:])


def test_two_who_claim_at_once_get_different_deliveries_and_wait_for_nobody(post, long_queue):
    async def claim_inside_a_claim():
        async with post.office.transaction() as one, post.office.transaction() as other:
            first = await queue.claim(one, NOON, {}, [], LEASE)
            async with asyncio.timeout(60):
                second = await queue.claim(other, NOON, {}, [], LEASE)
        return first, second

    first, second = post.desk.run(claim_inside_a_claim())
    assert len(first) == 100
    assert second == []
    later = post.desk.ask(queue.claim, at(26), {}, [], LEASE)
    assert {one.delivery_id for one in later} == {one.delivery_id for one in first}
    assert {one.attempt for one in later} == {2}
