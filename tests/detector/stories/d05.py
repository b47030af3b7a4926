"""D05 分解项目收费: its cases."""

from decimal import Decimal

from schemas.registry import Bundle, Price, Registry
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, settlement, stay

STAY = stay("03-01 09:00", "03-05 09:00")
THREE = [Bundle("PANEL", code, "contains") for code in ("ALT", "AST", "GGT")]
KNOWN = Registry({"bundles": THREE})
PRICED = Registry({"bundles": THREE, "prices": [Price("PANEL", max_price=Decimal("25.00"))]})
LATER = Registry({"bundles": [Bundle("PANEL", "ALT", "contains", "2026-03-06")]})


def billed(*codes: str, **given) -> list[dict]:
    """A line of ten yuan for each code."""
    return [line(f"{n}", code=code, **given) for n, code in enumerate(codes)]


def visit(*codes: str, name: str = "S1", **given) -> dict:
    return settlement("03-05 09:00", "H1", name, lines=billed(*codes, **given))


BOTH = visit("PANEL", "ALT", "AST")

STORIES = [
    Story("a panel and two of its components", [BOTH], KNOWN, [("D05", 1, "20.00")]),
    Story(
        "what is within policy counts",
        [visit("PANEL", "ALT", covered_amount="8.00")],
        KNOWN,
        [("D05", 1, "8.00")],
    ),
    Story("the panel alone", [visit("PANEL")], KNOWN),
    Story("two components alone: only these were needed", [visit("ALT", "AST")], PRICED),
    Story(
        "all components, dearer than their panel", [visit("ALT", "AST", "GGT")], PRICED, [("D05", 2, "5.00")]
    ),
    Story(
        "all components, of half of which the fund pays",
        [visit("ALT", "AST", "GGT", covered_amount="5.00")],
        PRICED,
        [("D05", 2, "2.50")],
    ),
    Story("all components, and nobody knows what the panel costs", [visit("ALT", "AST", "GGT")], KNOWN),
    Story("all components, no dearer than their panel", [visit("ALT", "AST", "GGT", amount="8.33")], PRICED),
    Story("on two bills", [visit("PANEL"), visit("ALT", "AST", name="S2")], KNOWN),
    Story(
        "on two days of a stay",
        [
            *STAY,
            fee_lines(
                "03-05 08:00", line("1", "03-02 09:00", code="PANEL"), line("2", "03-03 09:00", code="ALT")
            ),
        ],
        KNOWN,
    ),
    Story("no days are known", [*STAY, fee_lines("03-05 08:00", *billed("PANEL", "ALT"))], KNOWN),
    Story("not yet in force", [BOTH], LATER),
    Story("nothing is known", [BOTH]),
    Story(
        "the panel was refunded",
        [
            settlement(
                "03-05 09:00",
                lines=[
                    *billed("PANEL", "ALT"),
                    line("R", code="PANEL", amount="-10.00", quantity="-1", refunds_line_id="0"),
                ],
            )
        ],
        KNOWN,
    ),
    Story("the visit was cancelled", [BOTH, cancellation("03-05 10:00", BOTH)], KNOWN),
]
