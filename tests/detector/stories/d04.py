"""D04 互斥/重复收费: its cases."""

from schemas.registry import ExclusivePair, Pack, Registry
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, settlement, stay

STAY = stay("03-01 09:00", "03-05 09:00")
A, B, C = (
    line("1", code="A"),
    line("2", code="B", amount="20.00", covered_amount="15.00"),
    line("3", code="B"),
)


def pairs(*rows: tuple) -> Registry:
    return Registry({"exclusive_pairs": [ExclusivePair(*row) for row in rows]})


DAY = pairs(("A", "B", "day"))
MEDICINES = Registry({"exclusive_pairs": [ExclusivePair("A", "B", "day")], "packs": [Pack("A"), Pack("B")]})
ENCOUNTER = pairs(("A", "B", "encounter"))
APART = fee_lines(
    "03-05 08:00",
    {**A, "occurred_at": "2026-03-02T09:00:00+08:00"},
    {**B, "occurred_at": "2026-03-03T09:00:00+08:00"},
)
VISIT = settlement("03-05 09:00", "H1", "S1", lines=[A, B, C])

STORIES = [
    Story("both on one day", [VISIT], DAY, [("D04", 1, "25.00")]),
    Story("one of them alone", [settlement("03-05 09:00", lines=[B, C])], DAY),
    Story("no pair is known", [VISIT]),
    Story("two medicines that must not meet are E06's", [VISIT], MEDICINES),
    Story("on two days of a stay", [*STAY, APART], DAY),
    Story("anywhere in an encounter", [*STAY, APART], ENCOUNTER, [("D04", 1, "15.00")]),
    Story(
        "the other way round the other is not payable",
        [settlement("03-05 09:00", lines=[A, B])],
        pairs(("B", "A", "day")),
        [("D04", 1, "10.00")],
    ),
    Story(
        "on two bills",
        [settlement("03-05 09:00", "H1", "S1", lines=[A]), settlement("03-05 10:00", "H1", "S2", lines=[B])],
        DAY,
    ),
    Story("not yet in force", [VISIT], pairs(("A", "B", "day", "2026-03-06"))),
    Story(
        "the pair's reach as it was on the day",
        [*STAY, APART],
        pairs(("A", "B", "encounter"), ("A", "B", "day", "2026-03-03")),
        [("D04", 1, "15.00")],
    ),
    Story(
        "one of them was refunded",
        [
            settlement(
                "03-05 09:00",
                lines=[A, B, line("4", code="B", amount="-20.00", quantity="-1", refunds_line_id="2")],
            )
        ],
        DAY,
    ),
    Story("the visit was cancelled", [VISIT, cancellation("03-05 10:00", VISIT)], DAY),
    Story(
        "lines of a stay without a day, anywhere in it",
        [*STAY, fee_lines("03-05 08:00", A, B)],
        ENCOUNTER,
        [("D04", 1, "15.00")],
    ),
    Story("lines of a stay without a day, on one day", [*STAY, fee_lines("03-05 08:00", A, B)], DAY),
]
