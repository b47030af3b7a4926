"""C12 入出院与费用日期不符: its cases."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, corrected, discharge, fee_lines, line, stay

STAY = stay("03-10 09:00", "03-15 09:00")
FOUND = [("C12", 2, "10.00")]


def dated(*days: str, category: str = "05", **given) -> dict:
    return fee_lines(
        "03-15 08:00", *(line(f"L{n}", day, category=category, **given) for n, day in enumerate(days))
    )


LATE = dated("03-17 09:00")

STORIES = [
    Story("inside", [*STAY, dated("03-10 08:00", "03-12 10:00", "03-15 20:00")]),
    Story("a day before and a day after", [*STAY, dated("03-09 08:00", "03-16 20:00")]),
    Story("two days after", [*STAY, LATE], expects=FOUND),
    Story("two days before", [*STAY, dated("03-08 23:00")], expects=FOUND),
    Story(
        "examinations of three days before are merged",
        [*STAY, dated("03-07 08:00", "03-08 08:00", category="03")],
    ),
    Story("tests of four days before are not", [*STAY, dated("03-06 08:00", category="04")], expects=FOUND),
    Story(
        "examinations after the discharge are not",
        [*STAY, dated("03-17 08:00", category="03")],
        expects=FOUND,
    ),
    Story(
        "only what is odd counts",
        [
            *STAY,
            dated("03-07 08:00", category="03"),
            fee_lines("03-15 08:00", line("X", "03-18 09:00", covered_amount="7.00")),
        ],
        expects=[("C12", 2, "7.00")],
    ),
    Story("an open stay has no end", [*STAY[:1], LATE]),
    Story("before an open stay", [*STAY[:1], dated("03-01 08:00")], expects=FOUND),
    Story("bare dates", [*stay("03-10", "03-15"), dated("03-16")]),
    Story(
        "the discharge was later after all", [*STAY, LATE, corrected(discharge("03-16 09:00"), "03-18 09:00")]
    ),
    Story(
        "the line was refunded",
        [
            *STAY,
            LATE,
            fee_lines("03-18 09:00", line("R", "03-17 09:00", "-10.00", quantity="-1", refunds_line_id="L0")),
        ],
    ),
    Story("the lines were cancelled", [*STAY, LATE, cancellation("03-18 09:00", LATE)]),
    Story("no days are known", [*STAY, fee_lines("03-15 08:00", line("1"))]),
    Story("a visit is no stay", [fee_lines("03-15 08:00", line("1", "03-01 09:00"))]),
]
