"""The timeline takes whatever evidence there is, and leaves out what it cannot read."""

import pytest

from schemas.moments import Calendar
from services.alerts.console.timeline import draw

CALENDAR = Calendar("Asia/Shanghai")


def stay(begin, end, institution="H1"):
    return {"institution": institution, "encounter": "M1", "begin": begin, "end": end}


def visit(at, institution="H2"):
    return {"institution": institution, "encounter": "V1", "at": at}


def test_two_stays_are_two_bars_and_their_overlap():
    timeline = draw({"stays": [stay("2026-05-01", "2026-05-05"), stay("2026-05-03", "2026-05-08")]}, CALENDAR)
    assert [lane.kind for lane in timeline.lanes] == ["stay", "stay"]
    (first,), (second,) = (lane.marks for lane in timeline.lanes)
    x, width = timeline.overlap
    assert x == second.x
    assert x + width == pytest.approx(first.x + first.width, abs=0.1)


def test_an_open_stay_runs_to_the_edge():
    timeline = draw({"stays": [stay("2026-05-01", "2026-05-05"), stay("2026-05-03", None)]}, CALENDAR)
    (mark,) = timeline.lanes[1].marks
    assert mark.open
    assert mark.x + mark.width == pytest.approx(100, abs=0.1)


def test_a_visit_inside_a_stay_is_a_point_between_its_ends():
    timeline = draw(
        {"stay": stay("2026-05-01T08:00:00+08:00", None), "visit": visit("2026-05-03T09:00:00+08:00")},
        CALENDAR,
    )
    assert [lane.kind for lane in timeline.lanes] == ["stay", "visit"]
    assert timeline.lanes[0].marks[0].x < timeline.lanes[1].marks[0].x < 100


def test_swipes_of_one_terminal_share_a_lane():
    swipes = [{"at": f"2026-05-01T20:0{n}:00+08:00", "person": "p"} for n in range(6)]
    timeline = draw({"swipes": swipes, "device": "POS-1"}, CALENDAR)
    assert [(lane.institution, len(lane.marks)) for lane in timeline.lanes] == [("POS-1", 6)]
    assert 2 <= len(timeline.ticks) <= 6


@pytest.mark.parametrize(
    "span", ["2026-05-01T08:00:01+08:00", "2026-05-01T09:00:00+08:00", "2027-05-01", "2056-05-01"]
)
def test_there_are_few_ticks_for_seconds_and_for_decades(span):
    timeline = draw({"visits": [visit("2026-05-01T08:00:00+08:00"), visit(span)]}, CALENDAR)
    assert 1 <= len(timeline.ticks) <= 16
    assert all(0 <= x <= 100 for x, _ in timeline.ticks)


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"stays": None, "visit": "x", "swipes": 7},
        {"stays": [None, 3, {"begin": None}, {"begin": "soon"}, {"begin": 12}]},
        {"death_date": "2026-05"},
        {"visit": {"at": "9999-99-99"}},
        {"visit": {"at": "9999-12-31T23:59:59-12:00"}},
    ],
)
def test_evidence_without_a_readable_time_has_no_timeline(evidence):
    assert draw(evidence, CALENDAR) is None


def test_a_death_and_a_later_visit_are_two_lanes():
    timeline = draw({"death_date": "2026-04-01", "visit": visit("2026-05-01")}, CALENDAR)
    assert [lane.kind for lane in timeline.lanes] == ["visit", "death"]
