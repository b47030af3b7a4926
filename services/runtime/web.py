"""HTTP conventions of all services: problems (RFC 9457), request ids, health, readiness, metrics."""

import re
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime import metrics
from services.runtime.errors import Problem, Unavailable, is_database_away
from services.runtime.logs import log, request_id
from services.runtime.measuring import Measured
from services.runtime.tracing import answered, tracing

PROBLEM_TYPE = "about:blank"
PROBLEM_MEDIA = "application/problem+json"
REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=@-]{1,64}")
HEADER = b"x-request-id"

Check = Callable[[], Awaitable[str | None]]
"""A readiness check: None when fine, else what is missing, in words."""


def problem_response(problem: Problem, instance: str) -> Response:
    """The problem as application/problem+json."""
    body = {
        "type": PROBLEM_TYPE,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "request_id": request_id.get(),
        **problem.more,
    }
    return Response(
        msgspec.json.encode(body), problem.status, media_type=PROBLEM_MEDIA, headers=problem.headers
    )


def unavailable(error: Unavailable) -> Problem:
    """503 with Retry-After, spread by chance so that callers do not return all at once."""
    seconds = max(1, round(error.retry_after * (1 + secrets.randbelow(1_000) / 1_000)))
    return Problem(503, error.reason, headers={"Retry-After": str(seconds)})


def as_problem(error: Exception) -> Problem:
    """The problem for any exception; an unforeseen one becomes a 500 that says nothing of its cause."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Unavailable):
        return unavailable(error)
    if isinstance(error, RequestValidationError):
        errors = [
            {"path": _pointer(one["loc"]), "message": one["msg"].removeprefix("Value error, ")}
            for one in error.errors()
        ]
        return Problem(422, "the request is not as described", errors=errors)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))
    if is_database_away(error):
        return unavailable(Unavailable("the database is away"))
    log.error("request_failed", error=type(error).__name__)
    return Problem(500, "an error of ours; the request id finds it in the log")


def install_conventions(app: FastAPI) -> None:
    """Problems for every error, a request id for every request, and metrics of every route."""

    async def answer(request: Request, error: Exception) -> Response:
        return problem_response(as_problem(error), request.url.path)

    for kind in (Problem, Unavailable, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
    app.add_middleware(RequestIds)
    app.add_middleware(Measured)


class RequestIds:
    """ASGI middleware: takes X-Request-ID when it is well formed, else makes one; sends it back.

    Errors that no handler took become problems here, for they must carry the id too.
    """

    def __init__(self, app: ASGIApp, route: str = "") -> None:
        """route: of requests that come past the router."""
        self.app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        identity = _given_id(scope) or secrets.token_hex(8)
        encoded = identity.encode("ascii")
        began = False

        async def send_with_id(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                message["headers"] = [*message.get("headers", ()), (HEADER, encoded)]
                answered(span, message["status"])
            await send(message)

        token = request_id.set(identity)
        with tracing.request(identity, scope, self._route) as span:
            try:
                await self.app(scope, receive, send_with_id)
            except Exception as error:
                if began:
                    raise
                await problem_response(as_problem(error), scope["path"])(scope, receive, send_with_id)
            finally:
                request_id.reset(token)


def add_operations(app: FastAPI, checks: dict[str, Check]) -> None:
    """GET /healthz, /readyz and /metrics. `checks` may grow after the call."""

    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def readyz() -> JSONResponse:
        missing = {name: said for name, check in checks.items() if (said := await _checked(check))}
        status = "not ready" if missing else "ready"
        body = {"status": status, "checks": sorted(checks), "missing": missing}
        return JSONResponse(body, 503 if missing else 200)

    async def exposition() -> Response:
        body, media_type = metrics.exposition()
        return Response(body, headers={"Content-Type": media_type})

    away = {503: {"description": "Not ready; `missing` names what is away and why"}}
    operations = {"tags": ["operations"]}
    app.get("/healthz", summary="The process makes progress", **operations)(healthz)
    app.get("/readyz", summary="It can do its work", responses=away, **operations)(readyz)
    text = {200: {"content": {"text/plain": {}}, "description": "Prometheus text format"}}
    app.get("/metrics", summary="Metrics", response_class=Response, responses=text, **operations)(exposition)


async def _checked(check: Check) -> str | None:
    try:
        return await check()
    except Exception as error:
        return type(error).__name__


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == HEADER:
            text = value.decode("latin-1")
            return text if REQUEST_ID.fullmatch(text) else None
    return None


def _pointer(location: tuple[Any, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
