"""D02 单日超时: its cases (acceptance example 8)."""

from schemas.registry import Limit, Registry
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, line, settlement, stay

STAY = stay("03-01 09:00", "03-05 09:00")
THREE_DAYS = stay("03-01 09:00", "03-03 09:00")
HOURLY = Registry({"limits": [Limit("OXYGEN", hourly=True)]})
HALF = ("1", "03-02 08:00", "12")


def hours(*parts: tuple[str, str | None, str], unit: str | None = "小时", **given) -> dict:
    """Oxygen: (line id, time, hours), ten yuan a line."""
    lines = [line(name, at, "10.00", code="OXYGEN", quantity=count, unit=unit) for name, at, count in parts]
    lines = [{name: value for name, value in one.items() if value is not None} for one in lines]
    return fee_lines("03-05 08:00", *lines, **given)


ELSEWHERE = hours(("1", "03-02 20:00", "13"), institution="H2", encounter="M2")
MORE = hours(HALF, ("2", "03-02 20:00", "13"))

STORIES = [
    Story("twelve hours and twelve hours", [*STAY, hours(HALF, ("2", "03-02 20:00", "12"))]),
    Story("twelve hours and thirteen", [*STAY, MORE], expects=[("D02", 1, "0.80")]),
    Story("thirteen of them on the next day", [*STAY, hours(HALF, ("2", "03-03 20:00", "13"))]),
    Story("thirteen of them elsewhere", [*STAY, hours(HALF), ELSEWHERE], expects=[("D02", 1, "0.80")]),
    Story(
        "the other place's lines were cancelled",
        [
            *STAY,
            hours(HALF),
            ELSEWHERE,
            cancellation(
                "03-06 08:00", cancels={"type": "fee_lines", "id": "M2", "line_id": "*"}, institution="H2"
            ),
        ],
    ),
    Story(
        "three places, and each two of them are too much",
        [hours(HALF), ELSEWHERE, hours(("1", "03-02 12:00", "13"), institution="H3", encounter="M3")],
        expects=[("D02", 1, None)],
    ),
    Story(
        "seventy-two hours in one line of three days are to be split",
        [*THREE_DAYS, hours(("1", "03-01 10:00", "72"))],
        expects=[("D02", 3, "0.00")],
    ),
    Story(
        "seventy-three are more than three days hold",
        [*THREE_DAYS, hours(("1", "03-01 10:00", "73"))],
        expects=[("D02", 1, "6.71")],
    ),
    Story(
        "an open stay may hold any",
        [*STAY[:1], hours(("1", "03-01 10:00", "200"))],
        expects=[("D02", 3, "0.00")],
    ),
    Story(
        "the rest of the day is too much already",
        [
            *THREE_DAYS,
            hours(("1", "03-01 10:00", "72"), ("2", "03-01 10:00", "13"), ("3", "03-01 10:00", "12")),
        ],
        expects=[("D02", 1, "22.58")],
    ),
    Story(
        "a visit has one day",
        [settlement("03-02 08:00", lines=hours(("1", None, "25"))["lines"])],
        expects=[("D02", 1, "0.40")],
    ),
    Story("a line of a stay without a day", [*STAY, hours(("1", None, "25"))]),
    Story("times are no hours", [*STAY, hours(("1", "03-02 08:00", "25"), unit="次")], HOURLY),
    Story("without a unit nobody knows", [*STAY, hours(("1", "03-02 08:00", "25"), unit=None)]),
    Story(
        "the registry knows the unit",
        [*STAY, hours(("1", "03-02 08:00", "25"), unit=None)],
        HOURLY,
        [("D02", 3, None)],
    ),
    Story(
        "what was refunded does not count",
        [
            *STAY,
            MORE,
            fee_lines(
                "03-05 09:00", line("R", amount="-10.00", code="OXYGEN", quantity="-13", refunds_line_id="2")
            ),
        ],
    ),
]
