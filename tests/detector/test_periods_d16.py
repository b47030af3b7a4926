"""D16: one institution settles for another that is suspended."""

import pytest

from schemas.records import Institution, Status
from schemas.registry import Registry
from services.detector.periods.d16_borrowed_terminal import RULE
from services.detector.periods.month import Month
from tests.detector.periods import on_duckdb, screening
from tests.support.entries import EMPTY


def known(begin="2026-05-10", end=None, status="suspended", **places):
    rows = [Institution(name, kind="pharmacy", **columns) for name, columns in places.items()]
    return Registry({"status": [Status("institution", "P9", status, begin, end)], "institutions": rows}, 1)


CLOSED = known(P1={"chain_id": "A"}, P9={"chain_id": "B"})


def sale(day, institution="P1", device="", **given):
    return screening(f"{day} 10:00", institution, device=device, **given)


BEFORE = [sale("05-04", "P9", "T9", key="old")]


def lent(count=3, day="05-12", **given):
    return [sale(day, device="T9", **given) for _ in range(count)]


def test_three_settlements_from_the_suspended_ones_terminal_are_found():
    (alert,) = on_duckdb([RULE], [*BEFORE, *lent()], CLOSED)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("P1", "2026-05-12", 2)
    assert (alert.evidence["suspended"], alert.evidence["since"]) == ("P9", "2026-05-10")
    assert (alert.evidence["device"], alert.evidence["settled"], alert.amount) == ("T9", 3, "90.00")
    assert len(alert.settlements) == 3
    assert alert.checked == ["same_chain"]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (lent(2), 0),
        (lent(day="05-09"), 0),
        (lent(day="05-10"), 1),
        ([*lent(), sale("05-05", device="T9")], 0),
        ([*lent(), sale("05-05", "P2", "T9")], 1),
        ([*lent(2), sale("05-12", device="T1")], 0),
    ],
)
def test_it_takes_three_after_the_suspension_from_a_terminal_that_was_not_its_own(told, found):
    assert len(on_duckdb([RULE], [*BEFORE, *told], CLOSED)) == found


def test_a_terminal_that_was_not_used_there_lately_is_nobodys():
    assert on_duckdb([RULE], lent(), CLOSED) == []
    assert on_duckdb([RULE], [sale("03-10", "P9", "T9"), *lent()], CLOSED) == []
    assert len(on_duckdb([RULE], [sale("03-11", "P9", "T9"), *lent()], CLOSED)) == 1


def test_once_the_suspension_is_over_nothing_is_borrowed():
    assert on_duckdb([RULE], [*BEFORE, *lent()], known(end="2026-05-11")) == []
    assert len(on_duckdb([RULE], [*BEFORE, *lent()], known(end="2026-05-12"))) == 1


def test_standing_in_good_order_or_unknown_nobody_is_suspended():
    assert on_duckdb([RULE], [*BEFORE, *lent()], known(status="normal")) == []
    assert on_duckdb([RULE], [*BEFORE, *lent()], EMPTY) == []
    assert len(on_duckdb([RULE], [*BEFORE, *lent()], known(status="terminated"))) == 1


def test_one_chain_or_group_moves_its_terminals():
    chain = known(P1={"chain_id": "A"}, P9={"chain_id": "A"})
    group = known(P1={"group_id": "G"}, P9={"group_id": "G"})
    assert on_duckdb([RULE], [*BEFORE, *lent()], chain) == []
    assert on_duckdb([RULE], [*BEFORE, *lent()], group) == []
    (alert,) = on_duckdb([RULE], [*BEFORE, *lent()], known())
    assert alert.checked == []


def crowd(count, day, prefix="n", institution="P1"):
    return [sale(day, institution, key=f"{prefix}{n}") for n in range(count)]


CUSTOMERS = crowd(10, "05-03", "c", "P9")


def test_a_week_with_three_times_the_swipes_and_the_other_ones_customers_is_found():
    told = [*CUSTOMERS, *crowd(4, "05-01"), *crowd(7, "05-11"), *crowd(3, "05-17", "c")]
    (alert,) = on_duckdb([RULE], told, CLOSED)
    assert (alert.subject.id, alert.happened_at) == ("P1", "2026-05-10")
    assert (alert.evidence["settled"], alert.evidence["times"], alert.evidence["came"]) == (10, 10, 0.3)
    assert "10.0倍" in alert.message.zh


@pytest.mark.parametrize(
    ("usual", "new", "came", "found"),
    [(12, 7, 3, 1), (16, 7, 3, 0), (0, 6, 3, 0), (0, 7, 3, 1), (0, 8, 3, 0)],
)
def test_ten_swipes_three_times_the_usual_and_three_in_ten_persons_are_needed(usual, new, came, found):
    told = [*CUSTOMERS, *crowd(usual, "05-01"), *crowd(new, "05-11"), *crowd(came, "05-17", "c")]
    assert len(on_duckdb([RULE], told, CLOSED)) == found


def test_after_a_week_customers_may_go_where_they_like():
    told = [*CUSTOMERS, *crowd(7, "05-18"), *crowd(3, "05-18", "c")]
    assert on_duckdb([RULE], told, CLOSED) == []


def test_the_week_is_judged_with_the_month_in_which_it_ends():
    late = known("2026-04-28", P1={"chain_id": "A"}, P9={"chain_id": "B"})
    told = [*crowd(10, "04-20", "c", "P9"), *crowd(7, "04-29"), *crowd(3, "04-30", "c")]
    assert len(on_duckdb([RULE], told, late)) == 1
    assert on_duckdb([RULE], told, late, Month.of("2026-04")) == []
