"""C10 医师本人住院期间开单: its cases."""

from schemas.registry import Practitioner
from tests.detector.stories import Story
from tests.support.entries import (
    admission,
    cancellation,
    discharge,
    fee_lines,
    inpatient,
    line,
    registry_of,
    settlement,
    stay,
    swipe,
)

KNOWN = registry_of(Practitioner(practitioner_id="D1", institution_id="H1", person_id="doctor"))
UNKNOWN = registry_of(Practitioner(practitioner_id="D1", institution_id="H1"))
ILL = stay("03-01 10:00", "03-07 10:00", "H2", "M1", person="doctor")


def _visit(at: str, place: str = "H1", **given) -> dict:
    return settlement(at, place, "S1", "p1", **{"practitioner_id": "D1", **given})


VISIT = _visit("03-04 15:00")
FOUND = [("C10", 1, "60.00")]
SOFTER = [("C10", 2, "60.00")]

STORIES = [
    Story("the number orders while the doctor lies elsewhere", [*ILL, VISIT], KNOWN, FOUND),
    Story("the doctor lies in the own hospital", [*ILL, _visit("03-04 15:00", "H2")], KNOWN, SOFTER),
    Story("the stay is still open", [ILL[0], VISIT], KNOWN, SOFTER),
    Story("back at work two days later", [*ILL, _visit("03-09 15:00")], KNOWN),
    Story("six hours after the admission", [*ILL, _visit("03-01 16:00")], KNOWN, FOUND),
    Story("a minute less than six hours after the admission", [*ILL, _visit("03-01 15:59")], KNOWN),
    Story("two hours before the discharge", [*ILL, _visit("03-07 08:00")], KNOWN, FOUND),
    Story("a minute less than two hours before the discharge", [*ILL, _visit("03-07 08:01")], KNOWN),
    Story("bare dates: the day of the admission",
          [admission("03-01", "H2", "M1", "doctor"), discharge("03-07", "H2", "M1", "doctor"),
           _visit("03-01 23:00")], KNOWN),
    Story("bare dates: a day between",
          [admission("03-01", "H2", "M1", "doctor"), discharge("03-07", "H2", "M1", "doctor"),
           _visit("03-02 01:00")], KNOWN, FOUND),
    Story("a settlement tells of the stay",
          [inpatient("03-01 10:00", "03-07 10:00", "H2", "M1", person="doctor"), VISIT], KNOWN, FOUND),
    Story("nobody knows who the doctor is", [*ILL, VISIT], UNKNOWN),
    Story("somebody else's number", [*ILL, _visit("03-04 15:00", practitioner_id="D2")], KNOWN),
    Story("the doctor as a visitor of himself",
          [*ILL, settlement("03-04 15:00", "H1", "S1", "doctor", practitioner_id="D1")], KNOWN),
    Story("scheduled orders go on in another's stay", [
        *ILL, inpatient("02-27 09:00", "03-09 09:00", "H1", "M2", person="p2"),
        fee_lines("03-04 09:00", line("1", "03-04 08:00", practitioner_id="D1"), encounter="M2", person="p2"),
    ], KNOWN),
    Story("over the internet", [*ILL, _visit("03-04 15:00", channel="internet")], KNOWN),
    Story("a pharmacy fills an old prescription",
          [*ILL, swipe("03-04 15:00", "P1", "S1", person="p1", practitioner_id="D1")], KNOWN),
    Story("a stay that lies open for more than sixty days",
          [admission("01-01 10:00", "H2", "M1", "doctor"), VISIT], KNOWN),
    Story("the line tells that it was another day",
          [*ILL, _visit("03-04 15:00", lines=[line("1", "02-27 09:00", covered_amount="8.00")])], KNOWN),
    Story("the admission was cancelled",
          [*ILL, VISIT, cancellation("03-01 11:00", ILL[0])], KNOWN),
    Story("two days of orders are two findings",
          [*ILL, VISIT, settlement("03-05 15:00", "H1", "S2", "p2", practitioner_id="D1")], KNOWN,
          [*FOUND, *FOUND]),
]  # fmt: skip
