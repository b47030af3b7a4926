"""F01 机构/医师状态异常: its cases."""

from schemas.records import Status
from tests.detector.stories import Story
from tests.support.entries import (
    admission,
    cancellation,
    fee_lines,
    inpatient,
    line,
    registry_of,
    settlement,
    stay,
    swipe,
)

STANDING = registry_of(
    Status("institution", "H1", "suspended", "2026-03-05", "2026-03-20", "三个月"),
    Status("institution", "P1", "terminated", "2026-03-05"),
    Status("institution", "H2", "suspended", "2026-03-01"),
    Status("institution", "H2", "normal", "2026-03-10"),
    Status("practitioner", "D1", "suspended", "2026-03-05", "2026-03-20"),
)
CAUGHT = [("F01", 1, "60.00")]


def _visit(at: str, place: str = "H1", **given) -> dict:
    return settlement(at, place, "S1", encounter="E1", **given)


def _by(doctor: str, at: str = "03-05 09:00", **given) -> dict:
    return _visit(at, "H9", practitioner_id=doctor, **given)


ORDERED = [
    line("L1", amount="30.00", covered_amount="20.00", practitioner_id="D1"),
    line("L2", amount="50.00", practitioner_id="D2"),
]

STORIES = [
    Story("the first day of the suspension", [_visit("03-05 00:30")], STANDING, CAUGHT),
    Story("the last day", [_visit("03-20 23:30")], STANDING, CAUGHT),
    Story("the day before", [_visit("03-04 23:30")], STANDING),
    Story("the day after", [_visit("03-21 00:30")], STANDING),
    Story("a terminated pharmacy", [swipe("04-05 10:00", "P1", "S1")], STANDING, CAUGHT),
    Story("reinstated", [_visit("03-10 09:00", "H2")], STANDING),
    Story("an institution of good standing", [_visit("03-05 09:00", "H3")], STANDING),
    Story("nothing is known", [_visit("03-05 09:00")]),
    Story("an emergency", [_visit("03-05 09:00", emergency=1)], STANDING),
    Story("an emergency by its type", [_visit("03-05 09:00", med_type="13")], STANDING),
    Story(
        "admitted before",
        [stay("03-04 09:00", "03-09 09:00"), inpatient(None, None, at="03-09 10:00")],
        STANDING,
    ),
    Story(
        "admitted while suspended",
        [stay("03-06 09:00", "03-24 09:00"), inpatient(None, None, at="03-24 10:00")],
        STANDING,
        [("F01", 1, "6000.00")],
    ),
    Story("a stay of which only the end is known", [inpatient(None, "03-09 09:00")], STANDING),
    Story("a visit before, settled afterwards", [_visit("03-06 09:00", begin_at="03-04 09:00")], STANDING),
    Story("cancelled", [_visit("03-05 09:00"), cancellation("03-05 10:00", _visit("03-05 09:00"))], STANDING),
    Story("a suspended doctor's visit", [_by("D1")], STANDING, CAUGHT),
    Story("a doctor of good standing", [_by("D2")], STANDING),
    Story("the day after the doctor's suspension", [_by("D1", "03-21 09:00")], STANDING),
    Story("a suspended doctor's emergency", [_by("D1", emergency=1)], STANDING),
    Story(
        "a suspended doctor's line among others'",
        [_visit("03-05 09:00", "H9", lines=ORDERED)],
        STANDING,
        [("F01", 1, "20.00")],
    ),
    Story(
        "a line ordered in a stay while suspended",
        [
            admission("03-01 09:00", "H9"),
            fee_lines(
                "03-08 09:00", line("L1", "03-07 09:00", "30.00", practitioner_id="D1"), institution="H9"
            ),
        ],
        STANDING,
        [("F01", 1, "30.00")],
    ),
    Story(
        "a line ordered in a stay before",
        [
            admission("03-01 09:00", "H9"),
            fee_lines("03-08 09:00", line("L1", "03-04 09:00", practitioner_id="D1"), institution="H9"),
        ],
        STANDING,
    ),
    Story(
        "a line of a stay without a day",
        [
            admission("03-01 09:00", "H9"),
            fee_lines("03-08 09:00", line("L1", practitioner_id="D1"), institution="H9"),
        ],
        STANDING,
    ),
    Story(
        "a doctor who admitted before and settles afterwards",
        [
            admission("03-01 09:00", "H9", practitioner_id="D1"),
            inpatient(None, None, "H9", at="03-08 09:00", practitioner_id="D1"),
        ],
        STANDING,
    ),
    Story(
        "both the institution and the doctor",
        [_visit("03-05 09:00", practitioner_id="D1")],
        STANDING,
        CAUGHT * 2,
    ),
]
