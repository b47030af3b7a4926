"""E02 超量/重复开药: its cases."""

from typing import Any

from schemas.records import Holiday, Pack
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, registry_of, settlement, stay, swipe

THREE = [("E02", 3, None)]


def pack(at: str, name: str, days: int | None = 30, place: str = "P1", **given: Any) -> dict[str, Any]:
    """A purchase of one drug for so many days."""
    values = {"code": "X1", "category": "09", "days_supply": days, "amount": "30.00", **given}
    told = {key: value for key, value in values.items() if value is not None}
    return swipe(at, place, name, lines=[line("1", covered_amount="24.00", **told)])


def chronic(at: str, name: str, days: int) -> dict[str, Any]:
    """A long prescription of a chronic disease clinic."""
    lines = [line("1", code="X1", category="09", days_supply=days)]
    return settlement(at, "H1", name, med_type="140104", lines=lines)


def drug(code: str, ingredient: str = "amlodipine", **given: Any) -> Pack:
    return Pack(code, ingredient=ingredient, **given)


def dear(*codes: str) -> Any:
    return registry_of(*(drug(code, code, high_value=True, resale_prone=True) for code in codes))


FIRST = pack("03-01 10:00", "S1")
TWO_BRANDS = registry_of(drug("X1", daily_units=1), drug("X2", daily_units=1))
TWO_STRENGTHS = registry_of(drug("X1", daily_units=1), drug("X2", daily_units=2))
PACKED = registry_of(drug("X1", units_per_pack=30, daily_units=1))
SPRING = registry_of(Holiday("2026-03-24", "春节"))
MANY_BRANDS = registry_of(*(drug(f"XC08CA{n:02d}", daily_units=1) for n in range(30)))
REFUND = line("2", code="X1", category="09", quantity="-1", amount="-30.00", refunds_line_id="1")


def returned(at: str, name: str) -> dict[str, Any]:
    """Bought and brought back."""
    bought = pack(at, name)
    return {**bought, "lines": [*bought["lines"], REFUND]}


def half_returned(at: str, name: str, days: int) -> dict[str, Any]:
    """Two packs, one of them brought back."""
    bought = pack(at, name, days, quantity="2", amount="60.00")
    return {**bought, "lines": [*bought["lines"], REFUND]}


def three_dear(code_of_last: str = "X3") -> list[dict[str, Any]]:
    codes = ("X1", "X2", code_of_last)
    return [
        pack(f"03-{day} 09:00", f"S{code}{day}", code=code)
        for number, code in enumerate(codes)
        for day in (f"0{1 + number}", f"1{number}")
    ]


PRESCRIBED = line("1", code="X1", category="09", days_supply=30)
UPLOADED = [
    fee_lines("03-10 08:55", PRESCRIBED, institution="H1", encounter="V1"),
    settlement("03-10 09:00", "H1", "S2", encounter="V1"),
]

STORIES = [
    Story(
        "the next pack on day 22, eight days still held",
        [FIRST, pack("03-23 09:00", "S2")],
        expects=[("E02", 3, "6.40")],
    ),
    Story(
        "a supply that is told late makes a small one after it too much",
        [pack("03-03 09:00", "S2", days=3, quantity="0.1"), pack("03-01 10:00", "S1")],
        expects=[("E02", 3, "8.00")],
    ),
    Story("on day 23 seven days are held, which is tolerated", [FIRST, pack("03-24 09:00", "S2")]),
    Story("on day 24 six days are held", [FIRST, pack("03-25 09:00", "S2")]),
    Story("eight days are held but the limit is kept", [FIRST, pack("03-23 09:00", "S2", days=22)]),
    Story(
        "a day above the limit",
        [FIRST, pack("03-23 09:00", "S2", days=23, quantity="0.75")],
        expects=[("E02", 3, "1.04")],
    ),
    Story("without days of supply nothing is judged", [FIRST, pack("03-03 09:00", "S2", days=None)]),
    Story(
        "days of supply follow from packs where none are told",
        [pack("03-01 10:00", "S1", days=None), pack("03-10 10:00", "S2", days=None)],
        PACKED,
        THREE,
    ),
    Story("other codes are other medicines", [FIRST, pack("03-10 09:00", "S2", code="X2")]),
    Story(
        "another brand at another place is the same medicine",
        [FIRST, pack("03-10 09:00", "S2", place="P2", code="X2")],
        TWO_BRANDS,
        THREE,
    ),
    Story(
        "one of very many brands is the same medicine",
        [pack("03-01 10:00", "S1", code="XC08CA01"), pack("03-10 09:00", "S2", code="XC08CA22")],
        MANY_BRANDS,
        THREE,
    ),
    Story(
        "what is held adds up",
        [FIRST, pack("03-27 09:00", "S2"), pack("04-21 09:00", "S3")],
        expects=[("E02", 3, "7.20")],
    ),
    Story(
        "what ran out in between does not",
        [FIRST, pack("04-10 09:00", "S2"), pack("05-06 09:00", "S3")],
    ),
    Story(
        "twice the limit is not yet graver",
        [FIRST, pack("03-23 09:00", "S2", days=52, quantity="1.7")],
        expects=THREE,
    ),
    Story(
        "more than twice the limit is",
        [FIRST, pack("03-23 09:00", "S2", days=53, quantity="1.7")],
        expects=[("E02", 2, None)],
    ),
    Story(
        "three institutions in thirty days are graver",
        [pack(f"03-0{n} 10:00", f"S{n}", days=12, place=f"P{n}") for n in (1, 2, 3)],
        expects=[("E02", 2, None)],
    ),
    Story(
        "three dispensings of one institution are not",
        [pack(f"03-0{n} 10:00", f"S{n}", days=12) for n in (1, 2, 3)],
        expects=THREE,
    ),
    Story(
        "more than four hundred days' supply in a year",
        [pack(f"2026-{1 + n:02d}-01 09:00", f"S{n}", days=90) for n in range(5)],
        expects=[*[("E02", 2, None)] * 3, ("E02", 1, None)],
    ),
    Story(
        "three dear, easily resold medicines",
        three_dear(),
        dear("X1", "X2", "X3"),
        [*THREE, *THREE, ("E02", 1, None)],
    ),
    Story("two of them, and a cheap one", three_dear("Y3"), dear("X1", "X2", "X3"), THREE * 3),
    Story(
        "a long prescription tolerates fourteen days",
        [chronic("03-01 10:00", "S1", 84), chronic("05-10 09:00", "S2", 84)],
    ),
    Story(
        "fifteen days of a long one",
        [chronic("03-01 10:00", "S1", 84), chronic("05-09 09:00", "S2", 84)],
        expects=THREE,
    ),
    Story("the dose was changed", [FIRST, pack("03-10 09:00", "S2", quantity="2")]),
    Story(
        "a quarter more a day is no new dose",
        [pack("03-01 10:00", "S1", quantity="4"), pack("03-10 09:00", "S2", quantity="5")],
        expects=THREE,
    ),
    Story("another strength was given", [FIRST, pack("03-10 09:00", "S2", code="X2")], TWO_STRENGTHS),
    Story("fourteen days before the Spring Festival", [FIRST, pack("03-10 09:00", "S2")], SPRING),
    Story("fifteen days before it", [FIRST, pack("03-09 09:00", "S2")], SPRING, THREE),
    Story("it was brought back", [FIRST, returned("03-10 09:00", "S2")]),
    Story("the first was brought back", [returned("03-01 10:00", "S1"), pack("03-10 09:00", "S2")]),
    Story(
        "half of it was brought back",
        [half_returned("03-01 10:00", "S1", 60), pack("03-23 09:00", "S2")],
        expects=THREE,
    ),
    Story("half of a small one", [half_returned("03-01 10:00", "S1", 50), pack("03-23 09:00", "S2")]),
    Story("taken home from a ward", [FIRST, pack("03-10 09:00", "S2", discharge_drug=True)]),
    Story("what is no medicine", [FIRST, pack("03-10 09:00", "S2", category="05")]),
    Story("lines that were uploaded before", [FIRST, UPLOADED], expects=THREE),
    Story(
        "given on a ward",
        [
            FIRST,
            stay("03-09 09:00", "03-12 08:00"),
            settlement("03-12 09:00", "H1", "S2", encounter="M1", med_type="21", lines=FIRST["lines"]),
        ],
    ),
    Story("the first was cancelled", [FIRST, pack("03-10 09:00", "S2"), cancellation("03-11 09:00", FIRST)]),
]
