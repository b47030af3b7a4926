"""F04 医师多机构同时执业: its cases."""

from schemas.registry import Institution, Practitioner
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, inpatient, line, registry_of, settlement, swipe


def _place(name: str, latitude: float, **given) -> Institution:
    """An institution on one meridian: a degree is 111 km."""
    return Institution(institution_id=name, latitude=latitude, longitude=113.0, **given)


def _site(name: str, practitioner: str = "D1", to: str | None = None) -> Practitioner:
    return Practitioner(practitioner_id=practitioner, institution_id=name, from_="2026-01-01", to=to)


PLACES = [_place("H1", 28.0), _place("H2", 28.5), _place("H3", 28.9)]
FAR = registry_of(*PLACES)
NEAR = registry_of(_place("H1", 28.0), _place("H2", 28.05))
GROUP = registry_of(_place("H1", 28.0, group_id="G"), _place("H2", 28.5, group_id="G"), _place("H3", 28.9))
COUNTIES = registry_of(
    Institution(institution_id="H1", region="430602"), Institution(institution_id="H2", region="430603")
)
numbers = iter(range(1_000))


def _order(at: str, place: str, fund: str = "60.00", **given) -> dict:
    number = next(numbers)
    values = {"practitioner_id": "D1", **given}
    return settlement(at, place, f"S{number}", f"p{number}", fund=fund, **values)


FIRST = _order("03-05 09:00", "H1")
SECOND = _order("03-05 09:20", "H2", "45.00")
DAY = [
    _order("03-05 08:00", "H1"), _order("03-05 12:00", "H2", "30.00"), _order("03-05 16:00", "H3", "15.00"),
]  # fmt: skip
FOUND = [("F04", 2, "45.00")]

STORIES = [
    Story("fifty-five kilometres in twenty minutes", [FIRST, SECOND], FAR, FOUND),
    Story("fifty-five kilometres in twenty-eight minutes", [FIRST, _order("03-05 09:28", "H2")], FAR),
    Story("nearby within five minutes", [FIRST, _order("03-05 09:05", "H2", "45.00")], NEAR, FOUND),
    Story("nearby within six minutes", [FIRST, _order("03-05 09:06", "H2")], NEAR),
    Story("two counties within nineteen minutes",
          [FIRST, _order("03-05 09:19", "H2", "45.00")], COUNTIES, FOUND),
    Story("two counties within twenty minutes", [FIRST, SECOND], COUNTIES),
    Story("nothing is known of the places", [FIRST, _order("03-05 09:01", "H2")]),
    Story("three institutions on one day", DAY, FAR, expects=FOUND),
    Story("two institutions on one day", DAY[:2], FAR),
    Story("three institutions of which two are one group", DAY, GROUP),
    Story("two sites of one group", [FIRST, SECOND], GROUP),
    Story("registered at both", [FIRST, SECOND], registry_of(*PLACES, _site("H1"), _site("H2"))),
    Story("registered at both until the day before", [FIRST, SECOND],
          registry_of(*PLACES, _site("H1"), _site("H2", to="2026-03-04")), FOUND),
    Story("registered at all three", DAY, registry_of(*PLACES, *map(_site, ("H1", "H2", "H3")))),
    Story("a code that no registration knows", [FIRST, SECOND], registry_of(*PLACES, _site("H1", "D2"))),
    Story("over the internet", [FIRST, _order("03-05 09:20", "H2", channel="internet")], FAR),
    Story("a pharmacy fills what was prescribed elsewhere",
          [FIRST, swipe("03-05 09:20", "H2", "S2", person="p2", practitioner_id="D1")], FAR),
    Story("two practitioners", [FIRST, _order("03-05 09:20", "H2", practitioner_id="D2")], FAR),
    Story("the time of an order is its line's",
          [FIRST, _order("03-05 09:20", "H2", lines=[line("1", "03-05 14:00", practitioner_id="D1")])], FAR),
    Story("a line tells that it was earlier", [
        FIRST, _order("03-05 14:00", "H2", lines=[line("1", "03-05 09:10", covered_amount="8.00")]),
    ], FAR, [("F04", 2, "8.00")]),
    Story("bare dates have no neighbours", [FIRST, _order("03-05", "H2")], FAR),
    Story("an in-patient's order far away", [
        FIRST, inpatient("03-01 09:00", "03-09 09:00", "H2", "M1", person="p2"),
        fee_lines("03-05 20:00", line("1", "03-05 09:10", "70.00", practitioner_id="D1"), institution="H2",
                  encounter="M1", person="p2"),
    ], FAR, [("F04", 2, "70.00")]),
    Story("the second was cancelled", [FIRST, SECOND, cancellation("03-05 10:00", SECOND)], FAR),
]  # fmt: skip
