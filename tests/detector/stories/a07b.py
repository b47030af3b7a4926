"""A07b 短时多次刷卡: its cases."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, settlement, swipe


def swipes(*times: str, place: str = "P1", **given) -> list[dict]:
    """Purchases of different sums at these times."""
    return [
        swipe(at, place, f"S{index}", total=f"{50 + index}.00", fund=f"{10 + index}.00", **given)
        for index, at in enumerate(times)
    ]


THREE = swipes("03-05 10:00", "03-05 10:12", "03-05 10:30")
CAUGHT = [("A07b", 3, "12.00")]

STORIES = [
    Story("three swipes in thirty minutes", THREE, expects=CAUGHT),
    Story("a second more", swipes("03-05 10:00", "03-05 10:12", "03-05 10:30:01")),
    Story("two swipes are common", THREE[:2]),
    Story(
        "four swipes are one finding, and two lie beyond",
        swipes("03-05 10:00", "03-05 10:12", "03-05 10:30", "03-05 10:31"),
        expects=[("A07b", 3, "25.00")],
    ),
    Story(
        "two bursts of a day are one finding",
        swipes("03-05 10:00", "03-05 10:05", "03-05 10:10", "03-05 17:00", "03-05 17:05", "03-05 17:10"),
        expects=[("A07b", 3, "27.00")],
    ),
    Story(
        "bursts of two days are two",
        swipes("03-05 10:00", "03-05 10:05", "03-05 10:10", "03-06 17:00", "03-06 17:05", "03-06 17:10"),
        expects=[("A07b", 3, "12.00"), ("A07b", 3, "15.00")],
    ),
    Story(
        "half an hour over midnight is of the day it begins",
        swipes("03-05 23:45", "03-05 23:55", "03-06 00:15"),
        expects=CAUGHT,
    ),
    Story(
        "another pharmacy's swipe does not count",
        [*THREE[:2], swipe("03-05 10:20", "P2")],
    ),
    Story("a clinic is no pharmacy", [settlement(f"03-05 10:0{index}", "C1") for index in range(3)]),
    Story("bare dates say nothing about minutes", swipes("03-05", "03-05", "03-05")),
    Story(
        "midnight is a missing time of day",
        swipes("03-05 00:00", "03-05 00:10", "03-05 00:20"),
    ),
    Story("one of the three was cancelled", [*THREE, cancellation("03-05 10:40", THREE[1])]),
]
