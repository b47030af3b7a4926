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


def _treated(number: int, at: str, person: str = "", **given) -> dict:
    """A visit to doctor D9 whose line names technician D1 and its own time of day."""
    given = {"practitioner_id": "D1", "quantity": "1", "code": "tuina", **given}
    treated = line("1", at, "100.00", category="05", **given)
    return settlement("03-05 08:00", given.pop("place", "H1"), f"T{number}", person or f"q{number}",
                      practitioner_id="D9", lines=[treated])  # fmt: skip


NINE = [_visit(number) for number in range(9)]
TEN = [*NINE, _visit(9)]
FOUND = [("D10", 2, "100.00")]
AT_ONCE = [_treated(1, "03-05 09:00"), _treated(2, "03-05 09:20", covered_amount="60.00")]
SEEN = [("D10", 2, "60.00")]

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
    Story("two patients at once", AT_ONCE, KNOWN, SEEN),
    Story("two at once and hours besides", [*TEN, *AT_ONCE], KNOWN, [("D10", 2, "210.91"), *SEEN]),
    Story("three at once", [*AT_ONCE, _treated(3, "03-05 09:30")], KNOWN, [("D10", 2, "160.00")]),
    Story("one after the other", [_treated(1, "03-05 09:00"), _treated(2, "03-05 09:40")], KNOWN),
    Story("within the tolerance", [_treated(1, "03-05 09:00"), _treated(2, "03-05 09:35")], KNOWN),
    Story("a minute beyond it", [_treated(1, "03-05 09:00"), _treated(2, "03-05 09:34")], KNOWN,
          [("D10", 2, "100.00")]),
    Story("a short one may have ended where the long one began", [
        _treated(1, "03-05 09:00", code="cupping"), _treated(2, "03-05 09:20"),
    ], registry_of(*LIMITS, Limit(code="cupping", minutes=20)), ()),
    Story("twice the quantity lasts twice as long", [
        _treated(1, "03-05 09:00", quantity="2"), _treated(2, "03-05 10:00", quantity="2"),
    ], KNOWN, [("D10", 2, "100.00")]),
    Story("one person, two services at once",
          [_treated(1, "03-05 09:00"), _treated(2, "03-05 09:20", person="q1")], KNOWN),
    Story("entered together in one second",
          [_treated(1, "03-05 09:00"), _treated(2, "03-05 09:00")], KNOWN),
    Story("entered within one second, as a system writes fractions",
          [_treated(1, "03-05 09:00:00.1"), _treated(2, "03-05 09:00:00.9")], KNOWN),
    Story("two technicians at once",
          [_treated(1, "03-05 09:00"), _treated(2, "03-05 09:20", practitioner_id="D2")], KNOWN),
    Story("the doctor ordered for both",
          [_treated(n, f"03-05 09:{n}0", practitioner_id="D9") for n in (1, 2)], KNOWN),
    Story("the doctor of the stays ordered for both", [
        [{**inpatient("03-05 08:00", "03-07 08:00", "H1", f"M{n}", person=f"q{n}"), "practitioner_id": "D1"},
         fee_lines("03-05 18:00", line("1", f"03-05 09:{n}0", "100.00", code="tuina", practitioner_id="D1"),
                   encounter=f"M{n}", person=f"q{n}")]
        for n in (1, 2)
    ], KNOWN),
    Story("nobody is named but by the lines", [
        {name: value for name, value in event.items() if name != "practitioner_id"} for event in AT_ONCE
    ], KNOWN, SEEN),
    Story("no time of day", [_treated(1, "03-05"), _treated(2, "03-05")], KNOWN),
    Story("at once by a department's code", AT_ONCE, OTHERS),
    Story("one of two at once was cancelled", [*AT_ONCE, cancellation("03-05 20:00", AT_ONCE[0])], KNOWN),
    Story("one of two at once was taken back", [*AT_ONCE, fee_lines(
        "03-05 20:00", line("2", amount="-100.00", quantity="-1", code="tuina", refunds_line_id="1"),
        encounter="E-T1", person="q1",
    )], KNOWN),
]  # fmt: skip
