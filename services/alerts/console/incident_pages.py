"""What went wrong, as pages: contradictions in institutions' feeds, suspended ids, records not judged."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.alerts import defects, incident_endpoints
from services.alerts.console import pages
from services.alerts.console.frame import Route, Visit, form, goes, visits
from services.alerts.guard import Feed
from services.alerts.incident_shapes import (
    DeadLetterQuery,
    DefectQuery,
    RetryLetters,
    RetrySuspended,
    SuspendedQuery,
)

DEFECTS = "/console/defects"
SUSPENDED = "/console/suspended"
DEAD_LETTERS = "/console/dead-letters"
PAGE = 50
OURS = Feed(None, is_user=True)

Reader = Annotated[Visit, Depends(visits("read_alerts"))]
Mender = Annotated[Visit, Depends(visits("retry_judgement"))]
routes = APIRouter(include_in_schema=False, route_class=Route)


@routes.get(DEFECTS)
async def summed_up(visit: Reader) -> Response:
    """Whose feed contradicts itself, in which field, how often: where to begin."""
    asked = _asked(visit)
    page = await visit.listed(
        partial(incident_endpoints.sum_up_data_defects, visit.office, OURS), _query(visit, asked)
    )
    return await _defects(visit, "defects.html", asked, page)


@routes.get(f"{DEFECTS}/events")
async def one_by_one(visit: Reader) -> Response:
    """The single events behind a row of the sums."""
    asked = {**_asked(visit), "field": visit.asked("field")}
    page = await visit.listed(
        partial(incident_endpoints.list_data_defects, visit.office, OURS), _query(visit, asked)
    )
    return await _defects(visit, "defect_events.html", asked, page)


@routes.get(SUSPENDED)
async def suspended(visit: Reader) -> Response:
    """Person ids that stand for many and are not judged."""
    institution = visit.asked("institution")
    asked = SuspendedQuery.model_construct(
        limit=PAGE, cursor=visit.asked("cursor") or None, institution=institution or None
    )
    page = await visit.listed(partial(incident_endpoints.list_suspended, visit.office), asked)
    named = {share["institution_id"] for item in page["items"] for share in item["institutions"]}
    return await visit.page(
        "suspended.html",
        items=page["items"],
        older=page["next_cursor"],
        institution_asked=institution,
        names=await _names(visit, named),
    )


@routes.post(f"{SUSPENDED}/retry")
async def retry_suspended(visit: Mender) -> Response:
    """Judge one again, or all. Who retries must be able to read them too."""
    if not visit.user.may("read_alerts"):
        return await visit.page("no_access.html", 403)
    given = await form(visit.request)
    asked = RetrySuspended.model_construct(
        keys=None if "all" in given else given.get("key", []), all="all" in given
    )
    await visit.told(incident_endpoints.retry_suspended(visit.office, asked), "nothing_waits")
    return goes(SUSPENDED, "judged_again")


@routes.get(DEAD_LETTERS)
async def dead_letters(visit: Mender) -> Response:
    """What the system could not judge and set aside."""
    retried = visit.asked("retried") == "true"
    asked = DeadLetterQuery.model_construct(
        limit=PAGE, cursor=visit.asked("cursor") or None, retried=retried, stage=None
    )
    page = await visit.listed(partial(incident_endpoints.list_dead_letters, visit.office), asked)
    return await visit.page(
        "dead_letters.html", items=page["items"], older=page["next_cursor"], retried=retried
    )


@routes.post(f"{DEAD_LETTERS}/retry")
async def retry_dead_letters(visit: Mender) -> Response:
    """Send the chosen ones back into judgement, or all."""
    given = await form(visit.request)
    ids = [int(text) for text in given.get("id", []) if text.isascii() and text.isdigit() and len(text) < 19]
    if not ids and "all" not in given:
        return goes(DEAD_LETTERS, "none_chosen")
    asked = RetryLetters.model_construct(ids=None if "all" in given else ids, all="all" in given)
    await visit.told(incident_endpoints.retry_dead_letters(visit.office, asked), "nothing_waits")
    return goes(DEAD_LETTERS, "sent_back")


def _asked(visit: Visit) -> dict[str, str]:
    state = visit.asked("state")
    return {
        "institution": visit.asked("institution")[:64],
        "code": visit.asked("code")[:64],
        "state": state if state in ("mended", "all") else "open",
    }


def _query(visit: Visit, asked: dict[str, str]) -> DefectQuery:
    return DefectQuery.model_construct(
        limit=PAGE,
        cursor=visit.asked("cursor") or None,
        institution=[asked["institution"]] if asked["institution"] else [],
        code=[asked["code"]] if asked["code"] else [],
        field=[asked["field"]] if asked.get("field") else [],
        open={"open": True, "mended": False, "all": None}[asked["state"]],
        since=None,
    )


async def _defects(visit: Visit, template: str, asked: dict[str, str], page: dict[str, Any]) -> Response:
    return await visit.page(
        template,
        asked=asked,
        items=page["items"],
        older=page["next_cursor"],
        codes=list(defects.ADVICE),
        names=await _names(visit, {item["institution_id"] for item in page["items"]}),
    )


async def _names(visit: Visit, institutions: set[str]) -> dict[str, str]:
    async with visit.office.transaction() as raw:
        return await pages.names(raw, institutions)
