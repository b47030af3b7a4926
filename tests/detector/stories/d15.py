"""D15 非医保项目纳入: its cases."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, swipe

SOAP = line("1", code="501000000000001", amount="39.00", covered_amount="39.00")
OIL = line("2", code="500000000000002", amount="89.00", covered_amount="50.00")
DRUG = line("3", code="XA02B", amount="15.00", covered_amount="15.00")
SOLD = swipe("03-05 09:00", lines=[SOAP, OIL, DRUG])

STORIES = [
    Story("washing liquid and oil as covered", [SOLD], expects=[("D15", 1, "89.00")]),
    Story("paid by the person", [swipe("03-05 09:00", lines=[{**SOAP, "covered_amount": "0.00"}, DRUG])]),
    Story(
        "nobody says whether it is covered", [swipe("03-05 09:00", lines=[line("1", code="501000000000001")])]
    ),
    Story("medicines", [swipe("03-05 09:00", lines=[DRUG])]),
    Story(
        "refunded",
        [
            swipe(
                "03-05 09:00",
                lines=[
                    SOAP,
                    line("4", code=SOAP["code"], amount="-39.00", quantity="-1", refunds_line_id="1"),
                ],
            )
        ],
    ),
    Story("uploaded and not settled", [fee_lines("03-05 09:00", SOAP)]),
    Story(
        "uploaded, then settled",
        [fee_lines("03-05 09:00", SOAP, institution="P1"), swipe("03-05 09:05", encounter="M1")],
        expects=[("D15", 1, "39.00")],
    ),
    Story("cancelled", [SOLD, cancellation("03-05 10:00", SOLD)]),
]
