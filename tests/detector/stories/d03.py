"""D03 单日超量: its cases."""

from decimal import Decimal

from schemas.registry import Limit, Registry
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, settlement, stay

STAY = stay("03-01 09:00", "03-05 09:00")


def limits(*rows: Limit) -> Registry:
    return Registry({"limits": list(rows)})


def scans(at: str, quantity: str = "1", place: str = "H1", name: str = "S1", **given) -> dict:
    """A visit with a scan of ten yuan."""
    return settlement(at, place, name, lines=[line("1", code="CT", quantity=quantity, **given)])


def scanned(*days: str | None) -> dict:
    """Scans of a stay by their days."""
    return fee_lines("03-05 08:00", *(line(f"L{n}", day, code="CT") for n, day in enumerate(days)))


ONE = limits(Limit("CT", day_max=Decimal(1), nature="clinical"))
ANATOMICAL = limits(Limit("CT", day_max=Decimal(1), nature="anatomical"))
TWO = limits(Limit("CT", day_max=Decimal(2)))
IN_ALL = limits(Limit("CT", encounter_max=Decimal(1)))
BOTH = limits(Limit("CT", encounter_max=Decimal(1), day_max=Decimal(1)))
RAISED = limits(
    Limit("CT", day_max=Decimal(2), effective_from="2026-01-01"),
    Limit("CT", day_max=Decimal(1), effective_from="2026-03-06"),
)
AFTERNOON = scans("03-05 15:00", place="H2")

STORIES = [
    Story("two on a day at two institutions", [scans("03-05 09:00"), AFTERNOON], ONE, [("D03", 2, "10.00")]),
    Story(
        "what anatomy does not allow is graver",
        [scans("03-05 09:00"), AFTERNOON],
        ANATOMICAL,
        [("D03", 1, "10.00")],
    ),
    Story("as many as allowed", [scans("03-05 09:00"), AFTERNOON], TWO),
    Story("without a nature it may have its reason", [scans("03-05 09:00", "3")], TWO, [("D03", 2, "3.33")]),
    Story("nothing is known", [scans("03-05 09:00", "3")]),
    Story("on two days", [scans("03-05 09:00"), scans("03-06 15:00", place="H2")], ONE),
    Story(
        "one of them was cancelled",
        [scans("03-05 09:00"), AFTERNOON, cancellation("03-05 16:00", AFTERNOON)],
        ONE,
    ),
    Story(
        "three visits of one day are one finding",
        [scans("03-05 09:00"), AFTERNOON, scans("03-05 18:00", place="H3")],
        ONE,
        [("D03", 2, "20.00")],
    ),
    Story("the limit of the day holds", [scans("03-05 09:00", "2")], RAISED),
    Story("from its day on the lower one", [scans("03-06 09:00", "2")], RAISED, [("D03", 2, "5.00")]),
    Story(
        "what is within policy counts",
        [scans("03-05 09:00", "2", covered_amount="4.00")],
        ONE,
        [("D03", 2, "2.00")],
    ),
    Story(
        "an encounter counts over its days",
        [*STAY, scanned("03-02 09:00", "03-03 09:00")],
        IN_ALL,
        [("D03", 2, "10.00")],
    ),
    Story(
        "a line without a day counts in its encounter only",
        [*STAY, scanned(None, None)],
        BOTH,
        [("D03", 2, "10.00")],
    ),
    Story("two encounters have their own", [scans("03-05 09:00"), scans("03-06 09:00", name="S2")], IN_ALL),
    Story(
        "a day and an encounter are two findings",
        [scans("03-05 09:00", "2")],
        BOTH,
        [("D03", 2, "5.00"), ("D03", 2, "5.00")],
    ),
]
