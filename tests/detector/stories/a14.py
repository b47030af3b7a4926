"""A14 特殊门诊/慢特病资格: its cases."""

from schemas.records import Held, Institution, Scope
from tests.detector.stories import Story
from tests.support.entries import approval, cancellation, registry_of, settlement

PLACE = Institution("H1", region="430102")
KEPT = registry_of(Held("approvals"), PLACE)
SCOPES = registry_of(Scope("H1", "M039"), Scope("H2", "M050"), Scope("H1", "140104", None, "2026-03-01"))
BOTH = registry_of(Held("approvals"), Scope("H1", "M039"), Scope("H2", "M050"))
CAUGHT = [("A14", 2, "60.00")]


def _care(at: str = "03-05 09:00", **given) -> dict:
    return settlement(at, "H1", "S1", **{"med_type": "140104", "disease_code": "M039", **given})


STORIES = [
    Story("approved for nothing", [_care()], KEPT, CAUGHT),
    Story("approved", [_care(), approval("M039", "2026-01-01", "2026-12-31")], KEPT),
    Story("approved for another disease", [_care(), approval("M050")], KEPT, CAUGHT),
    Story("approved for this and another", [_care(), approval("M050"), approval("M039")], KEPT),
    Story("special drugs need it too", [_care(med_type="15")], KEPT, CAUGHT),
    Story("an ordinary visit needs none", [_care(med_type="11")], KEPT),
    Story("the last day of an approval", [_care(), approval("M039", None, "2026-03-05")], KEPT),
    Story("the day after it", [_care(), approval("M039", None, "2026-03-04")], KEPT, CAUGHT),
    Story("the day before it begins", [_care(), approval("M039", "2026-03-06")], KEPT, CAUGHT),
    Story("nobody's approvals are known", [_care()]),
    Story(
        "renewed thirty days after, and thirty days later",
        [_care(), approval("M039", None, "2026-02-03"), approval("M039", "2026-04-04")],
        KEPT,
    ),
    Story(
        "renewed a day too late",
        [_care(), approval("M039", None, "2026-02-03"), approval("M039", "2026-04-05")],
        KEPT,
        CAUGHT,
    ),
    Story(
        "another disease's renewal explains nothing",
        [_care(), approval("M050", None, "2026-03-01"), approval("M050", "2026-03-10")],
        KEPT,
        CAUGHT,
    ),
    Story("insured in another city", [_care(insured_region="430602")], KEPT),
    Story("insured in another county of the city", [_care(insured_region="430181")], KEPT, CAUGHT),
    Story("no disease is named, and none approved", [_care(disease_code=None)], KEPT, CAUGHT),
    Story("no disease is named, and one approved", [_care(disease_code=None), approval("M050")], KEPT),
    Story("an institution without the disease", [_care(disease_code="M050")], SCOPES, CAUGHT),
    Story("an institution with the disease", [_care("02-05 09:00")], SCOPES),
    Story("a med_type that is no longer offered", [_care()], SCOPES, CAUGHT),
    Story("a disease of which no scope is known", [_care(disease_code="M077", med_type="140201")], SCOPES),
    Story("approved, at the wrong place", [_care(disease_code="M050"), approval("M050")], BOTH, CAUGHT),
    Story("cancelled", [_care(), cancellation("03-05 10:00", _care())], KEPT),
]
