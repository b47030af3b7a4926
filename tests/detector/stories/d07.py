"""D07 超标准收费: its cases."""

from decimal import Decimal

from schemas.registry import Institution, Price, Registry
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, settlement, stay

CAP = Price("ECHO", max_price=Decimal("100.00"))
KNOWN = Registry({"prices": [CAP]})
LEVELS = Registry(
    {
        "institutions": [Institution("H1", level=2), Institution("H3", level=3)],
        "prices": [Price("ECHO", 2, Decimal("100.00")), Price("ECHO", 3, Decimal("120.00"))],
    }
)
RISEN = Registry({"prices": [CAP, Price("ECHO", max_price=Decimal("130.00"), effective_from="2026-03-05")]})
MARKED = Registry({"prices": [Price("ECHO", max_price=Decimal("100.00"), markup_percent=Decimal(15))]})


def visit(amount: str, at: str = "03-05 09:00", place: str = "H1", **given) -> dict:
    return settlement(at, place, "S1", lines=[line("1", amount=amount, code="ECHO", **given)])


DEAR = visit("150.00")
SLICES = {"category": "10"}

STORIES = [
    Story("half as much again", [DEAR], KNOWN, [("D07", 1, "50.00")]),
    Story("at the cap", [visit("100.00")], KNOWN),
    Story("a cent above it", [visit("100.01")], KNOWN),
    Story("two cents above it", [visit("100.02")], KNOWN, [("D07", 1, "0.02")]),
    Story("the price is of a unit", [visit("200.00", quantity="2")], KNOWN),
    Story(
        "three units at a price too high",
        [visit("360.00", quantity="3", unit_price="120.00", covered_amount="180.00")],
        KNOWN,
        [("D07", 1, "30.00")],
    ),
    Story("at its level it is too much", [visit("120.00")], LEVELS, [("D07", 1, "20.00")]),
    Story("at a higher level it may cost more", [visit("120.00", place="H3")], LEVELS),
    Story("the level is not known", [visit("150.00", place="H9")], LEVELS),
    Story("the cap of the day", [visit("130.00")], RISEN),
    Story("the day before it was lower", [visit("130.00", "03-04 09:00")], RISEN, [("D07", 1, "30.00")]),
    Story("a mark-up is allowed", [visit("115.00")], MARKED),
    Story("more than the mark-up", [visit("120.00")], MARKED, [("D07", 1, "5.00")]),
    Story("herbal slices with a quarter on top", [visit("125.00", **SLICES)], KNOWN),
    Story("herbal slices with more", [visit("130.00", **SLICES)], KNOWN, [("D07", 1, "5.00")]),
    Story(
        "the registry's mark-up on slices goes before",
        [visit("125.00", **SLICES)],
        MARKED,
        [("D07", 1, "10.00")],
    ),
    Story("an amount that does not multiply is no evidence", [visit("150.00", unit_price="75.00")], KNOWN),
    Story(
        "two lines of a stay are one finding",
        [
            *stay("03-01 09:00", "03-05 09:00"),
            fee_lines(
                "03-05 08:00",
                line("1", amount="150.00", code="ECHO"),
                line("2", amount="120.00", code="ECHO"),
                line("3", amount="90.00", code="ECHO"),
            ),
        ],
        KNOWN,
        [("D07", 1, "70.00")],
    ),
    Story("nothing is known", [DEAR]),
    Story("the visit was cancelled", [DEAR, cancellation("03-05 10:00", DEAR)], KNOWN),
]
