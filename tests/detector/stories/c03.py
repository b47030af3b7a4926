"""C03 分解住院: its cases (acceptance example 6)."""

from tests.detector.stories import Story
from tests.support.entries import (
    LEAVING,
    admission,
    cancellation,
    corrected,
    discharge,
    fee_lines,
    inpatient,
    line,
    person,
    registry,
    stay,
)

FLU = [{"code": "J10.100", "main": True}]
FLU_AGAIN = [{"code": "J10.900"}]
GOUT = [{"code": "M10.900"}]
FIRST = ("03-01 08:00", "03-05 10:00")
BACK = ("03-12 10:00", "03-15 10:00")
LIGHT, GRAVE = [("C03", 3, "0.00")], [("C03", 2, "0.00")]
GROUP = registry(*({"institution_id": name, "group_id": "G1"} for name in ("H1", "H2")))
DOCTOR = {"department": "内科", "practitioner_id": "D1"}


def twice(first: tuple, second: tuple, diseases=FLU, again=FLU_AGAIN, place: str = "H1", **given) -> list:
    """Two stays of one person; what is given is of the second's admission, or of the first's discharge."""
    leaving = {name: given.pop(name) for name in LEAVING if name in given}
    return [
        *stay(*first, "H1", "M1", diagnoses=diseases, **leaving),
        *stay(*second, place, "M2", diagnoses=again, **given),
    ]


def with_code(code: str, **given) -> list:
    return twice(FIRST, BACK, again=[*FLU, {"code": code}], **given)


def of(code: str) -> list:
    return twice(FIRST, BACK, [{"code": code}], [{"code": code}])


def billed(encounter: str, end: str, codes: range) -> dict:
    """The settlement of a stay with these items."""
    lines = [line(str(number), code=f"C{number}") for number in codes]
    return inpatient(None, None, encounter=encounter, at=end, lines=lines)


def chain(*ends: tuple[str, str | None]) -> list:
    return [event for n, one in enumerate(ends, 1) for event in stay(*one, "H1", f"M{n}", diagnoses=FLU)]


ALIKE = [billed("M1", "03-05 11:00", range(4)), billed("M2", "03-15 11:00", range(1, 5))]
SIMILAR = [billed("M1", "03-05 11:00", range(5)), billed("M2", "03-15 11:00", range(1, 5))]
THREE = (("03-01 08:00", "03-05 10:00"), ("03-18 08:00", "03-22 10:00"), ("04-03 08:00", "04-05 10:00"))
AGAIN = twice(FIRST, BACK)

STORIES = [
    Story("in again after a week", AGAIN, expects=LIGHT),
    Story("in again as planned", twice(FIRST, BACK, planned_return=True)),
    Story("no return was planned", twice(FIRST, BACK, planned_return=False), expects=LIGHT),
    Story(
        "out and in on one day as planned",
        twice(FIRST, ("03-05 15:00", "03-08 10:00"), again=GOUT, planned_return=True),
    ),
    Story("after fifteen days to the hour", twice(FIRST, ("03-20 10:00", None)), expects=LIGHT),
    Story("a minute later", twice(FIRST, ("03-20 10:01", None))),
    Story("after sixteen days", twice(FIRST, ("03-21 10:00", None))),
    Story("after fifteen days by dates", twice(("03-01", "03-05"), ("03-20 23:00", None)), expects=LIGHT),
    Story("after sixteen days by dates", twice(("03-01", "03-05"), ("03-21 01:00", None))),
    Story("at another hospital", twice(FIRST, BACK, place="H2")),
    Story("at another hospital of the group", twice(FIRST, BACK, place="H2"), GROUP, LIGHT),
    Story("another disease", twice(FIRST, BACK, again=GOUT)),
    Story("no diagnosis is known", twice(FIRST, BACK, None, None)),
    Story("several diagnoses, none of them marked", twice(FIRST, BACK, again=[*FLU_AGAIN, *GOUT])),
    Story(
        "another disease, billed alike",
        [*twice(FIRST, BACK, again=GOUT), *ALIKE],
        expects=[("C03", 3, "6000.00")],
    ),
    Story(
        "another disease, billed alike to two thirds",
        [*twice(FIRST, BACK, again=GOUT), *SIMILAR],
        expects=[("C03", 3, "6000.00")],
    ),
    Story(
        "another disease, billed alike by half",
        [*twice(FIRST, BACK, again=GOUT), ALIKE[0], billed("M2", "03-15 11:00", range(2, 6))],
    ),
    Story(
        "the bill that was alike was cancelled",
        [*twice(FIRST, BACK, again=GOUT), *ALIKE, cancellation("03-16 08:00", ALIKE[1])],
    ),
    Story(
        "lines that are uploaded count as well",
        [
            *twice(FIRST, BACK, again=GOUT),
            ALIKE[0],
            fee_lines("03-14 08:00", *(line(f"{n}", code=f"C{n}") for n in range(1, 5)), encounter="M2"),
        ],
        expects=LIGHT,
    ),
    Story("chemotherapy", with_code("Z51.100")),
    Story("radiotherapy", with_code("Z51.0")),
    Story("dialysis", with_code("Z49.1")),
    Story("other care", twice(FIRST, BACK, again=[*FLU, {"code": "Z51.800"}]), expects=LIGHT),
    Story("pregnancy", of("O24.900")),
    Story("psychiatry", of("F20.900")),
    Story("tuberculosis", of("A16.200")),
    Story("burns", of("T21.300")),
    Story("an injury that is no burn", of("T14.000"), expects=LIGHT),
    Story("admitted through the emergency department", twice(FIRST, BACK, med_type="24")),
    Story("paid by the bed day", twice(FIRST, BACK, med_type="2105")),
    Story("a newborn on the mother's card", twice(FIRST, BACK, med_type="9901")),
    Story("back after a transfer", twice(FIRST, BACK, discharge_way=2)),
    Story(
        "on to the township hospital",
        twice(FIRST, BACK, place="H2", discharge_way=3, transfer_to="H2"),
        GROUP,
    ),
    Story(
        "on to another township hospital",
        twice(FIRST, BACK, discharge_way=3, transfer_to="H7"),
        expects=GRAVE,
    ),
    Story("died", twice(FIRST, BACK, discharge_way=5)),
    Story("left against advice", twice(FIRST, BACK, discharge_way=4), expects=GRAVE),
    Story("nobody says how the patient left", twice(FIRST, BACK, discharge_way=None), expects=LIGHT),
    Story(
        "the same department and doctor",
        [*stay(*FIRST, diagnoses=FLU, **DOCTOR), *stay(*BACK, encounter="M2", diagnoses=FLU, **DOCTOR)],
        expects=GRAVE,
    ),
    Story(
        "another doctor",
        [
            *stay(*FIRST, diagnoses=FLU, **DOCTOR),
            *stay(*BACK, encounter="M2", diagnoses=FLU, department="内科", practitioner_id="D2"),
        ],
        expects=LIGHT,
    ),
    Story(
        "out and in on one day asks for no diagnosis",
        twice(FIRST, ("03-05 16:00", None), again=GOUT),
        expects=GRAVE,
    ),
    Story(
        "out and in on one day, elsewhere", twice(FIRST, ("03-05 16:00", None), again=GOUT, place="H2"), GROUP
    ),
    Story("in before out is no return", twice(FIRST, ("03-05 09:00", None))),
    Story(
        "the first is open",
        [*stay("03-01 08:00", None, diagnoses=FLU), *stay(*BACK, encounter="M2", diagnoses=FLU)],
    ),
    Story("the discharge was cancelled", [*AGAIN, cancellation("03-16 08:00", AGAIN[1])]),
    Story(
        "the second was cancelled",
        [*AGAIN, cancellation("03-16 08:00", AGAIN[2]), cancellation("03-16 08:00", AGAIN[3])],
    ),
    Story(
        "the second began later after all",
        [
            *AGAIN,
            corrected(admission("03-25 10:00", encounter="M2", diagnoses=FLU), "03-26 08:00"),
            corrected(discharge("03-27 10:00", encounter="M2"), "03-28 08:00"),
        ],
    ),
    Story("a discharge that arrives late", [AGAIN[0], *AGAIN[2:], AGAIN[1], person()], expects=LIGHT),
    Story("three within thirty days are a chain", chain(*THREE), expects=[*LIGHT, *LIGHT, *LIGHT]),
    Story(
        "the third an hour too late for the chain",
        chain(*THREE[:2], ("04-04 11:00", None)),
        expects=[*LIGHT, *LIGHT],
    ),
    Story(
        "a chain is as grave as its gravest link",
        chain(*THREE[:2], ("03-22 15:00", "03-24 10:00")),
        expects=[*LIGHT, *GRAVE, *GRAVE],
    ),
    Story(
        "four are the chains of three that fit into thirty days",
        chain(*THREE, ("04-05 16:00", "04-06 09:00")),
        expects=[*LIGHT * 4, *GRAVE * 2],
    ),
    Story(
        "two stays that lead to one make two chains",
        [
            *chain(*THREE[1:]),
            *stay("03-06 08:00", "03-20 10:00", encounter="M8", diagnoses=FLU),
            *stay("04-05 20:00", "04-06 09:00", encounter="M9", diagnoses=FLU),
        ],
        expects=[*LIGHT * 3, *GRAVE * 3],
    ),
]
