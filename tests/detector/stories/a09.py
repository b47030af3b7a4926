"""A09 参保状态异常: its cases."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, inpatient, person, person_status, settlement, stay, swipe

INSURED = person(insured_from="2026-02-01", insured_to="2026-03-10", birth_date="1970-01-01")
CAUGHT = [("A09", 2, "60.00")]
LATE = settlement("03-11 09:00", "H1", "S1")
SUSPENDED = person_status("suspended", "2026-03-01", "2026-03-20")

STORIES = [
    Story("the day after the insurance ended", [INSURED, LATE], expects=CAUGHT),
    Story("the last insured day", [INSURED, settlement("03-10 23:00", "H1")]),
    Story("the first insured day", [INSURED, settlement("02-01 00:30", "H1")]),
    Story("the day before the insurance began", [INSURED, settlement("01-31 23:00", "H1")], expects=CAUGHT),
    Story("a purchase counts as well", [INSURED, swipe("03-12 09:00")], expects=CAUGHT),
    Story("nothing is known of the person", [settlement("03-11 09:00", "H1")]),
    Story("nothing is known of the insurance", [person(birth_date="1970-01-01"), LATE]),
    Story("the benefits are suspended", [SUSPENDED, swipe("03-20 09:00")], expects=CAUGHT),
    Story("the suspension is over", [SUSPENDED, swipe("03-21 09:00")]),
    Story(
        "a suspension inside the insured days",
        [INSURED, SUSPENDED, settlement("03-05 09:00")],
        expects=CAUGHT,
    ),
    Story(
        "contributions paid afterwards count",
        [INSURED, person_status("normal", "2026-03-11"), LATE],
    ),
    Story(
        "a normal standing after a suspension counts from its day",
        [SUSPENDED, person_status("normal", "2026-03-05"), settlement("03-05 09:00")],
    ),
    Story(
        "a terminated insurance",
        [person_status("terminated", "2026-03-01"), settlement("03-05 09:00")],
        expects=CAUGHT,
    ),
    Story(
        "a later record of the registry speaks for its days",
        [INSURED, person(effective_from="2026-03-11", insured_from="2026-03-11"), LATE],
    ),
    Story(
        "what holds later says nothing of the days before",
        [person(effective_from="2026-03-20", insured_to="2026-03-01"), LATE],
    ),
    Story(
        "a newborn of ninety days",
        [person(birth_date="2026-03-01", insured_from="2026-06-20"), settlement("05-30 09:00")],
    ),
    Story(
        "a child of ninety-one days",
        [person(birth_date="2026-03-01", insured_from="2026-06-20"), settlement("05-31 09:00")],
        expects=CAUGHT,
    ),
    Story("an emergency", [INSURED, settlement("03-11 09:00", "H1", emergency=1)]),
    Story("an emergency visit by its type", [INSURED, settlement("03-11 09:00", "H1", med_type="13")]),
    Story(
        "paid from the personal account alone",
        [INSURED, swipe("03-11 09:00", fund="0.00", amounts={"account": "100.00"})],
    ),
    Story(
        "a stay that began while insured",
        [INSURED, stay("03-08 09:00", "03-15 09:00"), inpatient(None, None, at="03-15 10:00")],
    ),
    Story(
        "a stay that began too late",
        [INSURED, stay("03-11 09:00", "03-15 09:00"), inpatient(None, None, at="03-15 10:00")],
        expects=[("A09", 2, "6000.00")],
    ),
    Story(
        "a stay of which only the end is known",
        [INSURED, inpatient(None, "03-15 09:00", at="03-15 10:00")],
    ),
    Story("cancelled", [INSURED, LATE, cancellation("03-12 10:00", LATE)]),
]
