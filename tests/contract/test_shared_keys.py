"""What persons share, on both runtimes: packs, cards, practitioners, invoices; stock goes by two hops."""

from tests.contract.conftest import Runtime
from tests.contract.test_law import rules_of
from tests.support.deployment import Door
from tests.support.entries import cancellation, line, settlement, stock, swipe

CODE = "81234567890123456789"


def sold(at: str, pharmacy: str, person: str) -> dict:
    """A settled purchase of the pack."""
    pack = line("1", amount="30.00", category="09", trace_codes=[CODE])
    return swipe(at, pharmacy, f"S-{person}", person=person, lines=[pack])


def test_a_pack_sold_for_cash_and_settled_elsewhere_is_found_until_the_sale_is_cancelled(
    runtime: Runtime,
):
    async def story(door: Door) -> None:
        for_cash = stock("03-02 10:00", "sale", [CODE], "X-P2")
        await door.post([for_cash, sold("03-05 10:00", "X-P1", "x1")])
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "X-P1") == ["D13"]
        await door.post([cancellation("03-06 10:00", for_cash)])
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "X-P1") == []
        await door.post([stock("03-07 10:00", "sale", [CODE], "X-P3")])
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "X-P1") == ["D13"]

    runtime.tell(story)


def test_a_card_and_an_invoice_of_several_persons_are_found_until_one_is_cancelled(runtime: Runtime):
    async def story(door: Door) -> None:
        card = {"kind": "social_card", "number": "card-of-y"}
        visits = [
            settlement(f"03-05 1{n}:00", "Y-H1", f"S{n}", f"y{n}", card=card, invoice_no="V100200300")
            for n in range(3)
        ]
        await door.post(visits)
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "Y-H1") == ["A12", "D17"]
        await door.post([cancellation("03-06 10:00", one) for one in visits[1:]])
        await runtime.settled(door)
        assert rules_of(await door.open_alerts(), "Y-H1") == []

    runtime.tell(story)
