"""B04 连续多日购药: its cases."""

from schemas.records import Pack
from schemas.rules import RuleParameters
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, registry_of, settlement, swipe

PACKS = registry_of(
    Pack("X1", ingredient="amlodipine", units_per_pack=28, daily_units=1),
    Pack("X2", ingredient="amlodipine", units_per_pack=7, daily_units=1),
    Pack("Y1", ingredient="nameless"),
)


def days(*texts: str, **given) -> list[dict]:
    """Purchases at these pharmacies' days; the fund pays ten yuan more each time."""
    return [
        swipe(f"{day} 09:00", f"P{1 + index % 2}", f"S{day}", fund=f"{10 * (index + 1)}.00", **given)
        for index, day in enumerate(texts)
    ]


def packs(*quantities: str, code: str = "X1", **given) -> list[dict]:
    """Purchases of so many packs every fifth day of March, ten yuan a pack, nine of them within policy."""
    return [
        swipe(
            f"03-{1 + 5 * index:02d} 09:00", "P1", f"S{index}",
            lines=[
                line(
                    "L1", code=code, category="09", quantity=quantity,
                    amount=f"{10 * float(quantity):.2f}",
                    covered_amount=f"{9 * float(quantity):.2f}", **given,
                )
            ],
        )
        for index, quantity in enumerate(quantities)
    ]  # fmt: skip


ROW = days("03-05", "03-06", "03-07")
CAUGHT = [("B04", 3, "30.00")]
FIVE = packs("1", "1", "1", "1", "1", code="Z9")
OFTEN = [("B04", 3, "9.00")]
APART = [
    told
    for index, bought in enumerate(FIVE[:4])
    for told in (
        {**bought, "lines": []},
        fee_lines(
            f"03-{1 + 5 * index:02d} 09:01", *bought["lines"], institution="P1", encounter=f"E-S{index}"
        ),
    )
] + FIVE[4:]
WEEK = line("L2", code="X2", category="09", quantity="1", amount="10.00", covered_amount="9.00")
OFF_IN_TIME = registry_of(
    Pack("X1", ingredient="amlodipine", units_per_pack=1, daily_units=1),
    RuleParameters("B04", "", "2026-03-10", source="rules.toml", values={}, enabled=False),
)
SIXTY_ONE = packs("61")[0]
LATER = {**packs("1", "1", "1")[2], "encounter_id": "V2"}
ANOTHER_DRUG = fee_lines(
    "03-11 09:01", line("L1", code="Z9", category="09"), institution="P1", encounter="V2"
)

STORIES = [
    Story("three days in a row", ROW, expects=CAUGHT),
    Story("two days in a row", ROW[:2]),
    Story("a day between", days("03-05", "03-06", "03-08")),
    Story(
        "five days in a row", days(*(f"03-{day:02d}" for day in range(5, 10))), expects=[("B04", 3, "120.00")]
    ),
    Story(
        "two rows",
        days("03-01", "03-02", "03-03", "03-05", "03-06", "03-07"),
        expects=[("B04", 3, "30.00"), ("B04", 3, "60.00")],
    ),
    Story("over the end of a month", days("03-30", "03-31", "04-01"), expects=CAUGHT),
    Story("a visit to a clinic fills no gap", [ROW[0], ROW[2], settlement("03-06 09:00", "C1")]),
    Story("bare dates", [*days("03-05", "03-06"), swipe("03-07", "P1")], expects=[("B04", 3, "60.00")]),
    Story("the middle one was cancelled", [*ROW, cancellation("03-08 09:00", ROW[1])]),
    Story(
        "the middle of seven was cancelled",
        [*(row := days(*(f"03-{day:02d}" for day in range(1, 8)))), cancellation("03-09 09:00", row[3])],
        expects=[("B04", 3, "30.00"), ("B04", 3, "70.00")],
    ),
    Story("one prescription filled in parts", days("03-05", "03-06", "03-07", prescription_id="R1")),
    Story(
        "two prescriptions",
        [*days("03-05", "03-06", prescription_id="R1"), swipe("03-07 09:00", prescription_id="R2")],
        expects=[("B04", 3, "60.00")],
    ),
    Story("one drug five times in a month", FIVE, expects=OFTEN),
    Story("four times", FIVE[:4]),
    Story("five times, most of them with lines that come by themselves", APART, expects=OFTEN),
    Story("five times over two months", [*FIVE[:4], {**FIVE[4], "occurred_at": "2026-04-01T09:00:00+08:00"}]),
    Story(
        "one ingredient by two codes",
        [
            *packs("1", "1", code="X2"),
            swipe(
                "03-20 09:00",
                "P2",
                "S8",
                lines=[line("L1", code="X1", category="09", quantity="2", covered_amount="30.00")],
            ),
        ],
        PACKS,
        expects=[("B04", 3, "6.86")],
    ),
    Story("three packs of four weeks", packs("3"), PACKS, expects=[("B04", 3, "7.71")]),
    Story(
        "the later one turns out another drug, and the rule was switched off by then",
        [SIXTY_ONE, LATER, ANOTHER_DRUG],
        OFF_IN_TIME,
        expects=[("B04", 3, "9.00")],
    ),
    Story("… and is the same drug", [SIXTY_ONE, LATER], OFF_IN_TIME),
    Story("two packs of four weeks", packs("2"), PACKS),
    Story(
        "two packs of four weeks and one of a week under another code",
        [{**packs("2")[0], "lines": [*packs("2")[0]["lines"], WEEK]}],
        PACKS,
        expects=[("B04", 3, "1.29")],
    ),
    Story("just what sixty days take", packs("1", "1", "1", "1", code="X2"), PACKS),
    Story("a broken pack counts its units", packs("60", split_pack=True), PACKS),
    Story("… and too many of them", packs("61", split_pack=True), PACKS, expects=[("B04", 3, "9.00")]),
    Story("no standard is known", packs("30", code="Y1"), PACKS),
    Story(
        "goods that are no drugs",
        [{**bought, "lines": [line("L1", code="G", category="08")]} for bought in FIVE],
    ),
    Story(
        "a pack was given back",
        [
            *packs("3"),
            fee_lines(
                "03-03 09:00",
                line("L2", code="X1", quantity="1", amount="-10.00", category="09", refunds_line_id="L1"),
                institution="P1",
                encounter="E-S0",
            ),
        ],
        PACKS,
    ),
    Story("one of five was cancelled", [*FIVE, cancellation("03-28 09:00", FIVE[2])]),
]
