"""E07 抗菌药分级/越权处方: its cases."""

from typing import Any

from schemas.records import Institution, Limit, Pack, Practitioner
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, registry_of, settlement, stay, swipe

KNOWN = registry_of(
    Institution("H1", kind="hospital", level=2),
    Institution("T1", kind="township", level=1),
    Institution("C1", kind="clinic"),
    Pack("PLAIN", antibiotic_grade=1),
    Pack("RESTRICTED", antibiotic_grade=2),
    Pack("SPECIAL", antibiotic_grade=3),
    Pack("HERBAL", injection=True),
    Limit("PROCEDURE", min_title=4),
    Limit("OTHER", day_max=1),
    *(Practitioner(f"D{title}", "H1", title=title) for title in (1, 2, 3, 4)),
    Practitioner("D0", "H1"),
    Practitioner("DR", "H1", from_="2020-01-01", to="2026-03-04", title=1),
    Practitioner("DR", "H1", from_="2026-03-05", title=2),
)
FOUND = [("E07", 2, "8.00")]


def item(code: str, doctor: str | None = "D1", line_id: str = "1", **given: Any) -> dict[str, Any]:
    values = {"covered_amount": "8.00", "category": "09", **given}
    return line(line_id, code=code, **values, **({"practitioner_id": doctor} if doctor else {}))


def visit(*lines: dict[str, Any], place: str = "H1", at: str = "03-05 10:00", **given: Any) -> dict[str, Any]:
    return settlement(at, place, "S1", lines=list(lines), **given)


def told(name: str, *events: Any, found: bool = False, known: Any = KNOWN) -> Story:
    return Story(name, list(events), known, FOUND if found else [])


def herbal(place: str, **given: Any) -> dict[str, Any]:
    return visit(item("HERBAL", None, **{"category": "11", **given}), place=place)


STORIES = [
    told("a special antibiotic by an attending", visit(item("SPECIAL", "D2")), found=True),
    told("by an associate chief", visit(item("SPECIAL", "D3"))),
    told("a restricted antibiotic by a resident", visit(item("RESTRICTED")), found=True),
    told("by an attending of the same hospital", visit(item("RESTRICTED", "D2"))),
    told("an ordinary antibiotic by a resident", visit(item("PLAIN"))),
    told(
        "before the resident became attending", visit(item("RESTRICTED", "DR"), at="03-04 10:00"), found=True
    ),
    told("from the day of the new title", visit(item("RESTRICTED", "DR"))),
    told(
        "an item for chiefs by an associate chief", visit(item("PROCEDURE", "D3", category="06")), found=True
    ),
    told("by a chief", visit(item("PROCEDURE", "D4"))),
    told("an item without a least title", visit(item("OTHER"))),
    told("the event names who ordered", visit(item("RESTRICTED", None), practitioner_id="D1"), found=True),
    told("the line's word counts before the event's", visit(item("RESTRICTED", "D2"), practitioner_id="D1")),
    told("nobody is named", visit(item("RESTRICTED", None))),
    told("of unknown title", visit(item("RESTRICTED", "D0"))),
    told("a practitioner nobody knows", visit(item("RESTRICTED", "D9"))),
    told("at a pharmacy prescribers are elsewhere", swipe("03-05 10:00", lines=[item("RESTRICTED")])),
    told("in an emergency titles do not bind", visit(item("SPECIAL"), med_type="13")),
    told("approved by consultation", visit(item("SPECIAL", approved=True))),
    told("not claimed from the fund", visit(item("SPECIAL", covered_amount="0"))),
    told(
        "on a ward",
        stay("03-01 10:00", "03-09 10:00"),
        fee_lines("03-02 10:00", item("SPECIAL", None), practitioner_id="D1"),
        found=True,
    ),
    told(
        "one line of two",
        visit(item("SPECIAL"), item("SPECIAL", "D4", "2")),
        found=True,
    ),
    told("a herbal injection at the first level", herbal("T1"), found=True),
    told("at the second level", herbal("H1")),
    told("at an unknown level", herbal("C1")),
    told("a western injection at the first level", herbal("T1", category="09")),
    told("without the registry nothing is said", visit(item("SPECIAL")), known=registry_of()),
    told("it was cancelled", visit(item("SPECIAL")), cancellation("03-06 10:00", visit(item("SPECIAL")))),
]
