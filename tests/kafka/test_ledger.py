"""The offsets ledger: what may be committed while messages are in work."""

from hypothesis import given
from hypothesis import strategies as st

from services.runtime.kafka.ledger import OffsetLedger


def delivered(*offsets: int) -> tuple[OffsetLedger, dict[int, object]]:
    ledger = OffsetLedger()
    return ledger, {offset: ledger.deliver("p", offset) for offset in offsets}


def test_nothing_is_committable_before_the_first_delivery():
    assert OffsetLedger().committable("p") is None


def test_all_settled_means_the_offset_after_the_last_delivered():
    ledger, tickets = delivered(5, 6)
    for offset, ticket in tickets.items():
        assert ledger.settle("p", offset, ticket)
    assert ledger.committable("p") == 7


def test_the_smallest_offset_in_work_is_the_limit_though_later_ones_are_done():
    ledger, tickets = delivered(5, 6, 7)
    ledger.settle("p", 7, tickets[7])
    ledger.settle("p", 6, tickets[6])
    assert ledger.committable("p") == 5


def test_a_gap_left_by_compaction_needs_no_settling():
    ledger, tickets = delivered(5, 900)
    ledger.settle("p", 5, tickets[5])
    assert ledger.committable("p") == 900


def test_a_delivery_that_was_read_again_cannot_be_settled_by_its_first_ticket():
    ledger, tickets = delivered(5)
    again = ledger.deliver("p", 5)
    assert not ledger.settle("p", 5, tickets[5])
    assert ledger.committable("p") == 5
    assert ledger.settle("p", 5, again)
    assert ledger.committable("p") == 6


def test_reading_again_from_earlier_forgets_what_was_delivered_beyond():
    ledger, _ = delivered(5, 6, 7, 8)
    again = ledger.deliver("p", 5)
    ledger.settle("p", 5, again)
    assert ledger.committable("p") == 6


def test_a_revoked_partition_settles_nothing():
    ledger, tickets = delivered(5)
    ledger.forget(["p"])
    assert not ledger.settle("p", 5, tickets[5])
    assert ledger.committable("p") is None


@given(st.lists(st.sampled_from(["deliver", "settle first", "settle last", "read again"]), max_size=60))
def test_no_order_of_events_lets_the_commit_pass_an_unprocessed_message(steps):
    ledger, position, tickets, processed = OffsetLedger(), 0, {}, set()
    for step in steps:
        if step == "deliver":
            tickets[position] = ledger.deliver("p", position)
            position += 1
        elif step == "read again":
            position = ledger.committable("p") or 0
        elif tickets:
            offset = min(tickets) if step == "settle first" else max(tickets)
            processed.add(offset)
            ledger.settle("p", offset, tickets.pop(offset))
        limit = ledger.committable("p") or 0
        assert processed.issuperset(range(limit))
