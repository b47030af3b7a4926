"""F10 高频门诊: its cases."""

from schemas.records import Limit
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, registry_of, settlement

LIMITS = registry_of(Limit("PHYSIO", course_days=10), Limit("NEEDLE", minutes=30), Limit("X", sex="2"))
DAYS = (1, 2, 4, 7, 8, 11, 13, 14, 19, 23)
"""At uneven distances."""


def visits(*days: int, month: str = "03", **given) -> list[dict]:
    """Visits on these days, each of another sum; the fund pays ten yuan more each time."""
    return [
        settlement(
            f"{month}-{day:02d} 09:00", "H1", f"S{day}",
            **{"total": f"{100 + day}.00", "fund": f"{10 * (index + 1)}.00", **given},
        )
        for index, day in enumerate(days)
    ]  # fmt: skip


TEN = visits(*DAYS)
CAUGHT = [("F10", 3, "100.00")]
EVEN = visits(1, 8, 15, 22, total="50.00")
PATTERN = [("F10", 3, "100.00")]


def _at(*places: str) -> list[dict]:
    return [{**visit, "institution_id": place} for visit, place in zip(visits(*DAYS), places, strict=False)]


def _billing(code: str) -> list[dict]:
    return [*TEN[:9], {**TEN[9], "lines": [line("L1", code=code)]}]


STORIES = [
    Story("ten visits in a month", TEN, expects=CAUGHT),
    Story("nine", TEN[:9]),
    Story("eleven", visits(*DAYS, 24), expects=[("F10", 3, "210.00")]),
    Story("five in each of two months", visits(*DAYS[:5]) + visits(*DAYS[:5], month="04")),
    Story("the last day of the month counts", visits(*DAYS[:9], 31), expects=CAUGHT),
    Story("four institutions", _at("H1", "H2", "H3", "H4"), expects=[("F10", 3, "100.00")]),
    Story("three institutions", _at("H1", "H2", "H3", "H3")),
    Story("every week for the same sum", EVEN, expects=PATTERN),
    Story("every week for other sums", visits(1, 8, 15, 22)),
    Story("three times are no pattern", EVEN[:3]),
    Story("a day off", visits(1, 8, 15, 23, total="50.00")),
    Story(
        "four on one day",
        [{**visit, "occurred_at": "2026-03-01T09:00:00+08:00"} for visit in EVEN],
    ),
    Story(
        "two settlements of one encounter are one visit", [{**visit, "encounter_id": "M1"} for visit in TEN]
    ),
    Story("purchases are no visits", visits(*DAYS, med_type="41")),
    Story("dialysis", visits(*DAYS, med_type="140201")),
    Story("dialysis by its diagnosis", visits(*DAYS, diagnoses=[{"code": "Z49.100"}])),
    Story("chemotherapy", visits(*DAYS, diagnoses=[{"code": "Z51.103"}])),
    Story("rabies vaccination", visits(*DAYS, diagnoses=[{"code": "Z24.200"}])),
    Story("another diagnosis", visits(*DAYS, diagnoses=[{"code": "M54.500"}]), expects=CAUGHT),
    Story("one of ten is of a course", _billing("PHYSIO"), LIMITS),
    Story("one of ten is of one-to-one therapy", _billing("NEEDLE"), LIMITS),
    Story("another item", _billing("X"), LIMITS, CAUGHT),
    Story("a course of which no limits are known", _billing("PHYSIO"), expects=CAUGHT),
    Story(
        "a course whose items come apart",
        [*TEN, fee_lines("04-02 09:00", line("L1", code="PHYSIO"), encounter="E-S23")],
        LIMITS,
    ),
    Story("an irregular visit hides a pattern", [*EVEN, *visits(3)]),
    Story(
        "the irregular one was cancelled",
        [*EVEN, *visits(3), cancellation("03-30 09:00", visits(3)[0])],
        expects=PATTERN,
    ),
    Story("one of ten was cancelled", [*TEN, cancellation("03-30 09:00", TEN[4])]),
]
