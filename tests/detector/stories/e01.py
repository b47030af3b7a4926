"""E01 超限定支付: its cases."""

from typing import Any

from schemas.records import Institution, Limit, Pack
from tests.detector.stories import Story
from tests.support.entries import (
    admission,
    cancellation,
    fee_lines,
    line,
    registry_of,
    settlement,
    stay,
    swipe,
)

LIMITS = (
    Limit("WARD", settings=("inpatient", "emergency")),
    Limit("COUNTER", settings=("inpatient", "emergency", "outpatient")),
    Limit("SECOND", min_level=2),
    Limit("BIRTH", insurance_types=("510",)),
    Limit("HERB", alone_not_paid=True),
    Limit("COURSE", course_days=14),
    Limit("BOTH", settings=("inpatient",), min_level=3),
    Limit("LATER", settings=("inpatient",), effective_from="2026-03-10"),
    Limit("DAILY", day_max=3),
)
PLACES = (
    Institution("H1", kind="hospital", level=2),
    Institution("T1", kind="township", level=1),
    Institution("P1", kind="pharmacy", level=0),
    Institution("C1", kind="clinic"),
)
KNOWN = registry_of(*LIMITS, *PLACES, Pack("COURSE", units_per_pack=10, daily_units=2))
FOUND = [("E01", 1, "8.00")]


def item(code: str, line_id: str = "1", **given: Any) -> dict[str, Any]:
    return line(line_id, code=code, **{"covered_amount": "8.00", "category": "09", **given})


def visit(*lines: dict[str, Any], place: str = "H1", at: str = "03-05 10:00", **given: Any) -> dict[str, Any]:
    return settlement(at, place, "S1", lines=list(lines), **given)


def herb(code: str, line_id: str = "1", **given: Any) -> dict[str, Any]:
    return item(code, line_id, category="10", **given)


def ward(*lines: dict[str, Any], end: str = "03-20 10:00", **given: Any) -> list[Any]:
    return [stay("03-01 10:00", end), fee_lines("03-19 20:00", *lines, **given)]


def told(name: str, *events: Any, found: bool = False, expects: Any = None, known: Any = KNOWN) -> Story:
    return Story(name, list(events), known, expects or (FOUND if found else []))


STORIES = [
    told("a ward's drug at a counter", visit(item("WARD")), found=True),
    told("on a ward it is paid for", ward(item("WARD", at="03-02 10:00"))),
    told("in an emergency too", visit(item("WARD"), med_type="13")),
    told("told as an emergency by its flag", visit(item("WARD"), emergency=1)),
    told("at a pharmacy it is not", swipe("03-05 10:00", lines=[item("WARD")]), found=True),
    told(
        "over the internet what belongs to counters", visit(item("COUNTER"), channel="internet"), found=True
    ),
    told("at the counter it is paid for", visit(item("COUNTER"))),
    told("before the limit is in force", visit(item("LATER"), at="03-09 10:00")),
    told("from the day on", visit(item("LATER"), at="03-10 10:00"), found=True),
    told("below the level", visit(item("SECOND"), place="T1"), found=True),
    told("at the level", visit(item("SECOND"))),
    told("at an institution of unknown level", visit(item("SECOND"), place="C1")),
    told("at an institution nobody knows", visit(item("SECOND"), place="H9")),
    told(
        "a pharmacy's level without a prescription", swipe("03-05 10:00", lines=[item("SECOND")]), found=True
    ),
    told(
        "a pharmacy fills a prescription from elsewhere",
        swipe("03-05 10:00", lines=[item("SECOND", external_prescription=True)]),
    ),
    told("under another insurance", visit(item("BIRTH"), insurance_type="310"), found=True),
    told("under its insurance", visit(item("BIRTH"), insurance_type="510")),
    told("under no insurance that is told", visit(item("BIRTH"))),
    told("a herb on its own", visit(herb("HERB"), item("X", "2")), found=True),
    told("a herb among others", visit(herb("HERB"), herb("X", "2"))),
    told("beside something without a charge type", visit(herb("HERB"), line("2", code="X"))),
    told(
        "a herb alone on one day of two",
        ward(
            herb("HERB", at="03-02 10:00"),
            herb("HERB", "2", at="03-03 10:00"),
            herb("X", "3", at="03-03 10:00"),
        ),
        found=True,
    ),
    told(
        "a course that is too long by packs",
        visit(item("COURSE", quantity="3")),
        expects=[("E01", 1, "0.53")],
    ),
    told("a course by days of supply", visit(item("COURSE", days_supply=16)), expects=[("E01", 1, "1.00")]),
    told("a course that is kept", visit(item("COURSE", days_supply=14))),
    told("a course of unknown length", visit(item("COURSE")), known=registry_of(*LIMITS, *PLACES)),
    told(
        "fifteen days on a ward",
        ward(*(item("COURSE", f"{n}", at=f"03-{n:02d} 12:00") for n in range(2, 17))),
        expects=[("E01", 1, "8.00")],
    ),
    told(
        "fourteen days on a ward",
        ward(*(item("COURSE", f"{n}", at=f"03-{n:02d} 12:00") for n in range(2, 16))),
    ),
    told("two limits are one finding", visit(item("BOTH")), found=True),
    told("limits that speak of maxima only", visit(item("DAILY"))),
    told("its use was approved", visit(item("WARD", approved=True))),
    told("its use was not", visit(item("WARD", approved=False)), found=True),
    told("not claimed from the fund", visit(item("WARD", covered_amount="0.00"))),
    told(
        "without a covered amount the whole counts",
        visit(line("1", code="WARD")),
        expects=[("E01", 1, "10.00")],
    ),
    told("without the registry nothing is said", visit(item("WARD")), known=registry_of(*PLACES)),
    told("lines without a settlement have no place of care", fee_lines("03-05 10:00", item("WARD"))),
    told("lines of an admission have one", admission("03-05 09:00"), fee_lines("03-05 10:00", item("LATER"))),
    told(
        "the visit was cancelled",
        visit(item("WARD")),
        cancellation("03-06 10:00", visit(item("WARD"))),
    ),
    told(
        "the line was refunded",
        visit(item("WARD"), item("WARD", "2", amount="-10.00", quantity="-1", refunds_line_id="1")),
    ),
]
