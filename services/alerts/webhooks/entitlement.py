"""Who may have whole alerts sent: who may read them. What one may not read, one may not have sent either.

Admins look after endpoints and read no cases. Theirs are thin; an endpoint that hears whole alerts keeps its
address and its filter until a supervisor changes them, and what it answered, which may repeat an alert, is
not shown to an admin.
"""

from collections.abc import Mapping
from typing import Any

from services.alerts.users import User
from services.runtime.errors import Problem

WHERE_AND_WHICH = ("url", "events", "institutions", "rules", "min_severity", "regions")
WHOLE = "only who may read alerts (a supervisor) may have them sent in full, or change where and which"


def check(user: User, given: Mapping[str, Any], row: Mapping[str, Any] | None = None) -> None:
    """Whether the user may make an endpoint so, or change one (row: as it stands). given: columns and values.

    Raises a 403 problem.
    """
    stands = {} if row is None else {name: row[name] for name in (*WHERE_AND_WHICH, "payload")}
    after = {**stands, **given}
    if after["payload"] == "thin" or user.may("read_alerts"):
        return
    moved = any(after[name] != stands[name] for name in WHERE_AND_WHICH if name in stands)
    if stands.get("payload") != "full" or moved:
        raise Problem(403, WHOLE, errors=[{"path": "/payload", "code": "whole_alerts", "message": WHOLE}])


def hides_answers(user: User, row: Mapping[str, Any]) -> bool:
    """Whether what this endpoint answers is kept from the user."""
    return row["payload"] == "full" and not user.may("read_alerts")
