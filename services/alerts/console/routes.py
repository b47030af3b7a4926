"""The console's pages. They only read; what may be seen is what the API would show the same user."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.alerts import cursors, reading, status, users
from services.alerts.console import pages, session
from services.alerts.console.texts import Language, Texts
from services.alerts.console.timeline import draw
from services.alerts.guard import Here
from services.alerts.office import Office
from services.alerts.reading import Wanted
from services.runtime.web import Problem

HERE = Path(__file__).parent
HOME = "/console/"
LOGIN = "/console/login"
PAGE = 50
FORM_BYTES = 4_096
LANGUAGE = "qingfeng_language"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

templates = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
routes = APIRouter(include_in_schema=False)


@routes.get("/")
@routes.get("/console")
async def root() -> Response:
    """The console is what people come for."""
    return RedirectResponse(HOME, 307)


@routes.get(LOGIN)
async def login_page(request: Request) -> Response:
    """The form."""
    return _page(request, "login.html", wrong=False, name="")


@routes.post(LOGIN)
async def login(request: Request, office: Here) -> Response:
    """Name and token; wrong ones are answered alike, whichever of the two is wrong."""
    session.same_site_only(request)
    form = await _form(request)
    async with office.transaction() as raw:
        user = await users.by_token(raw, form.get("password", "").strip())
    if user is None or user.name != form.get("name", "").strip():
        return _page(request, "login.html", code=401, wrong=True, name=form.get("name", ""))
    response = RedirectResponse(HOME, 303, headers=HEADERS)
    session.open_session(office, response, user)
    return response


@routes.post("/console/logout")
async def logout(request: Request) -> Response:
    """End the session of this browser."""
    session.same_site_only(request)
    response = RedirectResponse(LOGIN, 303, headers=HEADERS)
    session.close_session(response)
    return response


@routes.get(HOME)
async def alerts(request: Request, office: Here) -> Response:
    """The live list; its filters are its address."""
    async with office.transaction() as raw:
        user = await session.user_of(office, raw, request)
        if user is None:
            return RedirectResponse(LOGIN, 303)
        if not user.may("read_alerts"):
            return _page(request, "no_access.html", user=user, status=await _status(office, raw))
        shown = await _listed(request, office, raw)
        told = await _status(office, raw)
        rules = await pages.rules(raw)
    return _page(request, "list.html", user=user, status=told, rules=rules, **shown)


@routes.get("/console/rows")
async def rows(request: Request, office: Here) -> Response:
    """The list alone, for refreshing: 204 while nothing has changed since `seen`, so nothing flickers."""
    async with office.transaction() as raw:
        user = await session.user_of(office, raw, request)
        if user is None or not user.may("read_alerts"):
            return Response(status_code=401, headers={"HX-Redirect": LOGIN})
        change = await raw.fetchval("SELECT change FROM alert_ledger")
        if request.query_params.get("seen") == str(change):
            return Response(status_code=204)
        shown = await _listed(request, office, raw)
    return _page(request, "_rows.html", **shown)


@routes.get("/console/status")
async def status_line(request: Request, office: Here) -> Response:
    """The status line alone, for refreshing."""
    async with office.transaction() as raw:
        if await session.user_of(office, raw, request) is None:
            return Response(status_code=401, headers={"HX-Redirect": LOGIN})
        return _page(request, "_status.html", status=await _status(office, raw))


@routes.get("/console/alerts/{alert_id}")
async def alert(request: Request, office: Here, alert_id: str) -> Response:
    """One alert: what happened, what to do, and everything it rests on."""
    async with office.transaction() as raw:
        user = await session.user_of(office, raw, request)
        if user is None:
            return RedirectResponse(LOGIN, 303)
        told = await _status(office, raw)
        if not user.may("read_alerts"):
            return _page(request, "no_access.html", code=403, user=user, status=told)
        shown = await reading.one(raw, alert_id) if "\0" not in alert_id else None
        if shown is None:
            return _page(request, "not_found.html", code=404, user=user, status=told)
        history = await reading.history(raw, alert_id)
        names = await pages.names(raw, pages.mentioned(shown))
    texts, evidence = Texts(_language(request)), shown.alert.evidence
    return _page(
        request,
        "alert.html",
        user=user,
        status=told,
        shown=shown,
        alert=shown.alert,
        history=history,
        names=names,
        message=pages.message(shown, names, texts),
        timeline=draw(evidence, office.calendar),
        figures=pages.figures(evidence, texts),
        table=pages.table(evidence, office.calendar, texts),
        checks=pages.checks(shown, texts),
        parameters=pages.parameters(shown),
    )


async def _listed(request: Request, office: Office, raw: Any) -> dict[str, Any]:
    """A page of the list by the address's filters; odd values filter nothing."""
    asked = {name: request.query_params.get(name, "").strip() for name in ("rule", "institution")}
    asked = {name: value for name, value in asked.items() if value and value.isprintable()}
    chosen = request.query_params.get("status", "open")
    severity = request.query_params.get("severity", "")
    wanted = Wanted(
        statuses=[chosen] if chosen in ("open", "withdrawn") else [],
        rules=[asked["rule"]] if "rule" in asked else [],
        institutions=[asked["institution"]] if "institution" in asked else [],
        severities=[int(severity)] if severity in ("1", "2", "3") else [],
        shadow=request.query_params.get("shadow") == "true",
    )
    kept = {"status": chosen, "severity": severity, "shadow": "true" if wanted.shadow else "", **asked}
    query = urlencode({name: value for name, value in kept.items() if value})
    cursor = request.query_params.get("cursor")
    try:
        place = cursors.place(office.signing, cursor, wanted.listing())
    except Problem:
        cursor = place = None
    change = await raw.fetchval("SELECT change FROM alert_ledger")
    shown, more = await reading.page(raw, wanted, PAGE, place)
    return {
        "shown": shown,
        "names": await pages.names(raw, set().union(*map(pages.mentioned, shown))),
        "older": reading.next_cursor(office.signing, more, wanted),
        "cursor": cursor,
        "query": query,
        "asked": kept,
        "filtered": bool(asked or severity or wanted.shadow or chosen != "open"),
        "change": change,
        "seen": _number(request.query_params.get("seen")),
    }


async def _status(office: Office, raw: Any) -> dict[str, Any]:
    return await status.read(raw, office.clock())


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form. Raises a 413 problem for a large one."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise Problem(413, "this form is too large")
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _page(request: Request, template: str, code: int = 200, **values: Any) -> Response:
    language = _language(request)
    other = "en" if language == "zh" else "zh"
    kept = {name: value for name, value in request.query_params.items() if name not in ("lang", "seen")}
    office: Office = request.app.state.alerts_office
    html = templates.get_template(template).render(
        t=Texts(language),
        language=language,
        switch=f"{request.url.path}?{urlencode({**kept, 'lang': other})}",
        path=request.url.path,
        yuan=pages.yuan,
        local=lambda moment: pages.local(office.calendar, moment),
        when=lambda text: pages.when(office.calendar, text),
        **values,
    )
    response = HTMLResponse(html, code, headers=HEADERS)
    if request.query_params.get("lang") in ("zh", "en"):
        response.set_cookie(LANGUAGE, language, max_age=31_536_000, path=session.PATH, samesite="lax")
    return response


def _language(request: Request) -> Language:
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE)
    return "en" if asked == "en" else "zh"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
