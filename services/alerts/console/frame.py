"""The frame of every page: who is logged in and may see it, its language, its headers, what stands above it.

Every form passes `visits`, which refuses those that another site sent and those that the role does not allow.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlencode

from fastapi import Request
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.alerts import status, users
from services.alerts.console import notices, pages, session, timeline
from services.alerts.console.texts import Language, Texts
from services.alerts.guard import Here
from services.alerts.office import Office
from services.alerts.shapes import PageQuery
from services.alerts.users import Permission
from services.runtime.errors import Problem
from services.runtime.logs import request_id
from services.runtime.web import as_problem

HERE = Path(__file__).parent
HOME = "/console/"
LOGIN = "/console/login"
FORM_BYTES = 65_536
FIRST_YEAR, LAST_YEAR = 2000, 9999
"""Years that a day in a form can lie in."""
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
NO_ONE = users.User("", "auditor", "")
"""Stands before the login; sees nothing."""

Form = dict[str, list[str]]
"""Values by name of the field; a field that was left empty is not there."""

Answer = TypeVar("Answer")
Page = TypeVar("Page", bound=PageQuery)

templates = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


class Turned(Exception):
    """The request ends here with this answer: somebody has to log in, may not, or there is no such thing."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Route(APIRoute):
    """A route of the console: lets `Turned` answer, and says to people in words what went wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except Turned as turned:
                return turned.response
            except Exception as error:
                if "text/html" not in request.headers.get("accept", ""):
                    raise
                problem = as_problem(error)
                response = render(
                    request, "trouble.html", problem.status, problem=problem, request_id=request_id.get()
                )
                response.headers.update(problem.headers)
                return response

        return answered


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by somebody who is logged in."""

    request: Request
    office: Office
    user: users.User

    @property
    def texts(self) -> Texts:
        """The words of the visitor's language."""
        return Texts(language_of(self.request))

    def asked(self, name: str) -> str:
        """A value of the address, "" where it is missing or not printable."""
        value = self.request.query_params.get(name, "").strip()
        return value if value.isprintable() else ""

    async def page(self, template: str, code: int = 200, **values: Any) -> Response:
        """A whole page, with the system's status and what is to be told on top."""
        async with self.office.transaction() as raw:
            told = await status.read(raw, self.office.clock())
            notes = await notices.of(raw, self.user)
        values |= {"user": self.user, "status": told, "waiting": status.waiting(told)}
        values |= {"notices": notes, "done": self.asked("done")}
        return render(self.request, template, code, **values)

    def part(self, template: str, **values: Any) -> Response:
        """A part of a page."""
        return render(self.request, template, **values)

    async def told(self, work: Awaitable[Answer], missing: str) -> Answer:
        """The answer of a function of the API. What it refuses becomes a page: there is no such thing
        (`missing` says it), or it cannot be done now."""
        try:
            return await work
        except Problem as problem:
            if problem.status == 404:
                raise await self.missing(missing) from problem
            if problem.status != 409:
                raise
            page = await self.page("not_found.html", 409, said=self.texts.not_now, detail=problem.detail)
            raise Turned(page) from problem

    async def listed(
        self, ask: Callable[[Page], Awaitable[Answer]], asked: Page, missing: str = ""
    ) -> Answer:
        """A page of a list of the API; a cursor that belongs to another list begins it."""
        try:
            return await self.told(ask(asked), missing)
        except Problem as problem:
            if problem.status != 422 or asked.cursor is None:
                raise
            asked.cursor = None
            return await self.told(ask(asked), missing)

    async def missing(self, word: str) -> Turned:
        """What to raise where there is no such thing; `word` says it."""
        return Turned(await self.page("not_found.html", 404, said=self.texts.get(word), detail=""))


def visits(permission: Permission) -> Callable[[Request, Here], Awaitable[Visit]]:
    """A dependency that lets in who is logged in and may do this; others are sent to the login, or told."""

    async def visit(request: Request, office: Here) -> Visit:
        if request.method == "POST":
            session.same_site_only(request)
        async with office.transaction() as raw:
            user = await session.user_of(office, raw, request)
        if user is None:
            raise Turned(_to_login(request))
        visit = Visit(request, office, user)
        if not user.may(permission):
            raise Turned(await visit.page("no_access.html", 403))
        return visit

    return visit


def render(request: Request, template: str, code: int = 200, **values: Any) -> Response:
    """A template in the language of the request."""
    language = language_of(request)
    office: Office = request.app.state.alerts_office
    other = "en" if language == "zh" else "zh"
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    html = templates.get_template(template).render(
        t=Texts(language),
        language=language,
        switch=f"?{urlencode([*kept, ('lang', other)])}" if request.method == "GET" else None,
        path=request.url.path,
        yuan=pages.yuan,
        local=lambda moment: pages.local(office.calendar, moment),
        when=lambda text: timeline.when(office.calendar, text),
        **values,
    )
    response = HTMLResponse(html, code, headers=HEADERS)
    if request.query_params.get("lang") in ("zh", "en"):
        response.set_cookie(LANGUAGE, language, max_age=31_536_000, path=session.PATH, samesite="lax")
    return response


def goes(address: str, done: str = "") -> Response:
    """After a form: to a page that may be loaded again, which says what was done."""
    return RedirectResponse(f"{address}?done={done}" if done else address, 303, headers=HEADERS)


async def form(request: Request) -> Form:
    """The fields of a form. Raises a 413 problem for a large one."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise Problem(413, "this form is too large")
    return parse_qs(body.decode("utf-8", "replace"))


def first(given: Form, name: str) -> str:
    """The one value of a field, without blanks around it."""
    return given.get(name, [""])[0].strip()


def language_of(request: Request) -> Language:
    """What was asked for, now or before; Chinese at first."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE)
    return "en" if asked == "en" else "zh"


def back_to(asked: str) -> str:
    """Where the login leads: to a page of the console, never elsewhere."""
    inside = asked.startswith(HOME) and "\\" not in asked and asked.isprintable()
    return asked if inside and not asked.startswith(LOGIN) else HOME


def local_day(office: Office, text: str) -> datetime | None:
    """The local beginning of a day that a form gives as YYYY-MM-DD; None for anything else."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=office.calendar.zone)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year < LAST_YEAR else None


def _to_login(request: Request) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": LOGIN})
    url = request.url
    here = url.path + (f"?{url.query}" if url.query else "")
    address = f"{LOGIN}?next={quote(here)}" if request.method == "GET" and here != HOME else LOGIN
    return RedirectResponse(address, 303, headers=HEADERS)
