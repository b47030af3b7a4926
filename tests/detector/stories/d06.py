"""D06 手术折价未执行: its cases."""

from decimal import Decimal

from schemas.registry import Bundle, Institution, Price, Registry
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, stay

STAY = stay("03-01 09:00", "03-05 09:00")
PRICES = [
    Price("GALL", max_price=Decimal("1320.00"), second_operation_percent=Decimal(50)),
    Price("HERNIA", max_price=Decimal("860.00"), second_operation_percent=Decimal(50)),
    Price("MOLE", max_price=Decimal("100.00")),
]
NEEDS = [Bundle(code, "SLEEP", "requires") for code in ("GALL", "HERNIA")]
KNOWN = Registry({"prices": PRICES})
WITH_NEEDS = Registry({"prices": PRICES, "bundles": NEEDS})
BY_LEVEL = Registry(
    {
        "institutions": [Institution("H1", level=2)],
        "prices": [*PRICES[:1], Price("HERNIA", 2, Decimal("1000.00"), None, Decimal(80))],
    }
)


def operated(*parts: tuple[str, str], **given) -> dict:
    """Operations of the second day: (code, amount)."""
    values = {"category": "06", **given}
    lines = [
        line(f"{n}", "03-02 10:00", amount, code=code, **values) for n, (code, amount) in enumerate(parts)
    ]
    return fee_lines("03-05 08:00", *lines)


def asleep(times: int) -> dict:
    return fee_lines(
        "03-05 08:30", line("A", "03-02 09:00", "600.00", code="SLEEP", category="05", quantity=str(times))
    )


FULL = operated(("GALL", "1320.00"), ("HERNIA", "860.00"))
FOUND = [("D06", 1, "430.00")]

STORIES = [
    Story("both at the full price", [*STAY, FULL], KNOWN, FOUND),
    Story("the second at its share", [*STAY, operated(("GALL", "1320.00"), ("HERNIA", "430.00"))], KNOWN),
    Story(
        "a cent more than its share is rounding",
        [*STAY, operated(("GALL", "1320.00"), ("HERNIA", "430.01"))],
        KNOWN,
    ),
    Story(
        "two cents more are not",
        [*STAY, operated(("GALL", "1320.00"), ("HERNIA", "430.02"))],
        KNOWN,
        [("D06", 1, "0.02")],
    ),
    Story(
        "the dearer one at its share serves as well",
        [*STAY, operated(("GALL", "660.00"), ("HERNIA", "860.00"))],
        KNOWN,
    ),
    Story(
        "what is within policy counts",
        [*STAY, operated(("GALL", "1320.00"), ("HERNIA", "860.00"), covered_amount="500.00")],
        KNOWN,
        [("D06", 1, "197.25")],
    ),
    Story("one anaesthesia for both", [*STAY, FULL, asleep(1)], WITH_NEEDS, FOUND),
    Story("an anaesthesia each: two sessions", [*STAY, FULL, asleep(2)], WITH_NEEDS),
    Story(
        "on two days",
        [
            *STAY,
            fee_lines(
                "03-05 08:00",
                line("1", "03-02 10:00", "1320.00", code="GALL", category="06"),
                line("2", "03-03 10:00", "860.00", code="HERNIA", category="06"),
            ),
        ],
        KNOWN,
    ),
    Story(
        "an operation that has no share", [*STAY, operated(("GALL", "1320.00"), ("MOLE", "100.00"))], KNOWN
    ),
    Story(
        "what is no operation",
        [*STAY, operated(("GALL", "1320.00"), ("HERNIA", "860.00"), category="05")],
        KNOWN,
    ),
    Story("the prices of the level", [*STAY, FULL], BY_LEVEL, [("D06", 1, "60.00")]),
    Story("nothing is known", [*STAY, FULL]),
    Story("the lines were cancelled", [*STAY, FULL, cancellation("03-06 08:00", FULL)], KNOWN),
]
