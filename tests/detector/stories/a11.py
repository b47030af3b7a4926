"""A11 终身一次手术重复: its cases."""

from schemas.records import Limit
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, inpatient, line, registry_of

LIMITS = registry_of(
    Limit("47.09", lifetime_max=1),
    Limit("A1", lifetime_max=1),
    Limit("EYE", lifetime_max=2),
    Limit("A2", lifetime_max=1, effective_from="2026-03-01"),
)


def _operated(month: str, encounter: str, *codes: str, place: str = "H1", **given) -> dict:
    procedures = [{"code": code} for code in codes]
    return inpatient(
        f"{month}-03 09:00", f"{month}-08 09:00", place, encounter, procedures=procedures,
        fund="4000.00", **given,
    )  # fmt: skip


def _billed(month: str, encounter: str, code: str = "A1", **given) -> dict:
    lines = [line("L1", amount="900.00", code=code, covered_amount="800.00"), line("L2", code="X")]
    return inpatient(f"{month}-03 09:00", f"{month}-08 09:00", "H1", encounter, lines=lines, **given)


def _diagnosed(*codes: str) -> dict:
    return {"diagnoses": [{"code": code} for code in codes]}


FIRST, SECOND = _operated("02", "M1", "47.09"), _operated("04", "M2", "47.09", place="H2")
BY_LINES = [_billed("02", "M1"), _billed("04", "M2")]

STORIES = [
    Story("a procedure twice", [FIRST, SECOND], LIMITS, [("A11", 1, "4000.00")]),
    Story("a procedure once", [FIRST, _operated("04", "M2", "99.99")], LIMITS),
    Story("an item billed in two encounters", BY_LINES, LIMITS, [("A11", 1, "800.00")]),
    Story(
        "an item billed twice in one encounter is no second operation",
        [_billed("02", "M1"), fee_lines("02-05 09:00", line("L7", code="A1"))],
        LIMITS,
    ),
    Story(
        "billed and named in one encounter",
        [_billed("02", "M1"), _operated("02", "M1", "A1", settlement_id="S9")],
        LIMITS,
    ),
    Story("three times", [FIRST, SECOND, _operated("06", "M3", "47.09")], LIMITS, [("A11", 1, "8000.00")]),
    Story("two sides", [_billed("02", "M1", "EYE"), _billed("04", "M2", "EYE")], LIMITS),
    Story(
        "three eyes",
        [_billed(f"0{month}", f"M{month}", "EYE") for month in (2, 4, 6)],
        LIMITS,
        [("A11", 1, "800.00")],
    ),
    Story("another person's", [FIRST, {**SECOND, "person_id": "person-2"}], LIMITS),
    Story("no limits are known", [FIRST, SECOND]),
    Story(
        "the limit holds on the later day",
        [_billed("02", "M1", "A2"), _billed("04", "M2", "A2")],
        LIMITS,
        [("A11", 1, "800.00")],
    ),
    Story("the limit does not hold yet", [_billed("01", "M1", "A2"), _billed("02", "M2", "A2")], LIMITS),
    Story(
        "a revision after a complication",
        [FIRST, _operated("04", "M2", "47.09", **_diagnosed("T81.400"))],
        LIMITS,
    ),
    Story(
        "an operation that was called off",
        [_operated("02", "M1", "47.09", **_diagnosed("Z53.900")), SECOND],
        LIMITS,
    ),
    Story(
        "other diagnoses explain nothing",
        [FIRST, _operated("04", "M2", "47.09", **_diagnosed("K35.800"))],
        LIMITS,
        [("A11", 1, "4000.00")],
    ),
    Story("the first was cancelled", [FIRST, SECOND, cancellation("05-01 09:00", FIRST)], LIMITS),
    Story(
        "the second was given back",
        [
            _billed("02", "M1"),
            _billed("04", "M2"),
            fee_lines(
                "04-06 09:00", line("L3", amount="-900.00", code="A1", refunds_line_id="L1"), encounter="M2"
            ),
        ],
        LIMITS,
    ),
]
