"""A06 同日多机构就诊购药: its cases."""

from schemas.records import Pack
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, registry_of, settlement, swipe

TWO = [settlement("03-05 09:00", "H1", "S1"), settlement("03-05 11:00", "H2", "S2")]
CAUGHT = [("A06", 3, "180.00")]
PACKS = registry_of(Pack("X1", ingredient="ibuprofen"), Pack("X2", ingredient="ibuprofen"))


def _bought(at: str, place: str, code: str, number: str = "", **given) -> dict:
    sold = line("L1", category="09", **{"code": code, **given})
    return swipe(at, place, f"S{place}{number}", lines=[sold])


ONE_DRUG = [_bought("03-05 10:00", "P1", "X1"), _bought("03-05 15:00", "P2", "X2")]
THIRD = swipe("03-05 16:00", "P1", "S3")

STORIES = [
    Story("three institutions on a day", [*TWO, THIRD], expects=CAUGHT),
    Story("the day ends at midnight", [*TWO, swipe("03-05 23:59:59", "P1")], expects=CAUGHT),
    Story("the next day is another", [*TWO, swipe("03-06 00:00:01", "P1")]),
    Story("a bare date is of its day", [*TWO, swipe("03-05", "P1")], expects=CAUGHT),
    Story("two institutions are common", [*TWO, swipe("03-05 12:00", "H2")]),
    Story("another person's visit does not count", [*TWO, swipe("03-05 12:00", "P1", person="person-2")]),
    Story("one of three was cancelled", [*TWO, THIRD, cancellation("03-05 17:00", THIRD)]),
    Story(
        "one of four was cancelled",
        [*TWO, THIRD, settlement("03-05 18:00", "H3", "S4"), cancellation("03-05 17:00", THIRD)],
        expects=CAUGHT,
    ),
    Story(
        "a stay's settlement on that day is no visit",
        [*TWO, settlement("03-05 12:00", "H3", med_type="21")],
    ),
    Story(
        "the prescription of the hospital is filled by a pharmacy",
        [*TWO, swipe("03-05 13:00", "P1", lines=[line("L1", category="09", external_prescription=True)])],
    ),
    Story(
        "a prescription passed from door to door",
        [
            settlement("03-05 09:00", "H1", prescription_id="R1"),
            settlement("03-05 11:00", "H2", prescription_id="R1"),
            swipe("03-05 13:00", "P1", prescription_id="R1"),
        ],
    ),
    Story(
        "another prescription was bought",
        [
            settlement("03-05 09:00", "H1", prescription_id="R1"),
            settlement("03-05 11:00", "H2", prescription_id="R1"),
            swipe("03-05 13:00", "P1", prescription_id="R2"),
        ],
        expects=CAUGHT,
    ),
    Story(
        "a prescription cannot be filled before it is written",
        [*TWO, swipe("03-05 08:00", "P1", lines=[line("L1", external_prescription=True)])],
        expects=CAUGHT,
    ),
    Story(
        "an external prescription that came with lines of their own",
        [
            *TWO,
            swipe("03-05 13:00", "P1", "S3", encounter="E3"),
            fee_lines(
                "03-05 13:00", line("L1", external_prescription=True), institution="P1", encounter="E3"
            ),
        ],
    ),
    Story("one ingredient at two pharmacies", ONE_DRUG, PACKS, expects=[("A06", 3, "120.00")]),
    Story("two codes of which no pack is known", ONE_DRUG),
    Story(
        "one code at two pharmacies, billed as a drug",
        [_bought("03-05 10:00", "P1", "X9"), _bought("03-05 15:00", "P2", "X9")],
        expects=[("A06", 3, "120.00")],
    ),
    Story(
        "one ingredient twice at one pharmacy",
        [_bought("03-05 10:00", "P1", "X1", "a"), _bought("03-05 15:00", "P1", "X2", "b")],
        PACKS,
    ),
    Story(
        "one ingredient on two days",
        [_bought("03-05 10:00", "P1", "X1"), _bought("03-06 10:00", "P2", "X2")],
        PACKS,
    ),
    Story(
        "one of the two was given back",
        [
            ONE_DRUG[0],
            swipe(
                "03-05 15:00",
                "P2",
                "S2",
                lines=[
                    line("L1", code="X2", category="09"),
                    line("L2", amount="-10.00", code="X2", category="09", refunds_line_id="L1"),
                ],
            ),
        ],
        PACKS,
    ),
    Story(
        "one of the two filled a prescription of the day",
        [
            settlement("03-05 09:00", "H1"),
            ONE_DRUG[0],
            _bought("03-05 15:00", "P2", "X2", external_prescription=True),
        ],
        PACKS,
    ),
]
