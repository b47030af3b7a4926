"""The list of alerts and one alert. The list's filters are its address; it stays true while it is read."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends
from starlette.responses import Response

from schemas.rules import region_prefix
from services.alerts import cursors, reading, status, stream
from services.alerts.console import pages
from services.alerts.console.evidence import tables
from services.alerts.console.frame import HOME, Route, Visit, goes, local_day, visits
from services.alerts.console.timeline import draw
from services.alerts.reading import Wanted
from services.runtime.errors import Problem

PAGE = 50
FILTERS = ("status", "severity", "rule", "institution", "region", "since", "shadow")
SEVERITIES = ("1", "2", "3")
STATUSES = ("open", "withdrawn", "all")

Reader = Annotated[Visit, Depends(visits("read_alerts"))]
Anyone = Annotated[Visit, Depends(visits("read_status"))]
routes = APIRouter(include_in_schema=False, route_class=Route)


@dataclass(frozen=True, slots=True)
class Listing:
    """What the list is asked to show. asked: what stands in its form; odd values filter nothing. no_region:
    what was asked as a region is none."""

    asked: dict[str, str]
    wanted: Wanted
    no_region: bool

    @property
    def query(self) -> str:
        """The filters as they stand in the address."""
        return urlencode({name: value for name, value in self.asked.items() if value})

    @property
    def is_filtered(self) -> bool:
        """Whether it shows anything but all open alerts."""
        return any(value and (name, value) != ("status", "open") for name, value in self.asked.items())


@routes.get(HOME)
async def alerts(visit: Anyone) -> Response:
    """The live list. Who reads no alerts is led to where there is work."""
    if not visit.user.may("read_alerts"):
        return goes("/console/system")
    listing = _listing(visit)
    async with visit.office.transaction() as raw:
        shown = await _listed(visit, raw, listing)
        rules = await pages.rules(raw)
    return await visit.page("list.html", rules=rules, **shown)


@routes.get("/console/rows/{alert_id}")
async def row(visit: Reader, alert_id: str) -> Response:
    """One row of the list as it is now, so that a change is seen without moving anything."""
    async with visit.office.transaction() as raw:
        shown = await reading.one(raw, alert_id) if "\0" not in alert_id else None
        names = await pages.names(raw, pages.mentioned(shown)) if shown else {}
    if shown is None:
        return Response(status_code=404)
    return visit.part("_row.html", one=shown, names=names, query=_listing(visit).query, changed=True)


@routes.get("/console/stream")
async def live(visit: Reader) -> Response:
    """What the API's stream tells, for the list so filtered. The session's cookie goes no further than the
    console, so the browser follows the stream here."""
    asked = visit.request.headers.get("last-event-id") or visit.asked("last_event_id")
    return await stream.tell(visit.office, visit.user, _listing(visit).wanted, asked)


@routes.get("/console/status")
async def status_line(visit: Anyone) -> Response:
    """The status line alone, for refreshing."""
    async with visit.office.transaction() as raw:
        told = await status.read(raw, visit.office.clock())
    return visit.part("_status.html", status=told, waiting=status.waiting(told))


@routes.get("/console/alerts/{alert_id}")
async def alert(visit: Reader, alert_id: str) -> Response:
    """One alert: what happened, what to do, and everything it rests on."""
    async with visit.office.transaction() as raw:
        shown = await reading.one(raw, alert_id) if "\0" not in alert_id else None
        history = await reading.history(raw, alert_id) if shown else []
        names = await pages.names(raw, pages.mentioned(shown)) if shown else {}
    if shown is None:
        raise await visit.missing("no_alert")
    texts, evidence, calendar = visit.texts, shown.alert.evidence, visit.office.calendar
    return await visit.page(
        "alert.html",
        shown=shown,
        alert=shown.alert,
        history=history,
        names=names,
        list_query=_query_of(visit.asked("list")),
        message=pages.message(shown, names, texts),
        timeline=draw(evidence, calendar),
        figures=pages.figures(evidence, texts),
        tables=tables(evidence, calendar, texts),
        checks=pages.checks(shown, texts),
        parameters=pages.parameters(shown),
    )


@routes.get("/console/alerts/{alert_id}/renewed")
async def renewed(visit: Reader, alert_id: str) -> Response:
    """Asked now and then by the page of an alert: whether it has changed since change number `change`. The
    page itself stays as it is until the reader asks."""
    async with visit.office.transaction() as raw:
        shown = await reading.one(raw, alert_id) if "\0" not in alert_id else None
    if shown is not None and str(shown.change) == visit.asked("change"):
        return Response(status_code=204)
    return visit.part("_renewed.html", withdrawn=shown is not None and shown.alert.status == "withdrawn")


def _listing(visit: Visit) -> Listing:
    asked = {name: visit.asked(name)[:64] for name in FILTERS}
    since = local_day(visit.office, asked["since"])
    asked |= {
        "status": asked["status"] if asked["status"] in STATUSES else "open",
        "severity": asked["severity"] if asked["severity"] in SEVERITIES else "",
        "since": asked["since"] if since else "",
        "shadow": "true" if asked["shadow"] == "true" else "",
    }
    region = _region(asked["region"])
    wanted = Wanted(
        statuses=() if asked["status"] == "all" else (asked["status"],),
        rules=(asked["rule"],) if asked["rule"] else (),
        institutions=(asked["institution"],) if asked["institution"] else (),
        regions=(region,) if region else (),
        severities=(int(asked["severity"]),) if asked["severity"] else (),
        since=since,
        shadow=bool(asked["shadow"]),
    )
    return Listing(asked, wanted, no_region=bool(asked["region"]) and not region)


def _region(asked: str) -> str:
    """The leading digits of a region, "" for what is none."""
    try:
        return region_prefix(asked)
    except ValueError:
        return ""


async def _listed(visit: Visit, raw: Any, listing: Listing) -> dict[str, Any]:
    """A page of the list. The number of the last change is read first: what comes later is told live."""
    signing, cursor = visit.office.signing, visit.asked("cursor") or None
    try:
        place = cursors.place(signing, cursor, listing.wanted.listing())
    except Problem:
        cursor = place = None
    change = await raw.fetchval("SELECT change FROM alert_ledger")
    shown, more = await reading.page(raw, listing.wanted, PAGE, place, visit.office.now())
    return {
        "shown": shown,
        "names": await pages.names(raw, set().union(*map(pages.mentioned, shown))),
        "older": reading.next_cursor(signing, more, listing.wanted),
        "cursor": cursor,
        "query": listing.query,
        "asked": listing.asked,
        "filtered": listing.is_filtered,
        "no_region": listing.no_region,
        "change": change,
    }


def _query_of(text: str) -> str:
    """The filters of the list that an alert was opened from, and nothing else."""
    return urlencode([(name, value) for name, value in parse_qsl(text) if name in FILTERS])
