"""E06 重复用药/配伍禁忌: its cases."""

from typing import Any

from schemas.records import ExclusivePair, Pack
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, registry_of, settlement, stay, swipe

KNOWN = registry_of(
    Pack("CAPSULE", ingredient="omeprazole", atc="A02BC01", daily_units=1),
    Pack("TABLET", ingredient="omeprazole", atc="A02BC01", daily_units=1),
    Pack("STRONG", ingredient="omeprazole", atc="A02BC01", daily_units=2),
    Pack("DRIP", ingredient="omeprazole", atc="A02BC01", daily_units=1, injection=True),
    Pack("HERB1", ingredient="yimucao"),
    Pack("HERB2", ingredient="yimucao"),
    Pack("NAMELESS1"),
    Pack("NAMELESS2"),
    Pack("OTHER", ingredient="esomeprazole", atc="A02BC05", daily_units=1),
    Pack("SALINE1", ingredient="saline", atc="B05XA03"),
    Pack("SALINE2", ingredient="saline", atc="B05XA03"),
    Pack("WARFARIN", ingredient="warfarin", atc="B01AA03"),
    Pack("ASPIRIN", ingredient="aspirin", atc="B01AC06"),
    ExclusivePair("WARFARIN", "ASPIRIN", "day"),
    ExclusivePair("WARFARIN", "SERVICE", "day"),
    ExclusivePair("WARFARIN", "OTHER", "day", effective_from="2026-04-01"),
)


def item(
    code: str, line_id: str = "1", at: str | None = None, covered: str = "8.00", **given: Any
) -> dict[str, Any]:
    return line(line_id, at, code=code, covered_amount=covered, **{"category": "09", **given})


def visit(
    *lines: dict[str, Any], at: str = "03-05 10:00", name: str = "S1", place: str = "H1"
) -> dict[str, Any]:
    return settlement(at, place, name, lines=list(lines))


def other(code: str, at: str = "03-05 16:00") -> dict[str, Any]:
    """A later purchase of something else."""
    return swipe(at, "P1", "S2", lines=[item(code, covered="4.00")])


def ward(*lines: dict[str, Any]) -> list[Any]:
    return [stay("03-01 10:00", "03-09 10:00"), fee_lines("03-08 20:00", *lines)]


def told(name: str, *events: Any, found: str = "", known: Any = KNOWN) -> Story:
    return Story(name, list(events), known, [("E06", 3, found)] if found else [])


CAPSULE, TABLET = item("CAPSULE"), item("TABLET", "2", covered="4.00")

STORIES = [
    told("two products of one substance in one visit", visit(CAPSULE, TABLET), found="4.00"),
    told("the second from a pharmacy on the same day", visit(CAPSULE), other("TABLET"), found="4.00"),
    told("the second on the next day", visit(CAPSULE), other("TABLET", at="03-06 09:00")),
    told("one product twice is E02's", visit(CAPSULE), other("CAPSULE")),
    told("by its ingredient where no ATC code is known", visit(item("HERB1")), other("HERB2"), found="4.00"),
    told("medicines of unknown substance", visit(item("NAMELESS1")), other("NAMELESS2")),
    told("medicines that nobody knows", visit(item("X1")), other("X2")),
    told("a neighbouring substance", visit(CAPSULE), other("OTHER")),
    told("two strengths make up one dose", visit(CAPSULE), other("STRONG")),
    told("three products, two of one strength", visit(CAPSULE, TABLET), other("STRONG"), found="8.00"),
    told("from injection to tablet", visit(item("DRIP")), other("TABLET")),
    told("what others are dissolved in", visit(item("SALINE1")), other("SALINE2")),
    told("taken home from a ward", visit(CAPSULE, item("TABLET", "2", discharge_drug=True))),
    told(
        "two of one substance on a ward",
        ward(item("CAPSULE", at="03-02 08:00"), item("TABLET", "2", "03-02 20:00", "4.00")),
        found="4.00",
    ),
    told(
        "day after day they are one finding",
        ward(
            item("CAPSULE", at="03-02 08:00"),
            item("TABLET", "2", "03-02 20:00", "4.00"),
            item("CAPSULE", "3", "03-03 08:00"),
            item("TABLET", "4", "03-03 20:00", "3.00"),
            item("TABLET", "5", "03-04 20:00", "3.00"),
        ),
        found="7.00",
    ),
    told(
        "on a ward one after the other",
        ward(item("CAPSULE", at="03-02 08:00"), item("TABLET", "2", "03-03 08:00")),
    ),
    told("on a ward without dates", ward(CAPSULE, TABLET)),
    told(
        "what a ward gives is not joined with a counter's",
        ward(item("CAPSULE", at="03-05 08:00")),
        other("TABLET"),
    ),
    told("two medicines that must not meet", visit(item("WARFARIN")), other("ASPIRIN"), found="4.00"),
    told("on other days they do not meet", visit(item("WARFARIN")), other("ASPIRIN", at="03-06 09:00")),
    told("a medicine and a service are D04's", visit(item("WARFARIN"), item("SERVICE", "2"))),
    told("a pair that is not yet in force", visit(item("WARFARIN")), other("OTHER")),
    told(
        "two that must not meet on a ward",
        ward(item("WARFARIN", at="03-02 08:00"), item("ASPIRIN", "2", "03-02 09:00")),
        found="8.00",
    ),
    told("without the registry nothing is said", visit(CAPSULE, TABLET), known=registry_of()),
    told(
        "the purchase was cancelled",
        visit(CAPSULE),
        other("TABLET"),
        cancellation("03-07 10:00", other("TABLET")),
    ),
    told(
        "the second was brought back",
        visit(CAPSULE, TABLET, item("TABLET", "3", amount="-10.00", quantity="-1", refunds_line_id="2")),
    ),
]
