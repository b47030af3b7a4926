"""F12 第三方责任/工伤混入: its cases."""

from tests.detector.stories import Story
from tests.support.entries import admission, cancellation, discharge, inpatient, settlement


def _stayed(*codes: str, **given) -> list[dict]:
    diagnoses = [{"code": code, "main": not place} for place, code in enumerate(codes)]
    return [inpatient("03-01 09:00", "03-08 09:00", "H1", "M1", diagnoses=diagnoses, **given)]


CAUGHT = [("F12", 3, "6000.00")]

STORIES = [
    Story("a fracture as ordinary stay", _stayed("S72.000"), expects=CAUGHT),
    Story("an external cause among others", _stayed("I10", "V89.200"), expects=CAUGHT),
    Story("a poisoning", _stayed("T60.000"), expects=CAUGHT),
    Story("an ordinary stay by its long code", _stayed("S72.000", med_type="2101"), expects=CAUGHT),
    Story("no injury", _stayed("I10", "J18.900")),
    Story("no diagnosis", _stayed()),
    Story("declared as injury", _stayed("S72.000", med_type="22")),
    Story(
        "declared as injury at settlement",
        [admission("03-01 09:00", diagnoses=[{"code": "S72.000"}]), *_stayed("S72.000", med_type="22")],
    ),
    Story("another kind of stay", _stayed("S72.000", med_type="24")),
    Story("a visit", [settlement("03-01 09:00", diagnoses=[{"code": "S72.000"}])]),
    Story("a complication of medical care", _stayed("T81.400", "Y83.100")),
    Story("a complication and an injury", _stayed("T81.400", "S72.000"), expects=CAUGHT),
    Story(
        "an open stay whose discharge names it",
        [admission("03-01 09:00"), discharge("03-08 09:00", diagnoses=[{"code": "S72.000"}])],
        expects=[("F12", 3, "0.00")],
    ),
    Story("cancelled", [*(_stayed("S72.000")), cancellation("03-09 09:00", _stayed("S72.000")[0])]),
]
