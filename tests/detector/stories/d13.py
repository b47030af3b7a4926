"""D13 追溯码重复: its cases."""

from schemas.registry import Institution
from tests.detector.stories import Story
from tests.support.entries import (
    cancellation,
    corrected,
    fee_lines,
    inpatient,
    line,
    registry_of,
    stock,
    swipe,
)

CODE = "81234567890123456789"


def _sale(at: str, number: str, who: str, place: str = "P1", codes: tuple = (CODE,), **given) -> dict:
    sold = line("1", amount="30.00", covered_amount="25.00", category="09", trace_codes=list(codes), **given)
    return swipe(at, place, number, person=who, lines=[sold])


FIRST = _sale("03-05 09:00", "S1", "p1")
AGAIN = _sale("03-11 15:00", "S2", "p2", "P2")
FOUND = [("D13", 1, "25.00")]

OTHER = "81234567890123456780"
ZEROS = "0" * 20

RETURN = stock("03-06 10:00", "sale_return", [CODE])
BOUGHT = stock("03-01 08:00", "purchase", [CODE, OTHER], "P2")
SHOPS = [Institution(institution_id=name) for name in ("P1", "P2", "P3")]
KNOWN = registry_of(*SHOPS)
CHAIN = registry_of(*(Institution(institution_id=name, chain_id="C") for name in ("P1", "P2")))

STORIES = [
    Story("one pack sold at two pharmacies", [FIRST, AGAIN], expects=FOUND),
    Story("one pack sold twice to one person", [FIRST, _sale("03-05 09:20", "S2", "p1")], expects=FOUND),
    Story("three sales", [FIRST, AGAIN, _sale("03-12 15:00", "S3", "p3")], expects=[("D13", 1, "50.00")]),
    Story("one of two packs of a line was sold before", [
        FIRST, _sale("03-11 15:00", "S2", "p2", "P2", (CODE, "8999999999012345678"), quantity="2"),
    ], expects=[("D13", 1, "12.50")]),
    Story("two packs", [FIRST, _sale("03-11 15:00", "S2", "p2", codes=(OTHER,))]),
    Story("no code", [
        _sale("03-05 09:00", "S1", "p1", codes=()), _sale("03-11 15:00", "S2", "p2", codes=()),
    ]),
    Story("scanned twice at one counter", [_sale("03-05 09:00", "S1", "p1", codes=(CODE, CODE))]),
    Story("sold in parts", [
        _sale("03-05 09:00", "S1", "p1", split_pack=True), _sale("03-11 15:00", "S2", "p2", split_pack=True),
    ]),
    Story("a part is no whole pack", [FIRST, _sale("03-11 15:00", "S2", "p2", split_pack=True)]),
    Story("zeros in place of a code", [
        _sale("03-05 09:00", "S1", "p1", codes=(ZEROS,)), _sale("03-11 15:00", "S2", "p2", codes=(ZEROS,)),
    ]),
    Story("twenty-one sales of one code",
          [_sale(f"03-{n:02d} 09:00", f"S{n}", f"p{n}") for n in range(1, 22)]),
    Story("the first sale was cancelled before the second", [
        FIRST, cancellation("03-05 09:35", FIRST), _sale("03-07 10:00", "S2", "p2"),
    ]),
    Story("the first line was taken back", [
        FIRST,
        cancellation("03-05 09:35", FIRST, cancels={"type": "fee_lines", "id": "E-S1", "line_id": "1"}),
        _sale("03-07 10:00", "S2", "p2"),
    ]),
    Story("the code was corrected", [
        FIRST, AGAIN, corrected(AGAIN, "03-12 08:00", lines=[line("1", trace_codes=[OTHER])]),
    ]),
    Story("what a ward gives in two stays", [
        [inpatient("03-01 09:00", "03-05 09:00", "H1", f"M{n}", person=f"p{n}"),
         fee_lines("03-02 09:00", line("1", trace_codes=[CODE]), encounter=f"M{n}", person=f"p{n}")]
        for n in (1, 2)
    ]),
    Story("a clinic's lines tell before it settles", [
        FIRST, fee_lines("03-11 15:00", line("1", covered_amount="9.00", trace_codes=[CODE]), encounter="E9",
                         person="p2"),
    ], expects=[("D13", 1, "9.00")]),
    Story("the stock reports the same sale",
          [FIRST, stock("03-05 21:00", "sale", [CODE])]),
    Story("the stock reports both sales", [
        FIRST, AGAIN, stock("03-05 21:00", "sale", [CODE]), stock("03-11 21:00", "sale", [CODE], "P2"),
    ], expects=FOUND),
    Story("sold for cash before", [stock("03-02 21:00", "sale", [CODE], "P2"), FIRST],
          expects=[("D13", 1, "25.00")]),
    Story("sold for cash twice is nothing the fund pays for",
          [stock("03-02 21:00", "sale", [CODE]), stock("03-05 21:00", "sale", [CODE], "P2")]),
    Story("scanned twice for one document within five minutes", [
        FIRST, stock("03-05 21:00", "sale", [CODE], document_id="R1"),
        stock("03-05 21:05", "sale", [CODE], document_id="R1"),
    ]),
    Story("the same document later", [
        FIRST, stock("03-05 21:00", "sale", [CODE], document_id="R1"),
        stock("03-05 21:05:01", "sale", [CODE], document_id="R1"),
    ], expects=[("D13", 1, "0.00")]),
    Story("returned between the two sales", [
        FIRST, stock("03-06 10:00", "sale_return", [CODE]), _sale("03-07 10:00", "S2", "p2"),
    ]),
    Story("returned after both sales", [
        FIRST, _sale("03-07 10:00", "S2", "p2"), _sale("03-08 10:00", "S3", "p3"),
        stock("03-09 10:00", "sale_return", [CODE]),
    ], expects=[("D13", 1, "25.00")]),
    Story("returned to another pharmacy", [
        FIRST, stock("03-06 10:00", "sale_return", [CODE], "P3"), _sale("03-07 10:00", "S2", "p2"),
    ], expects=FOUND),
    Story("the return was cancelled", [
        FIRST, RETURN, cancellation("03-06 11:00", RETURN), _sale("03-07 10:00", "S2", "p2"),
    ], expects=FOUND),
    Story("a part is reported sold", [FIRST, stock("03-02 21:00", "sale", [CODE], "P2", quantity="0.5")]),
    Story("bought by another pharmacy", [FIRST, BOUGHT], KNOWN, [("D13", 1, "25.00")]),
    Story("bought by both", [FIRST, BOUGHT, stock("03-02 08:00", "purchase", [CODE])], KNOWN),
    Story("the other pharmacy sent it back",
          [FIRST, BOUGHT, stock("03-02 08:00", "purchase_return", [CODE], "P2")], KNOWN),
    Story("bought by another shop of the chain", [FIRST, BOUGHT], CHAIN),
    Story("nothing is known of the two pharmacies", [FIRST, BOUGHT]),
    Story("nobody reports purchases", [FIRST], KNOWN),
    Story("the purchase was cancelled", [FIRST, BOUGHT, cancellation("03-01 09:00", BOUGHT)], KNOWN),
]  # fmt: skip
