"""Stock of the pharmacies that report it: what was counted, bought and sold agrees with what was settled.

Written last, from the settlements that stand: a count to begin with, deliveries ahead of the sales, counts
that agree with the books. Pharmacies whose shelves belong to a story report only what the story says.
"""

from collections import defaultdict
from typing import Any

from services.demo.almanac import DAY, HOUR, MINUTE
from services.demo.geography import Institution
from services.demo.ledger import Ledger

_DELIVERY_DAYS = 21
_RESERVE = 20
_REPORTS_SALES = 2

Sales = dict[str, list[tuple[int, int, list[str]]]]


def move(
    ledger: Ledger, place: Institution, at: int, code: str, movement: str, quantity: int, **more: Any
) -> None:
    """One stock movement; `more`: trace codes, document."""
    event = ledger.head("stock", place, at)
    event |= {"product_code": code, "movement": movement, "quantity": quantity, **more}
    event.setdefault("document_id", ledger.new_id("R", place))
    ledger.post(event, at + ledger.delay())


def keep_books(ledger: Ledger, told: set[int]) -> None:
    """Stock of every reporting pharmacy but those of which a story has told (institution indexes)."""
    places = {
        place.institution_id: place
        for place in ledger.geography.institutions
        if place.index in ledger.standing.reporting and place.index not in told
    }
    for number, (place_id, sales) in enumerate(sorted(_sales(ledger, set(places)).items())):
        for code, sold in sorted(sales.items()):
            _shelf(ledger, places[place_id], code, sorted(sold), with_sales=number < _REPORTS_SALES)


def _sales(ledger: Ledger, places: set[str]) -> dict[str, Sales]:
    """Institution → drug → (second, packs, trace codes) of every settlement, cancelled ones too: those went
    back on the shelf, so that the books only hold more than was sold."""
    found: dict[str, Sales] = defaultdict(lambda: defaultdict(list))
    seen = set()
    for recorded, _, event in ledger.posted:
        number = (event["institution_id"], event.get("settlement_id"))
        if event["type"] != "settlement" or number[0] not in places or number in seen:
            continue
        seen.add(number)
        for line in event.get("lines", ()):
            if not line.get("split_pack") and line["unit"] != "片":
                found[number[0]][line["code"]].append(
                    (recorded, line["quantity"], line.get("trace_codes", []))
                )
    return found


def _shelf(
    ledger: Ledger,
    place: Institution,
    code: str,
    sold: list[tuple[int, int, list[str]]],
    *,
    with_sales: bool,
) -> None:
    """A count at the county's beginning, and deliveries that keep ahead of the sales."""
    rng = ledger.rng
    opening = _RESERVE + int(rng.random() * _RESERVE)
    first = ledger.start // DAY
    move(ledger, place, first * DAY + 6 * HOUR + int(rng.random() * HOUR), code, "count", opening)
    last = (ledger.until // DAY - first) // _DELIVERY_DAYS
    by_delivery: dict[int, list[tuple[int, int, list[str]]]] = defaultdict(list)
    for sale in sold:
        by_delivery[min(last, (sale[0] // DAY - first) // _DELIVERY_DAYS)].append(sale)
    for delivery, sales in sorted(by_delivery.items()):
        at = (first + delivery * _DELIVERY_DAYS) * DAY + 7 * HOUR + int(rng.random() * 30 * MINUTE)
        traced = [trace for _, _, codes in sales for trace in codes]
        more = {"trace_codes": traced} if traced else {}
        move(ledger, place, at, code, "purchase", sum(sale[1] for sale in sales), **more)
    if with_sales:
        for at, quantity, codes in sold:
            move(ledger, place, at, code, "sale", quantity, **({"trace_codes": codes} if codes else {}))
