"""Requests are counted and timed by route: never by path, never by what a stranger makes up."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from services.runtime.metrics import REGISTRY
from services.runtime.web import install_conventions


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    install_conventions(app)

    @app.get("/things/{thing}")
    async def thing(thing: str) -> str:
        if thing == "broken":
            raise ValueError(thing)
        return thing

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def lines():
            yield ": still here\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    return app


def ask(app: FastAPI, method: str, path: str) -> None:
    async def once() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            await client.request(method, path)

    asyncio.run(once())


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/things/43010219900101", {"method": "GET", "route": "/things/{thing}", "status": "200"}),
        ("GET", "/things/broken", {"method": "GET", "route": "/things/{thing}", "status": "500"}),
        ("GET", "/nowhere/43010219900101", {"method": "GET", "route": "", "status": "404"}),
        ("BREW", "/things/pot", {"method": "other", "route": "/things/{thing}", "status": "405"}),
    ],
)
def test_a_request_is_counted_by_its_route(
    app: FastAPI, method: str, path: str, labels: dict[str, str]
) -> None:
    before = counted("qingfeng_http_requests_total", **labels)
    timed = {name: labels[name] for name in ("method", "route")}
    took = counted("qingfeng_http_request_duration_seconds_count", **timed)
    ask(app, method, path)
    assert counted("qingfeng_http_requests_total", **labels) == before + 1
    assert counted("qingfeng_http_request_duration_seconds_count", **timed) == took + 1


def test_a_stream_is_counted_and_not_timed(app: FastAPI) -> None:
    ask(app, "GET", "/stream")
    assert counted("qingfeng_http_requests_total", method="GET", route="/stream", status="200") >= 1
    assert not counted("qingfeng_http_request_duration_seconds_count", method="GET", route="/stream")
