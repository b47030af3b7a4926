"""D01 计费数量超住院天数: its cases (acceptance example 7)."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, corrected, discharge, fee_lines, inpatient, line, stay

STAY = stay("03-01 09:00", "03-05 09:00")
"""Four nights, five days."""
FOUND = [("D01", 1, "40.00")]


def beds(count: int, encounter: str = "M1", **given) -> dict:
    """Bed-days, a line of forty yuan each."""
    values = {"code": "BED", "category": "01", "unit": "日", **given}
    lines = [line(f"B{n}", f"03-{1 + n % 5:02d} 20:00", "40.00", **values) for n in range(count)]
    return fee_lines("03-05 08:00", *lines, encounter=encounter)


def days(quantity: str, **given) -> dict:
    """One line of so many days of nursing for a hundred yuan."""
    values = {"code": "NURSE", "category": "07", "unit": "日", "quantity": quantity, **given}
    return fee_lines("03-05 08:00", line("N1", "03-05 08:00", "100.00", **values))


SIX = beds(6)
BACK = line("R1", "03-05 20:00", "-40.00", code="BED", category="01", quantity="-1", refunds_line_id="B0")

STORIES = [
    Story("five bed days of four nights: the day of leaving is tolerated", [*STAY, beds(5)]),
    Story("six bed days of four nights", [*STAY, SIX], expects=FOUND),
    Story(
        "what is within policy counts",
        [*STAY, beds(6, covered_amount="30.00")],
        expects=[("D01", 1, "30.00")],
    ),
    Story("one bed day was refunded", [*STAY, SIX, fee_lines("03-05 08:30", BACK)]),
    Story(
        "one line was cancelled",
        [
            *STAY,
            SIX,
            cancellation("03-06 08:00", SIX, cancels={"type": "fee_lines", "id": "M1", "line_id": "B3"}),
        ],
    ),
    Story("five days of nursing", [*STAY, days("5")]),
    Story("six days of nursing", [*STAY, days("6")], expects=[("D01", 1, "16.67")]),
    Story("six times are not six days", [*STAY, days("6", unit="次")]),
    Story("whatever has the day for its unit", [*STAY, days("6", category="05")], expects=[("D01", 1, None)]),
    Story("nursing without a unit is by the day", [*STAY, days("6", unit=None)], expects=[("D01", 1, None)]),
    Story("a treatment without a unit is not", [*STAY, days("6", unit=None, category="05")]),
    Story(
        "two kinds of bed on the day of the transfer are counted apart",
        [
            *STAY,
            beds(4),
            fee_lines(
                "03-05 08:00",
                line("I1", "03-03 20:00", "200.00", code="ICU", category="01", unit="日", quantity="2"),
            ),
        ],
    ),
    Story("a companion's bed", [*STAY, beds(9, name="陪护床位费")]),
    Story("a mother and her newborn", [*stay("03-01 09:00", "03-05 09:00", med_type="52"), beds(9)]),
    Story(
        "a birth by its diagnosis",
        [*stay("03-01 09:00", "03-05 09:00", diagnoses=[{"code": "O80.000"}]), beds(9)],
    ),
    Story("an open stay is not judged", [*STAY[:1], SIX]),
    Story(
        "a discharge that was cancelled opens the stay again",
        [*STAY, SIX, cancellation("03-06 08:00", STAY[1])],
    ),
    Story("a later discharge makes room", [*STAY, SIX, corrected(discharge("03-06 09:00"), "03-06 10:00")]),
    Story("bare dates count days as well", [*stay("03-01", "03-05"), SIX], expects=FOUND),
    Story(
        "settlements in mid-stay are one bill",
        [
            inpatient(
                "03-01 09:00", "03-03 09:00", settlement_id="S1", mid_stay=True, lines=SIX["lines"][:3]
            ),
            inpatient("03-01 09:00", "03-05 09:00", settlement_id="S2", lines=SIX["lines"][3:]),
        ],
        expects=FOUND,
    ),
    Story(
        "a settlement that was taken back took its lines with it",
        [
            *STAY,
            inpatient("03-01 09:00", "03-05 09:00", settlement_id="S1", lines=SIX["lines"]),
            inpatient(
                "03-01 09:00",
                "03-05 09:00",
                settlement_id="S2",
                lines=SIX["lines"],
                total="-9000.00",
                fund="-6000.00",
            ),
        ],
    ),
]
