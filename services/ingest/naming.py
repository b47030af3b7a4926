"""What an event speaks of, as numbers: by them the inbox finds who else stands under the same id.

A fact is the same fact whoever the person is (contract, section 2): a settlement that was booked on the wrong
card and is corrected names the same settlement under another person. The numbers are hashes, so two things
may share one; whoever reads by them compares the ids themselves.
"""

from hashlib import sha256
from typing import Any, NamedTuple

from schemas.event import Cancellation, FeeLines, IdentityCheck, Inspection, Settlement, Stock

LINES = "fee_lines"


class Names(NamedTuple):
    """What an event speaks of, 64 bits each, None for nothing.

    fact: the settlement, admission, discharge, check or inspection that it tells of or takes back; of a
    cancellation of lines, itself. also: the lines of an encounter that it tells or takes back; of any other
    cancellation, itself. What stands in one column is never looked for in the other, save cancellations.
    """

    fact: int | None
    also: int | None


NOTHING = Names(None, None)


def names_of(event: Any) -> Names:
    """What an event in its normal form speaks of; nothing for stock, which is nobody's."""
    kind, institution = type(event), event.institution_id
    if kind is Settlement:
        fact = name(institution, "settlement", event.settlement_id)
        # A negative one may take back another, and its lines with it.
        has_lines = event.lines or event.amounts.total < 0
        return Names(fact, name(institution, LINES, event.encounter_id) if has_lines else None)
    if kind is FeeLines:
        return Names(None, name(institution, LINES, event.encounter_id))
    if kind is Cancellation:
        return _taken_back(event)
    if kind is Stock:
        return NOTHING
    own_id = event.event_id if kind in (IdentityCheck, Inspection) else event.encounter_id
    return Names(name(institution, kind.__struct_config__.tag, own_id), None)


def name(institution: str, kind: str, id: str) -> int:
    """The number of a thing; ids hold no control characters, so the parts cannot run together."""
    digest = sha256(f"{institution}\x1f{kind}\x1f{id}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _taken_back(event: Cancellation) -> Names:
    cancels, institution = event.cancels, event.institution_id
    if cancels.type == "stock":
        return NOTHING
    target = name(institution, cancels.type, cancels.id)
    own = name(institution, "cancellation", event.event_id)
    return Names(own, target) if cancels.type == LINES else Names(target, own)
