"""B05: settlements taken back, corrections of the insurance, another system, others' shares."""

from collections import Counter

import pytest

from services.detector.periods.b05_taken_back import RULE
from services.detector.periods.month import Month
from tests.detector.periods import on_duckdb, screening
from tests.support.entries import EMPTY, registry

SHOPS = registry(
    *({"institution_id": place, "kind": "pharmacy", "level": 0} for place in ("P1", "P2")),
    {"institution_id": "H1", "kind": "hospital", "level": 3},
)


def sold(count, place="P2", day="05-04", **given):
    return [screening(f"{day} 10:{n % 60:02}", place, **given) for n in range(count)]


def gone(count, **given):
    return sold(count, "P1", withdrawn=True, **given)


OTHERS = sold(60)


@pytest.mark.parametrize(("kept", "lost", "found"), [(26, 3, 1), (27, 3, 0), (10, 2, 0), (0, 3, 1)])
def test_three_and_more_than_a_tenth_of_a_weeks_settlements(kept, lost, found):
    alerts = on_duckdb([RULE], [*OTHERS, *sold(kept, "P1"), *gone(lost)], SHOPS)
    assert len(alerts) == found
    if found:
        (alert,) = alerts
        assert (alert.subject.id, alert.severity, alert.amount) == ("P1", 2, "0.00")
        assert (alert.evidence["lost"], alert.evidence["settled"]) == (lost, kept + lost)
        assert len(alert.settlements) == len(alert.evidence["cases"]) == lost
        assert alert.checked == ["insurance_corrected", "migration"]


def test_a_negative_mirror_takes_back_too():
    mirrored = sold(3, "P1", flags=["offset"])
    mirrors = sold(3, "P1", flags=["negative", "offset"], total=-5_000)
    (alert,) = on_duckdb([RULE], [*OTHERS, *mirrored, *mirrors], SHOPS)
    assert (alert.evidence["lost"], alert.evidence["settled"]) == (3, 3)


def test_a_week_is_seven_days():
    apart = [*gone(2), *gone(1, day="05-10")]
    assert len(on_duckdb([RULE], [*OTHERS, *apart], SHOPS)) == 1
    apart = [*gone(2), *gone(1, day="05-11")]
    assert on_duckdb([RULE], [*OTHERS, *apart], SHOPS) == []


def test_a_week_belongs_to_the_month_in_which_it_ends():
    told = [*OTHERS, *gone(2, day="05-30"), *gone(1, day="06-02")]
    assert on_duckdb([RULE], told, SHOPS) == []
    (alert,) = on_duckdb([RULE], told, SHOPS, Month.of("2026-06"))
    assert (alert.evidence["first_on"], alert.evidence["last_on"]) == ("2026-05-27", "2026-06-02")


def test_of_several_weeks_the_worst_speaks():
    (alert,) = on_duckdb([RULE], [*OTHERS, *gone(3), *gone(5, day="05-20")], SHOPS)
    assert (alert.evidence["lost"], alert.happened_at) == (5, "2026-05-20")


def test_where_others_take_back_as_much_it_is_no_sign():
    lost_elsewhere = sold(12, "P2", withdrawn=True)
    told = [*OTHERS, *lost_elsewhere, *sold(3, "P1"), *gone(3)]
    assert on_duckdb([RULE], told, SHOPS) == []
    assert len(on_duckdb([RULE], [*OTHERS, *lost_elsewhere, *gone(3)], SHOPS)) == 1


def test_too_few_settlements_elsewhere_say_nothing_and_other_kinds_stand_in():
    assert on_duckdb([RULE], [*sold(49), *gone(3)], SHOPS) == []
    assert len(on_duckdb([RULE], [*sold(50), *gone(3)], SHOPS)) == 1
    assert len(on_duckdb([RULE], [*sold(10), *sold(50, "H1"), *gone(3)], SHOPS)) == 1


def test_without_a_registry_all_others_are_compared():
    assert len(on_duckdb([RULE], [*OTHERS, *gone(3)], EMPTY)) == 1


def replaced(**given):
    wrong = gone(3, insurance_type="310")
    right = [
        screening("05-04 15:00", "P1", key=one.key, insurance_type="390", total=4_000, **given)
        for one in wrong
    ]
    return wrong, right


def test_settled_again_under_the_right_insurance_is_a_correction():
    wrong, right = replaced()
    assert on_duckdb([RULE], [*OTHERS, *wrong, *right], SHOPS) == []
    for one in right:
        one.insurance_type = ""
    assert on_duckdb([RULE], [*OTHERS, *wrong, *right], SHOPS) == []
    for one in right:
        one.insurance_type = "310"
    assert len(on_duckdb([RULE], [*OTHERS, *wrong, *right], SHOPS)) == 1


def test_corrections_explain_only_themselves():
    wrong, right = replaced()
    (alert,) = on_duckdb([RULE], [*OTHERS, *wrong, *right, *gone(3, insurance_type="310")], SHOPS)
    assert alert.evidence["lost"] == 6


def test_entered_again_as_it_was_is_another_system():
    lost = gone(5, insurance_type="310")
    again = [
        screening("05-04 10:00", "P1", key=one.key, begun=one.begun, insurance_type="310") for one in lost
    ]
    assert on_duckdb([RULE], [*OTHERS, *lost, *again[:4]], SHOPS) == []
    assert len(on_duckdb([RULE], [*OTHERS, *lost, *again[:3]], SHOPS)) == 1


def test_settlements_of_nothing_and_admissions_are_not_counted():
    assert on_duckdb([RULE], [*OTHERS, *gone(3, total=0)], SHOPS) == []
    assert on_duckdb([RULE], [*OTHERS, *gone(3, settlement_id="")], SHOPS) == []


def named(count, **given):
    """Taken back while an alert named them."""
    return gone(count, flags=["under_alert"], **given)


KEPT = sold(100, "P1")
"""So many that a few taken back are no share of them."""


@pytest.mark.parametrize(("lost", "found"), [(2, 0), (3, 1)])
def test_three_that_stood_under_an_alert_are_enough_whatever_the_share_and_the_others(lost, found):
    alerts = on_duckdb([RULE], [*KEPT, *gone(2), *named(lost)], SHOPS)
    assert len(alerts) == found
    if found:
        (alert,) = alerts
        assert (alert.evidence["under_alert"], alert.evidence["lost"]) == (3, 5)
        assert "撤销前登记的数据已触发预警" in alert.message.zh
        assert "其他机构" not in alert.message.zh
        assert Counter(case["under_alert"] for case in alert.evidence["cases"]) == {True: 3, None: 2}


def test_where_there_is_nobody_to_compare_with_alerts_speak_all_the_same():
    assert len(on_duckdb([RULE], named(3), EMPTY)) == 1
    assert on_duckdb([RULE], gone(3), EMPTY) == []


def test_a_mirror_of_what_stood_under_an_alert_counts_and_the_mirror_itself_does_not():
    mirrored = sold(2, "P1", flags=["offset", "under_alert"])
    mirrors = sold(2, "P1", flags=["negative", "offset"], total=-5_000)
    assert on_duckdb([RULE], [*KEPT, *mirrored, *mirrors], SHOPS) == []
    (alert,) = on_duckdb([RULE], [*KEPT, *mirrored, *mirrors, *named(1)], SHOPS)
    assert alert.evidence["under_alert"] == 3


def test_those_under_an_alert_are_counted_over_seven_days_too():
    assert len(on_duckdb([RULE], [*KEPT, *named(2), *named(1, day="05-10")], SHOPS)) == 1
    assert on_duckdb([RULE], [*KEPT, *named(2), *named(1, day="05-11")], SHOPS) == []


def test_a_week_that_tells_of_alerts_speaks_before_one_with_more_taken_back():
    told = [*OTHERS, *gone(9, day="05-20"), *named(3)]
    (alert,) = on_duckdb([RULE], told, SHOPS)
    assert (alert.evidence["under_alert"], alert.evidence["lost"]) == (3, 3)
    assert "其他机构" in alert.message.zh, "both: the share is too great as well"
    assert "撤销前登记的数据已触发预警" in alert.message.zh


def test_corrections_and_entries_made_again_do_not_count_under_an_alert():
    wrong, right = replaced()
    for one in wrong:
        one.flags = ["under_alert"]
    assert on_duckdb([RULE], [*KEPT, *wrong, *right], SHOPS) == []
    assert on_duckdb([RULE], [*KEPT, *wrong, *right, *named(2)], SHOPS) == []
    assert len(on_duckdb([RULE], [*KEPT, *wrong, *right, *named(3)], SHOPS)) == 1
    lost = named(3, insurance_type="310")
    again = [
        screening("05-04 10:00", "P1", key=one.key, begun=one.begun, insurance_type="310") for one in lost
    ]
    assert on_duckdb([RULE], [*KEPT, *lost, *again[:1]], SHOPS) == []
    assert len(on_duckdb([RULE], [*KEPT, *lost], SHOPS)) == 1
