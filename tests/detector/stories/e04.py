"""E04 出院带药超量: its cases."""

from typing import Any

from schemas.records import Pack
from tests.detector.stories import Story
from tests.support.entries import (
    approval,
    cancellation,
    fee_lines,
    inpatient,
    line,
    registry_of,
    settlement,
    stay,
)

KNOWN = registry_of(
    Pack("TABLET", units_per_pack=10, daily_units=2),
    Pack("DRIP", injection=True, atc="J01DD04"),
    Pack("INSULIN", injection=True, atc="A10AB01"),
    Pack("VIAL", injection=True),
)


def taken(code: str = "TABLET", line_id: str = "1", **given: Any) -> dict[str, Any]:
    values = {"covered_amount": "8.00", "category": "09", "discharge_drug": True, **given}
    return line(line_id, "03-05 09:00", code=code, **values)


def home(*lines: dict[str, Any], of: tuple[str, ...] = ("K80.2",)) -> list[Any]:
    """A stay with these diagnoses, and what was taken home after it."""
    diagnoses = [{"code": code} for code in of]
    return [stay("03-01 10:00", "03-05 10:00", diagnoses=diagnoses), fee_lines("03-05 09:00", *lines)]


def told(name: str, *events: Any, found: str = "") -> Story:
    return Story(name, list(events), KNOWN, [("E04", 2, found)] if found else [])


EIGHT_DAYS = taken(days_supply=8)
BACK = taken(line_id="2", quantity="-1", amount="-10.00", refunds_line_id="1")

STORIES = [
    told("eight days after an acute disease", home(EIGHT_DAYS), found="1.00"),
    told(
        "eight days, told by the settlement alone",
        inpatient("03-01 10:00", "03-05 10:00", diagnoses=[{"code": "K80.2"}], lines=[EIGHT_DAYS]),
        found="1.00",
    ),
    told("seven days", home(taken(days_supply=7))),
    told("two packs of five days each", home(taken(quantity="2")), found="2.40"),
    told("two lines of one drug", home(taken(), taken(line_id="2")), found="4.80"),
    told("one pack of five days", home(taken())),
    told("two drugs of five days each", home(taken(), taken("OTHER", "2", days_supply=5))),
    told("nobody knows for how long", home(taken("OTHER", quantity="9"))),
    told("fifteen days with a chronic disease", home(taken(days_supply=15), of=("K80.2", "I10.x00"))),
    told("sixteen days with a chronic disease", home(taken(days_supply=16), of=("I10",)), found="0.50"),
    told("thirty days with a special disease", home(taken(days_supply=30), of=("C34.9",))),
    told("thirty-two days with a special disease", home(taken(days_supply=32), of=("C34.9",)), found="0.50"),
    told("thirty days with an approval", approval("M1"), home(taken(days_supply=30))),
    told("with an approval that ended", approval("M1", None, "2026-02-28"), home(EIGHT_DAYS), found="1.00"),
    told("without a diagnosis the longest limit holds", home(taken(days_supply=30), of=())),
    told("beyond the longest limit without a diagnosis", home(taken(days_supply=32), of=()), found="0.50"),
    told("an injection", home(taken("DRIP")), found="8.00"),
    told("an injection that patients give themselves", home(taken("INSULIN"))),
    told("an injection of unknown class", home(taken("VIAL")), found="8.00"),
    told("a test", home(taken("LAB", category="04")), found="8.00"),
    told(
        "what is not taken home",
        home(taken("DRIP", discharge_drug=False), taken(line_id="2", days_supply=20, discharge_drug=None)),
    ),
    told("not claimed from the fund", home(taken("DRIP", covered_amount="0"))),
    told("at a counter nothing is taken home", settlement("03-05 10:00", lines=[EIGHT_DAYS])),
    told("it was given back", home(EIGHT_DAYS, BACK)),
    told(
        "its line was cancelled",
        home(EIGHT_DAYS),
        cancellation("03-06 10:00", cancels={"type": "fee_lines", "id": "M1", "line_id": "1"}),
    ),
]
