"""C01 挂床住院: its cases."""

from typing import Any

from tests.detector.stories import Story
from tests.support.entries import (
    PERSON,
    cancellation,
    corrected,
    fee_lines,
    inpatient,
    line,
    registry,
    settlement,
    stay,
    swipe,
    when,
)

STAY = stay("03-01 09:00", "03-06 09:00")
"""Five nights, four full days."""
KEPT = {"01": "BED", "07": "NURSE"}
NEAR = registry(
    {"institution_id": "H1", "latitude": 28.2, "longitude": 112.9},
    {"institution_id": "P1", "latitude": 28.3, "longitude": 112.9},
    {"institution_id": "P9", "latitude": 28.7, "longitude": 112.9},
)
numbers = iter(range(10_000))


def billed(category: str, *days: int, timed: bool = True, **given: Any) -> list[dict]:
    """A line of a charge type on each of some days of March."""
    return [
        line(
            f"{category}-{day}",
            f"03-{day:02d} 15:00" if timed else None,
            code=f"C{category}",
            category=category,
            **given,
        )
        for day in days
    ]


def bill(*lines: list[dict]) -> dict:
    return fee_lines("03-06 08:00", *(one for some in lines for one in some))


def found_in_bed(at: str, kind: str = "night", result: str = "absent", encounter: str = "M1") -> dict:
    """A round."""
    return {
        "type": "inspection", "event_id": f"round-{next(numbers)}", "institution_id": "H1",
        "person_id": PERSON,
        "occurred_at": when(at), "encounter_id": encounter, "kind": kind, "result": result,
    }  # fmt: skip


WARD = [billed("01", 1, 2, 3, 4, 5), billed("07", 1, 2, 3, 4, 5)]
TESTED = billed("04", 1)
DRUGS = billed("09", 1, 2, 3, 4, 5)
USUAL = bill(*WARD, TESTED, DRUGS)
ROUND_ONLY = bill(billed("02", 1, 2, 3, 4, 5))
IDLE = bill(*WARD, TESTED)
"""Nothing is done after the first day: 3."""
BUSY = bill(*WARD, TESTED, billed("09", 1, 2, 4))
AWAY = swipe("03-03 10:00", "P1", "S1")
FAR = swipe("03-03 10:00", "P9", "S9")
NIGHT = found_in_bed("03-02 22:30")
ABSENT = found_in_bed("03-03 10:00", "day")
LEAVE = found_in_bed("03-02 22:30", result="on_leave")
SETTLED = inpatient("03-01 09:00", "03-06 09:00")
UNTREATED = [*STAY, bill(*WARD)]
"""Nothing is done (3) and nothing is tested (2): 5."""
LIGHT, GRAVE, GRAVEST = [("C01", 3, "0.00")], [("C01", 2, "0.00")], [("C01", 1, "0.00")]

STORIES = [
    Story("a usual stay", [*STAY, USUAL]),
    Story("nothing is done for days, no more", [*STAY, IDLE]),
    Story("nothing is done and nothing is tested", UNTREATED, expects=LIGHT),
    Story("nothing but the daily round", [*STAY, ROUND_ONLY], expects=GRAVE),
    Story(
        "what the fund paid for the stay is suspected",
        [*STAY, ROUND_ONLY, SETTLED],
        expects=[("C01", 2, "6000.00")],
    ),
    Story("established by its settlement", [ROUND_ONLY, SETTLED], expects=[("C01", 2, "6000.00")]),
    Story("an open stay says nothing of what is missing", [*STAY[:1], ROUND_ONLY]),
    Story("a stay without lines says nothing", [*STAY, SETTLED]),
    Story("charge types that are not known", [*STAY, bill([line("1", "03-02 10:00")])]),
    Story("one day without treatment is none", [*STAY, BUSY, AWAY]),
    Story("two days without treatment and a swipe elsewhere", [*STAY, IDLE, AWAY], expects=GRAVE),
    Story(
        "a treatment of a day that is not known",
        [*STAY, bill(*WARD, billed("09", 1, timed=False)), AWAY],
        expects=LIGHT,
    ),
    Story("a swipe alone", [*STAY, USUAL, AWAY]),
    Story("a swipe far away", [*STAY, USUAL, FAR], NEAR, LIGHT),
    Story("a swipe far away of an open stay", [*STAY[:1], FAR], NEAR, LIGHT),
    Story("a swipe nearby", [*STAY, USUAL, AWAY], NEAR),
    Story("a swipe nearby and one far away", [*STAY, USUAL, AWAY, FAR], NEAR, LIGHT),
    Story(
        "the swipe far away was cancelled", [*STAY, USUAL, AWAY, FAR, cancellation("03-07 08:00", FAR)], NEAR
    ),
    Story(
        "a relative's account explains the swipe",
        [*STAY, IDLE, swipe("03-03 10:00", amounts={"family": "5.00"})],
    ),
    Story("a visit elsewhere weighs as much", [*STAY, IDLE, settlement("03-03 10:00", "H2")], expects=GRAVE),
    Story("a swipe after the discharge", [*STAY, IDLE, swipe("03-07 10:00")]),
    Story(
        "a diagnosis of screening is a sign",
        [*stay("03-01 09:00", "03-06 09:00", diagnoses=[{"code": "Z12.3"}]), IDLE],
        expects=LIGHT,
    ),
    Story("not in bed at night", [*STAY, USUAL, NIGHT], expects=GRAVEST),
    Story("not in bed at night while the stay is open", [*STAY[:1], NIGHT], expects=GRAVEST),
    Story("in bed at night", [*STAY, USUAL, found_in_bed("03-02 22:30", result="present")]),
    Story("absent by day", [*STAY, USUAL, ABSENT]),
    Story("absent by day, and nothing is done", [*STAY, IDLE, ABSENT], expects=LIGHT),
    Story(
        "a leave of that day is on record",
        [*STAY, USUAL, NIGHT, found_in_bed("03-02 08:00", "day", "on_leave")],
    ),
    Story(
        "the round was cancelled",
        [
            *STAY,
            USUAL,
            NIGHT,
            cancellation("03-07 08:00", cancels={"type": "inspection", "id": NIGHT["event_id"]}),
        ],
    ),
    Story("a round of another stay", [*STAY, USUAL, found_in_bed("03-02 22:30", encounter="M2")]),
    Story("a round after the discharge", [*STAY, USUAL, found_in_bed("03-08 22:30")]),
    Story("on leave while nothing is done", [*UNTREATED, LEAVE]),
    Story("paid by the bed day", [*stay("03-01 09:00", "03-06 09:00", med_type="2105"), ROUND_ONLY]),
    Story("hospice", [*stay("03-01 09:00", "03-06 09:00", med_type="2114"), ROUND_ONLY]),
    Story("psychiatry", [*stay("03-01 09:00", "03-06 09:00", diagnoses=[{"code": "F20.900"}]), ROUND_ONLY]),
    Story("rehabilitation", [*stay("03-01 09:00", "03-06 09:00", department="康复医学科"), ROUND_ONLY]),
    Story(
        "psychiatry, and not in bed at night",
        [*stay("03-01 09:00", "03-06 09:00", diagnoses=[{"code": "F20.900"}]), ROUND_ONLY, NIGHT],
        expects=GRAVEST,
    ),
    Story("lines that come late take it back", [*STAY, ROUND_ONLY, USUAL]),
    Story(
        "five bed days in one line are five",
        [*STAY, bill(billed("01", 6, quantity="5"), billed("07", 6, quantity="5"), TESTED), AWAY],
        expects=GRAVE,
    ),
    Story(
        "one day less of nursing",
        [*STAY, bill(billed("01", 1, 2, 3, 4), billed("07", 1, 2, 3), TESTED, DRUGS), AWAY],
        expects=LIGHT,
    ),
    Story(
        "the discharge moved",
        [*STAY, ROUND_ONLY, corrected(STAY[1], "03-07 08:00", occurred_at="03-02 08:00")],
        expects=[],
    ),
]
