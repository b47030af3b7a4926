"""D17 发票重复使用: its cases."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, corrected, settlement

LONG = "44060124000000012345"


def _visit(at: str, number: str, who: str = "p1", place: str = "H1", invoice: str = "V1001", **given) -> dict:
    return settlement(at, place, number, who, invoice_no=invoice, **given)


FIRST = _visit("03-05 09:00", "S1")
AGAIN = _visit("03-08 15:00", "S2", fund="45.00")
FOUND = [("D17", 1, "45.00")]

STORIES = [
    Story("the same invoice three days later", [FIRST, AGAIN], expects=FOUND),
    Story("the same invoice for another person", [FIRST, _visit("03-05 09:10", "S2", "p2", fund="45.00")],
          expects=FOUND),
    Story("three visits on one invoice", [FIRST, AGAIN, _visit("04-08 15:00", "S3", "p3", fund="5.00")],
          expects=[("D17", 1, "50.00")]),
    Story("two invoices", [FIRST, _visit("03-08 15:00", "S2", invoice="V1002")]),
    Story("no invoice",
          [_visit("03-05 09:00", "S1", invoice=None), _visit("03-08 15:00", "S2", invoice=None)]),
    Story("a short number at two institutions", [FIRST, _visit("03-08 15:00", "S2", place="H2")]),
    Story("an electronic invoice at two institutions",
          [_visit("03-05 09:00", "S1", invoice=LONG),
           _visit("03-08 15:00", "S2", "p2", "H2", LONG, fund="45.00")],
          expects=FOUND),
    Story("one encounter settled in parts",
          [_visit("03-05 09:00", "S1", encounter="E1"), _visit("03-08 09:00", "S2", encounter="E1")]),
    Story("one person at the counter for half an hour", [FIRST, _visit("03-05 09:30", "S2")]),
    Story("a second more than half an hour",
          [FIRST, _visit("03-05 09:30:01", "S2", fund="45.00")], expects=FOUND),
    Story("zeros in place of a number", [
        _visit("03-05 09:00", "S1", invoice="00000000"), _visit("03-08 15:00", "S2", invoice="00000000"),
    ]),
    Story("one number for twenty-one visits",
          [_visit(f"03-{n:02d} 09:00", f"S{n}", f"p{n}") for n in range(1, 22)]),
    Story("the first was cancelled", [FIRST, AGAIN, cancellation("03-05 09:20", FIRST)]),
    Story("the number was corrected", [FIRST, AGAIN, corrected(AGAIN, "03-09 10:00", invoice_no="V1009")]),
]  # fmt: skip
