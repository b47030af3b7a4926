"""F09 分解处方: its cases, at a limit of 200 yuan a visit."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, settlement


def pieces(*parts: tuple[str, str], place: str = "H1", **given) -> list[dict]:
    """Visits on 5 March at these times for these sums, of which the fund pays ten yuan more each."""
    return [
        settlement(f"03-05 {clock}", place, f"S{index}", total=total, fund=f"{10 * (index + 1)}.00", **given)
        for index, (clock, total) in enumerate(parts)
    ]


THREE = pieces(("08:00", "80.00"), ("09:00", "80.00"), ("10:00", "41.00"))
CAUGHT = [("F09", 2, "50.00")]
PAIR = [("F09", 2, "20.00")]
DOCTOR = {"practitioner_id": "D1"}


def _third(**given) -> list[dict]:
    return [*THREE[:2], {**THREE[2], **given}]


STORIES = [
    Story("three that together exceed the limit", THREE, expects=CAUGHT),
    Story("three that together reach it", pieces(("08:00", "80.00"), ("09:00", "80.00"), ("10:00", "40.00"))),
    Story("two within the day", pieces(("08:00", "150.00"), ("11:00", "150.00"))),
    Story(
        "one of three exceeds it by itself",
        pieces(("08:00", "80.00"), ("09:00", "80.00"), ("10:00", "201.00")),
    ),
    Story(
        "half of them are near the limit, though one exceeds it",
        pieces(("08:00", "180.00"), ("09:00", "200.00"), ("10:00", "300.00")),
        expects=CAUGHT,
    ),
    Story(
        "less than half are near it",
        pieces(("08:00", "179.99"), ("09:00", "200.00"), ("10:00", "300.00")),
    ),
    Story(
        "two by one doctor within half an hour",
        pieces(("08:00", "150.00"), ("08:30", "60.00"), **DOCTOR),
        expects=PAIR,
    ),
    Story("a minute more", pieces(("08:00", "150.00"), ("08:31", "60.00"), **DOCTOR)),
    Story("no doctor is named", pieces(("08:00", "150.00"), ("08:30", "60.00"))),
    Story(
        "two doctors",
        [
            settlement("03-05 08:00", "H1", "S1", total="150.00", practitioner_id="D1"),
            settlement("03-05 08:20", "H1", "S2", total="60.00", practitioner_id="D2"),
        ],
    ),
    Story("another department", _third(department="02")),
    Story("another chronic disease", _third(disease_code="M050")),
    Story("the afternoon", _third(occurred_at="2026-03-05T14:00:00+08:00")),
    Story("the next day", _third(occurred_at="2026-03-06T10:00:00+08:00")),
    Story("another institution", _third(institution_id="H2")),
    Story("a purchase is no visit", _third(med_type="41")),
    Story("nothing was charged", _third(amounts={"total": "0.00", "fund": "0.00"})),
    Story(
        "bare dates of one day", [{**piece, "occurred_at": "2026-03-05"} for piece in THREE], expects=CAUGHT
    ),
    Story("one of the three was cancelled", [*THREE, cancellation("03-05 11:00", THREE[1])]),
    Story(
        "one of the three was given back",
        [
            *THREE,
            {
                **THREE[1],
                "event_id": "back",
                "settlement_id": "B1",
                "amounts": {"total": "-80.00", "fund": "-20.00"},
            },
        ],
    ),
]
