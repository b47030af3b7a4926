"""E03 诊断药品不符: its cases."""

from typing import Any

from schemas.records import Indication
from tests.detector.stories import Story
from tests.support.entries import (
    admission,
    approval,
    cancellation,
    discharge,
    fee_lines,
    line,
    registry_of,
    settlement,
    swipe,
)

KNOWN = registry_of(
    Indication("RX", ("E11", "E13.5")),
    Indication("LATER", ("E11",), effective_from="2026-03-10"),
)
FOUND = [("E03", 3, "8.00")]


def diagnosed(*codes: str) -> dict[str, Any]:
    return {"diagnoses": [{"code": code} for code in codes]}


def item(code: str = "RX", line_id: str = "1", **given: Any) -> dict[str, Any]:
    return line(line_id, code=code, **{"covered_amount": "8.00", "category": "09", **given})


def visit(*codes: str, at: str = "03-05 10:00", lines: Any = None, **given: Any) -> dict[str, Any]:
    """The restricted drug with some diagnoses."""
    return settlement(at, "H1", "S1", lines=lines or [item()], **diagnosed(*codes), **given)


def chronic(at: str, *codes: str, **given: Any) -> dict[str, Any]:
    """A visit for a chronic disease, without the drug."""
    return settlement(at, "H1", "S2", **{"med_type": "140104", **diagnosed(*codes), **given})


def told(name: str, *events: Any, found: bool = False, known: Any = KNOWN) -> Story:
    return Story(name, list(events), known, FOUND if found else [])


RECORD = chronic("2025-12-01 10:00", "E11.900")

STORIES = [
    told("another diagnosis", visit("I10"), found=True),
    told("its diagnosis among others", visit("I10", "E11.900")),
    told("a diagnosis written without its dot", visit("E13500")),
    told("a neighbouring diagnosis", visit("E13.6"), found=True),
    told("no diagnosis at all", visit()),
    told("a pharmacy that sends none", swipe("03-05 10:00", lines=[item()])),
    told("a drug without restriction", visit("I10", lines=[item("X")])),
    told("before the restriction is in force", visit("I10", at="03-09 10:00", lines=[item("LATER")])),
    told("from its day on", visit("I10", at="03-10 10:00", lines=[item("LATER")]), found=True),
    told("a chronic disease's visit names it", RECORD, visit("I10")),
    told(
        "a visit settled under a disease names it",
        chronic("03-01 10:00", "E11", med_type="11", disease_code="M1"),
        visit("I10"),
    ),
    told(
        "an ordinary visit is no record",
        chronic("03-01 10:00", "E11", med_type="11"),
        visit("I10"),
        found=True,
    ),
    told("a chronic visit of another disease", chronic("03-01 10:00", "I10"), visit("I10"), found=True),
    told("a record of 365 days before", chronic("2025-03-05 08:00", "E11"), visit("I10")),
    told("a record of 366 days before", chronic("2025-03-04 08:00", "E11"), visit("I10"), found=True),
    told("a record of the same day", chronic("03-05 18:00", "E11"), visit("I10")),
    told("a record of the next day", chronic("03-06 08:00", "E11"), visit("I10"), found=True),
    told(
        "a record that was cancelled", RECORD, cancellation("03-06 10:00", RECORD), visit("I10"), found=True
    ),
    told("an approval in force", approval("E11", "2025-01-01", "2026-03-05"), visit("I10")),
    told("an approval that ended", approval("E11", "2025-01-01", "2026-03-04"), visit("I10"), found=True),
    told("an approval of another disease", approval("I10"), visit("I10"), found=True),
    told("a suspicion that was ruled out", visit("I10", "Z03.801")),
    told("its use was approved", visit("I10", lines=[item(approved=True)])),
    told("it was not claimed from the fund", visit("I10", lines=[item(covered_amount="0")])),
    told(
        "a ward's diagnosis comes with the discharge",
        admission("03-01 10:00", **diagnosed("R73")),
        fee_lines("03-02 10:00", item(at="03-02 10:00")),
        discharge("03-05 10:00", **diagnosed("E11.900")),
    ),
    told(
        "a ward without its diagnosis",
        admission("03-01 10:00", **diagnosed("K80")),
        fee_lines("03-02 10:00", item(at="03-02 10:00")),
        discharge("03-05 10:00", **diagnosed("K80.2")),
        found=True,
    ),
    told("without the registry nothing is said", visit("I10"), known=registry_of()),
]
