"""D10 人时不可能: its cases."""

from schemas.registry import Limit, Practitioner
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, inpatient, line, registry_of, settlement

LIMITS = [Limit(code="tuina", minutes=40), Limit(code="blood", day_max="1")]
KNOWN = registry_of(*LIMITS)
REGISTERED = registry_of(*LIMITS, Practitioner(practitioner_id="D1", institution_id="H1"))
OTHERS = registry_of(*LIMITS, Practitioner(practitioner_id="D2", institution_id="H1"))


def _visit(number: int, quantity: str = "2", code: str = "tuina", place: str = "H1", **given) -> dict:
    treated = line("1", amount="100.00", code=code, quantity=quantity, category="05", **given)
    at = f"03-05 {8 + number:02d}:00"
    return settlement(at, place, f"S{number}", f"p{number}", practitioner_id="D1", lines=[treated])


NINE = [_visit(number) for number in range(9)]
TEN = [*NINE, _visit(9)]
FOUND = [("D10", 2, "100.00")]

STORIES = [
    Story("eight hundred minutes", TEN, KNOWN, FOUND),
    Story("exactly twelve hours", NINE, KNOWN),
    Story("at two institutions", [*NINE, _visit(9, place="H2")], KNOWN, FOUND),
    Story("the line names who treated", [_visit(n, practitioner_id="D2") for n in range(10)], KNOWN, FOUND),
    Story("two therapists", [_visit(n, practitioner_id=f"D{n % 2}") for n in range(10)], KNOWN),
    Story("on two days", [*NINE, {**_visit(9), "occurred_at": "2026-03-06T17:00:00+08:00"}], KNOWN),
    Story("services without standard minutes", [*NINE, _visit(9, code="blood")], KNOWN),
    Story("nothing is known of minutes", TEN),
    Story("the part within policy counts", [_visit(n, covered_amount="50.00") for n in range(10)], KNOWN,
          [("D10", 2, "50.00")]),
    Story("the practitioner is registered", TEN, REGISTERED, FOUND),
    Story("a department's code", TEN, OTHERS),
    Story("one was cancelled", [*TEN, cancellation("03-05 20:00", TEN[3])], KNOWN),
    Story("one was taken back in part", [*TEN, fee_lines(
        "03-05 20:00", line("2", amount="-50.00", quantity="-1", code="tuina", refunds_line_id="1"),
        encounter="E-S3", person="p3",
    )], KNOWN, [("D10", 2, "50.00")]),
    Story("an in-patient's line without a time is of no day", [
        *NINE, inpatient("03-05 08:00", "03-05 20:00", "H1", "M1", person="p10"),
        fee_lines("03-05 18:00", line("1", code="tuina", quantity="2", practitioner_id="D1"), encounter="M1",
                  person="p10"),
    ], KNOWN),
    Story("an in-patient's line of the day", [
        *NINE, inpatient("03-05 08:00", "03-05 20:00", "H1", "M1", person="p10"),
        fee_lines("03-06 18:00", line("1", "03-05", "100.00", code="tuina", quantity="2"),
                  encounter="M1", person="p10", practitioner_id="D1"),
    ], KNOWN, FOUND),
]  # fmt: skip
