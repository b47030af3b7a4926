"""A07 短时同额重复刷卡: its cases."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, settlement, swipe

FOUND = [("A07", 2, "60.00")]


def _twice(at: str, **given) -> list:
    return [swipe("03-05 10:00:00", "P1", "S1"), swipe(at, "P1", "S2", **given)]


VOID = cancellation("03-05 10:20", swipe("03-05 10:00:00", "P1", "S1"))
ONE = {"prescription_id": "R1", "disease_code": "M01"}
OTHER = {"prescription_id": "R2", "disease_code": "M02"}

STORIES = [
    Story("the same amount twice within a minute", _twice("03-05 10:01:00"), expects=FOUND),
    Story("a second more than a minute apart", _twice("03-05 10:01:01")),
    Story("another amount", _twice("03-05 10:00:30", total="99.99")),
    Story(
        "one of the two was cancelled",
        [*_twice("03-05 10:00:30"), VOID],
    ),
    Story("a bare date says nothing about minutes", _twice("03-05")),
    Story(
        "other prescriptions for other diseases at a hospital",
        [
            settlement("03-05 10:00:00", "H1", "S1", **ONE),
            settlement("03-05 10:00:30", "H1", "S2", **OTHER),
        ],
    ),
    Story(
        "other prescriptions at a pharmacy do not explain it",
        [swipe("03-05 10:00:00", "P1", "S1", **ONE), swipe("03-05 10:00:30", "P1", "S2", **OTHER)],
        expects=FOUND,
    ),
]
