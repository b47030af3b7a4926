"""F08 大额前置审查: its cases (acceptance example 11)."""

from schemas.registry import Institution, Registry
from tests.detector.stories import Story
from tests.support.entries import cancellation, discharge, fee_lines, inpatient, line, settlement, stay

KNOWN = Registry(
    {"institutions": [Institution("H1", level=2), Institution("H3", level=3), Institution("T1", level=1)]}
)
STAY = stay("03-01 09:00", "03-09 09:00")
TASK = [("F08", 3, "0.00")]


def settled(total: str, place: str = "H1", **given) -> dict:
    return inpatient("03-01 09:00", "03-09 09:00", place, total=total, fund="3000.00", **given)


def billed(*amounts: str) -> dict:
    return fee_lines(
        "03-05 08:00", *(line(f"L{n}", "03-05 07:00", amount) for n, amount in enumerate(amounts))
    )


BACK = fee_lines("03-06 08:00", line("R", "03-06 07:00", "-0.01", quantity="-1", refunds_line_id="L1"))

STORIES = [
    Story("a cent less at level 2", [settled("4999.99")], KNOWN),
    Story("five thousand at level 2", [settled("5000.00")], KNOWN, [("F08", 3, "3000.00")]),
    Story("a cent less at level 3", [settled("9999.99", "H3")], KNOWN),
    Story("ten thousand at level 3", [settled("10000.00", "H3")], KNOWN, [("F08", 3, "3000.00")]),
    Story("level 1 is not reviewed", [settled("50000.00", "T1")], KNOWN),
    Story("the level is not known", [settled("50000.00")]),
    Story(
        "lines come to it while the patient lies in", [*STAY[:1], billed("2500.00", "2500.00")], KNOWN, TASK
    ),
    Story("lines come to less", [*STAY, billed("2500.00", "2499.99")], KNOWN),
    Story("a refund takes them below", [*STAY, billed("2500.00", "2500.00"), BACK], KNOWN),
    Story(
        "settlements in mid-stay are summed",
        [settled("3000.00", mid_stay=True), settled("2000.00", settlement_id="S2")],
        KNOWN,
        [("F08", 3, "6000.00")],
    ),
    Story(
        "lines and the settlement of them count once", [*STAY, billed("2500.00"), settled("2500.00")], KNOWN
    ),
    Story(
        "the settlement was cancelled",
        [*STAY, bill := settled("5000.00"), cancellation("03-10 09:00", bill)],
        KNOWN,
    ),
    Story(
        "the settlement was taken back",
        [
            *STAY,
            settled("5000.00"),
            inpatient("03-01 09:00", "03-09 09:00", settlement_id="S2", total="-5000.00", fund="-3000.00"),
        ],
        KNOWN,
    ),
    Story("a dear visit is no stay", [settlement("03-05 09:00", total="9000.00")], KNOWN),
    Story("lines without an admission", [billed("9000.00"), discharge("03-09 09:00")], KNOWN),
]
