"""D09 虚构服务: its cases."""

from schemas.registry import Bundle, Pack, Registry
from tests.detector.stories import Story
from tests.support.entries import cancellation, fee_lines, inpatient, line, settlement, stay

KNOWN = Registry(
    {
        "bundles": [
            Bundle("SCAN", "AGENT", "requires"),
            Bundle("SCAN", "AGENT2", "requires"),
            Bundle("SLEEP", "GALL", "requires"),
        ]
    }
)
LATER = Registry({"bundles": [Bundle("SCAN", "AGENT", "requires", "2026-03-06")]})


def visit(*codes: str, at: str = "03-05 09:00", name: str = "S1", place: str = "H1", **given) -> dict:
    return settlement(
        at, place, name, lines=[line(code, code=code, amount="320.00") for code in codes], **given
    )


LONE = visit("SCAN")
OPERATED = fee_lines("03-02 12:00", line("1", "03-02 10:00", "600.00", code="SLEEP"))
STAY = stay("03-01 09:00", "03-05 09:00")
FOUND = [("D09", 2, "320.00")]

PACKS = [Pack("SALINE", injection=True), Pack("GLUCOSE", injection=True), Pack("PILL")]
INFUSED = [Bundle("DRIP", "SALINE", "requires"), Bundle("DRIP", "GLUCOSE", "requires")]
WARD = Registry({"bundles": INFUSED, "packs": PACKS})
MIXED = Registry({"bundles": [*INFUSED, Bundle("DRIP", "PILL", "requires")], "packs": PACKS})


def infused(drips: str, *bottles: str, name: str = "S1", at: str = "03-05 09:00", **given) -> dict:
    """A visit with so many infusions at ten yuan, and lines of so many bottles."""
    lines = [line("1", code="DRIP", quantity=drips, amount=f"{10 * int(drips)}.00")] if drips else []
    codes = ("SALINE", "GLUCOSE")
    lines += [line(f"B{n}", code=codes[n % 2], quantity=bottle) for n, bottle in enumerate(bottles)]
    return settlement(at, "H1", name, lines=lines, **given)


STORIES = [
    Story("more infusions than bottles", [infused("5", "1", "2")], WARD, [("D09", 2, "20.00")]),
    Story("as many infusions as bottles", [infused("3", "1", "2")], WARD),
    Story("fewer infusions than bottles", [infused("1", "2", "2")], WARD),
    Story("infusions without any bottle", [infused("5")], WARD, [("D09", 2, "50.00")]),
    Story(
        "bottles stand on another bill of the day",
        [infused("5", "1"), infused("", "4", name="S2", at="03-05 15:00")],
        WARD,
    ),
    Story("more infusions, settled as a package", [infused("5", "1", drg_code="ES31")], WARD),
    Story("what it requires is not all to be injected", [infused("5", "1")], MIXED),
    Story("what is injected is not known", [infused("5", "1")], Registry({"bundles": INFUSED})),
    Story(
        "some infusions were refunded",
        [
            infused("5", "3"),
            fee_lines(
                "03-05 20:00",
                line("R", amount="-20.00", code="DRIP", quantity="-2", refunds_line_id="1"),
                encounter="E-S1",
            ),
        ],
        WARD,
    ),
    Story("a scan without its agent", [LONE], KNOWN, FOUND),
    Story("with one of its agents", [visit("SCAN", "AGENT2")], KNOWN),
    Story("the agent alone", [visit("AGENT")], KNOWN),
    Story("the agent on another bill of the day", [LONE, visit("AGENT", at="03-05 11:00", name="S2")], KNOWN),
    Story(
        "the agent bought elsewhere the day before",
        [LONE, visit("AGENT", at="03-04 11:00", name="S2", place="P1")],
        KNOWN,
    ),
    Story("the agent two days before", [LONE, visit("AGENT", at="03-03 11:00", name="S2")], KNOWN, FOUND),
    Story(
        "the agent's bill was cancelled",
        [LONE, agent := visit("AGENT", name="S2"), cancellation("03-05 12:00", agent)],
        KNOWN,
        FOUND,
    ),
    Story(
        "the agent was refunded",
        [
            settlement(
                "03-05 09:00",
                lines=[
                    line("1", code="SCAN", amount="320.00"),
                    line("2", code="AGENT"),
                    line("3", code="AGENT", amount="-10.00", quantity="-1", refunds_line_id="2"),
                ],
            )
        ],
        KNOWN,
        FOUND,
    ),
    Story("settled as a package", [visit("SCAN", drg_code="GB25")], KNOWN),
    Story("a stay that is not settled yet", [*STAY, OPERATED], KNOWN),
    Story(
        "a settled stay",
        [*STAY, OPERATED, inpatient("03-01 09:00", "03-05 09:00")],
        KNOWN,
        [("D09", 2, "600.00")],
    ),
    Story(
        "a settlement in mid-stay is not the last word",
        [*STAY, OPERATED, inpatient("03-01 09:00", "03-03 09:00", mid_stay=True)],
        KNOWN,
    ),
    Story(
        "a settlement that was taken back",
        [
            *STAY,
            OPERATED,
            inpatient("03-01 09:00", "03-05 09:00"),
            inpatient("03-01 09:00", "03-05 09:00", settlement_id="S2", total="-9000.00", fund="-6000.00"),
        ],
        KNOWN,
    ),
    Story(
        "lines of a stay without a day",
        [*STAY, fee_lines("03-02 12:00", line("1", code="SLEEP")), inpatient("03-01 09:00", "03-05 09:00")],
        KNOWN,
        [("D09", 2, "10.00")],
    ),
    Story("not yet in force", [LONE], LATER),
    Story("nothing is known", [LONE]),
    Story("the visit was cancelled", [LONE, cancellation("03-05 10:00", LONE)], KNOWN),
]
