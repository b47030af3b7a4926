"""A10 性别/年龄冲突: its cases."""

from schemas.records import Limit
from tests.detector.stories import Story
from tests.support.entries import (
    admission,
    cancellation,
    discharge,
    fee_lines,
    line,
    person,
    registry_of,
    settlement,
)

LIMITS = registry_of(
    Limit("G1", sex="2"),
    Limit("K1", max_age=18),
    Limit("E1", min_age=60),
    Limit("N40", sex="1"),
    Limit("G2", sex="2", effective_from="2026-03-06"),
)
MAN, WOMAN = person(sex="1", birth_date="1980-03-05"), person(sex="2", birth_date="1980-03-05")


def _billed(code: str, at: str = "03-05 09:00", **given) -> dict:
    sold = [
        line("L1", amount="30.00", code=code, covered_amount="25.00"),
        line("L2", amount="9.00", code="X"),
    ]
    return settlement(at, "H1", "S1", lines=sold, **given)


def _diagnosed(*codes: str, **given) -> dict:
    return settlement("03-05 09:00", "H1", "S1", diagnoses=[{"code": code} for code in codes], **given)


def _born(day: str) -> object:
    return person(sex="2", birth_date=day)


STORIES = [
    Story("an item for women on a man's card", [MAN, _billed("G1")], LIMITS, [("A10", 1, "25.00")]),
    Story("an item for women on a woman's card", [WOMAN, _billed("G1")], LIMITS),
    Story("the sex is not known", [person(birth_date="1980-01-01"), _billed("G1")], LIMITS),
    Story("nothing is known of the person", [_billed("G1")], LIMITS),
    Story("no limits are known", [MAN, _billed("G1")]),
    Story("a limit that does not hold yet", [MAN, _billed("G2")], LIMITS),
    Story("a limit from its day on", [MAN, _billed("G2", "03-06 09:00")], LIMITS, [("A10", 1, "25.00")]),
    Story("a children's drug on the last day at eighteen", [_born("2007-03-06"), _billed("K1")], LIMITS),
    Story(
        "a children's drug at nineteen",
        [_born("2007-03-05"), _billed("K1")],
        LIMITS,
        [("A10", 2, "25.00")],
    ),
    Story(
        "an item from sixty on, a day too early",
        [_born("1966-03-06"), _billed("E1")],
        LIMITS,
        [("A10", 2, "25.00")],
    ),
    Story("an item from sixty on at sixty", [_born("1966-03-05"), _billed("E1")], LIMITS),
    Story("the birth is not known", [person(sex="2"), _billed("K1")], LIMITS),
    Story("a pregnancy of a man", [MAN, _diagnosed("I10", "O80.000")], expects=[("A10", 1, "60.00")]),
    Story("a pregnancy of a woman", [WOMAN, _diagnosed("O80.000")]),
    Story("a wife's maternity benefits", [MAN, _diagnosed("O80.000", med_type="52")]),
    Story("a wife's maternity by its insurance", [MAN, _diagnosed("O80.000", insurance_type="510")]),
    Story(
        "a diagnosis that the limits keep for men", [WOMAN, _diagnosed("N40")], LIMITS, [("A10", 1, "60.00")]
    ),
    Story("a diagnosis of newborns at one", [_born("2024-03-06"), _diagnosed("P59.900")]),
    Story(
        "a diagnosis of newborns at two",
        [_born("2024-03-05"), _diagnosed("P59.900")],
        expects=[("A10", 2, "60.00")],
    ),
    Story("a newborn on the mother's card", [WOMAN, _diagnosed("P59.900", med_type="9901")]),
    Story("mother and newborn in one encounter", [WOMAN, _diagnosed("P59.900", "Z37.000")]),
    Story(
        "sex and age, by items and a diagnosis",
        [MAN, _billed("K1", diagnoses=[{"code": "O80"}])],
        LIMITS,
        [("A10", 1, "60.00")],
    ),
    Story(
        "one item billed twice",
        [MAN, settlement("03-05 09:00", lines=[line(f"L{index}", code="G1") for index in (1, 2)])],
        LIMITS,
        [("A10", 1, "20.00")],
    ),
    Story(
        "lines that come apart from the settlement",
        [
            MAN,
            settlement("03-05 09:00", "H1", "S1", encounter="M1"),
            fee_lines("03-05 09:10", line("L1", amount="30.00", code="G1")),
        ],
        LIMITS,
        [("A10", 1, "30.00")],
    ),
    Story(
        "a line that was given back",
        [
            MAN,
            settlement("03-05 09:00", "H1", "S1", encounter="M1"),
            fee_lines(
                "03-05 09:10",
                line("L1", amount="30.00", code="G1"),
                line("L2", amount="-30.00", code="G1", refunds_line_id="L1"),
            ),
        ],
        LIMITS,
    ),
    Story(
        "a discharge that names the diagnosis",
        [MAN, admission("03-05 09:00"), discharge("03-07 09:00", diagnoses=[{"code": "O80"}])],
        expects=[("A10", 1, "0.00")],
    ),
    Story("cancelled", [MAN, _billed("G1"), cancellation("03-05 10:00", _billed("G1"))], LIMITS),
]
