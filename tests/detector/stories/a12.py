"""A12 凭证混用: its cases."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, settlement, swipe

CARD = {"kind": "social_card", "number": "card-1"}


def _use(at: str, who: str, **given) -> dict:
    return swipe(at, given.pop("place", "P1"), f"S-{who}-{at}", person=who, **{"card": CARD, **given})


TWO = [_use("03-05 09:00", "p1"), _use("03-05 17:00", "p2", fund="50.00")]
THREE = [*TWO, _use("03-05 18:00", "p3", place="P2", fund="40.00")]

STORIES = [
    Story("one card for two persons on one day", TWO, expects=[("A12", 3, "50.00")]),
    Story("one card for three persons at two pharmacies", THREE, expects=[("A12", 2, "90.00")]),
    Story("the owner twice", [TWO[0], _use("03-05 17:00", "p1")]),
    Story("two persons with cards of their own",
          [TWO[0], _use("03-05 17:00", "p2", card=CARD | {"number": "2"})]),
    Story("two days", [TWO[0], _use("03-06 00:00:01", "p2")]),
    Story("to the last second of the day", [_use("03-05 00:00:01", "p1"), _use("03-05 23:59:59", "p2")],
          expects=[("A12", 3, "60.00")]),
    Story("no card was shown", [_use("03-05 09:00", "p1", card=None), _use("03-05 17:00", "p2", card=None)]),
    Story("a relative's account pays for the second",
          [TWO[0], _use("03-05 17:00", "p2", amounts={"family": "5.00"})]),
    Story("a newborn on the mother's card", [
        settlement("03-05 09:00", "H1", "S1", "p1", card=CARD),
        settlement("03-05 17:00", "H1", "S2", "p2", card=CARD, med_type="9901"),
    ]),
    Story("a third use by a relative leaves two persons",
          [*TWO, _use("03-05 18:00", "p3", amounts={"family": "5.00"})], expects=[("A12", 3, "50.00")]),
    Story("fifty-one persons with one number", [_use(f"03-05 09:{n:02d}", f"p{n}") for n in range(51)]),
    Story("the second was cancelled", [*TWO, cancellation("03-05 18:00", TWO[1])]),
    Story("a bare date is a day too", [TWO[0], _use("03-05", "p2")], expects=[("A12", 3, "60.00")]),
]  # fmt: skip
