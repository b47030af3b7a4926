"""The console's door: where it begins, the login, and the pages behind it.

What may be seen and done here is what the API would let the same user see and do.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from services.alerts import users
from services.alerts.console import (
    alert_pages,
    delivery_pages,
    incident_pages,
    session,
    system_page,
    webhook_pages,
)
from services.alerts.console.frame import HEADERS, HERE, HOME, LOGIN, Route, back_to, first, form, render
from services.alerts.guard import Here

__all__ = ["HERE", "routes"]

routes = APIRouter(include_in_schema=False, route_class=Route)


@routes.get("/")
@routes.get("/console")
async def root() -> Response:
    """The console is what people come for."""
    return RedirectResponse(HOME, 307)


@routes.get(LOGIN)
async def login_page(request: Request, asked: Annotated[str, Query(alias="next")] = "") -> Response:
    """The form."""
    return render(request, "login.html", wrong=False, name="", next=back_to(asked))


@routes.post(LOGIN)
async def login(request: Request, office: Here) -> Response:
    """Name and token; wrong ones are answered alike, whichever of the two is wrong."""
    session.same_site_only(request)
    given = await form(request)
    name, leads_to = first(given, "name"), back_to(first(given, "next"))
    async with office.transaction() as raw:
        user = await users.by_token(raw, first(given, "password"))
    if user is None or user.name != name:
        return render(request, "login.html", 401, wrong=True, name=name, next=leads_to)
    response = RedirectResponse(leads_to, 303, headers=HEADERS)
    session.open_session(office, response, user)
    return response


@routes.post("/console/logout")
async def logout(request: Request) -> Response:
    """End the session of this browser."""
    session.same_site_only(request)
    response = RedirectResponse(LOGIN, 303, headers=HEADERS)
    session.close_session(response)
    return response


for behind in (alert_pages, webhook_pages, delivery_pages, incident_pages, system_page):
    routes.include_router(behind.routes)
