"""A13 人脸/实人核验不符: its cases."""

from schemas.records import FaceCheck
from tests.detector.stories import Story
from tests.support.entries import (
    admission,
    cancellation,
    identity_check,
    registry_of,
    settlement,
    swipe,
)

REQUIRED = registry_of(FaceCheck("P1", "2026-03-01", "2026-03-31"))
CARD = {"kind": "social_card", "number": "c1"}
BOUGHT = swipe("03-05 10:00", "P1", "S1", encounter="M1", card=CARD)
MISMATCH = identity_check("03-05 09:59", "mismatch")
SKIPPED = identity_check("03-05 09:59", "skipped")
MATCH = identity_check("03-05 09:59:30", "match")
GRAVE, LIGHT = [("A13", 2, "60.00")], [("A13", 3, "60.00")]


def _bought(**given) -> dict:
    return swipe("03-05 10:00", "P1", "S1", encounter="M1", **{"card": CARD, **given})


STORIES = [
    Story("settled although the face did not match", [BOUGHT, MISMATCH], expects=GRAVE),
    Story("a mismatch where a check is required", [BOUGHT, MISMATCH], REQUIRED, expects=GRAVE),
    Story("nothing was settled after the mismatch", [MISMATCH]),
    Story(
        "admitted although the face did not match",
        [admission("03-05 10:00", "P1"), MISMATCH],
        expects=[("A13", 2, "0.00")],
    ),
    Story("the second look matched", [BOUGHT, MISMATCH, MATCH], REQUIRED),
    Story(
        "the last look did not match",
        [BOUGHT, MATCH, identity_check("03-05 09:59:40", "mismatch")],
        REQUIRED,
        expects=GRAVE,
    ),
    Story(
        "another encounter's mismatch", [BOUGHT, identity_check("03-05 09:59", "mismatch", encounter="M2")]
    ),
    Story("skipped where it is required", [BOUGHT, SKIPPED], REQUIRED, expects=LIGHT),
    Story("skipped where none is required", [BOUGHT, SKIPPED]),
    Story("skipped, then looked after all", [BOUGHT, SKIPPED, MATCH], REQUIRED),
    Story("a card without a check where it is required", [BOUGHT], REQUIRED, expects=LIGHT),
    Story("a card without a check where none is required", [BOUGHT]),
    Story(
        "the day before checks are required",
        [swipe("02-28 10:00", "P1", "S1", encounter="M1", card=CARD)],
        REQUIRED,
    ),
    Story("a card that matched", [BOUGHT, MATCH], REQUIRED),
    Story(
        "an electronic voucher shows the face by itself",
        [_bought(card={"kind": "e_voucher", "number": "c1"})],
        REQUIRED,
    ),
    Story("a card that is not named says nothing", [_bought(card=None)], REQUIRED),
    Story("a declared agent", [_bought(channel="agent"), MISMATCH], REQUIRED),
    Story("a delivery", [_bought(channel="delivery")], REQUIRED),
    Story(
        "an internet consultation",
        [settlement("03-05 10:00", "P1", encounter="M1", channel="internet", card=CARD)],
        REQUIRED,
    ),
    Story("the settlement was cancelled", [BOUGHT, MISMATCH, cancellation("03-05 11:00", BOUGHT)], REQUIRED),
    Story(
        "the check was cancelled", [BOUGHT, MISMATCH, MATCH, cancellation("03-05 11:00", MISMATCH)], REQUIRED
    ),
]
