"""Rate, errors and duration of each route of an application."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime.metrics import counter, histogram

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
STREAM = b"text/event-stream"

REQUESTS = counter(
    "http_requests",
    "Requests answered, by route, method and status; POST /v1/events has metrics of its own.",
    ["method", "route", "status"],
)
DURATION = histogram(
    "http_request_duration_seconds",
    "From a request's head to the end of its answer, by route and method; streams are left out.",
    ["method", "route"],
)


class Measured:
    """ASGI middleware: counts and times requests by the route that took them, never by their path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status, streams = 500, False

        async def send_noting(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = any(value.startswith(STREAM) for _, value in message.get("headers", ()))
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = route_of(scope)
            REQUESTS.labels(method, route, str(status)).inc()
            if not streams:
                DURATION.labels(method, route).observe(time.perf_counter() - began)


def route_of(scope: Scope) -> str:
    """The template of the route that took a request, such as /v1/alerts/{alert_id}; "" when none did."""
    return getattr(scope.get("route"), "path", "")
