"""Behind a proxy that speaks TLS: its word counts, and nobody else's."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from services import __main__ as entry
from services.settings import Settings

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


async def echo(scope, receive, send) -> None:
    """Says who asks, and how."""
    if scope["type"] == "http":
        body = f"{scope['client'][0]} {scope['scheme']}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The address of `echo`, served as the services are."""
    listening = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()
    serving = loop.create_task(entry._serve(echo, listening, settings))
    thread = threading.Thread(target=lambda: loop.run_until_complete(_ended(serving)))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    loop.call_soon_threadsafe(serving.cancel)
    thread.join(60)


async def _ended(task: asyncio.Task) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("proxies", "told"),
    [
        ("127.0.0.1,::1", "203.0.113.9 https"),
        ("127.0.0.0/8", "203.0.113.9 https"),
        ("10.0.0.5", "127.0.0.1 http"),
    ],
)
def test_only_trusted_proxies_say_who_the_client_is(proxies: str, told: str, monkeypatch):
    # Signals belong to the main thread.
    monkeypatch.setattr(entry, "_captured", lambda server: contextlib.nullcontext)
    with serving(replace(Settings(), trusted_proxies=proxies)) as url:
        assert httpx.get(url, headers=FORWARDED, trust_env=False).text == told
